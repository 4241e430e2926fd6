"""Trainings started from a page: each is a process of its own, and ends with the page's server."""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from threading import Thread
from typing import IO, Any

from evrisim.applications.asked import Asked
from evrisim.messages import language
from evrisim.messages import translate as _

MODEL, TAKEN, FORGOTTEN = "model", "taken", "forgotten"
"""What is trained beside studies: a convnet, a net that is taken over, and what one forgets."""


@dataclass(eq=False)
class Job:
    """A training, or a study's, that a page started.

    Attributes:
        done, total: how far it is.
        text: what it is doing, or why it failed.
        seconds_left: an estimate; None where there is none.
    """

    process: "subprocess.Popen[str]"
    done: float = 0
    total: int = 1
    text: str = ""
    seconds_left: float | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self.process.poll() is None

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than well."""
        return not self.running and self.process.returncode != 0


_jobs: dict[tuple[str, Asked], Job] = {}


def begin(part: str, asked: Asked) -> Job:
    """Start what a part of the application trains, unless it is under way.

    Args:
        part: `MODEL`, `TAKEN`, `FORGOTTEN`, or the name of a study.
        asked: What the application was asked for.
    """
    found = find(part, asked)
    if found is not None and found.running:
        return found
    wanted = json.dumps({**asdict(asked), "out": str(asked.out), "part": part})
    process = subprocess.Popen(
        [sys.executable, "-m", "evrisim.applications.working", wanted],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "EVRISIM_LANG": language(), "PYTHONIOENCODING": "utf-8"},
    )
    job = Job(process, text=_("starting"))
    Thread(target=_follow, args=(job, process.stdout), daemon=True).start()
    Thread(target=_collect, args=(job, process.stderr), daemon=True).start()
    _jobs[part, asked] = job
    return job


def asked_for(part: str, asked: Asked, *, start: bool) -> Job | None:
    """Give the job of a part, started now if its button was pressed."""
    return begin(part, asked) if start else find(part, asked)


def ended() -> int:
    """Count the jobs that are over, well or not: when it grows there is something new to show."""
    return sum(not job.running for job in _jobs.values())


def find(part: str, asked: Asked) -> Job | None:
    """Give the job of a part, if this server started one."""
    return _jobs.get((part, asked))


def stop(jobs: Sequence[Job] | None = None) -> None:
    """End jobs, all of them if none are given; what they finished is kept."""
    for job in list(_jobs.values()) if jobs is None else jobs:
        if job.running:
            job.process.terminate()
            try:
                job.process.wait(20)
            except subprocess.TimeoutExpired:
                job.process.kill()


def _follow(job: Job, lines: IO[str]) -> None:
    with lines:
        for line in lines:
            if not line.startswith("{"):  # what a library printed
                continue
            told: dict[str, Any] = json.loads(line)
            job.done, job.total = told["done"], told["total"]
            job.text, job.seconds_left = told["text"], told["seconds_left"]


def _collect(job: Job, lines: IO[str]) -> None:
    with lines:
        for line in lines:
            job.errors[:] = [*job.errors[-20:], line.rstrip()]


atexit.register(stop)
