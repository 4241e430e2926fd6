"""Run a study: train what is not trained yet, in workers; open its test split once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evrisim import machine
from evrisim._validate import InputError, check_whole
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.study import plan
from evrisim.study.crew import Crew, Outcome, Task
from evrisim.study.plan import Order
from evrisim.study.record import TRAINED, StudyRun, open_run
from evrisim.training.run import locked

MEMORY_SHARE = 0.8
"""Of the machine's memory, what all workers together may take."""


@dataclass(frozen=True)
class Progress:
    """Where a study is, for whoever shows it.

    Attributes:
        done: Trainings that are done, with the share of those that run.
        total: Trainings of the study.
        seconds_left: Estimate for the rest; None while nothing is known.
        note: A sentence worth keeping, said once; else None.
    """

    done: float
    total: int
    seconds_left: float | None = None
    note: str | None = None


Show = Callable[[Progress], None]


def quiet(progress: Progress) -> None:
    """Show nothing."""


def run(
    order: Order,
    directory: Path,
    *,
    jobs: int | None = None,
    show: Show = quiet,
    then_open_test: bool = False,
) -> StudyRun:
    """Train every arm with every seed; what is trained already, here or in another study, stays.

    Trainings go to worker processes, as many at a time as there are cores, each with its share of
    the cores: on two cores, two trainings with one thread each do about 1.3 times (large
    batches) to twice (small ones) what one with two threads does. How many threads a training has
    stays as it was when a study is taken up again, since it decides the last bits of its numbers.

    Args:
        order: What is asked for.
        directory: Of the study; trainings lie beside it, in `trainings/`.
        jobs: How many trainings run at a time; None for one a core, as memory allows.
        show: Called with a `Progress` about twice a second.
        then_open_test: Afterwards do what `open_test` does, with the same workers.

    Returns:
        The study with status `trained`; what failed is in its arms' `failed`.

    Raises:
        InputError: If a setting is wrong, or the directory holds something else.
    """
    tasks = plan.arm_tasks(order)
    if jobs is not None:
        check_whole("jobs", jobs, 1)
    size = jobs or min(machine.cores(), len(tasks) * order.seed_count())
    directory.mkdir(parents=True, exist_ok=True)
    with locked(directory):
        threads = _threads(directory) or max(machine.cores() // size, 1)
        with Crew(threads=threads, log=directory / "workers.log", size=size) as crew:
            study = _Session(order, directory, crew, show).train(tasks, threads)
            return _judged(study, _to_judge(study), crew, show) if then_open_test else study


def open_test(study: StudyRun, *, jobs: int | None = None, show: Show = quiet) -> StudyRun:
    """Open the test split: each finished training's model predicts it once, and that is counted.

    Trainings whose predictions are there already, of this study or another, are not asked again.
    """
    tasks = _to_judge(study)
    size = min(jobs or machine.cores(), len(tasks))
    threads = study.facts["threads"] or 1
    with (
        locked(study.directory),
        Crew(threads=threads, log=study.directory / "workers.log", size=size) as crew,
    ):
        return _judged(study, tasks, crew, show)


def _to_judge(study: StudyRun) -> list[Task]:
    tasks = []
    for arm, seed, directory in study.trainings():
        run = open_run(directory)
        judged = (directory / "predictions.npz").is_file()
        if run is not None and run.facts["status"] in TRAINED and not judged:
            tasks.append(
                {
                    "do": "judge",
                    "id": f"{arm['name']} {seed}",
                    "arm": arm["name"],
                    "directory": str(directory.resolve()),
                    "source": run.facts["source"],
                }
            )
    return tasks


def _judged(study: StudyRun, tasks: list[Task], crew: Crew, show: Show) -> StudyRun:
    """Have the test split predicted where it was not, and count that it was opened."""
    for done, outcome in enumerate(crew.work(tasks), start=1):
        if outcome.reason is not None:
            raise InputError(
                _("{training} could not be judged: {reason}").format(
                    training=outcome.task["id"], reason=outcome.reason
                )
            )
        show(Progress(done, len(tasks)))
    if tasks or not study.facts["test_openings"]:
        study = study.updated(test_openings=study.facts["test_openings"] + 1)
    return study


def _threads(directory: Path) -> int | None:
    """Give the threads of a study's trainings so far, None if it has none yet."""
    if not (directory / "study.json").exists():
        return None
    return StudyRun.open(directory).facts["threads"]


class _Session:
    """One call of `run`: what it has learned about times, and what it has done so far."""

    def __init__(self, order: Order, directory: Path, crew: Crew, show: Show) -> None:
        self.order, self.directory, self.crew, self.show = order, directory, crew, show
        self.started = time.monotonic()
        self.expected: dict[str, float] = {}
        self.shares: dict[str, float] = {}
        self.measured: list[tuple[float, float]] = []
        self.wall = self.tracing = 0.0

    def train(self, arms: dict[str, Task], threads: int) -> StudyRun:
        prepared = self._prepared(arms)
        study = plan.opened(self.directory, self.order, arms, prepared)
        # Whole, so that a run is the same run for every study that shares it.
        arms = {name: {**arm, "options": prepared[name]["options"]} for name, arm in arms.items()}
        study = study.updated(status="running", threads=threads, jobs=self.crew.size)
        before = study.facts["seconds"]
        self.wall, self.tracing = before["wall"], before["tracing"]
        tasks = _trainings(study, arms)
        total = len(study.facts["arms"]) * len(study.facts["seeds"])
        if tasks:
            self._warm_up([arms[name] for name in dict.fromkeys(task["arm"] for task in tasks)])
            self._announce(tasks, total)
        waiting = {task["id"]: task["arm"] for task in tasks}

        def seen(task: Task, share: float) -> None:
            self.shares[task["id"]] = share
            self._show(waiting, total)

        for outcome in self.crew.work(tasks, seen=seen):
            waiting.pop(outcome.task["id"])
            study = self._kept(study, outcome)
            self._show(waiting, total)
        return study.updated(status="trained", seconds=self._seconds(study, 0.0))

    def _prepared(self, arms: dict[str, Task]) -> dict[str, Any]:
        (outcome,) = self.crew.work([{"do": "prepare", "id": "prepare", "arms": arms}])
        if outcome.facts is None:
            raise InputError(str(outcome.reason))
        return outcome.facts["arms"]

    def _warm_up(self, arms: list[Task]) -> None:
        """Time a few steps of every arm that has something to train."""
        tasks = [{"do": "warm", "id": f"warm {arm['arm']}", **arm} for arm in arms]
        for outcome in self.crew.work(tasks):
            # An arm that fails here fails again in its training, with a reason that is kept.
            if outcome.facts is not None:
                self.expected[outcome.task["arm"]] = outcome.facts["seconds"]
                self.tracing += outcome.facts["tracing"]
        fitting = int(MEMORY_SHARE * machine.memory_bytes() / max(self.crew.memory, 1))
        if machine.memory_bytes():
            self.crew.shrink(max(fitting, 1))

    def _announce(self, tasks: list[Task], total: int) -> None:
        work = sum(self.expected.get(task["arm"], 0.0) for task in tasks)
        self.show(
            Progress(
                total - len(tasks),
                total,
                work / self.crew.size,
                note=_(
                    "{count} trainings to do ({done} done already), {jobs} at a time: about "
                    "{time}, {memory:.1f} GiB of memory each."
                ).format(
                    count=len(tasks),
                    done=total - len(tasks),
                    jobs=self.crew.size,
                    time=numbers.duration(work / self.crew.size),
                    memory=self.crew.memory / 2**30,
                ),
            )
        )

    def _show(self, waiting: dict[str, str], total: int) -> None:
        guessed = sum(expected for expected, _seconds in self.measured)
        found = sum(seconds for _expected, seconds in self.measured)
        rate = found / guessed if guessed else 1.0
        left = sum(
            self.expected.get(arm, 0.0) * (1 - self.shares.get(training, 0.0))
            for training, arm in waiting.items()
        )
        running = sum(self.shares.get(training, 0.0) for training in waiting)
        seconds = left * rate / min(self.crew.size, max(len(waiting), 1))
        self.show(Progress(total - len(waiting) + running, total, seconds))

    def _kept(self, study: StudyRun, outcome: Outcome) -> StudyRun:
        """Write down how a training ended."""
        name, seed = outcome.task["arm"], str(outcome.task["recipe"]["seed"])
        arms = [dict(arm) for arm in study.facts["arms"]]
        arm = next(arm for arm in arms if arm["name"] == name)
        arm["failed"] = {key: why for key, why in arm["failed"].items() if key != seed}
        spent = 0.0
        if outcome.facts is None:
            arm["failed"][seed] = outcome.reason
            note = _("{arm}, seed {seed} failed: {reason}").format(
                arm=name, seed=seed, reason=outcome.reason
            )
            self.show(Progress(0, 0, note=note))
        else:
            spent = outcome.facts["seconds"]
            self.measured.append((self.expected.get(name, spent), spent))
        return study.updated(arms=arms, seconds=self._seconds(study, spent))

    def _seconds(self, study: StudyRun, spent: float) -> dict[str, float]:
        return {
            "wall": round(self.wall + time.monotonic() - self.started, 1),
            "tracing": round(self.tracing, 1),
            "training": round(study.facts["seconds"]["training"] + spent, 1),
        }


def _trainings(study: StudyRun, arms: dict[str, Task]) -> list[Task]:
    """Give the trainings that are not done."""
    tasks = []
    for arm, seed, directory in study.trainings():
        run = open_run(directory)
        # What has diverged would do so again.
        if run is not None and run.facts["status"] in (*TRAINED, "diverged"):
            continue
        task = arms[arm["name"]]
        tasks.append(
            {
                **task,
                "do": "train",
                "id": f"{arm['name']} {seed}",
                "recipe": {**task["recipe"], "seed": seed},
                "directory": str(directory.resolve()),
                "facts": {"source": task["source"], "command": study.facts["command"]},
            }
        )
    return tasks
