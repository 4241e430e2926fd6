"""The command line: prints what the library returned, and turns mistakes into one sentence."""

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from evrisim import messages
from evrisim._validate import InputError

# TensorFlow greets on standard error; a user of the command line did not ask for that.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WRONG_INPUT = 2
INTERRUPTED = 130


def process() -> NoReturn:
    """Be the whole process of one command, and end it with the command's exit code."""
    code = 1

    def leave() -> None:
        # What Python still has to do is to take itself down: with TensorFlow that lasts a second,
        # and it aborts if a thread of a served page is deep in compiled code. Being registered
        # first, this runs after all other endings.
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)

    atexit.register(leave)
    code = main()
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code is 0 done, 2 wrong input, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    language = _language(given)
    if language:
        messages.use(language)
    # Only now: the help texts are translated when the commands are defined.
    from evrisim.cli import app, failures

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = int(app.run(given) or 0)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except (InputError, OSError, MemoryError) as error:
        sentence = failures.sentence(error)
        if sentence is None:
            raise
        failures.say(sentence)
        return WRONG_INPUT
    # Some versions of Typer swallow the interruption and give its exit code only.
    if code == INTERRUPTED:
        failures.say(failures.interrupted())
    return code


def _language(arguments: Sequence[str]) -> str | None:
    """Find `--lang` before anything is defined; a wrong one is refused later, as an option is."""
    for position, argument in enumerate(arguments):
        value = None
        if argument == "--lang" and position + 1 < len(arguments):
            value = arguments[position + 1]
        elif argument.startswith("--lang="):
            value = argument.removeprefix("--lang=")
        if value in messages.LANGUAGES:
            return value
    return None
