"""Array helpers against plain loops, closed forms and another library."""

import numpy as np
import pytest

from evrisim import images
from evrisim._validate import InputError


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("policy", images.POLICIES)
@pytest.mark.parametrize("shape", [(24, 32, 3), (32, 24, 1), (1, 60_000, 3), (60_000, 1, 3)])
def test_every_policy_gives_the_size_asked_for(policy, shape):
    result = images.fit(noise(*shape), (16, 20), policy)
    assert result.shape == (16, 20, shape[2])
    assert result.dtype == np.uint8


@pytest.mark.parametrize("policy", images.POLICIES)
def test_an_image_of_the_right_size_is_left_as_it_is(policy):
    image = noise(16, 20, 3)
    np.testing.assert_array_equal(images.fit(image, (16, 20), policy), image)


def test_fit_keeps_all_four_corners_and_ignores_proportions():
    image = np.zeros((40, 20, 1), np.uint8)
    image[:20, :10], image[:20, 10:], image[20:, :10], image[20:, 10:] = 10, 60, 110, 160
    small = images.fit(image, (10, 10), "fit")[:, :, 0]
    assert small[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [10, 60, 110, 160]


def test_crop_keeps_the_middle_and_its_proportions():
    image = np.zeros((10, 30, 1), np.uint8)
    image[:, 10:20] = 200
    np.testing.assert_array_equal(images.fit(image, (5, 5), "crop")[:, 1:-1], 200)
    tall = images.fit(image.swapaxes(0, 1), (5, 5), "crop")
    np.testing.assert_array_equal(tall[1:-1], 200)


def test_pad_keeps_everything_and_is_white_around():
    image = np.full((10, 30, 3), 7, np.uint8)
    padded = images.fit(image, (30, 30), "pad")
    np.testing.assert_array_equal(padded[10:20], 7)
    np.testing.assert_array_equal(padded[:10], 255)
    np.testing.assert_array_equal(padded[20:], 255)


def test_reducing_averages_instead_of_picking_pixels():
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)[:, :, None]
    small = images.fit(board, (8, 8)).astype(int)
    assert np.abs(small - 127.5).max() < 4


def test_an_unknown_policy_or_a_size_of_zero_is_refused_in_a_sentence():
    with pytest.raises(InputError, match=r"`policy` must be one of fit, crop, pad; received 'crp'"):
        images.fit(noise(4, 4, 3), (2, 2), "crp")
    for size in ((0, 4), (4,), (2.5, 2), (4, 5000), "ab", None):
        with pytest.raises(InputError, match="`size` must be a height and a width"):
            images.fit(noise(4, 4, 3), size)


def test_tile_puts_images_row_by_row_with_white_between():
    batch = noise(5, 3, 4, 3)
    sheet = images.tile(batch, columns=2, gap=2)
    expected = np.full((3 * 3 + 2 * 2, 2 * 4 + 2, 3), 255, np.uint8)
    for i, image in enumerate(batch):
        top, left = i // 2 * 5, i % 2 * 6
        expected[top : top + 3, left : left + 4] = image
    np.testing.assert_array_equal(sheet, expected)
    assert images.tile(batch, gap=0).shape == (6, 12, 3)


def test_upsample_equals_a_plain_loop_with_aligned_centres():
    small = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    large = images.upsample(small, (7, 11))
    for n, i, j in np.ndindex(2, 7, 11):
        y = min(max((i + 0.5) * 3 / 7 - 0.5, 0), 2)
        x = min(max((j + 0.5) * 5 / 11 - 0.5, 0), 4)
        top, left = int(y), int(x)
        bottom, right = min(top + 1, 2), min(left + 1, 4)
        upper = small[n, top, left] * (1 - x + left) + small[n, top, right] * (x - left)
        lower = small[n, bottom, left] * (1 - x + left) + small[n, bottom, right] * (x - left)
        assert large[n, i, j] == pytest.approx(upper * (1 - y + top) + lower * (y - top), abs=1e-5)


def test_upsample_equals_scipy_inside_the_outer_centres():
    from scipy.ndimage import map_coordinates

    small = np.random.default_rng(1).normal(size=(4, 4))
    y = np.clip((np.arange(16) + 0.5) / 4 - 0.5, 0, 3)
    expected = map_coordinates(small, np.meshgrid(y, y, indexing="ij"), order=1)
    np.testing.assert_allclose(images.upsample(small, (16, 16)), expected, atol=1e-5)


def test_stretch_fills_the_range_of_each_map_and_leaves_flat_ones_at_zero():
    maps = np.stack([np.array([[1.0, 3.0]]), np.array([[5.0, 5.0]])])
    np.testing.assert_array_equal(images.stretch(maps), [[[0, 1]], [[0, 0]]])


def test_colours_get_steadily_lighter_and_differ_for_colour_blind_eyes():
    shades = images.colour(np.linspace(0, 1, 256)).astype(float) / 255
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16
    # Smoothed over 8 steps: a table of whole numbers jitters by half a level.
    assert np.diff(lightness[::8]).min() > 0
    assert np.diff(lightness[::8]).max() < 2.5 * np.diff(lightness[::8]).mean()
    np.testing.assert_array_equal(images.colour(np.array([-1, np.nan])), images.colour([0, 0]))
    np.testing.assert_array_equal(images.colour([2.0]), images.colour([1.0]))


def test_overlay_mixes_image_and_heat_by_its_strength():
    image, heat = noise(8, 6, 3), np.random.default_rng(2).random((2, 3)).astype(np.float32)
    hot = images.colour(images.upsample(heat, (8, 6)))
    np.testing.assert_array_equal(images.overlay(image, heat, 0), image)
    np.testing.assert_array_equal(images.overlay(image, heat, 1), hot)
    half = images.overlay(image, heat)
    assert np.abs(half - (image.astype(float) + hot) / 2).max() <= 0.5
    assert images.overlay(image[:, :, :1], heat).shape == (8, 6, 3)
