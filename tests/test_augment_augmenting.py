"""Laws that hold for every method, what moves with the images, and what is refused."""

from dataclasses import fields
from itertools import pairwise

import keras
import numpy as np
import pytest

from augmented_pictures import few, noise, same_step, soft
from evrisim import augment
from evrisim._validate import InputError
from evrisim.augment import METHODS, Chain, Code, augmented, mixes, policy
from evrisim.augment.steps import composed

COUNT = 64
IMAGES = soft(COUNT, (16, 16))
ALONE = [name for name, method in METHODS.items() if not mixes(method())]
TOGETHER = [name for name in METHODS if name not in ALONE]


def changed(name, images=IMAGES, severity=1.0, **more):
    return augmented(policy([name], severity), images, **more).images


def test_the_methods_that_mix_are_known():
    assert TOGETHER == ["mixup", "cutmix", "either"]


@pytest.mark.parametrize("name", METHODS)
def test_at_severity_0_nothing_changes(name):
    assert np.array_equal(changed(name, severity=0), IMAGES)
    method = METHODS[name]().scaled(0.0)
    assert np.array_equal(augmented(method, IMAGES).images, IMAGES)


@pytest.mark.parametrize("name", METHODS)
def test_more_severity_changes_no_less_on_average(name):
    images = soft(4 * COUNT, (16, 16), seed=1)
    apart = [
        np.abs(changed(name, images, severity).astype(int) - images).mean()
        for severity in (0.25, 0.5, 1.0)
    ]
    assert apart[-1] > 0
    for less, more in pairwise(apart):
        assert more >= 0.97 * less  # a reflected image may by chance be nearer than a shifted one


@pytest.mark.parametrize("name", METHODS)
def test_half_of_half_a_severity_is_a_quarter(name):
    method = METHODS[name]()
    assert_alike(method.scaled(0.5).scaled(0.5), method.scaled(0.25))


def assert_alike(one, other):
    for field in fields(one):
        here, there = getattr(one, field.name), getattr(other, field.name)
        if field.name == "parts":
            for left, right in zip(here, there, strict=True):
                assert_alike(left, right)
        elif isinstance(here, float):
            assert here == pytest.approx(there)
        else:
            assert here == there


@pytest.mark.parametrize("name", METHODS)
def test_shape_and_dtype_stay_and_the_given_images_are_left_alone(name):
    for size in [(1, 1), (5, 8), (13, 7)]:
        for channels in (1, 3):
            images = noise(7, size, channels)
            before = images.copy()
            found = changed(name, images)
            assert found.shape == images.shape
            assert found.dtype == np.uint8
            assert np.array_equal(images, before)
            assert not np.shares_memory(found, images)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int16])
@pytest.mark.parametrize("name", METHODS)
def test_other_dtypes_give_the_same_values_in_that_dtype(name, dtype):
    found = changed(name, IMAGES[:8].astype(dtype))
    assert found.dtype == dtype
    assert np.array_equal(found, changed(name, IMAGES[:8]))


@pytest.mark.parametrize("name", ALONE)
def test_an_image_is_the_same_in_any_batch(name):
    whole = changed(name, seed=5, epoch=2)
    parts = [
        changed(name, IMAGES[first:last], seed=5, epoch=2, first=first)
        for first, last in [(0, 1), (1, 20), (20, COUNT)]
    ]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("name", METHODS)
def test_an_epoch_repeats_itself_and_no_other(name):
    here = changed(name, seed=1, epoch=3)
    assert np.array_equal(here, changed(name, seed=1, epoch=3))
    assert not np.array_equal(here, changed(name, seed=1, epoch=4))
    assert not np.array_equal(here, changed(name, seed=2, epoch=3))
    if name in ALONE:
        assert not np.array_equal(here, changed(name, seed=1, epoch=3, first=COUNT))


@pytest.mark.parametrize("name", METHODS)
def test_a_tensor_library_draws_the_same(name):
    method = METHODS[name]()
    chance = augment.base.uniforms(2, 0, range(200), method.needs)
    here = composed(np, method.draw(chance, (32, 24), np))
    tensor = keras.ops.convert_to_tensor(chance)
    there = composed(keras.ops, method.draw(tensor, (32, 24), keras.ops))
    assert [(one.may, one.fill) for one in here] == [(one.may, one.fill) for one in there]
    for one, other in zip(here, there, strict=True):
        assert np.array_equal(one.codes, keras.ops.convert_to_numpy(other.codes))
        values = keras.ops.convert_to_numpy(other.values)
        assert one.values == pytest.approx(values, rel=1e-5, abs=1e-5)


def test_a_batch_without_images_stays_one():
    assert changed("augmix", IMAGES[:0]).shape == (0, 16, 16, 3)
    assert changed("cutmix", IMAGES[:0]).shape == (0, 16, 16, 3)


