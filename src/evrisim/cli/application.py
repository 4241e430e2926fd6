"""What an application's notebook asks of its surroundings: as a script, on a page, in marimo.

As a script it reads the command line, shows how trainings go, writes a report and ends as a
command does: 0 done, 2 wrong input, 130 interrupted.
"""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim import applications
from evrisim._validate import InputError
from evrisim.applications import asked as asking
from evrisim.applications import forgotten as forgetting
from evrisim.applications import model, studies, taken
from evrisim.applications.asked import Asked
from evrisim.cli import INTERRUPTED, WRONG_INPUT, failures, heavy, options
from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.forgetting import Record
    from evrisim.report.blocks import Section
    from evrisim.study.record import StudyRun
    from evrisim.training import Run

_OUTPUT = Output()

_SEEDS = {(2, "quick"): 3, (3, "quick"): 3}
"""Seeds an application takes at a budget unless the user says how many: it has many arms."""

_TAKING = (4,)
"""Applications that take a net over."""


def begin(mode: str | None, number: int = 1) -> Asked:
    """Find out what the application is asked for.

    Args:
        mode: marimo's word for how the notebook runs: `script`, `run`, `edit`, ….
        number: Of the application.

    Raises:
        SystemExit: In a script, after `--help`.
        InputError: For wrong arguments.
    """
    if mode == "script":
        sys.excepthook = _end
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        found = asking.checked(_read(sys.argv[1:], number))
        heavy.load()
    else:
        found = asking.checked(asking.in_use())
    found = replace(found, number=number)
    if number in _TAKING:
        found = replace(found, backbone=taken.chosen(found))
    few = _SEEDS.get((number, found.budget))
    return replace(found, seeds=few) if found.seeds is None and few else found


def _read(words: Sequence[str], number: int = 1) -> Asked:
    """Read the arguments of a script; usage is refused as by any command."""
    from evrisim import messages
    from evrisim.cli import _language, app

    language = _language(words)
    if language:
        messages.use(language)
    script = typer.Typer(add_completion=False, rich_markup_mode=None)
    script.command(help=f"{applications.titles()[number]}.")(_arguments(number))
    command = typer.main.get_command(script)
    try:
        found = command.main(list(words), prog_name=Path(sys.argv[0]).name, standalone_mode=False)
    except app._UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    if not isinstance(found, Asked):  # `--help` has been answered
        sys.exit(0)
    return found


def _arguments(number: int) -> Callable[..., Asked]:
    """Give the function whose parameters are the script's options, in the language in use."""
    seeds_help = _("Paired seeds of each study; default 6.")
    if (number, "quick") in _SEEDS:
        seeds_help = _("Paired seeds of each study; default 6, {few} at the budget quick.").format(
            few=_SEEDS[number, "quick"]
        )

    def script(
        data: Annotated[
            str, typer.Option("--data", help=_("Name of a data set, or a folder of images."))
        ] = "shapes",
        budget: Annotated[
            str, typer.Option("--budget", help=_("How much is trained: smoke, quick or full."))
        ] = "quick",
        seeds: Annotated[int | None, typer.Option("--seeds", help=seeds_help)] = None,
        out: Annotated[
            Path, typer.Option("--out", "-o", help=_("Folder of all runs; default runs."))
        ] = Path("runs"),
        jobs: Annotated[
            int | None, typer.Option("--jobs", help=_("Trainings at a time; default as it suits."))
        ] = None,
        backbone: Annotated[
            str | None,
            typer.Option(
                "--backbone",
                help=_("The net to take over: {names}; default the best that is here.").format(
                    names=", ".join(taken.LAST)
                ),
                hidden=number not in _TAKING,
            ),
        ] = None,
        lang: options.Lang = None,
    ) -> Asked:
        if backbone is not None and number not in _TAKING:
            raise InputError(
                _("Application {number} takes no net over: leave out --backbone.").format(
                    number=number
                )
            )
        return Asked(data, budget, seeds, out, jobs, script=True, backbone=backbone)

    return script


def _end(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """End a script as a command ends; a defect keeps its traceback."""
    if issubclass(kind, KeyboardInterrupt):
        failures.say(_("Interrupted. What was finished is kept; the same command goes on."))
        sys.exit(INTERRUPTED)
    sentence = failures.sentence(error) if isinstance(error, Exception) else None
    if sentence is None:
        sys.__excepthook__(kind, error, trace)
        return
    failures.say(sentence)
    sys.exit(WRONG_INPUT)


def with_budget(asked: Asked, budget: str) -> Asked:
    """Give what was asked for with another budget."""
    return replace(asked, budget=budget)


def with_backbone(asked: Asked, backbone: str) -> Asked:
    """Give what was asked for with another net to take over."""
    return replace(asked, backbone=backbone)


def taken_over(asked: Asked) -> "Run | None":
    """Give the run in two stages: a script trains it, a page shows what there is."""
    if not asked.script:
        return taken.trained(asked)
    from evrisim.cli import training_progress
    from evrisim.cli.transfer import extracting
    from evrisim.transfer import Watch

    _OUTPUT.note(_("training in two stages"))
    with training_progress.shown(_OUTPUT) as show:
        return taken.train(asked, Watch(show, extracting(_OUTPUT)))


def forgotten(asked: Asked) -> "Record | None":
    """Give what was forgotten: a script measures it, a page shows what there is."""
    if not asked.script:
        return forgetting.measured(asked)
    with _OUTPUT.progress(_("learning two tasks")) as show:
        return forgetting.measure(asked, lambda done, total: show(int(done), total))


def trained(asked: Asked) -> "Run | None":
    """Give the run of the whole model: a script trains it, a page shows what there is."""
    if not asked.script:
        return model.trained(asked)
    from evrisim.cli import training_progress

    _OUTPUT.note(_("training the whole model"))
    with training_progress.shown(_OUTPUT) as show:
        return model.train(asked, show)


def settled(name: str, asked: Asked) -> "StudyRun | None":
    """Give a study: a script settles it, a page shows what there is."""
    found = studies.settled(name, asked)
    if not asked.script or (found is not None and studies.is_complete(found, asked)):
        return found
    from evrisim.cli import study_progress

    _OUTPUT.note(_("study {name}").format(name=name))
    with study_progress.shown(_OUTPUT) as show:
        return studies.settle(name, asked, show)


@contextmanager
def progress(asked: Asked, label: str) -> "Iterator[Callable[[int, int], None]]":
    """Give a `progress(done, total)`: a bar or lines of a script, a note on a page's cell."""
    from evrisim.applications import page

    with _OUTPUT.progress(label) if asked.script else page.counted(label) as show:
        yield show


def finish(asked: Asked, parts: "Sequence[Section]") -> Path | None:
    """Write the report of a script and print what it found; a page is its own report."""
    if not asked.script:
        return None
    from evrisim.applications import report

    path = report.write(asked, parts)
    for line in report.summary(parts):
        print(line)  # noqa: T201
    print(_("Report: {path}").format(path=path))  # noqa: T201
    return path


def open_page(data: str, budget: str, out: Path) -> Asked:
    """Choose what a page served by this process is about.

    Raises:
        InputError: If there is no such data or budget.
    """
    asked = asking.checked(Asked(data, budget, out=out))
    asking.use(asked)
    return asked
