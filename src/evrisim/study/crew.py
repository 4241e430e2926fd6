"""Workers as a crew: who does which task next, who is replaced, what a death costs."""

import queue
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evrisim.messages import translate as _
from evrisim.study.process import Process

Task = dict[str, Any]

TRIES = 2
"""A worker that dies takes its task along; it is tried once more, from its last epoch on."""

GROWN = 1.5
ROOM = 512 * 2**20
"""A worker is replaced when it holds `GROWN` times its memory after its first training, and at
least `ROOM` bytes more: TensorFlow keeps a little of every training in a process."""


@dataclass(frozen=True)
class Outcome:
    """How a task ended: with what came out, or with a reason."""

    task: Task
    facts: dict[str, Any] | None = None
    reason: str | None = None


class Crew:
    """Worker processes that share out tasks; leaving the block ends them all.

    Args:
        threads: Threads of each worker's computations.
        log: File the workers' error output goes to.
        size: How many workers there are at most.
    """

    def __init__(self, *, threads: int, log: Path, size: int) -> None:
        self.size = size
        self._threads, self._log = threads, log
        self._answers: queue.Queue[tuple[Process, dict[str, Any]]] = queue.Queue()
        self._workers: list[Process] = []

    def __enter__(self) -> "Crew":
        """Start all workers, so that they load what they need side by side."""
        for _number in range(self.size):
            self._hire()
        return self

    def __exit__(self, *_error: object) -> None:
        """End all workers at once."""
        for worker in list(self._workers):
            self._dismiss(worker)

    def shrink(self, size: int) -> None:
        """Have at most `size` workers from now on; those too many, who must be idle, are ended."""
        self.size = min(self.size, size)
        for worker in self._workers[self.size :]:
            self._dismiss(worker)

    @property
    def memory(self) -> int:
        """The most memory a worker has held, in bytes."""
        return max((worker.memory for worker in self._workers), default=0)

    def work(
        self,
        tasks: Sequence[Task],
        *,
        seen: Callable[[Task, float], None] = lambda task, share: None,
    ) -> Iterator[Outcome]:
        """Do all tasks and give each one's outcome as it comes.

        Tasks of an arm go to a worker that knows the arm while others have enough to do.

        Args:
            tasks: Each with an `id` of its own.
            seen: Called with a running task and the share of it that is done.
        """
        waiting = list(tasks)
        tries: Counter[Any] = Counter()
        while waiting or any(worker.task for worker in self._workers):
            self._hand_out(waiting)
            worker, answer = self._answers.get()
            task = worker.task
            if answer["event"] == "ended":
                self._dismiss(worker)
                if task is None:
                    continue
                tries[task["id"]] += 1
                if tries[task["id"]] < TRIES:
                    waiting.insert(0, task)
                else:
                    yield Outcome(task, reason=self._death(answer["code"]))
            elif task is not None and answer["id"] == task["id"]:
                if answer["event"] == "progress":
                    seen(task, answer["share"])
                else:
                    yield self._finished(worker, task, answer)

    def _hand_out(self, waiting: list[Task]) -> None:
        for worker in self._workers:
            if worker.task is None and waiting:
                worker.tell(waiting.pop(self._choice(worker, waiting)))
        while waiting and len(self._workers) < self.size:
            worker = self._hire()
            worker.tell(waiting.pop(self._choice(worker, waiting)))

    def _hire(self) -> Process:
        worker = Process(self._answers, threads=self._threads, log=self._log)
        self._workers.append(worker)
        return worker

    def _choice(self, worker: Process, waiting: Sequence[Task]) -> int:
        """Choose what a free worker does: its own arms, then nobody's, then where most is left."""
        others = {arm for other in self._workers if other is not worker for arm in other.arms}
        left = Counter(task.get("arm") for task in waiting)

        def rank(index: int) -> tuple[bool, bool, int, int]:
            arm = waiting[index].get("arm")
            return arm in worker.arms, arm not in others, left[arm], -index

        return max(range(len(waiting)), key=rank)

    def _finished(self, worker: Process, task: Task, answer: dict[str, Any]) -> Outcome:
        worker.task = None
        if answer["event"] == "failed":
            return Outcome(task, reason=answer["reason"])
        worker.memory = answer["memory"]
        if task["do"] == "train":
            worker.first_memory = worker.first_memory or worker.memory
            if worker.memory > max(GROWN * worker.first_memory, worker.first_memory + ROOM):
                self._dismiss(worker)
        return Outcome(task, facts=answer)

    def _dismiss(self, worker: Process) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
        worker.end()

    def _death(self, code: int) -> str:
        if code < 0:
            reason = _("its worker was killed by signal {number}").format(number=-code)
        else:
            reason = _("its worker ended with code {code}").format(code=code)
        last = self._log.read_text("utf-8", errors="replace").strip().rpartition("\n")[2]
        return f"{reason}: {last[:300]}" if last else reason
