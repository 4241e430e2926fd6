"""What is measured of an input pipeline, as frozen values; all times are seconds."""

from dataclasses import dataclass

from evrisim.data.ahead import THREADS
from evrisim.statistics import Spread

Span = tuple[float, float]
"""When something began and when it ended."""


@dataclass(frozen=True)
class Moment:
    """One turn of the training loop: the batch was asked for, it was there, its step was done."""

    asked: float
    got: float
    done: float


@dataclass(frozen=True)
class Course:
    """A stretch of real training with a number of batches prepared ahead.

    Attributes:
        ahead: how many batches.
        seconds: a batch, waiting and step together.
        waiting: share of the time, 0–1, in which the step waits for its batch.
        moments: the turns of one round, from its first second on; all courses show the same round,
            the one of the middle gain.
        preparing: when each turn's batch was prepared, on the same clock, so before 0 for what was
            ready when the round began; then the batches that were prepared for later turns.
    """

    ahead: int
    seconds: Spread
    waiting: Spread
    moments: tuple[Moment, ...]
    preparing: tuple[Span, ...]


@dataclass(frozen=True)
class Stages:
    """What each stage of an input pipeline takes for a batch, and what the stages do together.

    Attributes:
        model: name of the model whose training step was timed.
        batch_size: images a batch.
        batches, rounds: turns of the loop a round, and rounds.
        files: `folder` if the data's own image files were decoded, `written` if its images were
            written to JPEG files for this.
        decode: reading and decoding a batch's image files.
        cache: reading the same images from the cache of decoded ones instead, checksum included.
        gather: drawing the order and gathering the images of a batch.
        augment: augmenting them as the recipe says.
        step: the training step alone, its batch at hand.
        courses: all of it together, by batches prepared ahead: 0, 1, 2.
        gain: images a second with the most batches ahead, relative to none, compared within each
            round; 1 is no gain.
    """

    model: str
    batch_size: int
    batches: int
    rounds: int
    files: str
    decode: Spread
    cache: Spread
    gather: Spread
    augment: Spread
    step: Spread
    courses: tuple[Course, ...]
    gain: Spread

    @property
    def preparing(self) -> float:
        """What has to be done for each batch of each epoch before its step."""
        return self.gather.median + self.augment.median

    @property
    def pace(self) -> float:
        """Seconds between one batch and the next where nothing else is done than prepare them."""
        return self.preparing / THREADS

    @property
    def limit(self) -> str:
        """`input` if batches come more slowly than the step could take them, else `step`.

        With perfect prefetching the slower of the two sets the pace.
        """
        return "input" if self.pace > self.step.median else "step"

    def images_per_second(self, seconds: float) -> float:
        """Turn seconds a batch into images a second; infinite for what takes no time."""
        return self.batch_size / seconds if seconds else float("inf")
