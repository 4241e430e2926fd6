"""`evrisim forgetting`: what a net loses of one task while it learns another."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._plain import plain
from evrisim._validate import InputError, check_choice, check_whole
from evrisim.cli import heavy, options, training_progress
from evrisim.cli.output import Output
from evrisim.cli.train import check_model, command
from evrisim.data import sources
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.data.source import Source
    from evrisim.forgetting import Case, Summary, Tasks
    from evrisim.statistics import Interval

TASKS = ("old", "new")
RATES = "rates"


def forgetting(
    data: options.Data = "shapes",
    then: Annotated[
        str | None,
        typer.Option(
            "--then", help=_("Data of the new task; default the data's second half of classes.")
        ),
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", help=_("Name of a model."))] = "condensed",
    remedies: Annotated[
        str,
        typer.Option(
            "--remedies",
            help=_(
                "all, rates, or some of plain, small-rate, frozen, probe-first, replay, "
                "near-start, ewc."
            ),
        ),
    ] = "all",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help=_("Change a setting: old.epochs=5, new.learning_rate=0.02; repeatable.")
        ),
    ] = None,
    images: Annotated[
        int | None,
        typer.Option("--images", help=_("Training images kept of each task; default all.")),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", help=_("How often, with other weights and batches."))
    ] = 3,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Folder of the results; default runs/forgetting-NAME.")),
    ] = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    size: options.Size = None,
    policy: options.Policy = None,
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Measure catastrophic forgetting, and what remedies are worth."""
    output = options.output(json, quiet)
    names = [name for name in (data, then) if name is not None]
    for name in names:
        sources.check_source(name)
    check_model(model)
    check_whole("--seeds", seeds, 1)
    check_whole("--images", 1 if images is None else images, 1)
    changes = options.by_group(options.settings(settings), TASKS)
    reading = options.reading(size, policy, skip_broken)
    stem = "-".join(sources.stem(name) for name in names)
    directory = out or Path("runs") / f"forgetting-{stem}"
    heavy.load()
    from evrisim import forgetting as room
    from evrisim.data.source import Source

    usual = room.old_recipe(**changes["old"])
    recipe = room.RECIPE.with_settings(changes["new"])
    chosen = _remedies(remedies, recipe.learning_rate)
    place = str(data_dir) if data_dir else None
    sets = [Source(name, data_dir=place, reading=reading) for name in names]
    tasks = _tasks(output, sets, images, offline=offline)
    with training_progress.shown(output) as show:
        bases = room.bases(
            tasks, usual, directory, model=model, seeds=seeds, show=lambda _seed: show
        )
    with output.progress(_("learning the new task")) as progress:
        cases = room.run(
            tasks, bases, chosen, recipe, directory=directory / "cases", progress=progress
        )
    room.record(directory, tasks, cases, usual, recipe, command=command())
    _tell(output, cases, directory / "forgetting.png")


def _tell(output: Output, cases: "Sequence[Case]", path: Path) -> None:
    """Draw what came out, and print it."""
    from evrisim import forgetting as room
    from evrisim.plots import save
    from evrisim.plots.forgetting import forgetting as picture

    found = room.summaries(cases)
    save(picture(cases, found), path)
    value = {"picture": str(path), "summaries": plain(found), "cases": plain(cases)}
    before = {case.seed: case.old_test[0] for case in cases}
    output.result(
        value,
        [
            _("Old task before: {top1} of the test images right, mean over {count} seeds.").format(
                top1=numbers.percent(sum(before.values()) / len(before)), count=len(before)
            ),
            *_table(output, found),
            str(path),
        ],
    )


def _tasks(output: Output, given: "list[Source]", images: int | None, *, offline: bool) -> "Tasks":
    from evrisim import forgetting as room

    loaded = [options.load(output, source, offline=offline) for source in given]
    tasks = room.pair(*loaded) if len(loaded) > 1 else room.halves(loaded[0])
    return tasks if images is None else tasks.limited(images)


def _remedies(text: str, learning_rate: float) -> "tuple[Any, ...]":
    from evrisim import forgetting as room

    if text == RATES:
        return room.rates(learning_rate)
    names = [word.strip() for word in text.split(",") if word.strip()]
    wanted = list(room.REMEDIES) if text == "all" else names
    for name in wanted:
        check_choice("--remedies", name, ("all", RATES, *room.REMEDIES))
    if not wanted:
        raise InputError(_("`--remedies` names none."))
    return tuple(room.remedy(name) for name in wanted)


def _table(output: Output, found: "tuple[Summary, ...]") -> list[str]:
    header = (_("remedy"), _("forgotten, points"), _("new task, %"))
    rows = [(one.name, _cell(one.forgetting), _cell(one.plasticity)) for one in found]
    return output.table(header, rows)


def _cell(one: "Interval") -> str:
    middle, low, high = (numbers.decimal(100 * end, 1) for end in (one.value, one.low, one.high))
    return middle if one.method == "none" else f"{middle} ({low} – {high})"
