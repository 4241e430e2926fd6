"""`evrisim transfer`: a net that has learned elsewhere, taken over for one's own images."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evrisim.cli import heavy, options, training_progress
from evrisim.cli.output import Output
from evrisim.cli.train import command, note_sizes, run_directory, summary
from evrisim.data import sources
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.transfer import Plan

SIZE, SMALL = 160, 96
"""Rows and columns that a trunk sees: of photographs, and of images of a set of small ones."""

STAGES = ("head", "tune")

Last = Annotated[
    str | None,
    typer.Option(
        "--last", help=_("What of the trunk trains: a number of last layers, all, or a block.")
    ),
]


def transfer(
    data: options.Data,
    backbone: Annotated[
        str,
        typer.Option("--backbone", "-b", help=_("Known architecture, folder of a run, or file.")),
    ] = "mobilenet_v2",
    weights: Annotated[
        str | None, typer.Option("--weights", help=_("imagenet, random, or a file of weights."))
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(
            "--strategy",
            help=_("auto, frozen, partial, full, two-stage, gradual or discriminative."),
        ),
    ] = "auto",
    domain: Annotated[
        str,
        typer.Option(
            "--domain", help=_("For auto: close to ImageNet's photographs, between, or far.")
        ),
    ] = "between",
    last: Last = None,
    head: Annotated[str, typer.Option("--head", help=_("linear or course."))] = "linear",
    norm: Annotated[
        str,
        typer.Option(
            "--norm",
            help=_("Batch normalisations of layers that train: frozen, statistics or trainable."),
        ),
    ] = "frozen",
    views: Annotated[
        str,
        typer.Option(
            "--views",
            help=_("Views kept as features: 0, flip, or a number of draws of the augmentation."),
        ),
    ] = "0",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help=_("Change a setting: head.epochs=5, tune.learning_rate=1e-4; repeatable.")
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", "-s", help=_("Seed of weights, order and draws."))
    ] = 0,
    out: options.Out = None,
    resume: options.Resume = False,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    size: Annotated[
        str | None,
        typer.Option("--size", help=_("Size that the trunk sees images at, such as 160.")),
    ] = None,
    policy: options.Policy = None,
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Take a net over that has learned elsewhere: train a head on it, measure, report."""
    output = options.output(json, quiet)
    sources.check_source(data)
    changes = options.by_group(options.settings(settings), STAGES)
    known = data in sources.DATA_SETS
    trunk_size = options.parse_size(size) if size else (SMALL if known else SIZE,) * 2
    reading = options.reading(None, policy, skip_broken)
    if not known:
        reading["size"] = trunk_size
    directory = run_directory(out, f"{sources.stem(data)}-{_stem(backbone)}-s{seed}", resume)
    heavy.load()
    from evrisim import transfer as room
    from evrisim import workflow
    from evrisim.data.cache import ArrayCache, default_folder
    from evrisim.data.source import Source

    spec = room.Spec(
        backbone,
        weights,
        trunk_size,
        strategy,
        domain,
        None if last is None else _number(last),
        head,
        norm,
        views=_number(views),
        settings=changes,
    )
    spec.check_used()
    trunk = spec.taken(seed=seed, offline=offline)  # refused before images are read
    source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    dataset = options.load(output, source, offline=offline)
    note_sizes(output, dataset, directory)
    plan = spec.plan(trunk, len(dataset.train), seed=seed)
    _note_stages(output, plan)
    with training_progress.shown(output) as show:
        run = workflow.transfer_run(
            dataset,
            plan,
            directory=directory,
            cache=ArrayCache(default_folder()),
            resume=resume,
            watch=room.Watch(show, extracting(output)),
            facts={"command": command(), "source": source.to_json()},
        )
    output.result(run.facts, summary(run))


def _stem(backbone: str) -> str:
    """Give a backbone's name as a part of a folder's name, also on Windows."""
    return Path(backbone.replace(":", "-")).stem


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _note_stages(output: Output, plan: "Plan") -> None:
    """Say what trains when, and why if that was chosen here."""
    if plan.reason:
        output.note(plan.reason)
    for stage in plan.stages:
        trained = stage.freezing(plan.trunk.model).trained
        what = (
            _("{count} of the trunk's {layers} layers and the head, from {first}").format(
                count=len(trained), layers=len(plan.trunk.model.layers), first=trained[0]
            )
            if trained
            else _("the head alone; what the trunk gives is computed once")
        )
        output.note(f"{stage.name}: {what}")


def extracting(output: Output) -> Callable[[str, int, int], None]:
    """Say how far the computing of features is, in a line each tenth."""
    from evrisim.transfer.extraction import CHUNK

    def show(split: str, done: int, total: int) -> None:
        before = max(done - CHUNK, 0)
        if 10 * done // total > 10 * before // total:
            output.note(
                _("features of {split}: {done} of {total} images").format(
                    split=split, done=done, total=total
                )
            )

    return show
