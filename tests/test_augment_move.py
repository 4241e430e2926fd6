"""Moves against SciPy, Pillow, Keras' layers and shifts of padded arrays."""

import math

import keras
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from augmented_pictures import SIZES, few, noise, same_step, soft, stepped
from evrisim import augment
from evrisim.augment import Chain, Code, draw
from evrisim.augment.host import apply
from evrisim.augment.steps import composed

# SciPy's plain `constant` and `wrap` do not interpolate between the border and what lies outside.
MODES = {
    "reflect": "reflect",
    "nearest": "nearest",
    "constant": "grid-constant",
    "wrap": "grid-wrap",
}
PLACES = 0.5 + 255 / 2**11
"""Rounding to whole values, and of places to a 2048th of a pixel."""


def by_scipy(image, values, fill, order=1, level=0):
    """Resample in float64; SciPy's places are (row, column) from the corner."""
    a, b, tx, c, d, ty = (float(value) for value in values[:6])
    matrix = np.array([[d, c], [b, a]])
    middle = (np.array(image.shape[:2]) - 1) / 2
    offset = np.add(middle, (ty, tx)) - matrix @ middle
    return np.stack(
        [
            ndimage.affine_transform(
                channel.astype(float), matrix, offset, order=order, mode=MODES[fill], cval=level
            )
            for channel in np.moveaxis(image, -1, 0)
        ],
        axis=-1,
    )


def any_map(rng, size, fill):
    turn, zoom = rng.uniform(-math.pi, math.pi), np.exp(rng.uniform(-0.7, 0.7, 2))
    across, down = rng.uniform(-1.5, 1.5, 2) * [size[1], size[0]]
    cosine, sine = math.cos(turn), math.sin(turn)
    level = 77 if fill == "constant" else 0
    return [
        zoom[0] * cosine,
        -zoom[1] * sine,
        across,
        zoom[0] * sine,
        zoom[1] * cosine,
        down,
        level,
    ]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("fill", MODES)
def test_any_map_resamples_as_scipy_does(fill, size, channels):
    rng = np.random.default_rng(0)
    for image in noise(5, size, channels):
        values = np.float32(any_map(rng, size, fill))
        found = stepped(Code.MOVE, image[None], *values, fill=fill)[0]
        assert np.abs(found - by_scipy(image, values, fill, level=values[6])).max() <= PLACES


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("fill", MODES)
def test_masks_take_the_nearest_pixel(fill, size):
    rng = np.random.default_rng(1)
    for image in few(5, size, 1):
        values = np.float32(any_map(rng, size, fill))
        found = stepped(Code.MOVE, image[None], *values, fill=fill, masks=True)[0]
        known = by_scipy(image, values, fill, order=0, level=values[6])
        # Where SciPy's float64 place lies at a border between two pixels, either may be taken.
        assert (found != known).mean() <= 0.01
        assert set(np.unique(found)) <= {*np.unique(image), np.uint8(values[6])}


PADS = {"reflect": "symmetric", "nearest": "edge", "constant": "constant", "wrap": "wrap"}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("fill", MODES)
def test_a_move_by_whole_pixels_is_a_window_of_the_padded_image(fill, size):
    image = noise(1, size)[0]
    padded = np.pad(image, ((70, 70), (70, 70), (0, 0)), mode=PADS[fill])
    for across, down in [(0, 0), (1, -2), (-7, 3), (40, -65)]:
        window = padded[70 + down :, 70 + across :][: size[0], : size[1]]
        found = stepped(Code.MOVE, image[None], 1, 0, across, 0, 1, down, fill=fill)[0]
        assert np.array_equal(found, window)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_mirrors_are_exact(size):
    images = noise(2, size)
    for across, down in [(1, -1), (-1, 1), (-1, -1)]:
        known = images[:, ::down, ::across]
        assert np.array_equal(stepped(Code.MOVE, images, across, 0, 0, 0, down, 0), known)


def test_several_moves_resample_once():
    """Turn, zoom, shear and crop of a policy: one resampling with the product of their maps."""
    chain = Chain(
        (augment.Rotation(0.1), augment.Zoom(0.3), augment.Shear(0.2), augment.Crop(0.8, 0.8))
    )
    images = noise(8, (32, 32))
    steps = draw(chain, range(8), (32, 32), seed=2, epoch=0)
    assert len(steps) == 1
    alone = []
    for start, part in zip((0, 1, 3, 5), chain.parts, strict=True):
        chance = augment.base.uniforms(2, 0, range(8), chain.needs)[:, start : start + part.needs]
        alone += part.draw(chance, (32, 32), np)
    for number, image in enumerate(images):
        product = np.eye(3)
        for one in alone:
            row = one.values[number].astype(float)
            product = product @ [row[:3], row[3:6], [0, 0, 1]]
        found = apply(steps, images)[number]
        known = by_scipy(image, product[:2].ravel(), "reflect")
        assert np.abs(found - known).max() <= PLACES + 0.1


def drawn(method, *chance, size=(32, 32)):
    """The one step of a method for given uniforms, the same for each of 1 image."""
    (step,) = composed(np, method.draw(np.float32([chance]), size, np))
    return step.values[0], step.fill


def test_a_quarter_turn_is_exact_and_anticlockwise():
    images = noise(2, (9, 9))
    values, _ = drawn(augment.Rotation(0.25), 1.0)
    found = stepped(Code.MOVE, images, *values)
    assert np.abs(found.astype(int) - np.rot90(images, 1, axes=(1, 2))).max() <= 1


