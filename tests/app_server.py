"""`evrisim app` as a process of its own, for tests that meet it in a browser."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager


@contextmanager
def served(folder, number="1", *more):
    """The command as a process: its address, and what it says on standard error into a file."""
    # A test runner in the background ignores interrupts, and so would what it starts.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from evrisim.cli import process; process()"
    )
    words = [
        "app",
        number,
        "--no-browser",
        "--json",
        "--budget",
        "smoke",
        "--out",
        str(folder),
        *more,
    ]
    with (folder / "said").open("w") as said:
        server = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            with server.stdout as told:
                yield json.loads("".join(iter(told.readline, "}\n")) + "}")["url"]
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(60)
            finally:
                server.kill()
    assert server.returncode == 130
    assert "Traceback" not in (folder / "said").read_text("utf-8")
