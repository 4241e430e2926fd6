"""Follow a training loop with a clock: when it asks, when it gets, when batches are prepared."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evrisim.data.batches import AHEAD, Draw
from evrisim.pipeline.stages import Course, Moment, Span
from evrisim.statistics import Spread

Clock = Callable[[], float]
Step = Callable[[Any, Any], Any]

Batches = Callable[[int, Draw], Iterator[tuple[Any, Any]]]
"""From the number of batches to prepare ahead, and what makes a batch, to the batches."""

SETTLING = AHEAD + 1
"""Turns left out at the beginning: the buffer is empty before them, and full for a while after."""


@dataclass(frozen=True)
class Followed:
    """One round: the turns of the loop and when the batches were prepared, as in `Course`."""

    moments: tuple[Moment, ...]
    preparing: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        """Seconds a turn."""
        return self._whole / len(self.moments)

    @property
    def waiting(self) -> float:
        """Share of the time spent waiting for a batch."""
        return sum(turn.got - turn.asked for turn in self.moments) / self._whole

    @property
    def _whole(self) -> float:
        return self.moments[-1].done - self.moments[0].asked


def follow(
    batches: Batches,
    draw: Draw,
    step: Step,
    *,
    ahead: int,
    count: int,
    clock: Clock = time.perf_counter,
) -> Followed:
    """Let `SETTLING` turns pass, then follow `count` turns of the loop.

    Args:
        batches: Gives the batches; at least as many as are taken.
        draw: What makes a batch.
        step: What is done with one.
        ahead: Batches prepared ahead.
        count: Turns, at least 1.
        clock: Gives seconds.
    """
    preparing: list[Span] = []

    def watched(*arguments: Any) -> Any:
        began = clock()
        made = draw(*arguments)
        preparing.append((began, clock()))
        return made

    coming = batches(ahead, watched)
    moments = [_turn(coming, step, clock) for _number in range(SETTLING + count)][SETTLING:]
    start = moments[0].asked
    return Followed(
        tuple(Moment(one.asked - start, one.got - start, one.done - start) for one in moments),
        tuple((began - start, ended - start) for began, ended in preparing[SETTLING:]),
    )


def _turn(coming: Iterator[tuple[Any, Any]], step: Step, clock: Clock) -> Moment:
    asked = clock()
    batch = next(coming)
    got = clock()
    step(*batch)
    return Moment(asked, got, clock())


def course(ahead: int, rounds: Sequence[Followed], shown: int) -> Course:
    """Put the rounds with the same number of batches ahead together; `shown` is a round's index."""
    return Course(
        ahead,
        Spread.of(one.seconds for one in rounds),
        Spread.of(one.waiting for one in rounds),
        rounds[shown].moments,
        rounds[shown].preparing,
    )
