"""`evrisim augmentations list | show | check`."""

import json
from pathlib import Path

import pytest
from PIL import Image

import command_line
from evrisim import augment
from evrisim.cli import main


def test_all_policies_and_methods_are_listed(capsys):
    assert main(["augmentations", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert tuple(found["policies"]) == augment.POLICIES
    assert set(found["methods"]) == set(augment.METHODS)
    assert found["methods"]["rotation"]["settings"] == {"factor": 0.1, "fill": "reflect"}
    assert main(["augmentations", "list", "--lang", "tr"]) == 0
    assert "aynala ya da aynalama" in capsys.readouterr().out


def test_without_a_word_more_they_are_listed_too(capsys):
    assert main(["augmentations"]) == 0
    said = capsys.readouterr().out
    assert "trivial-augment" in said
    assert "Hendrycks et al. 2020" in said
    assert main(["augmentations", "list"]) == 0
    assert capsys.readouterr().out == said


def test_a_policy_or_method_by_its_name_is_told(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["augmentations", "show", "strong"]) == 0
    assert "  3. rand-augment: count=2, magnitude=0.5" in capsys.readouterr().out
    found = command_line.result(capsys, "augmentations", "show", "standard+cutmix")
    assert [*found["steps"][0], found["steps"][2]] == ["flip", "cutmix"]
    found = command_line.result(capsys, "augmentations", "show", "either")
    assert found["settings"]["parts"] == ["mixup", "cutmix"]
    Path("mine.yaml").write_text("steps:\n  - zoom: [0.1, 0.2]\n")
    assert main(["augmentations", "show", "mine.yaml"]) == 0
    assert "1. zoom: [0.1, 0.2]" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.yaml"]


def test_a_picture_is_shown_in_draws_steps_and_severities(tmp_path, capsys):
    out = tmp_path / "seen.png"
    words = ["show", "china", "-a", "course", "--draws", "4", "--size", "48", "-o", str(out)]
    found = command_line.result(capsys, "augmentations", *words)
    assert len(found["draws"]) == 4
    assert set(found["pictures"]) == {"draws", "steps", "ladder"}
    for place in found["pictures"].values():
        with Image.open(place) as picture:
            assert min(picture.size) > 100
    later = command_line.result(capsys, "augmentations", *words, "--grid", "--epoch", "1")
    assert later["pictures"] == {"draws": str(out)}
    assert later["draws"][:3] == found["draws"][1:]
    other = command_line.result(capsys, "augmentations", *words, "--grid", "--seed", "1")
    assert other["draws"] != found["draws"]
    words[words.index("-a")] = "--policy"  # as it may be called, too
    assert command_line.result(capsys, "augmentations", *words, "--grid")["draws"] == found["draws"]


def test_the_only_picture_asked_for_is_where_it_was_asked_for(tmp_path, capsys):
    out = tmp_path / "new" / "rungs.png"
    words = ["show", "flower", "--size", "24", "--ladder", "-o", str(out)]
    found = command_line.result(capsys, "augmentations", *words)
    assert found["pictures"] == {"ladder": str(out)}
    assert [path.name for path in out.parent.iterdir()] == ["rungs.png"]


def test_training_images_are_mixed_with_each_other(tmp_path, capsys):
    words = ["show", "digits", "-a", "mixup", "--grid", "-o", str(tmp_path / "mixed.png")]
    found = command_line.result(capsys, "augmentations", *words, "--draws", "3", "--lang", "tr")
    assert len(found["draws"]) == 3 * 3
    assert any(" + " in line and "%" in line for lines in found["draws"] for line in lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "china", "--severity", "1.5"], "`--severity` must lie between 0 and 1"),
        (["show", "china", "-a", "corse"], "Did you mean 'course'?"),
        (["show", "china", "-a", "standard+mixup"], "standard+mixup mixes images: name a data set"),
        (["show", "chinna"], "There is no image, data set or folder chinna"),
        (["show", "chinna.jpg"], "chinna.jpg"),
        (["show", "china", "--epoch", "-1"], "`--epoch` must be a whole number of at least 0"),
        (["show", "china", "--size", "9000"], "`--size` must lie between 8 and 2048"),
        (["show", "china", "-a", "none", "--steps"], "nothing is done, so there are no steps"),
        (["show", "china", "-o", "seen.txt"], "`--out` must be a picture"),
        (["check", "shape"], "Did you mean 'shapes'?"),
        (["check", "shapes", "--recipe", "corse"], "`recipe` must be one of"),
        (["show", "china", "-a", "mine.yaml"], "There is no policy file mine.yaml."),
        (["show", "china", "--draws", "0"], "`--draws` must be a whole number of at least 1"),
        (["check", "shapes", "--severity", "-1"], "`--severity` must lie between 0 and 1"),
        (["check", "shapes", "-a", "nothing"], "`augmentation` must be one of"),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(words, said, capsys):
    refused = command_line.refused(capsys, "augmentations", *words)
    assert said in refused
    assert refused.count("\n") == 1


def test_a_policy_is_proven_on_the_data_that_is_trained_on(capsys):
    found = command_line.result(capsys, "augmentations", "check", "digits", "-a", "standard+cutmix")
    assert found["ok"]
    assert found["untouched"]
    assert found["changed_labels"] > 0.5
    marks = [point["mark"] for point in found["findings"]]
    assert marks.count("warning") == 1  # of mirrored digits
    assert marks.count("right") == len(marks) - 1
    assert main(["augmentations", "check", "digits", "-a", "none", "--quiet"]) == 0
    assert "✓ Nothing is augmented" in capsys.readouterr().out


def test_the_recipe_says_what_is_checked_unless_something_else_is_given(capsys, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("augmentation: colour\nseverity: 0.5\nseed: 3\nbatch_size: 32\n")
    words = ["augmentations", "check", "digits", "--recipe", path]
    found = command_line.result(capsys, *words)
    assert (found["policy"], found["severity"], found["images"]) == ("colour", 0.5, 8 * 32)
    found = command_line.result(capsys, *words, "--severity", "1")
    assert (found["policy"], found["severity"]) == ("colour", 1.0)


def test_what_is_wrong_is_shown_and_refused(capsys, tmp_path):
    path = tmp_path / "idle.yaml"
    path.write_text("steps:\n  - rotation: 0\n")
    assert main(["augmentations", "check", "digits", "-a", str(path), "--quiet"]) == 2
    said = capsys.readouterr()
    assert "✗ Augmentation of your own changes none of" in said.out
    assert said.err.count("\n") == 1
