"""Results to standard output, everything else to standard error; bars only for a terminal."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from evrisim.messages import translate as _

Progress = Callable[[int, int], None]

_SECONDS_BETWEEN_LINES = 10.0
_SILENT_SECONDS = 2.0


@dataclass(frozen=True)
class Output:
    """Where a command's words go: results to standard output, progress to standard error."""

    json: bool = False
    quiet: bool = False

    def result(self, value: Any, lines: Sequence[str]) -> None:
        """Print the result: `value` as JSON with `--json`, else `lines`."""
        if self.json:
            print(json.dumps(value, indent=2, ensure_ascii=False, default=str))  # noqa: T201
        else:
            for line in lines:
                print(line)  # noqa: T201

    def note(self, text: str) -> None:
        """Say what is going on, unless `--quiet`."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    @property
    def bars(self) -> bool:
        """Whether progress may be drawn as a moving bar."""
        return sys.stderr.isatty() and not self.quiet

    @contextmanager
    def progress(self, label: str) -> Iterator[Progress]:
        """Give a `progress(done, total)` that draws a bar, or a line every ten seconds."""
        if self.quiet:
            yield lambda done, total: None
        elif self.bars:
            with _bar(label) as update:
                yield update
        else:
            yield _lines(label, self.note)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
        """Lay out rows as text, columns aligned."""
        cells = [[str(cell) for cell in row] for row in [header, *rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
        return [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]


@contextmanager
def _bar(label: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(label: str, note: Callable[[str], None]) -> Progress:
    started = said = time.monotonic()

    def update(done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - started > _SILENT_SECONDS and now - said > _SECONDS_BETWEEN_LINES:
            said = now
            note(_("{label}: {done} of {total}").format(label=label, done=done, total=total))

    return update
