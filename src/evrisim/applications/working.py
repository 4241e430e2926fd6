"""The process behind a training that a page started: says as JSON lines how far it is.

`python -m evrisim.applications.working` is started by `evrisim.applications.work`, not by people.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from evrisim._validate import InputError
from evrisim.applications.asked import Asked
from evrisim.applications.work import FORGOTTEN, MODEL, TAKEN

WRONG_INPUT, INTERRUPTED = 2, 130


def main(wanted: str) -> int:
    """Do the work a page asked for; the exit code is as of a command."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = json.loads(wanted)
    part = settings.pop("part")
    asked = Asked(**{**settings, "out": Path(settings["out"])})
    try:
        _work(part, asked)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (InputError, OSError, MemoryError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    return 0


def _work(part: str, asked: Asked) -> None:
    if part == MODEL:
        from evrisim.applications import model

        model.train(asked, _epoch)
    elif part == TAKEN:
        from evrisim.applications import taken
        from evrisim.transfer import Watch

        taken.train(asked, Watch(_epoch, _features))
    elif part == FORGOTTEN:
        from evrisim.applications import forgotten

        forgotten.measure(asked, _learned)
    else:
        from evrisim.applications import studies

        studies.settle(part, asked, _step)


def _features(split: str, done: int, total: int) -> None:
    from evrisim.messages import translate as _

    _say(done, total, _("features of {split}").format(split=split), None)


def _learned(done: float, total: int) -> None:
    from evrisim.messages import numbers
    from evrisim.messages import translate as _

    text = _("{done} of {total} epochs").format(done=numbers.decimal(done, 1), total=total)
    _say(done, total, text, None)


def _epoch(progress: Any) -> None:
    from evrisim.messages import translate as _

    text = _("epoch {epoch} of {epochs}").format(epoch=progress.epoch, epochs=progress.epochs)
    done = (progress.epoch - 1) * progress.steps + progress.step
    _say(done, progress.epochs * progress.steps, text, progress.seconds_left)


def _step(progress: Any) -> None:
    from evrisim.messages import numbers
    from evrisim.messages import translate as _

    if progress.total:
        text = _("{done} of {total} trainings").format(
            done=numbers.decimal(progress.done, 1), total=progress.total
        )
        _say(progress.done, progress.total, text, progress.seconds_left)


def _say(done: float, total: int, text: str, seconds_left: float | None) -> None:
    told = {"done": done, "total": total, "text": text, "seconds_left": seconds_left}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main(sys.argv[1]))
