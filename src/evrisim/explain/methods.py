"""The ways of explaining, by name, behind one signature."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from evrisim._validate import InputError, check_choice
from evrisim.explain import class_maps, covering, pixels, weighing
from evrisim.explain.explanation import Classes, Explanation, wanted_classes
from evrisim.explain.running import Runner
from evrisim.explain.subject import Subject, subject
from evrisim.inference import Progress, batches, check_images
from evrisim.messages import translate as _


@dataclass(frozen=True)
class Method:
    """One way of explaining.

    Attributes:
        name: What it is called.
        build: Makes it ready for a model, with a seed for what is drawn.
        maps: Whether it weighs a layer's feature maps; else it looks at pixels alone.
    """

    name: str
    build: Callable[[Subject, int], Runner]
    maps: bool = True


def _weighing(name: str, combine: Callable[..., object]) -> Method:
    return Method(name, lambda given, _seed: class_maps.by_gradients(given, combine))


ALL = "all"
"""Asks for the maps of all classes."""

METHODS: dict[str, Method] = {
    one.name: one
    for one in (
        _weighing("grad-cam", weighing.grad_cam),
        _weighing("grad-cam++", weighing.grad_cam_plus_plus),
        _weighing("hirescam", weighing.hirescam),
        _weighing("layer-cam", weighing.layer_cam),
        _weighing("xgrad-cam", weighing.xgrad_cam),
        Method("cam", lambda given, _seed: class_maps.closed(given)),
        Method("eigen-cam", lambda given, _seed: class_maps.eigen(given)),
        Method("score-cam", lambda given, _seed: class_maps.score(given)),
        Method("ablation-cam", lambda given, _seed: class_maps.ablation(given)),
        Method("guided-grad-cam", lambda given, _seed: pixels.guided_grad_cam(given)),
        Method("saliency", lambda given, _seed: pixels.saliency(given), maps=False),
        Method("smooth-grad", pixels.smooth_grad, maps=False),
        Method("integrated-gradients", lambda given, _seed: pixels.integrated(given), maps=False),
        Method("occlusion", lambda given, _seed: covering.occlusion(given), maps=False),
        Method("rise", covering.rise, maps=False),
    )
}
"""By name."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A method made ready for one model, compiled once and used for any number of calls.

    Weights may change between calls; the model's structure may not. Made by `prepare`.
    """

    method: str
    subject: Subject
    runner: Runner

    @property
    def layer(self) -> str:
        """Path of the layer that is looked at; empty where pixels alone are."""
        return self.subject.layer

    def __call__(
        self,
        images: np.ndarray,
        classes: Classes = None,
        *,
        batch_size: int = 64,
        progress: Progress | None = None,
    ) -> Explanation:
        """Explain images; arguments, result and errors as in `explain`."""
        check_images(self.subject.model, images)
        if isinstance(classes, str) and classes == ALL:
            return self._all(images, batch_size, progress)
        wanted = wanted_classes(classes, len(images), self.subject.num_classes)
        found: list[tuple[np.ndarray, ...]] = []
        start = 0
        for batch, count in batches(images, batch_size, progress):
            asked = np.zeros(len(batch), np.int64)
            asked[:count] = wanted[start : start + count]
            given = slice(count if self.runner.each else None)
            parts = self.runner.one(batch[given], asked[given])
            found.append(tuple(part[:count] for part in parts))
            start += count
        maps, logits, chosen = (np.concatenate(parts) for parts in zip(*found, strict=True))
        self.subject.check_logits(logits)
        scores = np.take_along_axis(logits, chosen[:, None].astype(np.int64), axis=1)[:, 0]
        return Explanation(maps, chosen.astype(np.int64), scores, self.layer, self.method)

    def _all(self, images: np.ndarray, batch_size: int, progress: Progress | None) -> Explanation:
        found: list[tuple[np.ndarray, ...]] = []
        for batch, count in batches(images, batch_size, progress):
            given = batch[:count] if self.runner.each else batch
            found.append(tuple(part[:count] for part in self._of_all(given)))
        maps, logits = (np.concatenate(parts) for parts in zip(*found, strict=True))
        self.subject.check_logits(logits)
        classes = np.broadcast_to(np.arange(self.subject.num_classes), logits.shape)
        return Explanation(maps, classes, logits, self.layer, self.method)

    def _of_all(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.runner.every is not None:
            return self.runner.every(batch)
        parts = [
            self.runner.one(batch, np.full(len(batch), label))
            for label in range(self.subject.num_classes)
        ]
        return np.stack([maps for maps, _logits, _chosen in parts], axis=1), parts[0][1]


def explain(
    model: keras.Model,
    images: np.ndarray,
    classes: Classes = None,
    *,
    method: str = "grad-cam",
    layer: str | None = None,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> Explanation:
    """Show which regions of each image raised the score of one class.

    The score is the logit: a softmax at the model's end is taken off for the pass, as its gradient
    fades where the model is sure. The model runs in inference mode and is left as it was.

    Args:
        model: any Keras model of raw images (0–255, channels last) that ends in `(batch, classes)`
            logits or a softmax of them; functional, sequential, nested, or subclassed.
        images: `(count, height, width, channels)`, uint8 or float in 0–255.
        classes: the class to explain: None for the predicted one, one number for all images,
            `(count,)` integers, or `all`.
        method: one of `METHODS`.
        layer: path of the layer whose features are weighed; None for what `find_layer` finds.
            Methods that look at pixels alone have no use for it.
        batch_size: images at a time.
        progress: called as `progress(done, total)` after each batch.

    Returns:
        An `Explanation`, one map an image.

    Raises:
        InputError: For images the model does not take, a class it does not have, an unknown
            method or layer, or a model without feature maps.
    """
    check_images(model, images)
    prepared = prepare(model, method=method, layer=layer, image_shape=images.shape[1:])
    return prepared(images, classes, batch_size=batch_size, progress=progress)


def grad_cam(
    model: keras.Model,
    images: np.ndarray,
    classes: Classes = None,
    *,
    layer: str | None = None,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> Explanation:
    """Explain by Grad-CAM; arguments, result and errors as in `explain`.

    Each channel of a layer's features is weighted by the mean gradient of the class score over
    that channel; the weighted channels are summed, and only positive evidence is kept.

    Reference:
        Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via
        gradient-based localization", eq. 1 and 2.
    """
    return explain(model, images, classes, layer=layer, batch_size=batch_size, progress=progress)


def prepare(
    model: keras.Model,
    *,
    method: str = "grad-cam",
    layer: str | None = None,
    image_shape: tuple[int, ...] | None = None,
    seed: int = 0,
) -> Prepared:
    """Get a method ready for many calls on one model (`explain` compiles anew each time).

    Args:
        model: as in `explain`.
        method: likewise.
        layer: likewise.
        image_shape: `(height, width, channels)`, for a model that does not fix it.
        seed: of what is drawn (`smooth-grad`, `rise`).

    Raises:
        InputError: As `explain` and `find_layer`.
    """
    chosen = METHODS[check_choice("method", method, METHODS)]
    if layer is not None and not chosen.maps:
        raise InputError(
            _("`layer` has no meaning for {method}, which looks at pixels alone.").format(
                method=method
            )
        )
    looked_at = subject(model, layer=layer, image_shape=image_shape, maps=chosen.maps)
    return Prepared(method, looked_at, chosen.build(looked_at, seed))
