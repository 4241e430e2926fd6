"""A headless Chromium that a test drives over its DevTools protocol."""

import contextlib
import itertools
import json
import re
import shutil
import subprocess
import time
import urllib.request

import websockets.sync.client as sockets

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One page of a browser; `events` keeps what the browser told."""

    def __init__(self, profile) -> None:
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--remote-debugging-port=0",
            "--window-size=1280,1000",
            f"--user-data-dir={profile}",
        ]
        self.process = subprocess.Popen(
            [PROGRAM, *flags, "about:blank"], stderr=subprocess.PIPE, text=True
        )
        said = (re.search(r"ws://\S+:(\d+)/", line) for line in self.process.stderr)
        port = next(found for found in said if found)[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            page = next(tab for tab in json.load(answer) if tab["type"] == "page")
        self.open = contextlib.ExitStack()
        url = page["webSocketDebuggerUrl"]
        self.line = self.open.enter_context(
            sockets.connect(url, max_size=None, proxy=None, ping_interval=None)
        )
        self.numbers, self.events = itertools.count(1), []
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.line.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self.line.recv(120))
            if told.get("id") == number:
                return told["result"]
            self.events.append(told)

    def value(self, expression):
        """What a JavaScript expression gives on the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)[
            "result"
        ].get("value")

    def wait(self, expression, seconds=180.0):
        """Wait until an expression gives something true, and give that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.value(expression)
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError(f"never true: {expression}; {self.value('document.body.innerText')}")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    def told(self, method):
        """The events of a kind so far."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def close(self) -> None:
        self.open.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stderr.close()
