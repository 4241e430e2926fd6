"""What is shown of augmentation: draws, steps, ladders, and the words for them."""

import numpy as np
import pytest

from evrisim import augment, pictures
from evrisim.augment import listing, views
from evrisim.augment.steps import Code, step
from evrisim.messages import catalogue


@pytest.fixture(scope="module")
def china():
    return views.Sitters(pictures.at_most(pictures.read_picture("china"), 40)[None])


@pytest.fixture(scope="module")
def classes():
    """Four flat images of four classes, so that every pixel tells where it is from."""
    levels = np.array([10, 60, 130, 220], np.uint8)
    images = np.broadcast_to(levels[:, None, None, None], (4, 8, 8, 3)).copy()
    return views.Sitters(images, np.arange(4), ("a", "b", "c", "d"), 2)


def test_every_policy_and_method_and_change_has_its_words():
    assert tuple(listing.policies()) == augment.POLICIES
    assert set(listing.methods()) == set(augment.METHODS)
    assert set(listing.changes()) == set(Code)
    for words in (listing.policies(), listing.methods(), listing.changes()):
        assert set(words.values()) <= catalogue.sentences()


def test_the_draws_shown_are_those_of_the_next_epochs(china):
    chosen = augment.policy("course")
    (shown,) = views.draws(china, chosen, 5, seed=3, epoch=2)
    np.testing.assert_array_equal(shown.images[0], china.images[0])
    assert shown.titles[0] == ""
    for number, image in enumerate(shown.images[1:]):
        batch = augment.augmented(chosen, china.images, seed=3, epoch=2 + number)
        np.testing.assert_array_equal(image, batch.images[0])
    assert all("brightness" in title and "contrast" in title for title in shown.titles[1:])


def test_a_mixed_image_says_whose_it_is_as_its_pixels_do(classes):
    levels = classes.images[:, 0, 0, 0]
    for series in views.draws(classes, augment.policy("cutmix"), 6, seed=1):
        for image, title in zip(series.images[1:], series.titles[1:], strict=True):
            shares = dict(part.split("\u00a0")[:2] for part in title.split(" + "))
            for name, level in zip(classes.names, levels, strict=True):
                share = (image[..., 0] == level).mean()
                assert int(shares.get(name, 0)) == pytest.approx(100 * share, abs=0.51)
    assert [one.titles[0] for one in views.draws(classes, augment.policy("none"), 1)] == ["a", "b"]


def test_a_ladder_begins_with_the_image_and_ends_with_the_policy(china):
    rungs = dict(views.ladder(china, "course", count=4, seed=1))
    assert tuple(rungs) == views.SEVERITIES
    assert all(np.array_equal(image, china.images[0]) for image in rungs[0.0].images)
    (whole,) = views.draws(china, augment.policy("course"), 4, seed=1)
    np.testing.assert_array_equal(np.stack(rungs[1.0].images), np.stack(whole.images[1:]))


def test_a_ladder_of_training_images_has_one_draw_of_each(classes):
    rungs = dict(views.ladder(classes, "colour", count=3))
    np.testing.assert_array_equal(np.stack(rungs[0.0].images), classes.images[:3])
    assert len(rungs[1.0].images) == 3


@pytest.mark.parametrize("step", ["brightness", {"rotation": 0.1}, {"noise": 0.2}, "blur"])
def test_a_draw_grows_along_the_ladder(china, step):
    away = [
        np.abs(np.stack(row.images).astype(int) - china.images).mean()
        for _severity, row in views.ladder(china, [step], count=16)
    ]
    assert away == sorted(away)
    assert away[0] == 0 < away[-1]


def test_steps_are_shown_alone_and_together_by_the_same_draw(china):
    policy = [{"flip": {"probability": 0.2}}, {"brightness": 0.3}]
    first, second = views.one_by_one(china, policy)
    assert (first.name, second.name) == ("flip", "brightness")
    np.testing.assert_array_equal(first.alone, china.images[0, :, ::-1])  # looked for
    assert first.told == "mirrored"
    np.testing.assert_array_equal(first.so_far, first.alone)
    shift = second.alone.astype(int) - china.images[0]
    (drawn,) = np.unique(shift[(second.alone > 0) & (second.alone < 255)])
    assert abs(drawn - int(second.told.split("\u00a0")[1].replace("−", "-"))) <= 1
    np.testing.assert_array_equal(second.so_far, second.alone[:, ::-1])
    for one in (first, second):
        assert one.alone.shape == china.images[0].shape


