"""`evrisim pipeline`: what each stage of the input pipeline takes, and how long training waits."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._plain import plain
from evrisim._validate import check_picture, check_whole
from evrisim.cli import heavy, options
from evrisim.cli.output import Output
from evrisim.cli.train import check_model, divided
from evrisim.data import sources
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.pipeline import Course, Spread, Stages


def pipeline(
    data: options.Data,
    model: Annotated[str, typer.Option("--model", "-m", help=_("Name of a model."))] = "convnet",
    recipe: Annotated[
        str, typer.Option("--recipe", "-r", help=_("Name of a recipe, or a YAML file."))
    ] = "course",
    settings: options.Settings = None,
    batches: Annotated[
        int, typer.Option("--batches", help=_("Batches trained on in each of five rounds."))
    ] = 10,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture to write; default pipeline.png here.")),
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
    """Time the input pipeline stage by stage: what limits training, and what prefetching brings."""
    output = options.output(json, quiet)
    path = check_picture("--out", out or Path("pipeline.png"))
    check_whole("--batches", batches, 1)
    sources.check_source(data)
    check_model(model)
    from evrisim.training import Recipe

    changes, model_options = divided(options.settings(settings))
    chosen = Recipe.load(recipe).with_settings(changes)
    reading = options.reading(size, policy, skip_broken)
    heavy.load()
    from evrisim import models
    from evrisim import pipeline as room
    from evrisim.data.source import Source
    from evrisim.plots import pipeline as plots
    from evrisim.plots import save
    from evrisim.training import ModelChoice

    models.check(model, model_options)
    source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    dataset = options.load(output, source, offline=offline)
    with output.progress(_("timing the pipeline")) as progress:
        found = room.measure(
            dataset, ModelChoice(model, model_options), chosen, batches=batches, show=progress
        )
    save(plots.pipeline(found), path)
    value = {
        "picture": str(path),
        "data": dataset.name,
        **plain(found),
        "limit": found.limit,
        "sentence": room.sentence(found),
    }
    output.result(value, [*_lines(output, found), "", value["sentence"], str(path)])


def _lines(output: Output, found: "Stages") -> list[str]:
    from evrisim.plots.pipeline import stage_names

    header = (
        _("{batch} images a batch").format(batch=numbers.whole(found.batch_size)),
        _("ms a batch (lowest to highest round)"),
        _("images a second"),
    )
    rows = [(name, *_cells(found, getattr(found, key))) for key, name in stage_names().items()]
    courses = [_course(found, one) for one in found.courses]
    return [
        *output.table(header, rows),
        *_written(found),
        "",
        *output.table((_("batches ahead"), *header[1:], _("waiting for a batch")), courses),
    ]


def _cells(found: "Stages", spread: "Spread") -> tuple[str, str]:
    from evrisim.pipeline.saying import milliseconds

    if not spread.high:
        return "0", ""
    speed = numbers.large(found.images_per_second(spread.median)) if spread.median else ""
    low, high = milliseconds(spread.low), milliseconds(spread.high)
    return f"{milliseconds(spread.median)} ({low} – {high})", speed


def _course(found: "Stages", one: "Course") -> tuple[Any, ...]:
    share = one.waiting
    shares = f"{numbers.percent(share.median)} ({numbers.percent_range(share.low, share.high)})"
    return (numbers.whole(one.ahead), *_cells(found, one.seconds), shares)


def _written(found: "Stages") -> list[str]:
    if found.files == "folder":
        return []
    return [_("The data has no image files: its images were written to JPEG files to decode them.")]
