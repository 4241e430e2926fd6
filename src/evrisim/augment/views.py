"""Draws to be looked at: many of one image, its steps one by one, a ladder of severities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim.augment.augmenting import augmented
from evrisim.augment.base import Augmentation, Chain
from evrisim.augment.labels import mixes
from evrisim.augment.listing import in_words
from evrisim.augment.policies import made, policy, steps_of
from evrisim.augment.steps import Code, Step

SEVERITIES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Shown:
    """Images with what is written under each.

    Attributes:
        images: `(count, rows, columns, channels)` uint8 each.
        titles: One for each image.
    """

    images: tuple[np.ndarray, ...]
    titles: tuple[str, ...]


def draws(images: np.ndarray, augmentation: Augmentation, count: int, *, seed: int = 0) -> Shown:
    """Draw `count` times: of one image, or where images are mixed of several in turn.

    Args:
        images: `(n, rows, columns, channels)` uint8, one or more.
        augmentation: What they go through.
        count: How many draws.
        seed: Decides the draws.
    """
    given = images[np.arange(count) % len(images)]
    labels = np.arange(count) % len(images)
    batch = augmented(augmentation, given, labels=labels, classes=len(images), seed=seed)
    size = given.shape[1:3]
    titles = tuple("\n".join(_told(batch.steps, number, size)[:3]) for number in range(count))
    return Shown(tuple(batch.images), titles)


def ladder(
    images: np.ndarray, source: str | Sequence[Any], *, count: int = 6, seed: int = 0
) -> list[tuple[float, Shown]]:
    """Give the same draws at growing severity: what is drawn stays, its strength grows."""
    return [
        (severity, draws(images, policy(source, severity), count, seed=seed))
        for severity in SEVERITIES
    ]


def one_by_one(
    images: np.ndarray, source: str | Sequence[Any], severity: float = 1.0, *, seed: int = 0
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Give each step of a policy: its name, an image through it alone, and through all so far.

    The image is the first. A step that changes nothing by chance is drawn again, a few times, so
    that there is something to see.
    """
    found = []
    parts: list[Augmentation] = []
    for step in steps_of(source):
        name = step if isinstance(step, str) else next(iter(step))
        part = made(step, name).scaled(severity)
        parts.append(part)
        alone = _seen(images, Chain((part,)), seed)
        found.append((name, alone, _seen(images, Chain(tuple(parts)), seed)))
    return found


def _seen(images: np.ndarray, augmentation: Augmentation, seed: int) -> np.ndarray:
    labels = np.arange(len(images))
    changed = images
    for epoch in range(8):
        batch = augmented(
            augmentation, images, labels=labels, classes=len(images), seed=seed, epoch=epoch
        )
        changed = batch.images
        if not np.array_equal(changed[0], images[0]):
            break
    return changed[0]


def is_mixing(source: str | Sequence[Any]) -> bool:
    """Tell whether a policy needs other images beside the one that is looked at."""
    return mixes(policy(source))


def _told(steps: Sequence[Step], number: int, size: tuple[int, int]) -> list[str]:
    silent = (Code.KEEP, Code.BEGIN, Code.ADD)
    told = [
        in_words(one, number, size) for one in steps if Code(int(one.codes[number])) not in silent
    ]
    return told or ["–"]
