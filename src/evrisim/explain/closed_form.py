"""Where the head is pooling and one dense layer, the gradient is known without differentiating."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim.explain import gradients
from evrisim.explain.subject import Subject

DRAWN, CLOSE = 3, 1e-2
"""Images on which the logits must follow from averages, and how closely, of their range."""


def dense(subject: Subject) -> keras.layers.Dense | None:
    """Give the layer whose logits are a weighted sum of the feature maps' averages.

    Zhou et al. 2016 (class activation mapping) is about such heads. That no other step has a say
    is not read off the graph but tried: on drawn images the averages of the maps, weighted, must
    give the model's logits.

    Returns:
        The dense layer; None where the head is another.
    """
    assert subject.target is not None
    after = subject.trace.seen[subject.trace.seen.index(subject.target) + 1 :]
    found = [one.step for one in after if _is_linear(one.step)]
    pooled = [
        one.step for one in after if isinstance(one.step, keras.layers.GlobalAveragePooling2D)
    ]
    channels = subject.features_shape[-1]
    if len(found) != 1 or len(pooled) != 1 or found[0].kernel.shape[0] != channels:
        return None
    layer: keras.layers.Dense = found[0]
    return layer if _explains(subject, layer) else None


def slopes(layer: keras.layers.Dense) -> gradients.Slopes:
    """Give the gradient of a class score, the same at every position of a map."""

    def of(features: Any, chosen: Any) -> Any:
        weights = ops.take(ops.transpose(layer.kernel), chosen, axis=0)  # (batch, channels)
        weights = ops.cast(weights, "float32") / (features.shape[1] * features.shape[2])
        return weights[:, None, None, :]

    return of


def every(subject: Subject, layer: keras.layers.Dense) -> Callable[..., Any]:
    """Give class activation maps of all classes at once, from one pass without gradients.

    Returns:
        A compiled function of images to maps `(batch, classes, rows, columns)` and logits.
    """

    def run(images: Any) -> Any:
        features, logits = subject.forward(images, lambda output: output)
        weights = ops.cast(layer.kernel, "float32") / (features.shape[1] * features.shape[2])
        maps = ops.einsum("brck,kl->blrc", ops.cast(features, "float32"), weights)
        return ops.relu(maps), logits

    return gradients.passed(subject.model, run)


def _is_linear(step: Any) -> bool:
    return isinstance(step, keras.layers.Dense) and step.activation in (
        keras.activations.linear,
        keras.activations.softmax,  # a head that is taken off
    )


def _explains(subject: Subject, layer: keras.layers.Dense) -> bool:
    images = (
        np.random.default_rng(0).uniform(0, 255, (DRAWN, *subject.image_shape)).astype(np.float32)
    )

    def run(given: Any) -> Any:
        features, logits = subject.forward(given, lambda output: output)
        means = ops.mean(ops.cast(features, "float32"), axis=(1, 2))
        return ops.matmul(means, ops.cast(layer.kernel, "float32")), logits

    weighed, logits = map(ops.convert_to_numpy, gradients.passed(subject.model, run)(images))
    if layer.use_bias:
        weighed = weighed + ops.convert_to_numpy(layer.bias)
    wide = max(float(np.ptp(logits)), 1e-6)
    return bool(np.isfinite(logits).all() and np.abs(weighed - logits).max() <= CLOSE * wide)
