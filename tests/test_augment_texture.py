"""Texture: blur against SciPy, noise and erased parts against their distributions."""

import numpy as np
import pytest
from scipy import ndimage, stats

from augmented_pictures import SIZES, noise, stepped
from evrisim import augment
from evrisim.augment import Code

HALF = 0.5 + 1e-3


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("deviation", [0.2, 0.5, 1.0, 1.3])
def test_blur_is_scipys_gaussian(deviation, size, channels):
    images = noise(2, size, channels)
    found = stepped(Code.BLUR, images, deviation)
    radius = int(np.ceil(3 * np.float32(deviation)))
    for before, after in zip(images, found, strict=True):
        known = ndimage.gaussian_filter(
            before.astype(float), (deviation, deviation, 0), mode="reflect", radius=radius
        )
        assert np.abs(after - known).max() <= HALF


def test_blur_is_up_to_its_share_of_the_shorter_side():
    (step,) = augment.Blur(0.03).draw(np.float32([[0], [0.5], [1]]), (100, 50), np)
    assert step.values[:, 0] == pytest.approx([0, 0.75, 1.5])
    assert step.codes.tolist() == [Code.KEEP, Code.BLUR, Code.BLUR]


def added(images, *values):
    return stepped(Code.NOISE, images, *values).astype(float) - images


def test_noise_is_normal_with_the_deviation_asked_for():
    middle = np.full((1, 128, 128, 3), 128, np.uint8)
    for deviation in (5, 12, 25):
        found = added(middle, deviation, 12345, 678)
        # Rounding to whole values adds a variance of a twelfth.
        assert found.mean() == pytest.approx(0, abs=4 * deviation / 128 / 3**0.5)
        assert found.std() == pytest.approx(np.sqrt(deviation**2 + 1 / 12), rel=0.02)
        spread = found.ravel() + np.random.default_rng(0).uniform(-0.5, 0.5, found.size)
        assert stats.kstest(spread / found.std(), "norm").pvalue > 1e-3


def test_noise_has_no_pattern_over_pixels_channels_images_or_keys():
    images = np.full((2, 96, 96, 3), 128, np.uint8)
    found = augment.augmented(augment.Noise(0.3), images, seed=4).images.astype(float) - 128
    one = found[0]
    pairs = [
        (one[1:], one[:-1]),
        (one[:, 1:], one[:, :-1]),
        (one[..., 0], one[..., 1]),
        (found[0], found[1]),
        (added(images[:1], 20, 1, 1), added(images[:1], 20, 1, 2)),
        (added(images[:1], 20, 1, 1), added(images[:1], 20, 2, 1)),
    ]
    for here, there in pairs:
        assert abs(np.corrcoef(here.ravel(), there.ravel())[0, 1]) < 0.03


def test_noise_is_the_same_for_the_same_keys_and_ends_at_black_and_white():
    images = noise(2, (8, 8))
    assert np.array_equal(added(images, 40, 7, 9), added(images, 40, 7, 9))
    assert stepped(Code.NOISE, images, 200, 7, 9).max() == 255  # and does not wrap around


def box(image, before):
    """Top, left, bottom, right of what changed."""
    rows, columns = np.nonzero((image != before).any(axis=-1))
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


@pytest.mark.parametrize(("fill", "level"), [("black", 0), ("grey", 128)])
def test_erased_boxes_hold_one_level_and_nothing_else_changes(fill, level):
    images = np.full((50, 20, 30, 3), 200, np.uint8)
    batch = augment.augmented(augment.Erase(1.0, fill=fill), images)
    for found, (top, left, bottom, right) in zip(
        batch.images, batch.steps[0].values[:, :4].astype(int), strict=True
    ):
        known = images[0].copy()
        known[top:bottom, left:right] = level
        assert np.array_equal(found, known)


def test_erased_noise_is_even_over_0_to_255_and_each_value_its_own():
    images = np.zeros((1, 200, 200, 3), np.uint8)
    found = stepped(Code.ERASE, images, 0, 0, 200, 200, -1, 3, 4).ravel()
    assert stats.chisquare(np.bincount(found, minlength=256)).pvalue > 1e-3
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.02


def test_erased_areas_and_proportions_are_those_asked_for():
    size = (400, 400)
    (step,) = augment.Erase(0.6, 0.32, 3.0).draw(
        augment.base.uniforms(0, 0, range(8000), 7), size, np
    )
    assert (step.codes == Code.ERASE).mean() == pytest.approx(0.6, abs=0.02)
    top, left, bottom, right = step.values[:, :4].T
    assert min(top.min(), left.min()) >= 0
    assert max(bottom.max(), right.max()) <= 400
    share = (bottom - top) * (right - left) / 400**2
    assert stats.kstest(share, stats.uniform(0.02, 0.3).cdf).pvalue > 1e-3
    ratio = np.log((bottom - top) / (right - left)) / np.log(3)
    assert stats.kstest(ratio, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    place = top / np.maximum(400 - (bottom - top), 1)
    assert stats.kstest(place, "uniform").pvalue > 1e-3


def test_cutout_is_a_square_about_any_pixel_cut_at_the_border():
    size, length = (12, 16), 6
    method = augment.Cutout(0.5)
    seen = set()
    chance = augment.base.uniforms(0, 0, range(3000), 2)
    (step,) = method.draw(chance, size, np)
    for (down, across), values in zip(chance, step.values, strict=True):
        row, column = int(down * 12), int(across * 16)
        seen.add((row, column))
        inside = [
            [abs(y - row + 0.5) < length / 2 and abs(x - column + 0.5) < length / 2]
            for y in range(12)
            for x in range(16)
        ]
        top, left, bottom, right = values[:4].astype(int)
        known = np.zeros(size, bool)
        known[top:bottom, left:right] = True
        assert np.array_equal(np.reshape(inside, size), known)
        assert values[4] == 128
    assert len(seen) == 12 * 16
