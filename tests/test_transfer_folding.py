"""A folded model computes what the model does, with fewer steps."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import models
from evrisim.transfer import folded

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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("builder", "left"),
    [
        ("MobileNetV2", 0),
        ("EfficientNetB0", 0),
        ("ResNet50", 0),
        ("DenseNet121", 62),
        ("ConvNeXtTiny", 0),
    ],
)
def test_known_architectures_compute_the_same(builder, left):
    kind = getattr(keras.applications, builder)
    model = shaken(kind(include_top=False, weights=None, input_shape=(32, 32, 3)))
    assert count(check(model, (2, 32, 32, 3))) == left
