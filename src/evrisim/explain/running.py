"""What every method compiles to, and how a pass over many variants of one image goes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from evrisim.explain import gradients
from evrisim.explain.subject import Subject

CHUNK = 64
"""Variants of an image in one pass."""

Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Maps, logits, and the classes explained, of a batch."""


@dataclass(frozen=True, eq=False)
class Runner:
    """A method made ready for one model.

    Attributes:
        one: Takes images `(batch, height, width, channels)` float32 and classes `(batch,)`,
            `PREDICTED` where the model's choice is meant, and gives what was `Found`.
        every: Takes images; gives maps `(batch, classes, rows, columns)` and logits, where all
            classes cost about as much as one; else None.
        each: Whether images are looked at one by one, so that a batch need not be filled up.
    """

    one: Callable[[np.ndarray, np.ndarray], Found]
    every: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None
    each: bool = False


Scores = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def masked(subject: Subject) -> Scores:
    """Compile the logits of an image seen through masks.

    Returns:
        A function of an image `(height, width, channels)`, masks `(count, rows, columns)` of
        0–1, and a colour `(channels,)` that shows where a mask is 0, to `(count, classes)`.
        Masks of another size are brought to the image's, bilinearly.
    """
    size = subject.size

    def run(image: Any, masks: Any, colour: Any) -> Any:
        masks = masks[..., None]
        if tuple(masks.shape[1:3]) != size:
            masks = ops.image.resize(masks, size, interpolation="bilinear")
        return subject.logits(colour + masks * (image - colour))

    compiled = gradients.passed(subject.model, run)

    def scores(image: np.ndarray, masks: np.ndarray, colour: np.ndarray) -> np.ndarray:
        given = np.asarray(image, np.float32)[None], np.asarray(colour, np.float32)[None]
        return in_chunks(lambda part: compiled(given[0], part, given[1]), masks)

    return scores


def in_chunks(run: Callable[[np.ndarray], Any], rows: np.ndarray) -> np.ndarray:
    """Run rows `CHUNK` at a time, all passes of one size, and put the results together."""
    parts = []
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        filled = part
        if len(part) < CHUNK:
            filled = np.concatenate([part, np.repeat(part[-1:], CHUNK - len(part), axis=0)])
        parts.append(np.asarray(run(filled), np.float32)[: len(part)])
    return np.concatenate(parts)


def chosen(logits: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Give the classes that are explained: those asked for, or predicted."""
    return np.where(asked == gradients.PREDICTED, logits.argmax(axis=1), asked)


def image_by_image(
    heat: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> Runner:
    """Make a runner of a function that gives an image's maps of all classes, and its logits."""

    def every(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        maps, logits = zip(*map(heat, images), strict=True)
        return np.stack(maps), np.stack(logits)

    def one(images: np.ndarray, asked: np.ndarray) -> Found:
        maps, logits = every(images)
        picked = chosen(logits, asked)
        return maps[np.arange(len(maps)), picked], logits, picked

    return Runner(one, every, each=True)
