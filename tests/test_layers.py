import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy as numbers

from evrisim.layers import BatchNormalization

CHANNELS = (5, 8)
"""No multiple of four, which goes by matrix products in training, and one that is."""


def pair(channels=5, **settings):
    """Ours and Keras' own with the same, not trivial, variables."""
    rng = np.random.default_rng(3)
    layers = [BatchNormalization(**settings), keras.layers.BatchNormalization(**settings)]
    for layer in layers:
        layer.build((None, None, None, channels))
    weights = [rng.uniform(0.5, 2, w.shape).astype("float32") for w in layers[0].weights]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def features(seed=0, dtype="float32", channels=5):
    values = np.random.default_rng(seed).normal(2, 3, (6, 4, 3, channels))
    return ops.convert_to_tensor(values.astype("float32"), dtype=dtype)


@pytest.mark.parametrize("settings", [{}, {"scale": False}, {"center": False}, {"epsilon": 1e-5}])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels", CHANNELS)
def test_equals_keras_layer_to_rounding(settings, training, channels):
    ours, theirs = pair(channels, momentum=0.7, **settings)
    for seed in range(3):
        found, expected = (
            numbers(layer(features(seed, channels=channels), training=training))
            for layer in (ours, theirs)
        )
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)
    for found, expected in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(numbers(found), numbers(expected), rtol=2e-5, atol=1e-6)


def test_a_frozen_layer_keeps_its_statistics():
    ours, theirs = pair()
    ours.trainable = theirs.trainable = False
    before = ours.get_weights()
    np.testing.assert_allclose(
        numbers(ours(features(), training=True)),
        numbers(theirs(features(), training=True)),
        rtol=2e-5,
        atol=2e-5,
    )
    for found, expected in zip(ours.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.tensorflow
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels", CHANNELS)
def test_gradients_equal_those_of_keras_layer(training, channels):
    import tensorflow as tf

    slopes = []
    weight = np.random.default_rng(1).normal(size=(6, 4, 3, channels)).astype("float32")
    for layer in pair(channels):
        inputs = features(channels=channels)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            score = tf.reduce_sum(layer(inputs, training=training) * weight)
        slopes.append(tape.gradient(score, [inputs, layer.gamma.value, layer.beta.value]))
    for found, expected in zip(*slopes, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.tensorflow
def test_uses_one_fused_kernel_in_training_and_inference():
    import tensorflow as tf

    layer = pair(8)[0]
    for training in (True, False):
        call = tf.function(lambda x, mode=training: layer(x, training=mode))
        kinds = [
            op.type
            for op in call.get_concrete_function(features(channels=8)).graph.get_operations()
        ]
        assert kinds.count("FusedBatchNormV3") == 1
        assert "SquaredDifference" not in kinds


@pytest.mark.tensorflow
def test_statistics_by_products_keep_their_digits_far_from_zero_and_their_bits_each_time():
    values = 1000 + np.random.default_rng(0).normal(size=(64, 16, 16, 5)).astype("float32")
    outputs = [numbers(BatchNormalization(epsilon=1e-5)(values, training=True)) for _ in range(5)]
    exact = values.astype("float64")
    centred = exact - exact.mean((0, 1, 2))
    expected = centred / np.sqrt((centred**2).mean((0, 1, 2)) + 1e-5)
    np.testing.assert_allclose(outputs[0], expected, atol=5e-3)
    assert {one.tobytes() for one in outputs} == {outputs[0].tobytes()}


@pytest.mark.tensorflow
def test_bfloat16_features_stay_bfloat16_and_statistics_float32():
    layer = BatchNormalization(dtype="mixed_bfloat16")
    outputs = layer(features(dtype="bfloat16"), training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    assert {w.dtype for w in layer.weights} == {"float32"}
    reference = keras.layers.BatchNormalization()(features(), training=True)
    np.testing.assert_allclose(ops.cast(outputs, "float32"), reference, atol=0.05)


@pytest.mark.parametrize("shape", [(8, 5), (8, 7, 5), (2, 3, 4, 4, 5)])
def test_other_ranks_behave_as_keras_layer(shape):
    values = np.random.default_rng(0).normal(2, 3, shape).astype("float32")
    ours, theirs = BatchNormalization(), keras.layers.BatchNormalization()
    found, expected = (numbers(layer(values, training=True)) for layer in (ours, theirs))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_saved_layer_comes_back_with_name_settings_and_weights(tmp_path):
    inputs = keras.Input((4, 3, 5))
    layer = BatchNormalization(momentum=0.7, epsilon=1e-5, name="own_name")
    model = keras.Model(inputs, layer(inputs))
    model(features(), training=True)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    again = loaded.get_layer("own_name")
    assert type(again) is BatchNormalization
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(numbers(loaded(features())), numbers(model(features())))
