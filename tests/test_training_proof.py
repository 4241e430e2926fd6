"""Proof that augmentation is on: each defect it is there to find is planted once."""

import time
from dataclasses import replace

import numpy as np
import pytest

from evrisim import Recipe, augment, load
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
    honest = proof._direct_draw(shapes, recipe(), parts)
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
            "gives a wrong label to 90",
        ),
        (
            lambda draw, epoch, number: (
                draw(epoch, number)[0],
                0.5 * np.eye(10)[draw(0, number)[1]] + 0.5 * np.eye(10)[0],
            ),
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


def marks(found, mark="wrong"):
    return [point.text for point in found.findings if point.mark == mark]


def test_what_is_examined_comes_out_of_the_pipeline_of_training(shapes):
    found = proof.examine(shapes, recipe("course"), batches=3)
    assert marks(found) == []
    assert (found.images, found.compared, found.dtype) == (192, 80, "uint8")
    parts = [one.copy() for one, _labels in proof._pipeline(shapes, recipe("course"))]
    looked_at = np.concatenate(parts[:3])
    order = proof.epoch_order(256, seed=0, epoch=0)[:192]
    stored = shapes.train.images[order].astype(float)
    assert found.mean_change == pytest.approx(np.abs(looked_at - stored).mean())
    assert found.brightness == pytest.approx(looked_at.mean() - stored.mean())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda draw, epoch, number: (draw(epoch, number)[0], np.roll(draw(0, number)[1], 1)),
            "gives a wrong label to",
        ),
        (
            lambda draw, epoch, number: (draw(epoch, number)[0], np.full((64, 10), 0.2)),
            "gives a wrong label to 100",
        ),
    ],
)
def test_a_wrong_label_is_found(shapes, change, said):
    found = proof.examine(shapes, recipe(), batches=4, draw=planted(shapes, change))
    assert any(said in text for text in marks(found))


def test_a_draw_that_all_images_of_a_batch_share_is_found(shapes, monkeypatch):
    honest = proof.draw_batch

    def shared(split, index, policy, place):
        parts = [honest(split, one, policy, place) for one in np.asarray(index)[:, None]]
        return proof._joined(parts)

    monkeypatch.setattr(proof, "draw_batch", shared)
    with pytest.raises(InputError, match="draws once for all images of a batch"):
        proof.prove(shapes, recipe("course"))


def test_a_draw_that_writes_into_what_is_stored_is_found(shapes):
    own = replace(shapes, train=shapes.train.take(np.arange(256)))

    def spoiling(draw, epoch, number):
        images, labels = draw(epoch, number)
        own.train.images[:, 0, 0] = 7
        return images, labels

    found = proof.examine(own, recipe(), batches=4, draw=planted(own, spoiling))
    assert marks(found) == ["Augmentation standard writes into the stored training images."]


def test_validation_that_a_draw_spoils_in_place_is_found(shapes):
    own = replace(shapes, validation=shapes.validation.take(np.arange(40)))

    def spoiling(draw, epoch, number):
        own.validation.images[-1] = 0
        return draw(epoch, number)

    found = proof.examine(own, recipe(), batches=4, draw=planted(own, spoiling))
    assert marks(found) == ["Validation or test images do not come as they are stored."]


def test_a_policy_that_leaves_black_and_white_is_warned_of(shapes):
    extreme = recipe([{"contrast": 1.0}, {"brightness": 1.0}])
    warned = marks(proof.examine(shapes, extreme, batches=4), "warning")
    assert any("black or white at full" in text for text in warned)
    for policy in augment.POLICIES:
        assert marks(proof.examine(shapes, recipe(policy), batches=2), "warning") == [], policy


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda images: images // 32 + 100, "with hardly any contrast"),
        (lambda images: images // 2 + 127, "The mean brightness moves by"),
    ],
)
def test_images_that_lose_what_was_on_them_are_warned_of(shapes, spoil, said):
    def spoiled(draw, epoch, number):
        images, labels = draw(epoch, number)
        return spoil(images), labels

    found = proof.examine(shapes, recipe(), batches=4, draw=planted(shapes, spoiled))
    assert any(said in text for text in marks(found, "warning"))
    assert marks(found) == []


def test_only_digits_are_warned_of_when_mirrored(shapes):
    digits = load("digits")
    (warned,) = marks(proof.examine(digits, recipe("standard"), batches=4), "warning")
    assert "of these digits are mirrored" in warned
    assert marks(proof.examine(digits, recipe("colour"), batches=4), "warning") == []
    assert marks(proof.examine(shapes, recipe("standard"), batches=4), "warning") == []


def test_the_line_before_a_training_takes_no_time(shapes):
    proof.prove(shapes, Recipe())  # loops are compiled at first use
    taken = []
    for _round in range(5):
        began = time.process_time()
        proof.prove(shapes, Recipe())
        taken.append(time.process_time() - began)
    assert min(taken) < 0.05
