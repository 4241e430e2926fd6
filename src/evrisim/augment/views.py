"""Draws to be looked at: many of one image, its steps one by one, a ladder of severities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim.augment.augmenting import augmented
from evrisim.augment.base import Chain
from evrisim.augment.chance import uniforms
from evrisim.augment.labels import mixes
from evrisim.augment.listing import in_words
from evrisim.augment.policies import policy, steps_of
from evrisim.augment.steps import MIXING, Code, Step, composed
from evrisim.messages import numbers

SEVERITIES = (0.0, 0.25, 0.5, 0.75, 1.0)

TRIES = 16
"""Epochs that are looked through for a draw in which every step of a policy does something."""

_SILENT = {Code.KEEP, Code.BEGIN, Code.ADD}


@dataclass(frozen=True, eq=False)
class Sitters:
    """What is augmented to be looked at: one picture, or a batch of training images.

    Attributes:
        images: `(count, rows, columns, 1 or 3)` uint8.
        labels: `(count,)` whole numbers, or None for a picture.
        names: Of the classes.
        shown: How many of them are shown, the first; the others are there to be mixed in.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    names: tuple[str, ...] = ()
    shown: int = 1


@dataclass(frozen=True, eq=False)
class Shown:
    """Images with what is written under each.

    Attributes:
        images: `(rows, columns, channels)` uint8 each.
        titles: One for each image, lines of plain text.
    """

    images: tuple[np.ndarray, ...]
    titles: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Stage:
    """One step of a policy.

    Attributes:
        name: As the policy writes it.
        told: What was drawn for it, in words.
        alone: The first image through this step.
        so_far: The first image through this step and all before it, by the same draw.
    """

    name: str
    told: str
    alone: np.ndarray
    so_far: np.ndarray


def draws(
    sitters: Sitters, augmentation: Chain, count: int, *, seed: int = 0, epoch: int = 0
) -> list[Shown]:
    """Give each image that is shown, and what training would see of it in the next epochs.

    Args:
        sitters: What is augmented; mixing takes partners from among all of them.
        augmentation: What they go through.
        count: Epochs.
        seed: Decides the draws.
        epoch: The first of the epochs.

    Returns:
        For each image shown itself, untitled or titled by its class, and `count` draws of it.
    """
    epochs = [_drawn(sitters, augmentation, seed, epoch + number) for number in range(count)]
    return [
        Shown(
            (sitters.images[place], *(one.images[place] for one in epochs)),
            (_class_of(sitters, place), *(one.titles[place] for one in epochs)),
        )
        for place in range(min(sitters.shown, len(sitters.images)))
    ]


def ladder(
    sitters: Sitters,
    source: str | Sequence[Any],
    *,
    count: int = 6,
    seed: int = 0,
    epoch: int = 0,
) -> list[tuple[float, Shown]]:
    """Give the same draws at growing severity: what is drawn stays, its strength grows.

    They are `count` draws of one picture, or one of each of as many training images.
    """
    rungs = []
    for severity in SEVERITIES:
        chain = policy(source, severity)
        if sitters.labels is None:
            (row,) = draws(sitters, chain, count, seed=seed, epoch=epoch)
            rungs.append((severity, Shown(row.images[1:], row.titles[1:])))
        else:
            batch = _drawn(sitters, chain, seed, epoch)
            rungs.append((severity, Shown(batch.images[:count], batch.titles[:count])))
    return rungs


def one_by_one(
    sitters: Sitters,
    source: str | Sequence[Any],
    severity: float = 1.0,
    *,
    seed: int = 0,
    epoch: int = 0,
) -> list[Stage]:
    """Give each step of a policy with what it does to the first image.

    Of the next epochs the first is taken in which every step does something, or else that in
    which the most do: a mirror comes to every other image only.
    """
    chain = policy(source, severity)
    names = [step if isinstance(step, str) else next(iter(step)) for step in steps_of(source)]
    best: list[Stage] = []
    most = -1
    for tried in range(epoch, epoch + TRIES):
        stages = _stages(sitters, chain, names, seed, tried)
        busy = sum(not np.array_equal(one.alone, sitters.images[0]) for one in stages)
        if busy > most:
            best, most = stages, busy
        if busy == len(stages):
            break
    return best


def is_mixing(source: str | Sequence[Any]) -> bool:
    """Tell whether a policy needs other images beside the one that is looked at."""
    return mixes(policy(source))


def _stages(
    sitters: Sitters, chain: Chain, names: Sequence[str], seed: int, epoch: int
) -> list[Stage]:
    size = sitters.images.shape[1:3]
    chance = uniforms(seed, epoch, np.arange(len(sitters.images)), chain.needs)
    stages: list[Stage] = []
    before: list[Step] = []
    start = 0
    for name, part in zip(names, chain.parts, strict=False):
        steps = part.draw(chance[:, start : start + part.needs], size, np)
        start += part.needs
        before = [*before, *steps]
        alone, so_far = (
            augmented(chain, sitters.images, steps=composed(np, list(some))).images[0]
            for some in (steps, before)
        )
        stages.append(Stage(name, _told(composed(np, steps), 0, size), alone, so_far))
    return stages


def _drawn(sitters: Sitters, augmentation: Chain, seed: int, epoch: int) -> Shown:
    """Augment the whole batch, and say of each image what was done to it."""
    batch = augmented(
        augmentation,
        sitters.images,
        labels=sitters.labels,
        classes=len(sitters.names),
        seed=seed,
        epoch=epoch,
    )
    size = sitters.images.shape[1:3]
    titles = []
    for place in range(len(batch.images)):
        title = _told(batch.steps, place, size, shares=sitters.labels is not None)
        if batch.labels is not None and batch.labels.ndim == 2:
            title = f"{title}\n{label_in_words(batch.labels[place], sitters.names)}".lstrip()
        titles.append(title)
    return Shown(tuple(batch.images), tuple(titles))


def label_in_words(shares: np.ndarray, names: Sequence[str]) -> str:
    """Say a mixed label, the largest share first, none below half a percent.

    Example:
        >>> label_in_words(np.array([0.25, 0.75]), ("cat", "dog")).replace(chr(160), " ")
        'dog 75 % + cat 25 %'
    """
    order = np.argsort(-shares, kind="stable")
    return " + ".join(
        f"{names[place]}\u00a0{numbers.percent(float(shares[place]), 0)}"
        for place in order
        if shares[place] >= 0.005
    )


def _class_of(sitters: Sitters, place: int) -> str:
    return "" if sitters.labels is None else sitters.names[int(sitters.labels[place])]


def _told(
    steps: Sequence[Step], number: int, size: tuple[int, int], *, shares: bool = False
) -> str:
    """Say a line for each step; nothing of what goes on within AugMix' chains.

    With `shares` mixing is left out: the label's shares stand in its place.
    """
    told, within = [], False
    for one in steps:
        code = Code(int(np.asarray(one.codes)[number]))
        within = (within or code == Code.BEGIN) and code != Code.BLEND
        if not within and code not in _SILENT and not (shares and code in MIXING):
            told.append(in_words(one, number, size))
    return "\n".join(told)
