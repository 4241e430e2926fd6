"""Class activation maps: which regions of an image raised the score of a class."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim import taps
from evrisim._validate import InputError
from evrisim.explain import gradients
from evrisim.inference import Head, batches, check_images, find_head
from evrisim.messages import translate as _

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where a model looks for a class, image by image.

    Attributes:
        maps: `(count, rows, columns)` float32, at least 0, not normalised: maps of two images
            can be compared. `normalise` and `upsample` prepare them for display.
        classes: `(count,)` int64, the class each map explains.
        scores: `(count,)` float32, the logit of that class.
        layer: path of the layer whose features were weighed.
        method: name of the method.
    """

    maps: np.ndarray
    classes: np.ndarray
    scores: np.ndarray
    layer: str
    method: str


@dataclass(frozen=True, eq=False)
class Prepared:
    """Grad-CAM of one model, compiled once and used for any number of calls.

    Weights may change between calls; the model's structure may not. Made by `prepare`.
    """

    model: keras.Model
    layer: str
    num_classes: int
    compiled: gradients.Compiled
    may_hide_softmax: bool

    def __call__(
        self,
        images: np.ndarray,
        classes: int | np.ndarray | None = None,
        *,
        batch_size: int = 64,
        progress: Progress | None = None,
    ) -> Explanation:
        """Explain images; arguments, result and errors as in `grad_cam`."""
        check_images(self.model, images)
        wanted = _wanted_classes(classes, len(images), self.num_classes)
        found: list[tuple[np.ndarray, ...]] = []
        start = 0
        for batch, count in batches(images, batch_size, progress):
            asked = np.full(len(batch), gradients.PREDICTED)
            asked[:count] = wanted[start : start + count]
            found.append(tuple(part[:count] for part in self.compiled(batch, asked)))
            start += count
        maps, logits, chosen = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return self._explanation(maps, logits, chosen)

    def _explanation(
        self, maps: np.ndarray, logits: np.ndarray, classes: np.ndarray
    ) -> Explanation:
        if self.may_hide_softmax:
            _refuse_hidden_softmax(self.model, logits)
        scores = np.take_along_axis(logits, classes[:, None], axis=1)[:, 0]
        return Explanation(maps, classes, scores, self.layer, "grad-cam")


