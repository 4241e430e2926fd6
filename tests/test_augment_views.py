"""What is shown of augmentation: draws, steps, ladders, and the words for them."""

import numpy as np
import pytest

from evrisim import augment, pictures
from evrisim.augment import listing, views
from evrisim.augment.steps import Code, step
from evrisim.messages import catalogue


@pytest.fixture(scope="module")
def china():
    return pictures.at_most(pictures.read_picture("china"), 40)[None]


def test_every_policy_and_method_and_change_has_its_words():
    assert tuple(listing.policies()) == augment.POLICIES
    assert set(listing.methods()) == set(augment.METHODS)
    assert set(listing.changes()) == set(Code)
    for words in (listing.policies(), listing.methods(), listing.changes()):
        assert set(words.values()) <= catalogue.sentences()


def test_the_draws_shown_are_those_of_a_batch(china):
    chosen = augment.policy("course")
    shown = views.draws(china, chosen, 5, seed=3)
    batch = augment.augmented(chosen, np.repeat(china, 5, axis=0), seed=3)
    np.testing.assert_array_equal(np.stack(shown.images), batch.images)
    assert all("brightness" in title and "contrast" in title for title in shown.titles)


def test_a_ladder_begins_with_the_image_and_ends_with_the_policy(china):
    rungs = dict(views.ladder(china, "course", count=4, seed=1))
    assert tuple(rungs) == views.SEVERITIES
    assert all(np.array_equal(image, china[0]) for image in rungs[0.0].images)
    whole = views.draws(china, augment.policy("course"), 4, seed=1)
    np.testing.assert_array_equal(np.stack(rungs[1.0].images), np.stack(whole.images))


def test_a_draw_grows_along_the_ladder(china):
    away = [
        np.abs(np.stack(row.images).astype(int) - china).mean()
        for _severity, row in views.ladder(china, ["brightness", "rotation"], count=16)
    ]
    assert away == sorted(away)


def test_steps_are_shown_alone_and_together(china):
    found = views.one_by_one(china, [{"flip": {"probability": 0.2}}, {"brightness": 0.3}])
    names, alone, so_far = zip(*found, strict=True)
    assert names == ("flip", "brightness")
    np.testing.assert_array_equal(alone[0], china[0, :, ::-1])  # drawn until there is something
    np.testing.assert_array_equal(so_far[0], alone[0])
    shift = alone[1].astype(int) - china[0]
    assert len(np.unique(shift[(alone[1] > 0) & (alone[1] < 255)])) == 1


@pytest.mark.parametrize(
    ("code", "values", "words"),
    [
        (Code.TONE, (1, -20), "brightness −20"),
        (Code.TONE, (1.5, 0), "brightness × 1.50"),
        (Code.CONTRAST, (0.8,), "contrast × 0.80"),
        (Code.POSTERISE, (3,), "posterised 3 bits"),
        (Code.JPEG, (40,), "JPEG 40"),
        (Code.ERASE, (2, 3, 6, 10), "erased 4×7"),
        (Code.HUE, (0.1,), "hue 36°"),
        (Code.INVERT, (), "negative"),
        (Code.MIXUP, (1, 0.75), "MixUp: 75 % its own"),
        (Code.CUTMIX, (1, 0, 0, 5, 10), "CutMix: 50 % its own"),
        (Code.MOVE, (1, 0, 0, 0, 1, 0), "nothing"),
        (Code.MOVE, (-1, 0, 0, 0, 1, 0), "mirrored"),
        (Code.MOVE, (1, 0, -3, 0, 1, 2), "moved 3, −2"),
        (Code.MOVE, (0.5, 0, 0, 0, 0.5, 0), "× 2.00"),
        (Code.MOVE, (0, -1, 0, 1, 0, 0), "turned 90°"),
        (Code.MOVE, (0, 1, 0, -1, 0, 0), "turned −90°"),
    ],
)
def test_a_step_is_said_with_its_numbers(code, values, words):
    like = np.zeros(2, np.float32)
    one = step(np, code, like, *(like + np.float32(value) for value in values))
    assert listing.in_words(one, 0, (10, 10)).replace("\u00a0", " ") == words
