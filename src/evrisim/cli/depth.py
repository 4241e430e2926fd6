"""`evrisim depth`: gradients and signals by layer, in plain and residual nets of several depths."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._plain import plain
from evrisim._validate import InputError, check_picture
from evrisim.cli import heavy, options
from evrisim.cli.output import Output
from evrisim.data import sources
from evrisim.messages import numbers
from evrisim.messages import translate as _

LAST = 5
"""Steps whose mean loss is told."""

if TYPE_CHECKING:
    from evrisim.depth import Case, Field


def depth(
    data: options.Data = "shapes",
    nets: Annotated[
        str, typer.Option("--nets", help=_("Which of plain, resnet, preact_resnet."))
    ] = "plain,resnet",
    depths: Annotated[str, typer.Option("--depths", help=_("Layers with weights."))] = "8,20,56",
    width: Annotated[int, typer.Option("--width", help=_("Feature maps of the first stage."))] = 8,
    norm: Annotated[str, typer.Option("--norm", help=_("batch, layer, group or none."))] = "batch",
    steps: Annotated[
        int, typer.Option("--steps", help=_("Steps of training, after which is looked again."))
    ] = 60,
    batch_size: Annotated[int, typer.Option("--batch-size", help=_("Images a step."))] = 64,
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", help=_("Of SGD with momentum 0.9."))
    ] = 0.1,
    seeds: Annotated[
        int, typer.Option("--seeds", help=_("How often, with other weights and batches."))
    ] = 1,
    fields: Annotated[
        bool, typer.Option("--fields", help=_("Draw how the effective receptive field grows, too."))
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture to write; default depth.png here.")),
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
    """Look at depth: gradients and signals by layer, with and without shortcuts."""
    output = options.output(json, quiet)
    path = check_picture("--out", out or Path("depth.png"))
    sources.check_source(data)
    layers = tuple(_whole("--depths", word) for word in _words(depths))
    reading = options.reading(size, policy, skip_broken)
    heavy.load()
    from evrisim import depth as room
    from evrisim.data.source import Source
    from evrisim.plots import depth as plots
    from evrisim.plots import save

    plan = room.Plan(
        nets=tuple(_words(nets)),
        depths=layers,
        width=width,
        norm=norm,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seeds=seeds,
    )
    plan.check()
    source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    dataset = options.load(output, source, offline=offline)
    with output.progress(_("watching nets")) as progress:
        cases = room.survey(dataset.train, len(dataset.class_names), plan, progress=progress)
    save(plots.flows(cases), path, dots=110)
    pictures = [str(path)]
    seen: tuple[Field, ...] = ()
    if fields:
        with output.progress(_("measuring fields")) as progress:
            seen = room.growth(plan, progress=progress)
        aside = path.with_stem(f"{path.stem}-fields")
        save(plots.fields(seen), aside, dots=110)
        pictures.append(str(aside))
    value = {
        "pictures": pictures,
        "data": dataset.name,
        "plan": plain(plan),
        "cases": [{"name": one.name, "unrest": one.unrest, **plain(one)} for one in cases],
        "fields": [_field(one) for one in seen],
    }
    output.result(
        value,
        [
            *_table(output, cases),
            "",
            *(_diverged(cases) if steps else ()),
            *_field_table(output, seen),
            *pictures,
        ],
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _whole(name: str, word: str) -> int:
    if not word.isdecimal():
        raise InputError(
            _("`{name}` takes whole numbers with commas between; received {word!r}.").format(
                name=name, word=word
            )
        )
    return int(word)


def _table(output: Output, cases: "tuple[Case, ...]") -> list[str]:
    header = (
        _("net"),
        _("gradient, first third to last"),
        _("agreement, first third"),
        _("after: gradient"),
        _("after: agreement"),
        _("loss, first to last steps"),
        _("unrest"),
    )
    rows = []
    for name in dict.fromkeys(case.name for case in cases):
        same = [case for case in cases if case.name == name]
        ends = [case.end for case in same if case.end is not None]
        rows.append(
            (
                name,
                _median([case.start.reach for case in same]),
                _median([case.start.early_agreement for case in same]),
                _median([end.reach for end in ends]),
                _median([end.early_agreement for end in ends]),
                _loss(same),
                _median([case.unrest for case in same if len(case.losses)]),
            )
        )
    return output.table(header, rows)


def _median(values: Sequence[float]) -> str:
    """Give the median over the seeds, and their range if there are several."""
    if not values:
        return ""
    found = sorted(values)
    said = numbers.decimal(statistics.median(found))
    if len(found) == 1:
        return said
    low, high = numbers.decimal(found[0]), numbers.decimal(found[-1])
    return f"{said} ({low} – {high})"


def _loss(same: "Sequence[Case]") -> str:
    seen = [case.losses for case in same if len(case.losses)]
    if not seen:
        return ""
    first = statistics.mean(float(one[:LAST].mean()) for one in seen)
    last = statistics.mean(float(one[-LAST:].mean()) for one in seen)
    return f"{numbers.decimal(first)} → {numbers.decimal(last)}"


def _diverged(cases: "tuple[Case, ...]") -> list[str]:
    return [
        _("{name}, seed {seed}: the loss was no longer finite after {count} steps.").format(
            name=case.name, seed=case.seed, count=len(case.losses)
        )
        for case in cases
        if case.end is None
    ]


def _field(one: "Field") -> dict[str, Any]:
    return {
        "net": one.net,
        "depth": one.depth,
        "theoretical": one.theoretical,
        "effective": one.effective.side,
    }


def _field_table(output: Output, seen: "tuple[Field, ...]") -> list[str]:
    if not seen:
        return []
    header = (_("first stage of"), _("receptive field"), _("95 % of it comes from"))
    rows = [(f"{one.net}-{one.depth}", one.theoretical, one.effective.side) for one in seen]
    return [*output.table(header, rows), ""]
