"""Colours against Pillow, Keras' layers, colorsys and plain arithmetic."""

import colorsys

import keras
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from augmented_pictures import SIZES, few, noise, soft, stepped
from evrisim import augment
from evrisim.augment import Code

FACTORS = [0.0, 0.1, 0.55, 1.0, 1.3, 1.9]
KINDS = [noise, few, soft]


def pillow(images, change):
    """Each image changed by a function of Pillow's images."""
    mode = {1: lambda image: Image.fromarray(image[..., 0]), 3: Image.fromarray}
    return np.stack(
        [np.asarray(change(mode[image.shape[-1]](image))).reshape(image.shape) for image in images]
    ).astype(int)


def pictures(size, channels):
    return [kind(2, size, channels, seed) for seed, kind in enumerate(KINDS)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("code", "values", "change"),
    [
        *[
            (Code.POSTERISE, [bits], lambda image, bits=bits: ImageOps.posterize(image, bits))
            for bits in (1, 4, 8)
        ],
        *[
            (Code.SOLARISE, [level], lambda image, level=level: ImageOps.solarize(image, level))
            for level in (0, 1, 128, 255, 256)
        ],
        (Code.EQUALISE, [], ImageOps.equalize),
        (Code.INVERT, [], ImageOps.invert),
    ],
)
def test_tables_are_exactly_pillows(code, values, change, size, channels):
    for images in pictures(size, channels):
        assert np.array_equal(stepped(code, images, *values), pillow(images, change))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("code", "more", "enhance"),
    [
        (Code.TONE, [], ImageEnhance.Brightness),
        (Code.SATURATION, [], ImageEnhance.Color),
        (Code.CONTRAST, [1], ImageEnhance.Contrast),
        (Code.SHARPNESS, [], ImageEnhance.Sharpness),
    ],
)
def test_enhancing_is_pillows_within_the_fraction_it_cuts_off(code, more, enhance, size, channels):
    for images in pictures(size, channels):
        for factor in FACTORS:
            found = stepped(code, images, factor, *more)
            known = pillow(images, lambda image, f=factor: enhance(image).enhance(f))
            assert np.abs(found - known).max() <= 1


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_autocontrast_is_pillows_within_the_fraction_it_cuts_off(size):
    for images in pictures(size, 3):
        known = pillow(images // 2 + 40, ImageOps.autocontrast)
        assert np.abs(stepped(Code.AUTOCONTRAST, images // 2 + 40) - known).max() <= 1


@pytest.mark.parametrize("turn", [-0.5, -0.21, 0.0, 1 / 6, 0.37])
def test_hue_is_that_of_colorsys(turn):
    images = np.concatenate([noise(1, (16, 16)), few(1, (16, 16)), soft(1, (16, 16))])
    found = stepped(Code.HUE, images, turn).reshape(-1, 3)
    for before, after in zip(images.reshape(-1, 3), found, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*before / 255)
        known = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
        assert np.abs(after - 255 * np.array(known)).max() <= 0.501


def by_keras(layer, images, transformation):
    changed = layer.transform_images(
        keras.ops.convert_to_tensor(images, "float32"),
        {name: np.float32(value) for name, value in transformation.items()},
    )
    return keras.ops.convert_to_numpy(changed)


def drawn(method, chance):
    (step,) = method.draw(np.float32([[chance]]), (8, 8), np)
    return step.codes[0], step.values[0]


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.999])
def test_brightness_contrast_and_hue_are_those_of_keras(chance):
    """At the far ends of what the same factor lets Keras' layers draw, and between."""
    images, even = soft(1, (8, 8)), 2 * chance - 1
    shift, factor = np.full((1, 1, 1, 1), 255 * 0.2 * even), np.full((1, 1, 1, 1), 1 + 0.2 * even)
    for method, layer, transformation in [
        (augment.Brightness(0.2), keras.layers.RandomBrightness(0.2), {"rgb_delta": shift}),
        (augment.Contrast(0.2), keras.layers.RandomContrast(0.2), {"contrast_factor": factor}),
        (augment.Hue(0.2), keras.layers.RandomHue(0.2, (0, 255)), {"factor": [0.5 * 0.2 * even]}),
    ]:
        code, values = drawn(method, chance)
        found = stepped(code, images, *values)
        assert np.abs(found - by_keras(layer, images, transformation)).max() <= 0.51


def test_grey_images_have_no_colours_to_change():
    images = noise(2, (6, 6), 1)
    for code in (Code.SATURATION, Code.HUE):
        assert np.array_equal(stepped(code, images, 0.3), images)


def test_grey_makes_the_share_asked_for_grey():
    images = noise(2000, (3, 3))
    found = augment.augmented(augment.Grey(0.3), images).images
    grey = (found == found[..., :1]).all(axis=(1, 2, 3))
    assert grey.mean() == pytest.approx(0.3, abs=0.03)
    assert np.array_equal(found[~grey], images[~grey])


@pytest.mark.parametrize(
    ("method", "low", "high"),
    [
        (augment.Brightness(0.2), -51, 51),
        (augment.Contrast(0.3), 0.7, 1.3),
        (augment.Saturation(0.4), 0.6, 1.4),
        (augment.Sharpness(0.5), 0.5, 1.5),
        (augment.Hue(0.1), -0.05, 0.05),
        (augment.Solarise(0.5), 128, 256),
        (augment.Posterise(4), 4, 8),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, object) else None,
)
def test_draws_reach_from_end_to_end(method, low, high):
    chance = augment.base.uniforms(0, 0, range(5000), 1)
    (step,) = method.draw(chance, (8, 8), np)
    column = step.values[:, 1 if isinstance(method, augment.Brightness) else 0]
    assert low <= column.min() < low + 0.01 * (high - low) + 1e-6
    assert high - 0.01 * (high - low) - 1e-6 < column.max() <= high
    assert column.mean() == pytest.approx((low + high) / 2, abs=0.02 * (high - low))
