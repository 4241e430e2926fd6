"""Our convolution against Keras' own, which computes the sums one by one."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from keras.ops import convert_to_numpy as numbers

from evrisim.layers import Conv2D
from evrisim.layers.conv import FEWEST_CHANNELS

CHANNELS = FEWEST_CHANNELS
TILED = "GatherV2"  # the operation that cuts tiles


def pair(channels=CHANNELS, filters=CHANNELS, **options):
    """Ours and Keras' own with the same weights."""
    rng = np.random.default_rng(5)
    size = options.pop("kernel_size", 3)
    layers = [kind(filters, size, **options) for kind in (Conv2D, keras.layers.Conv2D)]
    for layer in layers:
        layer.build((None, None, None, channels))
    weights = [rng.normal(0, 0.1, w.shape).astype("float32") for w in layers[0].weights]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def maps(rows, columns, channels=CHANNELS, batch=2, seed=0):
    values = np.random.default_rng(seed).normal(0, 1, (batch, rows, columns, channels))
    return values.astype("float32")


def assert_close(found, expected):
    """Equal up to rounding, measured against the largest value."""
    expected = numbers(expected)
    np.testing.assert_allclose(numbers(found), expected, rtol=0, atol=4e-5 * abs(expected).max())


@given(
    rows=st.integers(3, 13),
    columns=st.integers(3, 13),
    batch=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    more=st.integers(0, 3),
)
@settings(max_examples=25, deadline=None)
def test_equals_keras_layer_for_every_size(rows, columns, batch, padding, more):
    ours, theirs = pair(filters=CHANNELS + more, padding=padding)
    images = maps(rows, columns, batch=batch)
    assert_close(ours(images), theirs(images))


@pytest.mark.parametrize("options", [{"use_bias": False}, {"activation": "relu"}])
def test_bias_and_activation_follow(options):
    ours, theirs = pair(padding="same", **options)
    assert_close(ours(maps(6, 7)), theirs(maps(6, 7)))


@pytest.mark.tensorflow
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("size", [(4, 4), (3, 9), (8, 6)])
def test_gradients_equal_those_of_keras_layer(size, padding):
    import tensorflow as tf

    slopes = []
    images = tf.constant(maps(*size))
    for layer in pair(filters=CHANNELS + 2, padding=padding):
        shape = layer.compute_output_shape(images.shape)
        weight = np.random.default_rng(1).normal(size=shape).astype("float32")
        with tf.GradientTape() as tape:
            tape.watch(images)
            score = tf.reduce_sum(layer(images) ** 2 * weight)
        slopes.append(tape.gradient(score, [images, layer.kernel.value, layer.bias.value]))
    for found, expected in zip(*slopes, strict=True):
        assert_close(found, expected)


@pytest.mark.tensorflow
def test_second_derivatives_equal_those_of_keras_layer():
    import tensorflow as tf

    found = []
    images = tf.constant(maps(4, 5))
    for layer in pair(padding="same"):
        with tf.GradientTape() as outer:
            outer.watch(images)
            with tf.GradientTape() as inner:
                inner.watch(images)
                score = tf.reduce_sum(layer(images) ** 3)
            slope = inner.gradient(score, images)
            length = tf.reduce_sum(slope**2)
        found.append(outer.gradient(length, [images, layer.kernel.value]))
    for ours, theirs in zip(*found, strict=True):
        assert_close(ours, theirs)


def kinds(layer, shape, dtype="float32"):
    """The kinds of operations TensorFlow runs for a layer."""
    import tensorflow as tf

    call = tf.function(layer).get_concrete_function(tf.TensorSpec((None, *shape), dtype))
    return [op.type for op in call.graph.get_operations()]