def grad_cam(
    model: keras.Model,
    images: np.ndarray,
    classes: int | np.ndarray | None = None,
    *,
    layer: str | None = None,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> Explanation:
    """Show which regions of each image raised the score of one class.

    Each channel of a layer's features is weighted by the mean gradient of the class score over
    that channel; the weighted channels are summed, and only positive evidence is kept. The score
    is the logit: a softmax at the model's end is taken off for the pass, as its gradient fades
    where the model is sure. The model runs in inference mode and is left as it was.

    Args:
        model: any Keras model of raw images (0–255, channels last) that ends in `(batch, classes)`
            logits or a softmax of them; functional, sequential, nested, or subclassed.
        images: `(count, height, width, channels)`, uint8 or float in 0–255.
        classes: the class to explain: None for the predicted one, one number for all images, or
            `(count,)` integers.
        layer: path of the layer whose features are weighed; None for what `find_layer` finds.
        batch_size: images at a time.
        progress: called as `progress(done, total)` after each batch.

    Returns:
        An `Explanation`, one map an image.

    Raises:
        InputError: For images the model does not take, a class it does not have, an unknown
            layer, or a model without feature maps.

    Reference:
        Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via
        gradient-based localization", eq. 1 and 2.
    """
    check_images(model, images)
    prepared = prepare(model, layer=layer, image_shape=images.shape[1:])
    return prepared(images, classes, batch_size=batch_size, progress=progress)


def prepare(
    model: keras.Model, *, layer: str | None = None, image_shape: tuple[int, ...] | None = None
) -> Prepared:
    """Get Grad-CAM of a model ready for many calls (`grad_cam` compiles anew each time).

    Raises:
        InputError: As `grad_cam` and `find_layer`.
    """
    trace = taps.record(model, image_shape)
    if trace.shape is None or len(trace.shape) != 2 or trace.shape[1] < 2:
        raise InputError(
            _(
                "The model {name} must give one row of at least two numbers an image, "
                "(batch, classes); received {shape}."
            ).format(name=model.name, shape=trace.shape)
        )
    target = _last_features(model, trace) if layer is None else _named(model, trace, layer)
    head = find_head(trace)
    run = gradients.compiled(gradients.Job(model, _forward(model, target, head), _weigh))
    return Prepared(model, target.path, trace.shape[1], run, may_hide_softmax=head is None)


def find_layer(model: keras.Model, image_shape: tuple[int, ...] | None = None) -> str:
    """Name the layer Grad-CAM looks at by default: the last one that still has rows and columns.

    Found by running one black image: of all layers that give `(batch, rows, columns, channels)`
    with more than one position, after at least one layer with a kernel, the last to finish.
    Layers within nested models and blocks count, and have a path such as `backbone/block6_add`.
    Where branches lose their rows and columns before they meet, it is in the last one to run.

    Args:
        model: any Keras model of images.
        image_shape: `(height, width, channels)`, for a model that does not fix it.

    Raises:
        InputError: For a model without such a layer, or when the size of images is unknown.
    """
    return _last_features(model, taps.record(model, image_shape)).path


def _forward(model: keras.Model, target: taps.Seen, head: Head | None) -> gradients.Forward:
    """Build the pass that sends the target's output through a tap and ends in logits."""

    def forward(images: Any, tap: taps.Tap) -> tuple[Any, Any]:
        calls, caught = 0, []

        def at_target(output: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls != target.call + 1:
                return output
            caught.append(tap(output))
            return caught[0]

        with taps.tapped([(target.step, at_target)]), _taken_off(head):
            logits = model(images, training=False)
        return caught[0], ops.cast(logits, "float32")

    return forward


def _taken_off(head: Head | None) -> Any:
    """Make the step at the model's end hand on its input for a while."""
    if head is None:
        return taps.tapped([])
    if "activation" in vars(head.step):
        return taps.overridden(head.step, "activation", keras.activations.linear)
    return taps.overridden(head.step, "call", lambda inputs, *args, **kwargs: inputs)


def _weigh(features: Any, slopes: Any) -> Any:
    features, slopes = ops.cast(features, "float32"), ops.cast(slopes, "float32")
    weights = ops.mean(slopes, axis=(1, 2), keepdims=True)  # (batch, 1, 1, channels)
    return ops.relu(ops.sum(weights * features, axis=-1))


def _candidates(trace: taps.Pass) -> dict[str, taps.Seen]:
    """List the last call of each step that gave feature maps, in the order of running."""
    spatial = [one for one in trace.seen if one.shape and _is_spatial(one.shape)]
    found: dict[str, taps.Seen] = {}
    for one in spatial:
        found.pop(one.path, None)  # a later call moves a step to the end
        found[one.path] = one
    return found


def _is_spatial(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[1] * shape[2] > 1


def _last_features(model: keras.Model, trace: taps.Pass) -> taps.Seen:
    with_kernel = [i for i, one in enumerate(trace.seen) if _has_kernel(one.step)]
    learned = trace.seen[with_kernel[0] :] if with_kernel else ()
    found = [
        one
        for one in _candidates(trace).values()
        if not one.passed_on and any(one is other for other in learned)
    ]
    if not found:
        raise InputError(
            _(
                "The model {name} has no layer after a kernel that still has rows and columns, so "
                "there is no map to show; its layers give: {layers}."
            ).format(name=model.name, layers=_listed(trace))
        )
    return found[-1]


def _has_kernel(step: Any) -> bool:
    return any(len(weight.shape) > 1 for weight in getattr(step, "weights", ()))


def _named(model: keras.Model, trace: taps.Pass, layer: str) -> taps.Seen:
    candidates = _candidates(trace)
    if layer not in candidates:
        raise InputError(
            _(
                "`layer` must name a layer of {name} that gives (batch, rows, columns, channels); "
                "received {layer!r}. There are: {known}."
            ).format(name=model.name, layer=layer, known=", ".join(candidates) or "–")
        )
    return candidates[layer]


def _listed(trace: taps.Pass) -> str:
    last = trace.seen[-6:]
    dots = "…, " if len(trace.seen) > len(last) else ""
    return dots + ", ".join(f"{one.path} {one.shape[1:] if one.shape else '?'}" for one in last)


def _wanted_classes(classes: int | np.ndarray | None, count: int, num_classes: int) -> np.ndarray:
    if classes is None:
        return np.full(count, gradients.PREDICTED)
    wanted = np.asarray(classes)
    fits = wanted.shape in ((), (count,)) and wanted.dtype.kind in "iu"
    if not fits or ((wanted < 0) | (wanted >= num_classes)).any():
        raise InputError(
            _(
                "`classes` must be one whole number from 0 to {last}, or {count} of them; "
                "received {classes}."
            ).format(
                last=num_classes - 1, count=count, classes=np.array2string(wanted, threshold=8)
            )
        )
    return np.broadcast_to(wanted, (count,)).astype(np.int64)


def _refuse_hidden_softmax(model: keras.Model, logits: np.ndarray) -> None:
    sums = logits.sum(axis=1)
    if (logits >= 0).all() and np.allclose(sums, 1, rtol=0, atol=1e-4):
        raise InputError(
            _(
                "The model {name} gives probabilities, but its softmax is not a layer that could "
                "be taken off; let it end in logits or in a softmax layer."
            ).format(name=model.name)
        )
