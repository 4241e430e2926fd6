"""`evrisim learning-rate` and `evrisim schedule` as a user types them."""

import pytest
from PIL import Image

from command_line import refused, result
from evrisim.cli import learning_rate as room
from evrisim.cli import main
from evrisim.transfer import STRATEGIES

SMALL = ("--set", "model.width=4", "--set", "batch_size=16", "--steps", "40")


def test_a_rate_is_found_and_drawn(capsys, tmp_path):
    path = tmp_path / "own.png"
    found = result(capsys, "learning-rate", "digits", *SMALL, "--high", "1000", "--out", path)
    assert found["stopped"]
    assert found["steepest"] <= found["lowest"] < found["rates"][-1]
    assert len(found["rates"]) == len(found["losses"]) == len(found["smoothed"]) <= 40
    with Image.open(path) as picture:
        assert picture.format == "PNG"


def test_a_range_that_ends_too_early_is_said(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["learning-rate", "digits", *SMALL, "--high", "1e-5"]) == 0
    assert "The loss did not break away up to a rate of 1e" in capsys.readouterr().out
    assert (tmp_path / "learning-rate.png").is_file()


def test_a_recipe_s_schedule_is_drawn_and_told(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["schedule", "course", "--set", "epochs=5", "--images", "1280"]) == 0
    out = capsys.readouterr().out
    assert "50 steps in 5 epochs: from 0 to 0.2 at epoch 1, then to 0." in out
    assert (tmp_path / "schedule.png").is_file()


def test_a_strategy_s_stages_are_told_one_by_one(capsys, tmp_path):
    assert set(room.STRATEGIES) == set(STRATEGIES)
    found = result(
        capsys,
        *("schedule", "gradual", "--images", 640, "--out", tmp_path / "s.png"),
        *("--set", "head.epochs=2", "--set", "tune.epochs=9"),
    )
    names = [stage["name"] for stage in found["stages"]]
    assert names == ["head", "thaw1", "thaw2", "thaw3"]
    assert [stage["steps"] for stage in found["stages"]] == [20, 30, 30, 30]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("learning-rate", "digits", "--low", "1", "--high", "0.1"), "`low` and `high`"),
        (("learning-rate", "digits", "--steps", "3"), "`steps` must be a whole number"),
        (("learning-rate", "digits", "--model", "convnt"), "Did you mean 'convnet'"),
        (("learning-rate", "digits", "--out", "x.doc"), "must be a picture"),
        (("schedule", "two-stages"), "Did you mean 'two-stage'"),
        (("schedule", "nosuch.yaml"), "There is no recipe file nosuch.yaml"),
        (("schedule", "two-stage", "--set", "epochs=3"), "needs head.SETTING=VALUE"),
        (("schedule", "--images", "0"), "`images` must be a whole number"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(capsys, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []
