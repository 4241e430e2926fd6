"""The runner's end of a worker process."""

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from evrisim import messages

_THREADS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


class Process:
    """A worker process; its answers go into a queue as `(process, answer)`.

    When the process ends, however it does, `{"event": "ended", "code": …}` follows.

    Attributes:
        task: What it was told last and has not answered yet; None if it waits.
        arms: Names of the arms it has a workbench for.
        memory: The most memory it has held when it last answered, in bytes.
        first_memory: The same after its first training; 0 before.

    Args:
        answers: Where answers go.
        threads: How many threads its computations take.
        log: File its error output is appended to.
    """

    def __init__(
        self, answers: "queue.Queue[tuple[Process, dict[str, Any]]]", *, threads: int, log: Path
    ) -> None:
        self.task: dict[str, Any] | None = None
        self.arms: set[str] = set()
        self.memory = self.first_memory = 0
        self._answers = answers
        counts = dict.fromkeys(_THREADS, str(threads))
        with log.open("ab") as errors:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "evrisim.study.worker", messages.language()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                # A Ctrl-C is the runner's to handle.
                start_new_session=True,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **counts},
            )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def tell(self, task: dict[str, Any]) -> None:
        """Hand over a task; a process that is gone answers `ended`."""
        self.task = task
        if "arm" in task:
            self.arms.add(task["arm"])
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):
            self._child.stdin.write(json.dumps(task) + "\n")
            self._child.stdin.flush()

    def end(self) -> None:
        """End it at once; a training in it loses at most its running epoch."""
        self._child.kill()
        self._child.wait()
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):
            self._child.stdin.close()
        self._listener.join()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as answers:
            for line in answers:
                try:
                    self._answers.put((self, json.loads(line)))
                except ValueError:  # torn by a kill
                    break
        self._answers.put((self, {"event": "ended", "code": self._child.wait()}))
