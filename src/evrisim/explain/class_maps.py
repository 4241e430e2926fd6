"""Methods that weigh a layer's feature maps: by gradients, by what each alone does to the score."""

from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim._validate import InputError
from evrisim.explain import closed_form, gradients, running, weighing
from evrisim.explain.running import Found, Runner
from evrisim.explain.subject import Subject
from evrisim.messages import translate as _


def by_gradients(subject: Subject, combine: gradients.Combine) -> Runner:
    """Weigh by gradients; in closed form where the head is pooling and one dense layer.

    Args:
        subject: The model and its layer.
        combine: One of `weighing`.
    """
    return _by_gradients(subject, combine, closed_form.dense(subject))


def _by_gradients(
    subject: Subject, combine: gradients.Combine, layer: keras.layers.Dense | None
) -> Runner:
    slopes = None if layer is None else closed_form.slopes(layer)
    job = gradients.Job(subject.model, subject.forward, combine, slopes)
    every = None
    if layer is not None and combine is weighing.grad_cam:
        every = closed_form.every(subject, layer)
    return Runner(gradients.compiled(job), every)


def closed(subject: Subject) -> Runner:
    """Class activation mapping: the dense layer's weights, where the head is pooling and that.

    Raises:
        InputError: If the head is another.

    Reference:
        Zhou et al. 2016, https://arxiv.org/abs/1512.04150.
    """
    layer = closed_form.dense(subject)
    if layer is None:
        raise InputError(
            _(
                "`cam` needs a model whose layer {layer} is averaged and weighed by one dense "
                "layer; the model {name} goes on otherwise. `grad-cam` takes any."
            ).format(layer=subject.layer, name=subject.model.name)
        )
    return _by_gradients(subject, weighing.grad_cam, layer)


def eigen(subject: Subject) -> Runner:
    """Project the features on the direction that they vary along most; the same for all classes.

    Reference:
        Muhammad and Yeasin 2020, https://arxiv.org/abs/2008.00299.
    """
    compiled = gradients.passed(subject.model, subject.seen)

    def every(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        features, logits = compiled(images)
        maps = np.stack([_first_component(one) for one in features])
        return np.repeat(maps[:, None], subject.num_classes, axis=1), logits

    def one(images: np.ndarray, asked: np.ndarray) -> Found:
        maps, logits = every(images)
        return maps[:, 0], logits, running.chosen(logits, asked)

    return Runner(one, every)


def _first_component(features: np.ndarray) -> np.ndarray:
    """Give where the first right singular vector of `(positions, channels)` is felt.

    Its sign is arbitrary; it is turned so that what is felt is positive on the whole.
    """
    rows, columns, channels = features.shape
    flat = features.reshape(rows * columns, channels).astype(np.float64)
    # Few positions, many channels: the eigenvectors of the small product say the same.
    values, vectors = np.linalg.eigh(flat @ flat.T)
    felt = vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
    felt = felt if felt.sum() >= 0 else -felt
    return np.maximum(felt, 0).reshape(rows, columns).astype(np.float32)


def score(subject: Subject) -> Runner:
    """Weigh each channel by the score of the image seen through it; no gradient is taken.

    Each channel's map, scaled to 0–1 and to the image's size, lets the image through; the rest is
    black. A channel's weight is the softmax over channels of what the score rises by over a black
    image. Channels that are even let through nothing in particular and are left out.

    Reference:
        Wang et al. 2020, https://arxiv.org/abs/1910.01279, algorithm 1.
    """
    forward = _features(subject)
    scores = running.masked(subject)
    black = np.zeros(subject.image_shape[-1], np.float32)

    def heat(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        features, logits = forward(image)
        low, high = features.min(axis=(0, 1)), features.max(axis=(0, 1))
        kept = high > low
        maps = np.zeros((subject.num_classes, *features.shape[:2]), np.float32)
        if not kept.any():
            return maps, logits
        masks = ((features - low)[..., kept] / (high - low)[kept]).transpose(2, 0, 1)
        nothing = scores(image, np.zeros((1, *features.shape[:2]), np.float32), black)
        rise = scores(image, masks.astype(np.float32), black) - nothing
        weights = np.exp(rise - rise.max(axis=0))
        weights /= weights.sum(axis=0)  # (channels, classes)
        return np.maximum(np.einsum("rck,kl->lrc", features[..., kept], weights), 0), logits

    return running.image_by_image(heat)


def ablation(subject: Subject) -> Runner:
    """Weigh each channel by what the score loses without it; no gradient is taken.

    The paper divides the loss by the score, which turns a map over where the score is negative;
    how bright a map is does not count, so it is left out.

    Reference:
        Desai and Ramaswamy 2020, https://doi.org/10.1109/WACV45572.2020.9093360.
    """
    forward = _features(subject)
    channels = subject.features_shape[-1]

    def without(image: Any, features: Any, left_out: Any) -> Any:
        kept = 1 - ops.one_hot(left_out, channels, dtype="float32")
        same = ops.take(image, ops.zeros_like(left_out), axis=0)
        return subject.above(same, features * kept[:, None, None, :])

    compiled = gradients.passed(subject.model, without)

    def heat(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        features, logits = forward(image)
        there = np.flatnonzero(features.any(axis=(0, 1))).astype(np.int32)
        if not len(there):
            return np.zeros((subject.num_classes, *features.shape[:2]), np.float32), logits
        left = running.in_chunks(lambda part: compiled(image[None], features[None], part), there)
        weights = logits - left  # (channels, classes)
        maps = np.einsum("rck,kl->lrc", features[..., there], weights)
        return np.maximum(maps, 0).astype(np.float32), logits

    return running.image_by_image(heat)


def _features(subject: Subject) -> Any:
    """Compile an image's features `(rows, columns, channels)` and logits `(classes,)`."""
    compiled = gradients.passed(subject.model, subject.seen)

    def of(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        features, logits = compiled(image[None])
        return features[0], logits[0]

    return of
