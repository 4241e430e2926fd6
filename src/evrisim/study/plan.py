"""What a study has to train: every arm with every seed, and where each training lies."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evrisim import machine
from evrisim._validate import InputError, check_whole
from evrisim.data.source import Source
from evrisim.messages import translate as _
from evrisim.study import pool, record, settings
from evrisim.study.design import Study
from evrisim.study.record import StudyRun
from evrisim.training.recipe import Recipe

Task = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        study: The question and its arms.
        source: The data.
        budget: One of `design.BUDGETS`.
        seeds: How many; None for as many as the study has (or its budget allows, or were asked
            for before).
    """

    study: Study
    source: Source
    budget: str
    seeds: int | None = None

    def seed_count(self, before: int = 0) -> int:
        """Give how many seeds it is, where `before` were asked for already.

        Raises:
            InputError: If fewer are asked for than before.
        """
        most = settings.MOST_SEEDS.get(self.budget, self.study.seeds)
        if self.seeds is None:
            return before or min(self.study.seeds, most)
        if check_whole("seeds", self.seeds, 1) < before:
            raise InputError(
                _(
                    "This study already has {before} seeds, and {seeds} are asked for; leaving "
                    "some out now would be choosing among results."
                ).format(before=before, seeds=self.seeds)
            )
        return self.seeds


def arm_tasks(order: Order) -> dict[str, Task]:
    """Give for each arm what a worker needs to know of it, but for the seed.

    Raises:
        InputError: If a setting of an arm is wrong; the sentence names the arm.
    """
    tasks = {}
    for arm in order.study.arms:
        chosen = settings.merged(order.study, arm, order.budget)
        try:
            found = settings.training(chosen)
        except InputError as error:
            raise InputError(
                _("Arm {arm}: {problem}").format(arm=arm.name, problem=error)
            ) from None
        tasks[arm.name] = {
            "arm": arm.name,
            "settings": chosen,
            "source": replace(order.source, limits=found.limits).to_json(),
            "model": found.model,
            "options": found.options,
            "recipe": found.recipe.model_dump(),
            "transfer": found.transfer,
        }
    return tasks


def opened(
    directory: Path, order: Order, tasks: Mapping[str, Task], prepared: Mapping[str, Any]
) -> StudyRun:
    """Open the study's directory, or make it; a study asked for with more seeds grows.

    Args:
        directory: Of the study.
        order: What is asked for.
        tasks: As `arm_tasks` gives them.
        prepared: What a worker found for each arm: content hash, whether these are the files that
            were published (None where there are none), options in full, cost.

    Raises:
        InputError: If the directory holds another study.
    """
    if not (directory / "study.json").exists():
        asked = _asked(directory, order, order.seed_count(), tasks, prepared)
        return StudyRun(directory, {**asked, **_beginning()}).updated()
    before = StudyRun.open(directory)
    seeds = order.seed_count(len(before.facts["seeds"]))
    asked = _asked(directory, order, seeds, tasks, prepared)
    _check_same(before, asked)
    for arm, known in zip(asked["arms"], before.facts["arms"], strict=True):
        arm["failed"] = known["failed"]
        if "latency" in known:
            arm["latency"] = known["latency"]
    return before.updated(arms=asked["arms"], seeds=asked["seeds"], official=asked["official"])


def _beginning() -> dict[str, Any]:
    return {
        "format": record.FORMAT,
        "status": "running",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "threads": None,
        "jobs": None,
        "seconds": {"wall": 0.0, "tracing": 0.0, "training": 0.0},
        "test_openings": 0,
        "command": shlex.join(["evrisim", *sys.argv[1:]]),
        "versions": machine.versions(),
        "machine": machine.describe(),
    }


def _asked(
    directory: Path,
    order: Order,
    seeds: int,
    tasks: Mapping[str, Task],
    prepared: Mapping[str, Any],
) -> dict[str, Any]:
    study = order.study
    return {
        "name": study.name,
        "question": study.question,
        "source": order.source.to_json(),
        "official": prepared[study.arms[0].name]["official"],
        "budget": order.budget,
        "seeds": list(range(seeds)),
        "arms": [
            {
                "name": arm.name,
                "settings": tasks[arm.name]["settings"],
                "against": arm.against,
                "claim": record.claim_facts(arm.claim),
                "cost": {
                    key: prepared[arm.name][key] for key in ("parameters", "macs", "training_macs")
                },
                "runs": _places(directory, tasks[arm.name], prepared[arm.name], seeds),
                "failed": {},
            }
            for arm in study.arms
        ],
        "factors": record.factor_facts(study.factors),
        "timed": study.timed,
    }


def _places(directory: Path, task: Task, prepared: Mapping[str, Any], seeds: int) -> dict[str, str]:
    """Give the folder of each seed's training, relative to the study's, so that both can move."""
    recipe = Recipe.create(task["recipe"])
    places = {}
    for seed in range(seeds):
        of_seed = recipe.with_settings({"seed": seed})
        options = prepared["options"]
        folder = pool.place(
            directory.parent, prepared["content_hash"], task["model"], options, of_seed
        )
        places[str(seed)] = os.path.relpath(folder, directory)
    return places


def _check_same(before: StudyRun, asked: Mapping[str, Any]) -> None:
    """Refuse to go on in a directory whose study had other arms or other data."""
    known = {arm["name"]: arm["runs"] for arm in before.facts["arms"]}
    now = {arm["name"]: arm["runs"] for arm in asked["arms"]}
    same = list(known) == list(now) and all(
        known[name].items() <= runs.items() for name, runs in now.items()
    )
    if not same:
        raise InputError(
            _(
                "{path} holds a study with other arms, settings or data; choose another folder "
                "with --out, or remove it (its trainings stay under {pool}/)."
            ).format(path=before.directory, pool=pool.POOL)
        )
