"""Time the stages of the input pipeline one by one, then all of them together."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from evrisim._validate import check_whole
from evrisim.data.batches import draw_batch, epoch_order, steps_per_epoch
from evrisim.data.dataset import DataSet, check_dataset
from evrisim.pipeline import preparing
from evrisim.pipeline.following import SETTLING, Batches, Clock, Followed, Step, course, follow
from evrisim.pipeline.reading import Reader, reader
from evrisim.pipeline.stages import Stages
from evrisim.statistics import Spread
from evrisim.training import loop
from evrisim.training.recipe import Recipe
from evrisim.training.workbench import ModelChoice, compiled

AHEAD = (0, 1, 2)
"""Numbers of batches prepared ahead that are compared."""

BATCHES, ROUNDS = 10, 5

_REPEATS = 3  # a stage alone is short: its time in a round is the median of as many

Show = Callable[[int, int], None]


def measure(
    dataset: DataSet,
    model: ModelChoice,
    recipe: Recipe,
    *,
    batches: int = BATCHES,
    rounds: int = ROUNDS,
    show: Show = lambda done, total: None,
) -> Stages:
    """Time what a training of `model` by `recipe` does with each batch, and how long it waits.

    Everything is timed in this process, each stage in each round, so that whatever else the
    machine does meets all of them. Nothing is kept of the training.

    Args:
        dataset: Of which training images are taken; too few are taken again and again.
        model: Whose training step is timed.
        recipe: Its batch size and augmentation count; a batch has no more images than there are.
        batches: Turns of the training loop a round, for each number of batches ahead.
        rounds: How often everything is timed.
        show: Called with the rounds done and all rounds.

    Raises:
        InputError: If data or model cannot be used, or a number is below 1.
    """
    check_whole("batches", batches, 1)
    check_whole("rounds", rounds, 1)
    check_dataset(dataset)
    recipe = recipe.with_settings({"batch_size": min(recipe.batch_size, len(dataset.train))})
    step = _training_step(dataset, model, recipe)
    wanted = recipe.batch_size * (SETTLING + batches + max(AHEAD))
    enough = replace(dataset, train=preparing.enough(dataset.train, wanted))
    with reader(dataset, recipe.batch_size) as files:
        stages = _stages(dataset, enough, recipe, step, files)
        _warm(stages)
        seconds, followed = _rounds(stages, _batches(enough, recipe), step, batches, rounds, show)
    gained = gains(followed[AHEAD[0]], followed[AHEAD[-1]])
    shown = sorted(range(rounds), key=gained.__getitem__)[rounds // 2]
    scale = recipe.batch_size / len(files.files)
    return Stages(
        model=model.name,
        batch_size=recipe.batch_size,
        batches=batches,
        rounds=rounds,
        files=files.kind,
        decode=Spread.of(scale * one for one in seconds["decode"]),
        cache=Spread.of(scale * one for one in seconds["cache"]),
        gather=_gather(dataset, recipe, seconds),
        augment=_augment(recipe, seconds),
        step=Spread.of(seconds["step"]),
        courses=tuple(course(ahead, followed[ahead], shown) for ahead in AHEAD),
        gain=Spread.of(gained),
    )


def gains(without: Sequence[Followed], with_most: Sequence[Followed]) -> list[float]:
    """Give for each round how many times as fast the second is as the first."""
    pairs = zip(without, with_most, strict=True)
    return [before.seconds / after.seconds for before, after in pairs]


def timed(action: Callable[[], Any], clock: Clock = time.perf_counter) -> float:
    """Give the median seconds of a few calls."""
    taken = []
    for _repeat in range(_REPEATS):
        began = clock()
        action()
        taken.append(clock() - began)
    return sorted(taken)[_REPEATS // 2]


def _training_step(dataset: DataSet, model: ModelChoice, recipe: Recipe) -> Step:
    built = compiled(dataset, model, recipe)

    def step(images: Any, labels: Any) -> None:
        built.train_on_batch(images, labels, return_dict=True)

    return step


def _batches(dataset: DataSet, recipe: Recipe) -> Batches:
    return lambda ahead, draw: loop.batches(dataset, recipe, 0, ahead=ahead, draw=draw)


def _stages(
    dataset: DataSet, enough: DataSet, recipe: Recipe, step: Step, files: Reader
) -> dict[str, Callable[[], Any]]:
    """Name what is timed by itself."""
    index = epoch_order(len(enough.train), seed=recipe.seed, epoch=0)[: recipe.batch_size]
    ready = next(loop.batches(enough, recipe, 0, ahead=0))
    return {
        "decode": files.decode,
        "cache": files.from_cache,
        "order": lambda: epoch_order(len(dataset.train), seed=recipe.seed, epoch=0),
        "gather": lambda: preparing.draw(enough, recipe, index, augmented=False),
        "draw": lambda: preparing.draw(enough, recipe, index, augmented=True),
        "step": lambda: step(*ready),
    }


def _warm(stages: dict[str, Callable[[], Any]]) -> None:
    """Do everything twice: the step is traced, the cache filled, pages are in memory."""
    for _time in range(2):
        for action in stages.values():
            action()


def _rounds(
    stages: dict[str, Callable[[], Any]],
    batches: Batches,
    step: Step,
    count: int,
    rounds: int,
    show: Show,
) -> tuple[dict[str, list[float]], dict[int, list[Followed]]]:
    """Time every stage, and the loop with each number of batches ahead, in each round."""
    seconds: dict[str, list[float]] = defaultdict(list)
    followed: dict[int, list[Followed]] = defaultdict(list)
    for done in range(rounds):
        for name, action in stages.items():
            seconds[name].append(timed(action))
        # There and back: a machine that grows slower is as unkind to each number.
        for ahead in AHEAD[:: -1 if done % 2 else 1]:
            one = follow(batches, draw_batch, step, ahead=ahead, count=count)
            followed[ahead].append(one)
        show(done + 1, rounds)
    return seconds, followed


def _gather(dataset: DataSet, recipe: Recipe, seconds: dict[str, list[float]]) -> Spread:
    """Add a batch's share of the order, which is drawn once an epoch."""
    steps = steps_per_epoch(len(dataset.train), recipe.batch_size)
    both = zip(seconds["gather"], seconds["order"], strict=True)
    return Spread.of(gathered + ordered / steps for gathered, ordered in both)


def _augment(recipe: Recipe, seconds: dict[str, list[float]]) -> Spread:
    """Take the gathering from what both take together: training does them in one go."""
    if recipe.policy is None:
        return Spread(0.0, 0.0, 0.0)
    both = zip(seconds["draw"], seconds["gather"], strict=True)
    return Spread.of(max(drawn - gathered, 0.0) for drawn, gathered in both)
