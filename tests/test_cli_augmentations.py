"""`evrisim augmentations list | show | check`."""

import json

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


def test_a_picture_is_shown_in_draws_steps_and_severities(tmp_path, capsys):
    out = tmp_path / "seen.png"
    words = ["augmentations", "show", "china", "-a", "course", "--draws", "4", "--size", "48"]
    assert main([*words, "-o", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["draws"]) == 4
    assert set(found["pictures"]) == {"draws", "steps", "ladder"}
    for place in found["pictures"].values():
        with Image.open(place) as picture:
            assert min(picture.size) > 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "china", "--severity", "1.5"], "`--severity` must lie between 0 and 1"),
        (["show", "china", "-a", "corse"], "Did you mean 'course'?"),
        (["show", "china", "-a", "standard+mixup"], "standard+mixup mixes images: name a data set"),
        (["show", "chinna"], "There is no image chinna"),
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
    assert main(["augmentations", "check", "digits", "-a", "standard+cutmix", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["untouched"]
    assert found["changed_labels"] > 0.5
    assert main(["augmentations", "check", "digits", "-a", "none"]) == 0
    assert "No augmentation" in capsys.readouterr().out
