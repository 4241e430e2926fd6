"""Run images through any Keras model, batch by batch, in inference mode."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from evrisim import taps
from evrisim._validate import InputError
from evrisim.messages import translate as _
from evrisim.metrics import log_probabilities

Progress = Callable[[int, int], None]

BATCH = 256
"""Images at a time unless told otherwise; on two cores neither 64 nor 512 is faster."""


@dataclass(frozen=True, eq=False)
class Head:
    """The step that turns logits into (log-)probabilities at a model's end.

    Attributes:
        step: the layer or operation.
        kind: `softmax` or `log_softmax`.
    """

    step: Any
    kind: str


def predict_logits(
    model: keras.Model,
    images: np.ndarray,
    *,
    batch_size: int = BATCH,
    progress: Progress | None = None,
) -> np.ndarray:
    """Give the logits of every image.

    A model that ends in softmax gives the logarithm of its probabilities instead: these are
    logits too, for the same probabilities. Every batch has the same size (the last one is
    filled up and cut), so a backend compiles the model once. Images may be memory-mapped;
    one batch at a time is read.

    Args:
        model: takes raw images in 0–255, gives `(batch, classes)`.
        images: `(count, height, width, channels)`, uint8 or float in 0–255.
        batch_size: images at a time.
        progress: called as `progress(done, total)` after each batch.

    Returns:
        `(count, classes)` float32.

    Raises:
        InputError: For no image, images of another shape than the model takes, or a model that
            does not give one row of at least two numbers an image.
    """
    check_images(model, images)
    softmax = ends_in_softmax(model, images.shape[1:])
    parts = []
    for batch, count in batches(images, batch_size, progress):
        parts.append(_rows(model, model.predict_on_batch(batch))[:count])
    scores = np.concatenate(parts)
    return _logits(scores) if softmax or _are_probabilities(scores) else scores


def outputs(
    model: keras.Model,
    images: np.ndarray,
    batch_size: int = BATCH,
    *,
    before: Callable[[Any], Any] = lambda batch: batch,
) -> np.ndarray:
    """Give what a model gives for every image, as it is: scores or feature maps, float32.

    Args:
        model: Any that takes the images.
        images: `(count, height, width, channels)`.
        batch_size: Images at a time.
        before: What each batch goes through before the model, such as a change of size.
    """
    parts = [
        np.asarray(keras.ops.convert_to_numpy(model.predict_on_batch(before(batch))), np.float32)[
            :count
        ]
        for batch, count in batches(images, batch_size)
    ]
    return np.concatenate(parts)


def ends_in_softmax(model: keras.Model, image_shape: tuple[int, ...] | None = None) -> bool:
    """Tell whether a model's last step is a softmax: a layer of that name, or an activation.

    Args:
        model: any Keras model of images.
        image_shape: `(height, width, channels)`, for a model that does not fix it.
    """
    dense = _dense_at_the_end(model)
    if dense is not None:  # most models: spared the pass of an image
        return dense.activation is keras.activations.softmax
    head = find_head(taps.record(model, image_shape))
    return head is not None and head.kind == "softmax"


def _dense_at_the_end(model: keras.Model) -> keras.layers.Dense | None:
    """Give the dense layer that makes a functional model's scores; None if something else does."""
    if type(model).__name__ != "Functional" or not isinstance(model.output, keras.KerasTensor):
        return None
    last = model.output._keras_history.operation
    return last if type(last) is keras.layers.Dense else None


def find_head(trace: taps.Pass) -> Head | None:
    """Find the (log-)softmax at the end of a model from one pass of it; None for logits."""
    if trace.last is None:
        return None
    step = trace.last.step
    kinds = {"softmax": keras.activations.softmax, "log_softmax": keras.activations.log_softmax}
    for kind, activation in kinds.items():
        if getattr(step, "activation", None) is activation:
            return Head(step, kind)
    # The layer and the operation share the name; the operation's class is not public.
    named = {"Softmax": "softmax", "LogSoftmax": "log_softmax"}.get(type(step).__name__)
    return Head(step, named) if named else None


def check_images(model: keras.Model, images: np.ndarray) -> None:
    """Pass if a model can take these images.

    Raises:
        InputError: For no image, or a shape the model does not take.
    """
    if images.ndim != 4 or not len(images):
        raise InputError(
            _(
                "Images must have shape (count, height, width, channels) with at least one image; "
                "received {shape}."
            ).format(shape=images.shape)
        )
    wanted = taps.input_shape(model)
    if wanted and not _fits(images.shape[1:], wanted):
        raise InputError(
            _(
                "The model {name} takes images of shape (height, width, channels) = {wanted}; "
                "received {shape}."
            ).format(name=model.name, wanted=wanted, shape=images.shape[1:])
        )


def batches(
    images: np.ndarray, batch_size: int, progress: Progress | None = None
) -> Iterator[tuple[np.ndarray, int]]:
    """Give batches of one size, float32, and how many of each are real; the rest are black.

    Few images make a smaller batch: the next power of two, so that calls with ever other
    counts compile a model a handful of times and not each time anew.

    Raises:
        InputError: If `batch_size` is below 1.
    """
    if batch_size < 1:
        raise InputError(_("`batch_size` must be at least 1; received {n}.").format(n=batch_size))
    total = len(images)
    size = min(batch_size, 1 << (total - 1).bit_length())
    for start in range(0, total, size):
        real = np.asarray(images[start : start + size], dtype=np.float32)
        batch = real
        if len(real) < size:
            batch = np.zeros((size, *real.shape[1:]), np.float32)
            batch[: len(real)] = real
        yield batch, len(real)
        if progress is not None:
            progress(min(start + size, total), total)


def _rows(model: keras.Model, outputs: Any) -> np.ndarray:
    if not isinstance(outputs, np.ndarray) or outputs.ndim != 2 or outputs.shape[1] < 2:
        shape = outputs.shape if isinstance(outputs, np.ndarray) else type(outputs).__name__
        raise InputError(
            _(
                "The model {name} must give one row of at least two numbers an image, "
                "(batch, classes); received {shape}."
            ).format(name=model.name, shape=shape)
        )
    return outputs.astype(np.float32)


def _are_probabilities(outputs: np.ndarray) -> bool:
    """Notice a softmax that no step shows, such as one written out in a model's `call`."""
    sums = outputs.sum(axis=1)
    return bool((outputs >= 0).all() and np.allclose(sums, 1, rtol=0, atol=1e-4))


def _logits(probabilities: np.ndarray) -> np.ndarray:
    return log_probabilities(probabilities).astype(np.float32)


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        want in (None, size) for size, want in zip(shape, wanted, strict=True)
    )
