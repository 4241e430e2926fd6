"""An application's file run as a script, in this process, with hardly any training."""

import contextlib
import io
import runpy
import signal
import sys
from pathlib import Path
from typing import NamedTuple

from evrisim import applications, messages

TASTE = ["--budget", "smoke", "--seeds", "1", "--jobs", "1"]
"""Arguments with which a script takes least."""


class Ran(NamedTuple):
    """What a script left: the folder it ran in, what it said, and its report."""

    folder: Path
    said: str
    report: str


def run(number: int, folder: Path, language: str, *more: str) -> Ran:
    """Run application `number` on drawn shapes; the process is as before afterwards."""
    file, said = str(applications.path(number)), io.StringIO()
    hook, words, handler = sys.excepthook, sys.argv, signal.getsignal(signal.SIGTERM)
    sys.argv = [file, *TASTE, "--lang", language, "--out", str(folder / "runs"), *more]
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_path(file, run_name="__main__")
    finally:
        sys.argv, sys.excepthook = words, hook
        signal.signal(signal.SIGTERM, handler)
        messages.use("en")
    report = folder / "runs" / f"application-{number}-shapes-smoke" / "report.html"
    return Ran(folder, said.getvalue(), report.read_text("utf-8"))
