"""Methods that take the gradient at the pixels themselves."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim import taps
from evrisim._validate import InputError
from evrisim.explain import class_maps, gradients, weighing
from evrisim.explain.running import Found, Runner
from evrisim.explain.subject import Subject
from evrisim.images import upsample
from evrisim.messages import translate as _

NOISE, DRAWS = 0.15, 25
"""SmoothGrad: standard deviation as a part of an image's range, and how many draws."""

STEPS = 32
"""Integrated gradients: points on the way from black to the image."""

Slopes = Callable[[np.ndarray, np.ndarray], Found]


def saliency(subject: Subject) -> Runner:
    """Give how much each pixel moves the score: the largest absolute gradient of its channels.

    Reference:
        Simonyan et al. 2014, https://arxiv.org/abs/1312.6034.
    """
    slopes = _slopes(subject)

    def one(images: np.ndarray, asked: np.ndarray) -> Found:
        found, logits, classes = slopes(images, asked)
        return np.abs(found).max(axis=-1), logits, classes

    return Runner(one)


def smooth_grad(subject: Subject, seed: int = 0) -> Runner:
    """Average the gradient over noisy copies of the image, which leaves what they share.

    Reference:
        Smilkov et al. 2017, https://arxiv.org/abs/1706.03825.
    """
    slopes = _slopes(subject)

    def one(images: np.ndarray, asked: np.ndarray) -> Found:
        _same, logits, classes = slopes(images, asked)
        rng = np.random.default_rng(seed)
        spread = NOISE * np.ptp(images, axis=(1, 2, 3), keepdims=True)
        total = np.zeros(images.shape, np.float64)
        for _draw in range(DRAWS):
            # The same noise for every image: a map does not depend on those beside it.
            noise = rng.normal(size=(1, *images.shape[1:]))
            noisy = (images + spread * noise).astype(np.float32)
            total += slopes(noisy, classes)[0]
        return (np.abs(total) / DRAWS).max(axis=-1).astype(np.float32), logits, classes

    return Runner(one)


def integrated(subject: Subject) -> Runner:
    """Add up the gradient on the way from a black image; what speaks for the class is kept.

    Reference:
        Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365.
    """
    attributions = attributed(subject)

    def one(images: np.ndarray, asked: np.ndarray) -> Found:
        found, logits, classes = attributions(images, asked)
        return np.maximum(found.sum(axis=-1), 0).astype(np.float32), logits, classes

    return Runner(one)


def attributed(subject: Subject) -> Slopes:
    """Give integrated gradients with their signs: their sum is the score less that of black."""
    slopes = _slopes(subject)

    def of(images: np.ndarray, asked: np.ndarray) -> Found:
        _same, logits, classes = slopes(images, asked)
        total = np.zeros(images.shape, np.float64)
        for step in range(STEPS):
            total += slopes((images * ((step + 0.5) / STEPS)).astype(np.float32), classes)[0]
        return total / STEPS * images, logits, classes

    return of


def guided_grad_cam(subject: Subject) -> Runner:
    """Show the fine detail of guided backpropagation where Grad-CAM is warm.

    Reference:
        Springenberg et al. 2015, https://arxiv.org/abs/1412.6806 (guided backpropagation);
        Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, section 3.
    """
    coarse = class_maps.by_gradients(subject, weighing.grad_cam)
    slopes = guided(subject)

    def one(images: np.ndarray, asked: np.ndarray) -> Found:
        maps, logits, classes = coarse.one(images, asked)
        fine = np.abs(slopes(images, classes)[0]).max(axis=-1)
        return fine * upsample(maps, subject.size), logits, classes

    return Runner(one)


def guided(subject: Subject) -> Slopes:
    """Give the gradient at the pixels with negative parts cut off at every ReLU on its way.

    Raises:
        InputError: If the model has no ReLU, for which the method is defined.
    """
    rectifiers = list(_rectifiers(subject.model))
    if not rectifiers:
        raise InputError(
            _(
                "`guided-grad-cam` is defined for ReLU, and the model {name} has none; `grad-cam` "
                "and `smooth-grad` take any."
            ).format(name=subject.model.name)
        )
    return _slopes(subject, lambda: _guiding(rectifiers))


def _slopes(subject: Subject, altered: Callable[[], Any] | None = None) -> Slopes:
    """Compile the gradient of the score at the pixels, `(batch, height, width, channels)`."""
    plain = replace(subject, target=None)

    def forward(images: Any, tap: taps.Tap) -> tuple[Any, Any]:
        with altered() if altered is not None else taps.tapped([]):
            return plain.forward(images, tap)

    job = gradients.Job(subject.model, forward, lambda _pixels, slopes: ops.cast(slopes, "float32"))
    return gradients.compiled(job)


def _rectifiers(model: keras.Model) -> Iterator[tuple[Any, str, Any]]:
    """Give steps with a ReLU, the attribute that makes it, and where it is capped (None: not)."""
    relu, relu6 = keras.activations.relu, keras.activations.relu6
    for step in taps.steps(model).values():
        activation = getattr(step, "activation", None)
        if activation is relu or activation is relu6:
            yield step, "activation", 6.0 if activation is relu6 else None
        elif isinstance(step, keras.layers.ReLU):
            if not step.negative_slope and not step.threshold:
                yield step, "call", None if step.max_value is None else float(step.max_value)
        elif type(step).__name__ in ("Relu", "Relu6"):
            yield step, "call", 6.0 if type(step).__name__ == "Relu6" else None


@contextmanager
def _guiding(rectifiers: list[tuple[Any, str, Any]]) -> Iterator[None]:
    with ExitStack() as stack:
        for step, name, cap in rectifiers:
            stack.enter_context(taps.overridden(step, name, _guided_relu(cap)))
        yield


def _guided_relu(cap: float | None) -> Callable[..., Any]:
    """Make a ReLU that lets only positive gradients of positive numbers through."""

    @ops.custom_gradient
    def guided(x: Any) -> Any:
        def gradient(*args: Any, upstream: Any = None) -> Any:
            slope = args[0] if upstream is None else upstream
            passing = x > 0 if cap is None else ops.logical_and(x > 0, x < cap)
            return ops.where(passing, ops.relu(slope), ops.zeros_like(slope))

        return (ops.relu(x) if cap is None else ops.clip(x, 0, cap)), gradient

    return lambda x, *args, **kwargs: guided(x)
