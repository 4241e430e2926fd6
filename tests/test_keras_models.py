"""Architectures built by us against Keras' own: the same parameters, the same logits."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim.blocks import Style
from evrisim.models.large import RESNETS, Skeleton, residual
from evrisim.models.mobile import mobilenet
from evrisim.models.next import convnext

pytestmark = pytest.mark.tensorflow

SHAPE = (64, 64, 3)


def stirred(model):
    """Weights as they may be after training: no scale is one, no mean zero."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        found = numbers(weight)
        noise = 0.1 * rng.normal(size=found.shape).astype("float32")
        weight.assign(np.abs(found + noise) + 0.05 if "variance" in weight.path else found + noise)
    return model


def images():
    return np.random.default_rng(1).integers(0, 256, (2, *SHAPE)).astype("float32")


def agree(ours, theirs):
    """Keras' model is given what ours makes of raw images."""
    expected = numbers(theirs(images() / 127.5 - 1))
    found = numbers(ours(images()))
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def with_kernels(model):
    return [layer for layer in model._flatten_layers() if layer._trainable_variables]


def test_mobilenet_v2():
    theirs = stirred(
        keras.applications.MobileNetV2(SHAPE, weights=None, classifier_activation=None)
    )
    ours = mobilenet(SHAPE, 1000, stem="large", norm_momentum=0.999)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    ours.set_weights(theirs.get_weights())
    agree(ours, theirs)


def test_convnext_tiny():
    theirs = stirred(
        keras.applications.ConvNeXtTiny(
            input_shape=SHAPE,
            weights=None,
            classifier_activation=None,
            include_preprocessing=False,
        )
    )
    ours = convnext(SHAPE, 1000, stem="large")
    # Keras convolves in as many groups as there are channels: the same numbers, other axes.
    arrays = [
        one.swapaxes(2, 3) if one.shape[:2] == (7, 7) else one for one in theirs.get_weights()
    ]
    assert [tuple(w.shape) for w in ours.weights] == [one.shape for one in arrays]
    ours.set_weights(arrays)
    agree(ours, theirs)


def keras_name(name):
    """What Keras calls a layer of a ResNet."""
    if name.startswith("stem"):
        return {"stem_conv": "conv1_conv", "stem_norm": "conv1_bn"}[name]
    if name == "logits":
        return "predictions"
    stage, block, part = name.split("_", 2)
    number = "0" if part.startswith("shortcut") else part[-1]
    kind = "conv" if "conv" in part else "bn"
    return f"conv{int(stage[-1]) + 1}_{block}_{number}_{kind}"


def test_resnet50():
    theirs = stirred(
        keras.applications.ResNet50(input_shape=SHAPE, weights=None, classifier_activation=None)
    )
    style = Style(bias=True, norm_epsilon=1.001e-5, stride_at="first")
    block, blocks = RESNETS[50]
    ours = residual(SHAPE, 1000, block, blocks, Skeleton("resnet50"), style)
    known = set()
    for layer in ours.layers:
        if layer.weights:
            other = theirs.get_layer(keras_name(layer.name))
            assert [w.shape for w in layer.weights] == [w.shape for w in other.weights]
            layer.set_weights(other.get_weights())
            known.add(other.name)
    assert known == {layer.name for layer in theirs.layers if layer.weights}
    agree(ours, theirs)
