"""JPEG without a file against Pillow's, which writes one, and as loops against whole batches."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

from augmented_pictures import noise, soft, stepped
from evrisim import augment
from evrisim.augment import Code
from evrisim.augment.jpeg import compressed

QUALITIES = [1, 10, 30, 49, 50, 75, 95, 100]
SHAPES = [(1, 1, 3), (8, 5, 3), (40, 33, 3), (31, 17, 3), (32, 32, 3), (24, 24, 1), (13, 7, 1)]


def pillow(image, quality):
    file = io.BytesIO()
    Image.fromarray(image if image.shape[-1] == 3 else image[..., 0]).save(
        file, "JPEG", quality=quality, subsampling="4:2:0"
    )
    return np.asarray(Image.open(file)).reshape(image.shape).astype(int)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_images_come_back_as_from_pillow(shape, quality):
    """Half a level apart on average: Pillow's cosines are whole numbers of 13 bits.

    Where such a sum falls on the other side of a half, a whole block is a step apart; that is
    the largest difference by far, so nine values in ten are within a level.
    """
    *size, channels = shape
    for images in (soft(3, size, channels), noise(3, size, channels)):
        found = stepped(Code.JPEG, images, quality)
        apart = np.abs(found - np.stack([pillow(image, quality) for image in images]))
        assert apart.mean() <= 0.6
        assert (apart <= 1).mean() >= 0.85


@pytest.mark.parametrize("engine", ["numpy", "keras"])
@pytest.mark.parametrize("shape", [(1, 1, 3), (13, 7, 3), (40, 33, 3), (24, 24, 1)], ids=str)
def test_loops_and_whole_batches_give_the_same(shape, engine):
    *size, channels = shape
    images = np.concatenate([make(len(QUALITIES), size, channels) for make in (soft, noise)])
    quality = np.float32(QUALITIES * 2)
    xp, floats = (np, images.astype(np.float32)) if engine == "numpy" else (keras.ops, images)
    if engine == "keras":
        floats, quality = (keras.ops.cast(one, "float32") for one in (images, quality))
    known = keras.ops.convert_to_numpy(compressed(xp, floats, quality))
    found = np.concatenate(
        [stepped(Code.JPEG, images[n : n + 1], QUALITIES[n % len(QUALITIES)]) for n in range(16)]
    )
    assert (found == known).mean() >= 0.999
    assert np.abs(found - known).max() <= 8


def test_an_image_is_the_same_in_any_batch():
    images = soft(9, (13, 7))
    whole = stepped(Code.JPEG, images, 60)
    assert np.array_equal(whole[4:5], stepped(Code.JPEG, images[4:5], 60))


def test_every_quality_between_is_drawn_equally_often():
    chance = augment.base.uniforms(0, 0, range(40_000), 2)
    (step,) = augment.Jpeg(91, 0.5).draw(chance, (8, 8), np)
    assert (step.codes == Code.JPEG).mean() == pytest.approx(0.5, abs=0.01)
    counts = np.bincount(step.values[:, 0].astype(int))[91:]
    assert len(counts) == 10
    assert np.abs(counts / 40_000 - 0.1).max() < 0.01
