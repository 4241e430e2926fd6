"""Blocks on a marimo page, and what a page needs besides: style, progress of trainings."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from evrisim.applications.asked import Asked
from evrisim.applications.work import Job
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report import page as pages
from evrisim.report.blocks import Block, Section
from evrisim.study.design import BUDGETS

# The colours of a report by day: figures are drawn for a light ground, and marimo's page has one.
_COLOURS = """
  --paper: #fbfbf9; --panel: #ffffff; --ink: #1b1f24; --soft: #565d66; --line: #d9dcdf;
  --accent: #00609a; --reading: #e9f2f8; --warning: #fdf0dc; --warning-line: #b25a00;
  color: var(--ink); font: 1rem/1.6 system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans",
  sans-serif; color-scheme: light; overflow-wrap: break-word;
"""


def style() -> Any:
    """Give the style of reports, for blocks only: the page around them keeps its own."""
    import marimo

    # The page goes to an address by itself, without the browser's `:target`: all are open here.
    behind = ".behind { display: block; max-height: 17rem; overflow-y: auto; }"
    own = f"figure.wide {{ max-width: 100%; }} {behind}"
    sheet = f".evrisim {{ {_COLOURS} {pages.style()} {own} }}"
    return marimo.Html(f"<style>{sheet}</style>")


def show(shown: Section | Sequence[Block]) -> Any:
    """Give a part, or some blocks, as marimo shows them."""
    import marimo
    from markupsafe import escape

    if isinstance(shown, Section):
        title = f'<h2 id="{escape(shown.name)}">{escape(shown.title)}</h2>'
        return marimo.Html(_framed(f"{title}{pages.fragment(shown.blocks)}"))
    return marimo.Html(_framed(pages.fragment(shown)))


def _framed(text: str) -> str:
    return f'<div class="evrisim">{text}</div>'


def only_on_page(element: Any, asked: Asked) -> Any:
    """Give what only somebody who looks can use; nothing in a script."""
    return None if asked.script else element


def budgets() -> dict[str, str]:
    """Name the budgets for a menu."""
    names = {
        "smoke": _("a taste: seconds, says nothing"),
        "quick": _("quick: minutes"),
        "full": _("full: hours"),
    }
    return {names[budget]: budget for budget in BUDGETS}


def budget_name(asked: Asked) -> str:
    """Give the menu's name of the budget that was asked for."""
    return next(name for name, budget in budgets().items() if budget == asked.budget)


def progress(job: Job | None) -> Any:
    """Say how far a training is; nothing where none was started."""
    import marimo
    from markupsafe import escape

    if job is None:
        return None
    if job.running:
        said = job.text
        if job.seconds_left is not None:
            left = numbers.duration(job.seconds_left)
            said = _("{text}, about {left} left").format(text=job.text, left=left)
        bar = f'<progress max="{job.total}" value="{job.done}" style="width: 100%"></progress>'
        return marimo.Html(_framed(f"<p>{escape(said)}</p>{bar}"))
    if job.failed:
        reason = job.errors[-1] if job.errors else _("it was stopped")
        said = _("The training ended early: {reason}").format(reason=reason)
        return marimo.Html(_framed(f'<p class="warning">{escape(said)}</p>'))
    return marimo.Html(_framed(f"<p>{escape(_('Done.'))}</p>"))


@contextmanager
def counted(label: str) -> Iterator[Callable[[int, int], None]]:
    """Give a `progress(done, total)` that a cell shows for as long as it works."""
    import marimo

    with marimo.status.spinner(title=label, remove_on_exit=True) as spinner:
        yield lambda done, total: spinner.update(subtitle=numbers.percent(done / total, 0))
