"""The gradient of a class score with respect to a feature map, on each backend.

The one place that names TensorFlow, JAX and PyTorch. Each `_on_…` function compiles the same
pass: run the model, stop at the tapped features, differentiate only what comes after them,
and combine features and gradients into one map an image. Where the gradient is known in closed
form nothing is differentiated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import ops

Forward = Callable[[Any, Callable[[Any], Any]], tuple[Any, Any]]
Combine = Callable[[Any, Any], Any]
Slopes = Callable[[Any, Any], Any]
Compiled = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
PREDICTED = -1


@dataclass(frozen=True, eq=False)
class Job:
    """What to differentiate.

    Attributes:
        model: whose weights are read.
        forward: `forward(images, tap)` runs the model, sends the features through `tap`
            wherever they arise, and returns features and logits, float32.
        combine: `combine(features, gradients)`, `(batch, rows, columns, channels)` each, to
            `(batch, rows, columns)`; written with `keras.ops`.
        slopes: `slopes(features, chosen)` gives the gradients for the classes `(batch,)` where
            they are known in closed form; None: they are found by differentiating.
    """

    model: keras.Model
    forward: Forward
    combine: Combine
    slopes: Slopes | None = None


def compiled(job: Job) -> Compiled:
    """Compile a job for the backend in use.

    Returns:
        A function of images `(batch, height, width, channels)` float32 and classes `(batch,)`
        int32, `PREDICTED` where the model's own choice is to be explained. It gives maps
        `(batch, rows, columns)` float32, logits `(batch, classes)` float32, and the classes
        explained `(batch,)`.
    """
    if job.slopes is not None:
        run = passed(job.model, _closed(job, job.slopes))
    else:
        build = {"tensorflow": _on_tensorflow, "jax": _on_jax, "torch": _on_torch}
        run = build[keras.backend.backend()](job)

    def call(images: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        maps, logits, chosen = run(images, classes.astype(np.int32))
        return (
            ops.convert_to_numpy(maps).astype(np.float32),
            ops.convert_to_numpy(logits).astype(np.float32),
            ops.convert_to_numpy(chosen).astype(np.int64),
        )

    return call


def passed(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a pass that differentiates nothing, for the backend in use.

    Args:
        model: whose weights are read; they may change between calls.
        function: of tensors, written with `keras.ops`, to a tensor or a tuple of them.

    Returns:
        The same of NumPy arrays, float32 or int32, whose first axes are the batch, to arrays.
    """
    build = {"tensorflow": _passed_on_tensorflow, "jax": _passed_on_jax}
    run = build.get(keras.backend.backend(), _passed_on_torch)(model, function)

    def call(*arrays: np.ndarray) -> Any:
        found = run(*arrays)
        if isinstance(found, tuple | list):
            return tuple(map(ops.convert_to_numpy, found))
        return ops.convert_to_numpy(found)

    return call


def _passed_on_tensorflow(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    plain = tf.autograph.experimental.do_not_convert(function)

    @cache
    def traced(*like: tuple[tuple[int, ...], str]) -> Any:
        specs = [tf.TensorSpec((None, *shape), dtype) for shape, dtype in like]
        return tf.function(plain).get_concrete_function(*specs)

    def call(*arrays: np.ndarray) -> Any:
        like = [(one.shape[1:], one.dtype.name) for one in arrays]
        return traced(*like)(*map(tf.constant, arrays))

    return call


def _passed_on_jax(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    import jax

    variables = model.variables

    @jax.jit
    def run(values: list[Any], *arrays: Any) -> Any:
        # The weights are arguments: as constants they would be compiled in, and grow stale.
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*arrays)

    return lambda *arrays: run([one.value for one in variables], *arrays)


def _passed_on_torch(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    import torch

    def run(*arrays: np.ndarray) -> Any:
        with torch.no_grad():
            return function(*map(ops.convert_to_tensor, arrays))

    return run


def _closed(job: Job, slopes: Slopes) -> Callable[..., Any]:
    def run(images: Any, classes: Any) -> Any:
        features, logits = job.forward(images, lambda output: output)
        chosen = _chosen(logits, classes)
        return job.combine(features, slopes(features, chosen)), logits, chosen

    return run


def _chosen(logits: Any, classes: Any) -> Any:
    predicted = ops.cast(ops.argmax(logits, axis=-1), "int32")
    return ops.where(classes == PREDICTED, predicted, classes)


def _score(logits: Any, classes: Any) -> tuple[Any, Any]:
    """Sum the score of each image's class: rows do not meet, so one gradient serves them all."""
    chosen = _chosen(logits, classes)
    picked = ops.one_hot(chosen, logits.shape[-1], dtype=logits.dtype)
    # Not `sum(logits * picked)`: an infinite logit of another class would make it NaN.
    return ops.sum(ops.where(picked > 0, logits, ops.zeros_like(logits))), chosen


def _on_tensorflow(job: Job) -> Callable[..., Any]:
    import tensorflow as tf

    @tf.autograph.experimental.do_not_convert
    def run(images: Any, classes: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def tap(features: Any) -> Any:
                features = tf.identity(features)
                tape.watch(features)  # the tape runs from here on
                return features

            features, logits = job.forward(images, tap)
            score, chosen = _score(logits, classes)
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(score, features, unconnected_gradients=zero)
        return job.combine(features, gradients), logits, chosen

    @cache
    def traced(shape: tuple[int, ...]) -> Any:
        # Traced by hand: TensorFlow warns of "excessive tracing" where models are many.
        images, classes = tf.TensorSpec((None, *shape), "float32"), tf.TensorSpec((None,), "int32")
        return tf.function(run).get_concrete_function(images, classes)

    def call(images: np.ndarray, classes: np.ndarray) -> Any:
        return traced(images.shape[1:])(tf.constant(images), tf.constant(classes))

    return call


def _on_jax(job: Job) -> Callable[..., Any]:
    import jax

    variables = job.model.variables

    @jax.jit
    def run(values: list[Any], images: Any, classes: Any) -> Any:
        def forward(tap: Callable[[Any], Any]) -> tuple[Any, Any]:
            # The weights are arguments: as constants they would be compiled in, and grow stale.
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return job.forward(images, tap)

        def scored(delta: Any) -> Any:
            features, logits = forward(lambda features: features + delta)
            score, chosen = _score(logits, classes)
            return score, (features, logits, chosen)

        like = jax.eval_shape(lambda: forward(lambda features: features)[0])
        delta = ops.zeros(like.shape, like.dtype)
        gradients, (features, logits, chosen) = jax.grad(scored, has_aux=True)(delta)
        return job.combine(features, gradients), logits, chosen

    return lambda images, classes: run([one.value for one in variables], images, classes)


def _on_torch(job: Job) -> Callable[..., Any]:
    import torch

    def tap(features: Any) -> Any:
        torch.set_grad_enabled(True)  # until the block below ends
        return features.detach().requires_grad_(True)

    def run(images: Any, classes: Any) -> Any:
        with torch.no_grad():
            features, logits = job.forward(ops.convert_to_tensor(images), tap)
            score, chosen = _score(logits, ops.convert_to_tensor(classes))
            gradients = _torch_gradient(torch, score, features)
            return job.combine(features.detach(), gradients), logits.detach(), chosen

    return run


def _torch_gradient(torch: Any, score: Any, features: Any) -> Any:
    if not score.requires_grad:  # the score does not depend on the features at all
        return torch.zeros_like(features)
    (gradient,) = torch.autograd.grad(score, features, allow_unused=True, materialize_grads=True)
    return gradient
