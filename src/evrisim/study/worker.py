"""A worker: a process that takes tasks as lines of JSON, trains, and answers as lines of JSON.

Repeated trainings in one process leak memory in TensorFlow, and a crash takes its process along.
So trainings run in workers that can be replaced; the runner itself imports no Keras. A worker
ends when its input does, whatever it is doing: it never outlives its runner.
"""

import json
import os
import queue
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from evrisim import machine, messages
from evrisim._validate import InputError
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet
    from evrisim.study.trainees import Trainee
    from evrisim.training import Recipe, Workbench

SECONDS_BETWEEN = 0.5

Task = dict[str, Any]


class Worker:
    """Does tasks, and keeps between them what is slow to make: data sets and what arms train."""

    def __init__(self, answers: Any) -> None:
        self._answers = answers
        self._data: dict[str, DataSet] = {}
        self._trainees: dict[str, Trainee] = {}
        self._benches: dict[str, Workbench] = {}

    def do(self, task: Task) -> None:
        """Do one task and answer `done` with what came out, or `failed` with the reason."""
        try:
            result = getattr(self, f"_{task['do']}")(task)
        except InputError as error:
            self._say(task, "failed", reason=str(error))
        except Exception as error:
            traceback.print_exc()
            self._say(task, "failed", reason=f"{type(error).__name__}: {error}"[:500])
        else:
            self._say(task, "done", memory=machine.peak_memory(), **result)

    def _say(self, task: Task, event: str, **facts: Any) -> None:
        self._answers.write(json.dumps({"event": event, "id": task["id"], **facts}) + "\n")
        self._answers.flush()

    def _prepare(self, task: Task) -> dict[str, Any]:
        """Say of each arm what it trains on, its options in full, and what its model costs."""
        told: dict[str, dict[str, Any]] = {}  # by what is trained, which is often the same net
        arms = {}
        for name, arm in task["arms"].items():
            of = [arm[key] for key in ("source", "model", "options", "transfer")]
            what = json.dumps(of, sort_keys=True)
            if what not in told:
                told[what] = self._prepared(name, arm)
            arms[name] = told[what]
        return {"arms": arms}

    def _prepared(self, name: str, arm: Task) -> dict[str, Any]:
        from evrisim.study.trainees import trainee

        try:
            dataset = self._load(arm["source"])
            told = trainee(arm, {}).prepared(dataset)  # not kept: later its options are whole
        except InputError as error:
            raise InputError(_("Arm {arm}: {problem}").format(arm=name, problem=error)) from None
        return {
            "content_hash": dataset.content_hash(),
            "official": dataset.origin.get("official"),
            **told,
        }

    def _warm(self, task: Task) -> dict[str, Any]:
        """Time a part of an arm's training."""
        return self._trainee(task).warm(self._load(task["source"]), _recipe(task))

    def _train(self, task: Task) -> dict[str, Any]:
        from pathlib import Path

        said = 0.0

        def show(progress: Any) -> None:
            nonlocal said
            if time.monotonic() - said > SECONDS_BETWEEN:
                said = time.monotonic()
                share = (progress.epoch - 1 + progress.step / progress.steps) / progress.epochs
                self._say(task, "progress", share=share)

        run = self._trainee(task).train(
            self._load(task["source"]), _recipe(task), Path(task["directory"]), show, task["facts"]
        )
        return {"seconds": run.facts["seconds"]}

    def _judge(self, task: Task) -> dict[str, Any]:
        """Open the test split for a finished training."""
        from evrisim import judging
        from evrisim.training import Run

        run = Run.open(task["directory"])
        bench = None if "transfer" in run.facts else self._trainee({**task, **_choice(run)}).bench
        judging.evaluate_run(run, self._load(task["source"]), bench=bench)
        return {}

    def _load(self, saved: dict[str, Any]) -> "DataSet":
        key = json.dumps(saved, sort_keys=True)
        if key not in self._data:
            from evrisim.data.source import Source

            self._data[key] = Source.from_json(saved).load()
        return self._data[key]

    def _trainee(self, task: Task) -> "Trainee":
        """Give what an arm trains; kept, since its step is slow to trace."""
        from evrisim.study.trainees import trainee

        if task["arm"] not in self._trainees:
            self._trainees[task["arm"]] = trainee(task, self._benches)
        return self._trainees[task["arm"]]


def _choice(run: Any) -> Task:
    return {"model": run.facts["model"]["name"], "options": run.facts["model"]["options"]}


def _recipe(task: Task) -> "Recipe":
    from evrisim.training import Recipe

    return Recipe.create(task["recipe"])


def _own_output() -> Any:
    """Keep standard output for answers; whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _load_keras() -> None:
    """Import Keras without scikit-learn and Matplotlib, a quarter of the time it takes to load.

    It imports them, if they are installed, for its wrappers and galleries of images, which nothing
    here uses. None among the modules means not installed; afterwards they can be imported as ever.
    """
    unused = [name for name in ("matplotlib", "sklearn") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(unused))  # type: ignore[arg-type]
    try:
        import keras  # noqa: F401
    finally:
        for name in unused:
            del sys.modules[name]


def _read(tasks: "queue.Queue[Task]") -> None:
    for line in sys.stdin:
        tasks.put(json.loads(line))
    os._exit(0)


def main() -> None:
    """Do tasks until the input ends."""
    answers = _own_output()
    messages.use(sys.argv[1])
    tasks: queue.Queue[Task] = queue.Queue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    _load_keras()
    # Slow to load too: all workers do it side by side, before there is a task.
    import evrisim.judging
    import evrisim.study.trainees  # noqa: F401

    worker = Worker(answers)
    while True:
        worker.do(tasks.get())


if __name__ == "__main__":
    main()
