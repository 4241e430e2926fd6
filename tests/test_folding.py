"""A folded model computes what the model does, with fewer steps."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import models
from evrisim.folding import FEWEST_IMAGES, folded, quickened

L = keras.layers


def shaken(model):
    """A model whose normalisations do something, other than when they are new."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.weights])
    return model


def check(model, shape=(2, 16, 16, 3)):
    images = np.random.default_rng(1).integers(0, 256, shape).astype("float32")
    made = folded(model)
    expected = numbers(model(images, training=False))
    atol = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(numbers(made(images, training=False)), expected, atol=atol)
    return made


def count(model):
    return sum(isinstance(layer, L.BatchNormalization) for layer in model.layers)


CONVOLUTIONS = {
    "convolution": lambda: L.Conv2D(6, 3, use_bias=False),
    "convolution with bias": lambda: L.Conv2D(6, 3, bias_initializer="uniform"),
    "convolution in groups": lambda: L.Conv2D(6, 3, groups=3),
    "depthwise": lambda: L.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False),
    "separable": lambda: L.SeparableConv2D(5, 3, use_bias=False),
    "dense": lambda: L.Dense(5),
}


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_normalisation_goes_into_each_kind_of_convolution(name, center, scale):
    inputs = keras.Input((16, 16, 3))
    x = L.BatchNormalization(center=center, scale=scale)(CONVOLUTIONS[name]()(inputs))
    model = shaken(keras.Model(inputs, L.ReLU()(x)))
    assert count(check(model)) == 0


def test_what_cannot_be_folded_stays():
    inputs = keras.Input((16, 16, 3))
    detected = L.BatchNormalization()(L.Conv2D(4, 3, activation="relu")(inputs))
    filtered = L.Conv2D(4, 3)(inputs)
    used_twice = L.Add()([L.BatchNormalization()(filtered), filtered])
    by_rows = L.BatchNormalization(axis=1)(L.Conv2D(4, 3)(inputs))
    pooled = L.BatchNormalization()(L.MaxPooling2D(1)(L.Conv2D(4, 3)(inputs)))
    model = shaken(keras.Model(inputs, L.Add()([detected, used_twice, by_rows, pooled])))
    assert count(check(model)) == 4


@pytest.mark.parametrize("name", ["resnet20", "mobilenet", "condensed"])
def test_our_own_nets_compute_the_same(name):
    options = {"mobilenet": {"scale": 0.1}}.get(name, {"width": 6})
    model = shaken(models.build(name, (16, 16, 3), 4, options))
    before = [weight.copy() for weight in model.get_weights()]
    made = check(model)
    assert count(made) < count(model)
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def deep(inputs):
    x = inputs
    for _layer in range(10):
        x = L.ReLU()(L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(x)))
    return x


def test_many_predictions_of_a_deep_net_are_made_by_a_folded_one():
    inputs = keras.Input((16, 16, 3))
    model = shaken(keras.Model(inputs, L.Flatten()(deep(inputs))))
    assert count(quickened(model, FEWEST_IMAGES)) == 0
    assert quickened(model, FEWEST_IMAGES - 1) is model
    shallow = shaken(keras.Model(inputs, L.BatchNormalization()(L.Conv2D(4, 3)(inputs))))
    assert quickened(shallow, FEWEST_IMAGES) is shallow


def test_a_model_that_is_not_the_same_folded_stays():
    class Wrong(L.BatchNormalization):
        """One whose numbers are not those that its weights say."""

        def call(self, inputs, training=None, mask=None):
            return super().call(inputs, training=training, mask=mask) ** 3

    class Own(keras.Model):
        def call(self, images):
            return images

    inputs = keras.Input((16, 16, 3))
    x = Wrong()(L.Conv2D(4, 3)(deep(inputs)))
    model = shaken(keras.Model(inputs, L.Flatten()(x)))
    assert quickened(model, FEWEST_IMAGES) is model
    own = Own()
    assert quickened(own, FEWEST_IMAGES) is own


def test_a_net_within_a_net_is_folded_too():
    within = keras.Input((16, 16, 3))
    trunk = shaken(keras.Model(within, deep(within)))
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, L.Dense(3)(L.GlobalAveragePooling2D()(trunk(inputs))))
    made = check(model)
    assert sum(count(one) for one in made.layers if isinstance(one, keras.Model)) == 0
    assert count(trunk) == 10
    assert quickened(model, FEWEST_IMAGES) is not model


@pytest.mark.slow
@pytest.mark.parametrize(
    ("builder", "left"),
    [
        ("MobileNetV2", 0),
        # What is folded does not depend on the backend, and JAX compiles these for half a minute.
        pytest.param("EfficientNetB0", 0, marks=pytest.mark.tensorflow),
        pytest.param("ResNet50", 0, marks=pytest.mark.tensorflow),
        pytest.param("DenseNet121", 62, marks=pytest.mark.tensorflow),
        pytest.param("ConvNeXtTiny", 0, marks=pytest.mark.tensorflow),
    ],
)
def test_known_architectures_compute_the_same(builder, left):
    kind = getattr(keras.applications, builder)
    model = shaken(kind(include_top=False, weights=None, input_shape=(32, 32, 3)))
    assert count(check(model, (2, 32, 32, 3))) == left
