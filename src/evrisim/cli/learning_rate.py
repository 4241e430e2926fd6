"""`evrisim learning-rate` finds a rate; `evrisim schedule` draws what is planned."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evrisim._validate import check_choice, check_picture
from evrisim.cli import heavy, options, transfer
from evrisim.cli.train import check_model, divided
from evrisim.data import sources
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.training.planned import Planned
    from evrisim.training.rate_finder import Sweep

STRATEGIES = ("frozen", "partial", "full", "two-stage", "gradual", "discriminative")
"""Strategies of transfer, whose stages are drawn one after the other."""


def learning_rate(
    data: options.Data,
    model: Annotated[str, typer.Option("--model", "-m", help=_("Name of a model."))] = "convnet",
    recipe: Annotated[
        str, typer.Option("--recipe", "-r", help=_("Name of a recipe, or a YAML file."))
    ] = "course",
    settings: options.Settings = None,
    low: Annotated[float, typer.Option("--low", help=_("Rate to begin with."))] = 1e-6,
    high: Annotated[float, typer.Option("--high", help=_("Rate to end with."))] = 100.0,
    steps: Annotated[int, typer.Option("--steps", help=_("Steps from one to the other."))] = 150,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture to write; default learning-rate.png here.")),
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
    """Find a learning rate: let it climb for some steps and see where the loss breaks away."""
    output = options.output(json, quiet)
    path = check_picture("--out", out or Path("learning-rate.png"))
    sources.check_source(data)
    check_model(model)
    from evrisim.training import Recipe

    changes, model_options = divided(options.settings(settings))
    chosen = Recipe.load(recipe).with_settings(changes)
    reading = options.reading(size, policy, skip_broken)
    heavy.load()
    from evrisim import models
    from evrisim.data.source import Source
    from evrisim.plots import rates, save
    from evrisim.training import ModelChoice, rate_finder

    models.check(model, model_options)
    source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    dataset = options.load(output, source, offline=offline)
    with output.progress(_("trying learning rates")) as progress:
        found = rate_finder.sweep(
            dataset,
            ModelChoice(model, model_options),
            chosen,
            low=low,
            high=high,
            steps=steps,
            progress=progress,
        )
    save(rates.sweep(found, own=chosen.learning_rate), path)
    value = {
        "picture": str(path),
        "suggestion": found.suggestion,
        "steepest": found.steepest,
        "lowest": found.lowest,
        "stopped": found.stopped,
        "rates": found.rates,
        "losses": found.losses,
        "smoothed": found.smoothed,
    }
    output.result(value, [_sentence(found, high), str(path)])


def schedule(
    recipe: Annotated[
        str, typer.Argument(help=_("A recipe, a YAML file, or a strategy of transfer."))
    ] = "course",
    settings: options.Settings = None,
    images: Annotated[
        int, typer.Option("--images", help=_("How many images are trained on."))
    ] = 45_000,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture to write; default schedule.png here.")),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Draw the learning rate over a training before it is run."""
    output = options.output(json, quiet)
    path = check_picture("--out", out or Path("schedule.png"))
    changes = options.settings(settings)
    from evrisim.training.recipe import RECIPES, Recipe

    if Path(recipe).suffix not in (".yaml", ".yml"):
        check_choice("recipe", recipe, (*RECIPES, *STRATEGIES))
    named = recipe not in STRATEGIES
    chosen = Recipe.load(recipe).with_settings(changes) if named else None
    heavy.load()
    from evrisim.plots import rates, save
    from evrisim.training.planned import planned

    if chosen is not None:
        found = [planned(chosen, images)]
    else:
        from evrisim import transfer as room

        parts = options.by_group(changes, transfer.STAGES)
        stages = room.stages(
            recipe,
            head=room.HEAD.with_settings(parts["head"]),
            tune=room.TUNE.with_settings(parts["tune"]),
        )
        found = [planned(stage.recipe, images, stage.name) for stage in stages]
    save(rates.schedule(found), path)
    output.result(
        {
            "picture": str(path),
            "stages": [
                {"name": one.name, "steps": one.steps, "epochs": one.epochs, "rates": one.rates}
                for one in found
            ],
        },
        [*(_course(one) for one in found), str(path)],
    )


def _sentence(found: "Sweep", high: float) -> str:
    if found.suggestion is None and found.stopped:
        return _("The loss never fell: try a lower --low, more steps, or another batch size.")
    if found.suggestion is None:
        return _(
            "The loss did not break away up to a rate of {high}: try a higher --high, or more "
            "steps."
        ).format(high=numbers.general(high, 3))
    return _(
        "Suggested: {suggestion}, between the rate at which the loss fell fastest ({steepest}) and "
        "the one at which it was lowest ({lowest}); at {end} it had broken away."
    ).format(
        suggestion=numbers.general(found.suggestion, 2),
        lowest=numbers.general(found.lowest, 2),
        steepest=numbers.general(found.steepest, 2),
        end=numbers.general(found.rates[-1], 2),
    )


def _course(one: "Planned") -> str:
    peak = max(one.rates)
    told = _(
        "{steps} steps in {epochs} epochs: from {first} to {peak} at epoch {at}, then to {last}."
    ).format(
        steps=numbers.whole(one.steps),
        epochs=numbers.general(one.epochs[-1], 4),
        first=numbers.general(one.rates[0], 3),
        peak=numbers.general(peak, 3),
        at=numbers.general(one.epochs[list(one.rates).index(peak)], 3),
        last=numbers.general(one.rates[-1], 2),
    )
    return f"{one.name}: {told}" if one.name else told
