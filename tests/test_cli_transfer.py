"""`evrisim transfer` as a user types it."""

import json

import keras
import numpy as np
import pytest

from command_line import refused, result
from evrisim import models, transfer
from evrisim.cli import main
from evrisim.training import Run

NO_DATA = ["transfer", "digits", "--weights", "random"]


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    path = tmp_path_factory.mktemp("backbone") / "small.keras"
    keras.utils.set_random_seed(0)
    models.build("condensed", (16, 16, 3), 4, {"width": 6, "blocks": 1}).save(path)
    return path


@pytest.fixture
def arguments(backbone, tmp_path, monkeypatch):
    monkeypatch.setenv("EVRISIM_CACHE", str(tmp_path / "cache"))
    short = ["--set", "head.epochs=6", "--set", "head.learning_rate=0.05"]
    short += ["--set", "tune.epochs=1", "--strategy", "two-stage", "--last", "stage2"]
    place = ["--size", "16", "--out", str(tmp_path / "run")]
    return ["transfer", "digits", "--backbone", str(backbone), *place, *short]


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_net_is_taken_over_measured_and_reported(arguments, tmp_path, capsys):
    assert main([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    facts = json.loads(captured.out)
    run = Run.open(tmp_path / "run")
    assert facts["status"] == run.status == "done"
    assert facts["test_touches"] == 1
    assert [stage["name"] for stage in facts["transfer"]["stages"]] == ["head", "tune"]
    page = (run.directory / "report.html").read_text("utf-8")
    assert "What was taken over" in page
    assert "What trained when" in page
    assert facts["metrics"]["top1"]["value"] > 0.3  # by chance 0.1
    trunk = transfer.trunk(arguments[3]).model
    trained = sum(layer.name.startswith("stage2") for layer in trunk.layers)
    assert "head: the head alone; what the trunk gives is computed once" in captured.err
    assert f"tune: {trained} of the trunk's {len(trunk.layers)} layers and the head" in captured.err
    assert "features of train: " in captured.err
    grey = np.zeros((2, 32, 32, 1), "float32")
    assert run.model()(grey).shape == (2, 10)
    # Once more, from what is there: nothing is trained or judged again.
    again = result(capsys, *arguments, "--resume")
    assert again["weights_sha256"] == facts["weights_sha256"]
    assert again["test_touches"] == 1


WRONG = {
    "strategy": (["--strategy", "fluid"], "`strategy` must be one of auto, frozen, partial"),
    "domain": (["--domain", "near"], "`domain` must be one of close, between, far"),
    "auto": (["--last", "30"], "Strategy auto chooses what trains"),
    "whole": (["--strategy", "full", "--last", "3"], "Strategy full says itself what trains"),
    "views": (["--views", "8"], "`views` 8 cannot be kept: the recipe augments nothing"),
    "view": (["--views", "flop"], "`views` must be 0, a number of draws, or flip"),
    "norm": (["--norm", "trained"], "Did you mean 'trainable'"),
    "unused": (
        ["--strategy", "frozen", "--set", "tune.epochs=3"],
        "`tune.epochs` changes nothing: strategy frozen has no such stage",
    ),
    "head": (["--head", "lnear"], "Did you mean 'linear'"),
    "stage": (["--set", "epochs=3"], "needs head.SETTING=VALUE or tune.SETTING=VALUE"),
    "setting": (["--set", "head.epoch=3"], "Did you mean 'epochs'"),
    "backbone": (["--backbone", "mobilnet_v2"], "Did you mean 'mobilenet_v2'"),
    "block": (["--strategy", "two-stage", "--last", "block_99"], "begins with 'block_99'"),
    "layers": (["--strategy", "partial", "--last", "9999"], "9999 of them cannot be trained"),
    "size": (["--size", "16"], "needs images of at least 32×32 pixels"),
    "weights": (["--weights", "nosuch.h5"], "There is no file of weights nosuch.h5"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_gets_one_sentence(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words, sentence = WRONG[name]
    assert sentence in refused(capsys, *NO_DATA, *words)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_here_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    said = refused(capsys, "transfer", "digits", "--offline")
    assert "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5 was looked for" in said
