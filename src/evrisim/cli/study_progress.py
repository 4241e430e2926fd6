"""How a study is shown: one bar with the time left, then a table of its arms."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING

from evrisim.cli.output import Output
from evrisim.cli.training_progress import clock
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.study.results import Findings
    from evrisim.study.runner import Progress, Show

SECONDS_BETWEEN_LINES = 20.0


@contextmanager
def shown(output: Output) -> Iterator["Show"]:
    """Give what `settle` calls as it goes on."""
    if output.quiet:
        yield lambda progress: None
    elif output.bars:
        with _bar() as show:
            yield show
    else:
        yield _lines(output)


def _lines(output: Output) -> "Show":
    said = time.monotonic()

    def show(progress: "Progress") -> None:
        nonlocal said
        if progress.note:
            output.note(progress.note)
        elif time.monotonic() - said > SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            output.note(sentence(progress))

    return show


def sentence(progress: "Progress") -> str:
    """Say how far a study is."""
    if progress.seconds_left is None:
        return _("{done:.0f} of {total}").format(done=progress.done, total=progress.total)
    return _("{done:.1f} of {total} trainings, {left} left").format(
        done=progress.done, total=progress.total, left=clock(progress.seconds_left)
    )


@contextmanager
def _bar() -> Iterator["Show"]:
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True)
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn())
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(_("starting"), total=None)

        def show(progress: "Progress") -> None:
            if progress.note:
                console.print(progress.note, highlight=False)
            if progress.total:
                bar.update(
                    task,
                    description=sentence(progress),
                    total=progress.total,
                    completed=progress.done,
                )

        yield show


def table(output: Output, findings: "Findings") -> list[str]:
    """Lay out the arms: test top-1 over the seeds, size, time."""
    rows = []
    for arm in findings.arms:
        spread = arm.test.std(ddof=1) if arm.test is not None and len(arm.test) > 1 else None
        rows.append(
            (
                arm.name,
                len(arm.seeds),
                "–" if arm.test is None else numbers.decimal(100 * float(arm.test.mean()), 1),
                "–" if spread is None else numbers.decimal(100 * float(spread), 1),
                numbers.whole(arm.parameters),
                numbers.large(arm.macs),
                numbers.duration(median(arm.seconds.tolist())) if len(arm.seeds) else "–",
            )
        )
    header = (
        _("arm"),
        _("seeds"),
        _("test top-1, %"),
        _("spread"),
        _("parameters"),
        _("MACs"),
        _("training"),
    )
    return output.table(header, rows)
