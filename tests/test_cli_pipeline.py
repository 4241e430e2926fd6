"""`evrisim pipeline` as a user types it."""

import numpy as np
import pytest
from PIL import Image

from command_line import refused, result
from evrisim.cli import main

QUICK = ("--set", "batch_size=8", "--set", "model.width=4", "--batches", "1")


@pytest.fixture
def folder(stripes, tmp_path, monkeypatch):
    monkeypatch.setenv("EVRISIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for label, name in enumerate(stripes.class_names):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in np.flatnonzero(stripes.train.labels == label)[:20]:
            path = tmp_path / "data" / name / f"{number}.png"
            Image.fromarray(stripes.train.images[number]).save(path)
    return tmp_path / "data"


def test_a_folder_is_timed_and_drawn(capsys, folder, tmp_path):
    found = result(capsys, "pipeline", folder, *QUICK, "--out", tmp_path / "own.png")
    assert (found["files"], found["batch_size"], found["batches"]) == ("folder", 8, 1)
    assert found["limit"] in ("input", "step")
    assert [one["ahead"] for one in found["courses"]] == [0, 1, 2]
    for stage in ("decode", "cache", "gather", "augment", "step"):
        assert found[stage]["low"] <= found[stage]["median"] <= found[stage]["high"]
    assert found["sentence"].endswith(".")
    with Image.open(found["picture"]) as picture:
        assert picture.format == "PNG"


def test_a_table_and_a_sentence_are_printed(capsys, folder, tmp_path):
    assert main(["pipeline", str(folder), *QUICK, "--quiet"]) == 0
    captured = capsys.readouterr()
    for said in ("decode the files", "augment", "training step", "batches ahead", "limits the"):
        assert said in captured.out
    assert "written to JPEG" not in captured.out
    assert captured.err == ""
    assert (tmp_path / "pipeline.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("shapes", "--batches", "0"), "`--batches` must be a whole number of at least 1"),
        (("shapes", "--model", "convnt"), "Did you mean 'convnet'"),
        (("shapes", "--model", "vgg16"), "not trained from the start"),
        (("shapes", "--set", "model.widht=4"), "widht"),
        (("shapes", "--set", "batch_size=0"), "must be at least 1"),
        (("shapes", "--recipe", "nosuch"), "`recipe` must be one of"),
        (("shapes", "--out", "picture.doc"), "must be a picture"),
        (("no-such-folder",), "There is no data set or folder 'no-such-folder'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_before_anything_is_timed(capsys, arguments, said):
    assert said in refused(capsys, "pipeline", *arguments)