def test_a_step_that_never_happens_is_told_as_such(china):
    (never,) = views.one_by_one(china, [{"grey": 0.0}])
    assert never.told == ""
    np.testing.assert_array_equal(never.alone, china.images[0])


def test_what_goes_on_in_augmix_chains_is_summed_up(china):
    (shown,) = views.draws(china, augment.policy("augmix"), 3)
    assert all(title.startswith("blended") and "\n" not in title for title in shown.titles[1:])


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (augment.Flip("horizontal", 1.0), "mirrored"),
        (augment.Flip("vertical", 1.0), "upside down"),
        (augment.Flip("both", 1.0), "turned 180°"),
    ],
)
def test_a_mirror_is_told_by_its_axis(method, words):
    (one,) = augment.draw(method, [0], (10, 10), seed=0, epoch=0)
    assert listing.in_words(one, 0, (10, 10)).replace("\u00a0", " ").replace("−", "") == words


@pytest.mark.parametrize("mirrored", [False, True])
def test_arrows_point_where_a_spot_goes(mirrored):
    image = np.zeros((1, 21, 21, 1), np.uint8)
    image[0, 10, 10] = 255
    parts = (augment.Flip(probability=float(mirrored)), augment.Translation(0.3, 0.3))
    for epoch in range(6):
        for order in (parts, parts[::-1]):
            batch = augment.augmented(augment.Chain(order), image, seed=5, epoch=epoch)
            spot = batch.images[0, ..., 0].astype(float)
            down = (spot.sum(1) * np.arange(21)).sum() / spot.sum() - 10
            across = (spot.sum(0) * np.arange(21)).sum() / spot.sum() - 10
            told = listing.in_words(batch.steps[0], 0, (21, 21)).replace("\u00a0", " ")
            found = {part[0]: int(part[2:]) for part in told.split(", ") if part[0] in "→←↓↑"}
            assert found.get("→", 0) - found.get("←", 0) == pytest.approx(across, abs=0.51)
            assert found.get("↓", 0) - found.get("↑", 0) == pytest.approx(down, abs=0.51)


def test_a_slant_is_told_as_one_and_not_as_a_turn():
    for method in (augment.Shear(0.3, 0.0), augment.Shear(0.0, 0.3)):
        (one,) = augment.draw(method, [0], (10, 10), seed=0, epoch=0)
        slope = max(abs(float(value)) for value in one.values[0, [1, 3]])
        told = listing.in_words(one, 0, (10, 10)).replace("−", "")
        assert told == f"slanted\u00a0{slope:.2f}"


@pytest.mark.parametrize(
    ("code", "values", "words"),
    [
        (Code.TONE, (1, -20), "brightness −20"),
        (Code.TONE, (1.5, 0), "brightness × 1.50"),
        (Code.CONTRAST, (0.8,), "contrast × 0.80"),
        (Code.POSTERISE, (3,), "posterised 3 bits"),
        (Code.JPEG, (40,), "JPEG 40"),
        (Code.ERASE, (2, 3, 6, 10), "erased 4×7"),
        (Code.HUE, (0.1,), "hue +36°"),
        (Code.SATURATION, (0,), "saturation none"),
        (Code.INVERT, (), "negative"),
        (Code.MIXUP, (1, 0.75), "MixUp: 75 % its own"),
        (Code.CUTMIX, (1, 0, 0, 5, 10), "CutMix: 50 % its own"),
        (Code.MOVE, (1, 0, 0, 0, 1, 0), "not moved"),
        (Code.MOVE, (-1, 0, 0, 0, 1, 0), "mirrored"),
        (Code.MOVE, (1, 0, -3, 0, 1, 2), "→ 3, ↑ 2"),
        (Code.MOVE, (0.5, 0, 0, 0, 0.5, 0), "× 2.00"),
        (Code.MOVE, (0.5, 0, 0, 0, 1, 0), "× 2.00 × 1.00"),
        (Code.MOVE, (0, 0, 0, 0, 0, 0), "× 10,000.00"),
        (Code.MOVE, (0, -1, 0, 1, 0, 0), "turned 90°"),
        (Code.MOVE, (0, 1, 0, -1, 0, 0), "turned −90°"),
    ],
)
def test_a_step_is_said_with_its_numbers(code, values, words):
    like = np.zeros(2, np.float32)
    one = step(np, code, like, *(like + np.float32(value) for value in values))
    assert listing.in_words(one, 0, (10, 10)).replace("\u00a0", " ") == words