@pytest.mark.parametrize(("chance", "degrees"), [(0.0, -36), (0.5, 0), (0.75, 18), (1.0, 36)])
def test_rotation_by_a_tenth_is_36_degrees_either_way(chance, degrees):
    values, _ = drawn(augment.Rotation(0.1), chance)
    assert math.degrees(math.atan2(values[3], values[0])) == pytest.approx(degrees, abs=1e-4)


@pytest.mark.parametrize("height_zoom", [0.85, 1.0, 1.15])
def test_zoom_is_that_of_keras(height_zoom):
    image = soft(1)
    values, fill = drawn(augment.Zoom(0.15), (height_zoom - 0.85) / 0.3, 0.0)
    layer = keras.layers.RandomZoom(0.15, fill_mode=fill, seed=0)
    zoom = np.full((1, 1), height_zoom, np.float32)
    known = keras.ops.convert_to_numpy(
        layer.transform_images(
            keras.ops.convert_to_tensor(image, "float32"),
            {"height_zoom": zoom, "width_zoom": zoom, "input_shape": image.shape},
        )
    )
    assert np.abs(stepped(Code.MOVE, image, *values) - known).max() <= PLACES + 0.05


def test_zoom_with_a_width_factor_stretches():
    values, _ = drawn(augment.Zoom(0.2, 0.4), 1.0, 0.0)
    assert values[[0, 4]] == pytest.approx([0.6, 1.2])


def test_translation_is_a_shift_in_parts_of_a_pixel():
    image = noise(1, (13, 7))[0]
    values, fill = drawn(augment.Translation(0.3, 0.5), 0.8, 0.1, size=(13, 7))
    shift = (0.6 * 0.3 * 13, -0.8 * 0.5 * 7, 0)
    known = ndimage.shift(image.astype(float), shift, order=1, mode="reflect")
    found = stepped(Code.MOVE, image[None], *values, fill=fill)[0]
    assert np.abs(found - known).max() <= PLACES + 0.05


def test_shear_moves_a_row_by_its_distance_from_the_middle():
    image = np.zeros((1, 21, 21, 1), np.uint8)
    image[0, :, 10] = 200  # an upright line
    values, _ = drawn(augment.Shear(0.2), 1.0, 0.5)
    found = stepped(Code.MOVE, image, *values)[0, ..., 0]
    for row in (0, 5, 10, 15, 20):
        assert found[row].argmax() == 10 - round(0.2 * (row - 10))


@pytest.mark.parametrize(("down", "across"), [(0, 0), (0.99, 0.99), (0.4, 0.7)])
def test_a_crop_is_pillows_enlarged_window(down, across):
    image = soft(1)[0]
    values, _ = drawn(augment.Crop(28, 0.875), down, across)
    top, left = math.floor(down * 5), math.floor(across * 5)
    known = Image.fromarray(image).resize(
        (32, 32), Image.Resampling.BILINEAR, (left, top, left + 28, top + 28)
    )
    found = stepped(Code.MOVE, image[None], *values)[0]
    inner = (slice(1, -1), slice(1, -1))  # beside it the window's neighbours are blended in
    assert np.abs(found[inner].astype(int) - np.asarray(known)[inner]).max() <= 1


def test_resized_crops_lie_inside_and_have_the_area_and_proportions_asked_for():
    rng = np.random.default_rng(0)
    method = augment.ResizedCrop(0.35, 4 / 3)
    size = (24, 40)
    (step,) = method.draw(rng.random((4000, 4), np.float32), size, np)
    across, left, down, top = step.values[:, [0, 2, 4, 5]].T
    for share, shift, length in ((across, left, 40), (down, top, 24)):
        assert (share <= 1).all()
        assert (np.abs(shift) + share * length / 2 <= length / 2 + 1e-3).all()
    fit = (across < 1) & (down < 1)
    area, ratio = (across * down)[fit], (across / down)[fit]
    assert 0.35 <= area.min() < 0.36
    assert 3 / 4 - 1e-5 <= ratio.min() < 0.77 < 1.3 < ratio.max() <= 4 / 3 + 1e-5


def test_padded_crops_go_to_each_place_equally_often():
    chance = augment.base.uniforms(0, 0, range(40_000), 2)
    (step,) = augment.PaddedCrop(0.125).draw(chance, (32, 16), np)
    assert set(step.values[:, 5]) == set(range(-4, 5))
    assert set(step.values[:, 2]) == set(range(-2, 3))
    counts = np.bincount((step.values[:, 5] + 4).astype(int))
    assert np.abs(counts / 40_000 - 1 / 9).max() < 0.01


@pytest.mark.parametrize(
    ("mode", "signs"),
    [
        ("horizontal", {(-1, 1), (1, 1)}),
        ("vertical", {(1, -1), (1, 1)}),
        ("both", {(1, 1), (-1, 1), (1, -1), (-1, -1)}),
    ],
)
def test_flips_mirror_the_sides_asked_for_as_often_as_asked_for(mode, signs):
    chance = augment.base.uniforms(0, 0, range(10_000), 2)
    (step,) = augment.Flip(mode, 0.3).draw(chance, (4, 4), np)
    assert set(map(tuple, step.values[:, [0, 4]])) == signs
    for column in (0, 4):
        if (step.values[:, column] < 0).any():
            assert (step.values[:, column] < 0).mean() == pytest.approx(0.3, abs=0.02)


def test_a_step_leaves_images_it_is_not_for():
    images = noise(4, (6, 6))
    one = same_step(Code.MOVE, 4, -1, 0, 0, 0, 1, 0)
    one.codes[[1, 3]] = Code.KEEP
    found = apply([one], images)
    assert np.array_equal(found[[1, 3]], images[[1, 3]])
    assert np.array_equal(found[[0, 2]], images[[0, 2], :, ::-1])
