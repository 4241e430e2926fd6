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

    Zhou et al. 2016 (class activation mapping) is about such heads. No other step may follow that
    changes anything; and since code outside any step could, it is tried, too: on drawn images the
    averages of the maps, weighted, must give the model's logits.

    Returns:
        The dense layer; None where the head is another.
    """
    assert subject.target is not None
    after = subject.trace.seen[subject.trace.seen.index(subject.target) + 1 :]
    changing = [one.step for one in after if not one.passed_on and not _is_end(subject, one.step)]
    if len(changing) != 2:
        return None
    pool, layer = changing
    pooled = isinstance(pool, keras.layers.GlobalAveragePooling2D)
    if not pooled or not _is_linear(layer) or layer.kernel.shape[0] != subject.features_shape[-1]:
        return None
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
        features, logits = subject.seen(images)
        weights = ops.cast(layer.kernel, "float32") / (features.shape[1] * features.shape[2])
        maps = ops.einsum("brck,kl->blrc", features, weights)
        return ops.relu(maps), logits

    return gradients.passed(subject.model, run)


def _is_end(subject: Subject, step: Any) -> bool:
    """Tell a softmax that is taken off for the pass, unless it is a dense layer's own."""
    return subject.head is not None and step is subject.head.step and not _is_linear(step)


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
        features, logits = subject.seen(given)
        means = ops.mean(features, axis=(1, 2))
        return ops.matmul(means, ops.cast(layer.kernel, "float32")), logits

    weighed, logits = gradients.passed(subject.model, run)(images)
    if layer.use_bias:
        weighed = weighed + ops.convert_to_numpy(layer.bias)
    wide = max(float(np.ptp(logits)), 1e-6)
    return bool(np.isfinite(logits).all() and np.abs(weighed - logits).max() <= CLOSE * wide)
