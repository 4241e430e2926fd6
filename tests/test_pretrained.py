"""Runs that come with evrisim: opened by name, used as any other, never written to."""

import json

import numpy as np
import pytest
from PIL import Image

from command_line import result
from evrisim import load, pretrained, transfer
from evrisim._validate import InputError
from evrisim.judging import evaluate_run
from evrisim.opening import open_model
from evrisim.robustness import measure_run
from evrisim.training import Run
from evrisim.workflow import report_run

NAME = "condensed-cifar10"


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "noise.png"
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype("uint8")
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("name", pretrained.SHIPPED)
def test_a_shipped_run_is_small_whole_and_says_nothing_of_where_it_was_made(name):
    run = Run.open(name)
    files = list(run.directory.iterdir())
    assert {path.name for path in files} == {"run.json", "model.keras"}
    assert sum(path.stat().st_size for path in files) < 2_000_000
    text = (run.directory / "run.json").read_text("utf-8")
    assert not any(word in text for word in ("/root", "/home", "/work", "/tmp", "--out"))
    assert run.status == "done"
    assert run.facts["test_touches"] == 1
    model = run.model()  # its checksum holds, and safe_mode loads it
    assert model.count_params() == run.facts["cost"]["parameters"] < 300_000
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert open_model(name).run.facts == run.facts


@pytest.mark.cifar
def test_it_is_as_good_as_its_record_says():
    run, data = Run.open(NAME), load("cifar10")
    if run.facts["data"]["content_hash"] != data.content_hash():
        pytest.skip("another copy of CIFAR-10")
    logits = run.model().predict(data.validation.images, batch_size=250, verbose=0)
    found = float((logits.argmax(1) == data.validation.labels).mean())
    # Trained in bfloat16, kept in float32: a few images in five thousand are named otherwise.
    assert found == pytest.approx(run.facts["validation"]["top1"], abs=0.003)


def test_commands_take_its_name(picture, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (one,) = result(capsys, "predict", NAME, picture)["predictions"]
    assert one["class_name"] in Run.open(NAME).facts["data"]["class_names"]
    assert result(capsys, "explain", NAME, picture)["picture"] == "heat_maps.png"
    assert (tmp_path / "heat_maps.png").is_file()
    assert result(capsys, "cost", NAME)["parameters"] == 268_346
    result(capsys, "features", NAME, picture)


def test_its_trunk_is_taken_over():
    trunk = transfer.trunk(NAME)
    assert (trunk.weights, trunk.model.output_shape) == (NAME, (None, 8, 8, 64))


def test_nothing_is_written_into_it(monkeypatch):
    run = Run.open(NAME)
    before = sorted(path.name for path in run.directory.iterdir())
    with pytest.raises(InputError, match="comes with evrisim and stays as it is; train one like"):
        run.updated(status="mine")
    data = load("shapes")
    monkeypatch.setitem(run.facts["data"], "content_hash", data.content_hash())
    for write in (evaluate_run, report_run, measure_run):
        with pytest.raises(InputError, match="comes with evrisim"):
            write(run, data)
    assert sorted(path.name for path in run.directory.iterdir()) == before


def test_a_folder_of_that_name_goes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "run.json").write_text(json.dumps({"format": 1, "status": "mine"}))
    assert Run.open(NAME).facts["status"] == "mine"
    assert pretrained.folder(NAME) is None