def test_masks_go_where_their_images_go():
    """By whole pixels and in boxes, the mask of the bright is the bright of the moved image."""
    images = few(COUNT, (16, 16), 1)
    chain = policy([{"flip": "both"}, {"padded-crop": 0.5}, {"translation": [0, 0]}, "cutmix"])
    masks = images[..., 0] > 100
    batch = augmented(chain, images, masks=masks, seed=3)
    assert batch.masks.dtype == bool
    assert batch.masks.shape == masks.shape
    assert np.array_equal(batch.masks, batch.images[..., 0] > 100)
    assert not np.array_equal(batch.masks, masks)


def test_masks_of_several_channels_and_values_move_too():
    images = few(8, (9, 9))
    batch = augmented(policy("standard"), images, masks=images, seed=3)
    assert np.array_equal(batch.masks, batch.images)


@pytest.mark.parametrize("name", ["brightness", "hue", "erase", "noise", "mixup", "augmix", "jpeg"])
def test_what_does_not_move_pixels_leaves_masks(name):
    masks = few(COUNT, (16, 16), 1)
    batch = augmented(policy([name]), IMAGES, masks=masks)
    assert not np.array_equal(batch.images, IMAGES)
    assert np.array_equal(batch.masks, masks)


def test_labels_stay_as_they_are_where_images_do_not_mix():
    labels = np.arange(COUNT) - 7
    assert augmented(policy("strong"), IMAGES, labels=labels).labels is labels


def test_a_draw_of_ones_own_takes_the_place_of_another():
    steps = [same_step(Code.INVERT, COUNT)]
    batch = augmented(policy("strong"), IMAGES, steps=steps, labels=np.zeros(COUNT))
    assert np.array_equal(batch.images, 255 - IMAGES)
    assert np.array_equal(batch.labels, np.zeros(COUNT))


def test_values_between_whole_numbers_are_rounded():
    images = np.full((1, 2, 2, 1), 7.5)
    images[0, 0, 0] = 254.6
    found = augmented(Chain(), images).images
    assert found.ravel().tolist() == [255, 8, 8, 8]


IMAGE = np.full((2, 4, 4, 3), 9.0)
MIX = augment.MixUp()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Chain(), IMAGE / 10),
         "Images to augment must hold values from 0 to 255; received none above 0.9: "
         "multiply images of 0 to 1 by 255."),
        ((Chain(), IMAGE * 30),
         "Images to augment must hold values from 0 to 255; received 270.0 to 270.0."),
        ((Chain(), -IMAGE),
         "Images to augment must hold values from 0 to 255; received -9.0 to -9.0."),
        ((Chain(), IMAGE * np.nan),
         "Images to augment must hold values from 0 to 255; received nan to nan."),
        ((Chain(), IMAGE[0]),
         "Images to augment must have the shape (count, rows, columns, 1 or 3); "
         "received (4, 4, 3)."),
        ((Chain(), IMAGE[..., :2]),
         "Images to augment must have the shape (count, rows, columns, 1 or 3); "
         "received (2, 4, 4, 2)."),
        ((Chain(), IMAGE.astype(complex)),
         "Images to augment must be numbers; received complex128."),
    ],
)  # fmt: skip
def test_wrong_images_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(InputError) as caught:
        augmented(*arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"labels": [0, 1]}, "`classes` is needed to mix labels that are whole numbers."),
        ({"labels": [0, 3], "classes": 3}, "Labels must lie between 0 and 2; received 3."),
        ({"labels": [-1, 0], "classes": 3}, "Labels must lie between 0 and 2; received -1."),
        ({"labels": [0, 1, 1], "classes": 3}, "There are 3 labels for 2 images."),
        ({"labels": [0.0, 1.0], "classes": 3},
         "Labels to mix must be whole numbers (count,) or shares (count, classes); "
         "received float64 (2,)."),
        ({"masks": np.zeros((2, 5, 4), bool)},
         "Masks of shape (2, 5, 4) do not fit images of shape (2, 4, 4, 3)."),
        ({"masks": np.zeros((3, 4, 4), bool)},
         "Masks of shape (3, 4, 4) do not fit images of shape (2, 4, 4, 3)."),
        ({"masks": np.zeros((2, 4, 4))}, "Masks must be bool or uint8; received float64."),
        ({"steps": [same_step(Code.INVERT, 5)]}, "The draw is for 5 images; there are 2."),
    ],
)  # fmt: skip
def test_wrong_labels_masks_and_draws_are_refused_in_one_sentence(more, message):
    with pytest.raises(InputError) as caught:
        augmented(MIX, IMAGE, **more)
    assert str(caught.value) == message
