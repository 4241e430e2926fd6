import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evrisim._validate import InputError
from evrisim.augment import Composed, Flip, PaddedCrop, standard


def pictures(count=6, rows=8, columns=5, channels=3):
    return np.random.default_rng(0).integers(0, 256, (count, rows, columns, channels), np.uint8)


def test_a_flip_mirrors_exactly_the_drawn_images():
    images = pictures()
    draw = np.array([True, False, True, False, False, True])
    flipped = Flip().apply(images, draw)
    for image, found, mirrored in zip(images, flipped, draw, strict=True):
        np.testing.assert_array_equal(found, np.fliplr(image) if mirrored else image)


def test_a_crop_equals_padding_by_reflection_and_cutting_out():
    images = pictures()
    crop = PaddedCrop(3)
    draw = crop.draw(np.random.default_rng(1), len(images))
    for image, found, (top, left) in zip(images, crop.apply(images, draw), draw, strict=True):
        padded = np.pad(image, ((3, 3), (3, 3), (0, 0)), mode="reflect")
        np.testing.assert_array_equal(found, padded[top : top + 8, left : left + 5])


@settings(derandomize=True, max_examples=40, deadline=None)
@given(rows=st.integers(1, 9), columns=st.integers(1, 9), padding=st.integers(0, 20))
def test_a_crop_of_any_size_shows_only_pixels_of_the_image(rows, columns, padding):
    images = pictures(4, rows, columns)
    crop = PaddedCrop(padding)
    found = crop.apply(images, crop.draw(np.random.default_rng(0), 4))
    assert found.shape == images.shape
    for image, changed in zip(images, found, strict=True):
        known = {tuple(pixel) for pixel in image.reshape(-1, 3)}
        assert {tuple(pixel) for pixel in changed.reshape(-1, 3)} <= known


def test_every_offset_is_drawn_and_each_image_has_its_own():
    draw = PaddedCrop(2).draw(np.random.default_rng(0), 2000)
    assert {tuple(pair) for pair in draw} == {(r, c) for r in range(5) for c in range(5)}


def test_half_of_the_images_are_flipped_and_none_at_severity_zero():
    draws = Flip(0.5).draw(np.random.default_rng(0), 10_000)
    assert 0.48 < draws.mean() < 0.52
    images = pictures()
    still = standard(32, severity=0)
    np.testing.assert_array_equal(
        still.apply(images, still.draw(np.random.default_rng(0), len(images))), images
    )


def test_masks_move_with_their_images():
    images = pictures()
    masks = images[..., 0] > 128
    both = Composed((Flip(), PaddedCrop(2)))
    draw = both.draw(np.random.default_rng(5), len(images))
    np.testing.assert_array_equal(both.apply(images, draw)[..., 0] > 128, both.apply(masks, draw))


def test_the_input_is_left_alone():
    images = pictures()
    before = images.copy()
    both = standard(8)
    both.apply(images, both.draw(np.random.default_rng(0), len(images)))
    np.testing.assert_array_equal(images, before)


def test_wrong_settings_are_named():
    with pytest.raises(InputError, match="`probability` must lie between 0 and 1"):
        Flip(1.5)
    with pytest.raises(InputError, match="`padding` must be a whole number"):
        PaddedCrop(-1)
