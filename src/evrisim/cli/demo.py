"""`evrisim demo`: the whole way on the embedded data."""

from pathlib import Path
from typing import Annotated

import typer

from evrisim.cli import heavy, options
from evrisim.cli.train import free_directory, run_training, summary
from evrisim.messages import translate as _


def demo(
    quick: Annotated[
        bool, typer.Option("--quick", help=_("A small data set and few epochs: half a minute."))
    ] = False,
    out: options.Out = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Train, measure, explain and report on drawn shapes; no download, a few minutes."""
    output = options.output(json, quiet)
    heavy.load()
    from evrisim.data.source import Source
    from evrisim.training import ModelChoice, Recipe

    recipe = Recipe.load("demo")
    source = Source("shapes")
    if quick:
        recipe = recipe.with_settings({"epochs": 3})
        source = Source("shapes", counts=(2000, 500, 500))
    run = run_training(
        output,
        source,
        ModelChoice("convnet", {"width": 32}),
        recipe,
        directory=out or free_directory(Path("runs/demo")),
    )
    output.result(run.facts, summary(run))