@pytest.mark.tensorflow
def test_the_batch_may_be_of_any_size_and_no_ordinary_convolution_runs():
    found = kinds(pair(padding="same")[0], (8, 8, CHANNELS))
    assert "Conv2D" not in found
    assert TILED in found


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "options",
    [
        {"strides": 2},
        {"dilation_rate": 2},
        {"kernel_size": 1},
        {"kernel_size": (3, 1)},
        {"channels": CHANNELS - 1},
        {"filters": CHANNELS - 1},
        {"dtype": "mixed_bfloat16"},
    ],
)
def test_what_has_no_tiles_is_keras_own(options):
    ours, theirs = pair(padding="same", **options)
    channels = options.get("channels", CHANNELS)
    dtype = "bfloat16" if "dtype" in options else "float32"
    assert TILED not in kinds(ours, (8, 8, channels), dtype)
    images = maps(8, 8, channels)
    np.testing.assert_array_equal(
        ops.cast(ours(images), "float32"), ops.cast(theirs(images), "float32")
    )


GROUPED = [
    {"groups": 2},
    {"groups": 3, "strides": 2},
    {"groups": 4, "padding": "valid", "filters": 8},
    {"groups": 2, "dilation_rate": 2, "kernel_size": (3, 2)},
    {"groups": 6, "strides": (1, 2)},
    {"groups": 12},
    {"groups": 12, "strides": 2, "filters": 36, "activation": "relu"},
    {"groups": 12, "dilation_rate": 2, "padding": "valid"},
    {"groups": 12, "strides": (2, 1)},
]


def grouped(options):
    return pair(**{"channels": 12, "filters": 12, "padding": "same", **options})


@pytest.mark.parametrize("options", GROUPED)
def test_groups_equal_keras_layer(options):
    ours, theirs = grouped(options)
    assert_close(ours(maps(7, 8, 12)), theirs(maps(7, 8, 12)))


@pytest.mark.tensorflow
@pytest.mark.parametrize("options", GROUPED)
def test_gradients_of_groups_equal_those_of_keras_layer(options):
    import tensorflow as tf

    slopes = []
    images = tf.constant(maps(7, 8, 12))
    for layer in grouped(options):
        with tf.GradientTape() as tape:
            tape.watch(images)
            score = tf.reduce_sum(layer(images) ** 3)
        slopes.append(tape.gradient(score, [images, layer.kernel.value]))
    for found, expected in zip(*slopes, strict=True):
        assert_close(found, expected)


@pytest.mark.tensorflow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_groups_are_not_left_to_xla(dtype):
    """Keras calls a function compiled by XLA for them, which takes a hundred times as long."""
    wanted = "float32" if dtype == "float32" else "mixed_bfloat16"
    ours, theirs = grouped({"groups": 4, "dtype": wanted})
    calls = "StatefulPartitionedCall", "PartitionedCall"
    assert set(calls) & set(kinds(theirs, (8, 8, 12), dtype))
    assert not set(calls) & set(kinds(ours, (8, 8, 12), dtype))


@pytest.mark.tensorflow
def test_groups_are_not_cut_into_tiles():
    assert TILED not in kinds(pair(padding="same", groups=2)[0], (8, 8, CHANNELS))


@pytest.mark.tensorflow
def test_maps_of_unknown_size_are_keras_own():
    assert TILED not in kinds(pair(padding="same")[0], (None, 8, CHANNELS))


def test_the_same_images_give_the_same_bits():
    layer = pair(padding="same")[0]
    np.testing.assert_array_equal(numbers(layer(maps(9, 8))), numbers(layer(maps(9, 8))))


def test_a_saved_layer_comes_back_with_name_settings_and_weights(tmp_path):
    inputs = keras.Input((8, 8, CHANNELS))
    layer = Conv2D(CHANNELS, 3, padding="same", use_bias=False, name="own_name")
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    again = loaded.get_layer("own_name")
    assert type(again) is Conv2D
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(numbers(loaded(maps(8, 8))), numbers(model(maps(8, 8))))


@pytest.mark.tensorflow
def test_maps_smaller_than_the_kernel_are_keras_own():
    ours, theirs = pair(padding="same")
    np.testing.assert_array_equal(numbers(ours(maps(2, 5))), numbers(theirs(maps(2, 5))))
    assert TILED not in kinds(ours, (2, 5, CHANNELS))
