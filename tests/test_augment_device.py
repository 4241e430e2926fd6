"""Loops on the host, tensors on the device, layers: the same draws give the same bytes."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from evrisim import Recipe, augment, load, machine
from evrisim.augment import device, host
from evrisim.augment.device import words
from evrisim.data.batches import Place
from evrisim.data.tensors import training_dataset
from evrisim.training import loop, placing

SIZE = (11, 14)
EVERY = {
    **{name: augment.Chain((method(),)) for name, method in augment.METHODS.items()},
    **{name: augment.policy(name) for name in augment.POLICIES if "+" not in name},
}


def photographs(channels=3, count=8):
    """Smooth pictures, which show a place that is a little wrong."""
    noise = np.random.default_rng(0).normal(size=(count, *SIZE, channels))
    smooth = ndimage.gaussian_filter(noise, (0, 1.5, 1.5, 0))
    low, high = smooth.min(), smooth.max()
    return np.round(255 * (smooth - low) / (high - low)).astype(np.uint8)


@pytest.mark.parametrize("name", EVERY)
def test_a_draw_gives_the_same_bytes_on_the_device(name):
    chosen = EVERY[name]
    for channels in (3, 1):
        images = photographs(channels)
        steps = augment.draw(chosen, np.arange(8), SIZE, seed=3, epoch=2)
        found = ops.convert_to_numpy(device.apply(steps, images))
        np.testing.assert_array_equal(found, host.apply(steps, images))


@pytest.mark.parametrize("name", EVERY)
def test_what_is_drawn_on_the_device_is_what_the_host_draws(name):
    chosen = EVERY[name]
    here = augment.draw(chosen, np.arange(40, 48), SIZE, seed=7, epoch=1)
    there = device.draw(chosen, ops.arange(40, 48), SIZE, seed=7, epoch=ops.convert_to_tensor(1))
    assert [one.may for one in here] == [one.may for one in there]
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.codes, ops.convert_to_numpy(other.codes))
        np.testing.assert_allclose(one.values, ops.convert_to_numpy(other.values), 1e-5, 1e-4)
    images, labels = photographs(), np.arange(8) % 5
    apart = host.apply(here, images) != ops.convert_to_numpy(device.apply(there, images))
    assert apart.mean() < 2e-3  # where an ulp of a sine moves a place over a half
    np.testing.assert_allclose(
        ops.convert_to_numpy(device.mixed_labels(there, labels, 5, SIZE)),
        augment.mixed_labels(here, labels, 5, SIZE),
        atol=1e-6,
    )


@pytest.mark.parametrize(
    ("key", "counter", "expected"),  # of the authors' own tests
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_words_are_mixed_as_published(key, counter, expected):
    found = words.mixed(*map(words.word, (*key, *counter)))
    assert tuple(int(ops.convert_to_numpy(one)) for one in found) == expected


def test_uniforms_are_those_of_the_host_for_any_seed_and_epoch():
    from evrisim.augment.chance import uniforms

    for seed, epoch, needs in ((0, 0, 1), (2**32 - 1, 70_000, 5), (12345, 3, 0)):
        found = ops.convert_to_numpy(words.uniforms(seed, epoch, np.arange(9), needs))
        np.testing.assert_array_equal(found, uniforms(seed, epoch, np.arange(9), needs))


@pytest.mark.parametrize(
    "policy", ["course", "standard+mixup-cutmix", [{"flip": {"alternating": True}}, "padded-crop"]]
)
def test_an_epoch_is_the_same_in_the_pipeline_and_on_the_device(policy):
    data, recipe = load("shapes", counts=(48, 20, 20)), Recipe(augmentation=policy, batch_size=16)
    ways = [list(loop.batches(data, recipe, 1, way=way)) for way in ("pipeline", "device")]
    for (images, labels), (again, labels_again) in zip(*ways, strict=True):
        np.testing.assert_array_equal(np.asarray(images), ops.convert_to_numpy(again))
        np.testing.assert_allclose(
            np.asarray(labels), ops.convert_to_numpy(labels_again), atol=1e-6
        )


@pytest.mark.tensorflow
def test_a_sequential_of_layers_a_mapped_data_set_and_a_step_give_the_same_images():
    from evrisim.augment.layers import Augment

    data = load("shapes", counts=(32, 20, 20)).train
    policy = augment.policy("course")
    order = np.arange(32)
    in_pipeline = augment.augmented(policy, data.images[order], seed=5, epoch=0).images
    sequential = keras.Sequential([Augment("course", seed=5)])
    by_layers = ops.convert_to_numpy(sequential(data.images[order], training=True))

    @__import__("tensorflow").function
    def step(images):
        steps = device.draw(policy, ops.arange(32), (32, 32), seed=5, epoch=0)
        return device.apply(steps, images)

    in_step = ops.convert_to_numpy(step(data.images[order]))
    for found in (by_layers, in_step):
        away = np.abs(found - in_pipeline)
        assert away.max() <= 1
        assert (away > 0).mean() < 1e-3
    ((mapped, _labels),) = training_dataset(data, 32, Place(5), policy).as_numpy_iterator()
    from evrisim.data.batches import epoch_order

    shuffled = augment.augmented(policy, data.images[epoch_order(32, seed=5, epoch=0)], seed=5)
    np.testing.assert_array_equal(mapped, shuffled.images)


def test_the_faster_way_is_taken_and_said(monkeypatch):
    data, recipe = load("shapes", counts=(48, 20, 20)), Recipe(batch_size=16)
    assert placing.fastest(data, Recipe(augmentation="none")).sentence == (
        "Images are augmented in the input pipeline."
    )
    for seconds, way, words_said in (
        ({"here": 0.002, "there": 0.001}, "device", "On the device a batch is augmented in 1.0"),
        ({"here": 0.001, "there": 0.002}, "pipeline", "In the input pipeline a batch is augmented"),
    ):
        placing._timed.cache_clear()
        taken = iter([seconds["here"], seconds["there"], seconds["there"]])
        monkeypatch.setattr(placing, "_median", lambda _action, taken=taken: next(taken))
        monkeypatch.setattr(machine, "has_gpu", lambda: True)
        found = placing.fastest(data, recipe)
        assert found.way == way
        assert found.sentence.startswith(words_said)
    placing._timed.cache_clear()
