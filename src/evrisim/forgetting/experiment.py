"""Several remedies with several seeds, kept on disk: what is done is never done again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evrisim import _files
from evrisim.forgetting.course import RECIPE, Case, learn
from evrisim.forgetting.remedies import Remedy
from evrisim.forgetting.tasks import Tasks
from evrisim.statistics import Interval, paired_interval
from evrisim.training.fitting import weights_hash
from evrisim.training.recipe import Recipe

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Summary:
    """A remedy over all seeds.

    Attributes:
        name: Of the remedy.
        forgetting: Mean over seeds, with its 95 % interval where there are two or more.
        plasticity: Likewise.
        seeds: How many.
    """

    name: str
    forgetting: Interval
    plasticity: Interval
    seeds: int


def run(
    tasks: Tasks,
    bases: Sequence[keras.Model],
    remedies: Sequence[Remedy],
    recipe: Recipe = RECIPE,
    *,
    directory: Path,
    progress: Told = lambda done, total: None,
) -> tuple[Case, ...]:
    """Learn the new task by every remedy from every base, seed by seed.

    Args:
        tasks: What is old and what is new.
        bases: Nets that know the old task, one a seed.
        remedies: How.
        recipe: How long and how fast.
        directory: Where each case is kept as soon as it is done; one that is there is read.
        progress: Called as `progress(done, total)`, in epochs.

    Returns:
        The cases, seed by seed, in the order of `remedies`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    cases: list[Case] = []
    total = len(bases) * len(remedies) * recipe.epochs
    for seed, base in enumerate(bases):
        seeded = recipe.with_settings({"seed": seed})
        for remedy in remedies:
            path = directory / f"{remedy.name}-{_key(tasks, base, remedy, seeded)}-s{seed}.json"

            def told(done: int, _all: int) -> None:
                progress(len(cases) * recipe.epochs + done, total)

            case = _read(path)
            if case is None:
                case = learn(tasks, base, remedy, seeded, progress=told)
                _files.write_json(path, asdict(case))
            cases.append(case)
            progress(len(cases) * recipe.epochs, total)
    return tuple(cases)


def summaries(cases: Sequence[Case]) -> tuple[Summary, ...]:
    """Give mean and interval over seeds for every remedy, in the order they are met."""
    found = []
    for name in dict.fromkeys(case.remedy.name for case in cases):
        same = [case for case in cases if case.remedy.name == name]
        forgetting, plasticity = (
            _interval([getattr(case, what) for case in same])
            for what in ("forgetting", "plasticity")
        )
        found.append(Summary(name, forgetting, plasticity, len(same)))
    return tuple(found)


def _interval(values: Sequence[float]) -> Interval:
    if len(values) > 1:
        return paired_interval(np.array(values))
    return Interval(values[0], values[0], values[0], 0.0, "none")


def _key(tasks: Tasks, base: keras.Model, remedy: Remedy, recipe: Recipe) -> str:
    identity: dict[str, Any] = {
        "old": tasks.old.content_hash(),
        "new": tasks.new.content_hash(),
        "base": weights_hash(base),
        "remedy": asdict(remedy),
        "recipe": recipe.model_dump(),
    }
    return sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


def _read(path: Path) -> Case | None:
    """Read a case; None where there is none, or a torn one."""
    try:
        return case_of(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def case_of(saved: dict[str, Any]) -> Case:
    """Give the case that was written as plain values."""
    lists = {key: tuple(saved[key]) for key in ("old", "new", "old_test", "new_test")}
    return Case(**{**saved, **lists, "remedy": Remedy(**saved["remedy"])})
