"""Proof that augmentation is on: each defect it is there to find is planted once."""

from dataclasses import replace

import numpy as np
import pytest

from evrisim import Recipe, load
from evrisim._validate import InputError
from evrisim.training import proof


@pytest.fixture(scope="module")
def shapes():
    return load("shapes", counts=(256, 40, 40))


def recipe(augmentation="standard", **more):
    return Recipe(batch_size=64, augmentation=augmentation, **more)


def test_what_changes_is_counted_as_by_hand(shapes):
    mirrored = recipe([{"flip": {"probability": 1.0}}])
    with pytest.raises(InputError, match="draws the same in every epoch"):
        proof.prove(shapes, mirrored)
    half = proof.prove(shapes, recipe(["flip"]), batches=4)
    assert half.images == 256
    assert half.changed_images == pytest.approx(0.5, abs=0.1)
    assert half.epochs_differ == pytest.approx(0.5, abs=0.1)
    assert half.own_draws == pytest.approx(0.5, abs=0.2)
    assert half.changed_labels == half.drift == 0
    assert half.clipped == half.clipped_before
    assert half.untouched


def test_mixing_changes_labels_and_keeps_the_balance_of_classes(shapes):
    found = proof.prove(shapes, recipe("mixup-cutmix"), batches=4)
    assert found.changed_labels > 0.6
    assert found.own_draws is None
    assert found.drift < 1


def test_no_augmentation_is_said_and_is_no_mistake(shapes):
    for none in (recipe("none"), recipe("course", severity=0.0)):
        found = proof.prove(shapes, none)
        assert found.sentence == "No augmentation: training images come as they are."
        assert (found.changed_images, found.mean_change, found.epochs_differ) == (0, 0, 0)


def test_the_line_before_a_training_says_what_was_counted(shapes):
    found = proof.prove(shapes, recipe("standard"))
    for words in ("Augmentation standard changes", "their labels stay", "validation and test stay"):
        assert words in found.sentence
    mixed = proof.prove(shapes, recipe("standard+cutmix")).sentence
    assert "of their labels become mixtures" in mixed


def test_a_policy_that_changes_nothing_is_refused(shapes):
    with pytest.raises(InputError, match="of your own changes none of 64 images; take another"):
        proof.prove(shapes, recipe([{"flip": {"probability": 0.0}}]))


def planted(shapes, change):
    """Batches as a training makes them, but for one defect."""
    order = proof.epoch_order(256, seed=0, epoch=0)
    parts = [order[first : first + 64] for first in range(0, 256, 64)]
    honest = proof._training_draw(shapes, recipe(), parts)
    return lambda epoch, number: change(honest, epoch, number)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda draw, epoch, number: draw(0, number), "draws the same in every epoch"),
        (
            lambda draw, epoch, number: (draw(epoch, number)[0] / np.float32(255), draw(0, 0)[1]),
            "gives float32 images; training takes uint8",
        ),
        (
            lambda draw, epoch, number: (draw(epoch, number)[0], np.zeros(64, int)),
            "moves the balance of the classes",
        ),
    ],
)
def test_a_planted_defect_is_found(shapes, change, said):
    with pytest.raises(InputError, match=said):
        proof.prove(shapes, recipe(), batches=4, draw=planted(shapes, change))


def test_images_that_validation_does_not_get_as_stored_are_found(shapes, monkeypatch):
    honest = proof.inference.batches

    def spoiled(images, size):
        return ((np.asarray(batch)[:, ::-1], count) for batch, count in honest(images, size))

    monkeypatch.setattr(proof.inference, "batches", spoiled)
    with pytest.raises(InputError, match="Validation or test images do not come as they are"):
        proof.prove(shapes, recipe())


def test_a_training_keeps_its_proof(shapes, tmp_path):
    from evrisim import ModelChoice, fit

    small = replace(shapes, train=shapes.train.take(np.arange(64)))
    run = fit(
        small,
        ModelChoice("convnet", {"width": 4}),
        recipe("course", epochs=1),
        directory=tmp_path / "run",
    )
    kept = dict(run.facts["augmentation"])
    assert kept.pop("placement")["way"] in ("pipeline", "device")
    assert kept == proof.prove(small, recipe("course", epochs=1)).to_json()
    with pytest.raises(InputError, match="changes none"):
        fit(
            small,
            ModelChoice("convnet", {"width": 4}),
            recipe([{"rotation": 0.0}]),
            directory=tmp_path / "other",
        )
    assert not (tmp_path / "other").exists()
