"""`evrisim train`: train, evaluate, explain and report."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._validate import InputError, check_choice
from evrisim.cli import heavy, models, options, training_progress
from evrisim.cli.output import Output
from evrisim.data import sources
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet
    from evrisim.data.source import Source
    from evrisim.training import ModelChoice, Recipe, Run


def train(
    data: options.Data,
    model: Annotated[str, typer.Option("--model", "-m", help=_("Name of a model."))] = "convnet",
    recipe: Annotated[
        str, typer.Option("--recipe", "-r", help=_("Name of a recipe, or a YAML file."))
    ] = "course",
    settings: options.Settings = None,
    seed: Annotated[
        int | None, typer.Option("--seed", "-s", help=_("Seed of weights, order and draws."))
    ] = None,
    out: options.Out = None,
    resume: options.Resume = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help=_("Also write TensorBoard logs."))
    ] = False,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    size: options.Size = None,
    policy: options.Policy = None,
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Train a model on a data set, measure it and write a report."""
    output = options.output(json, quiet)
    sources.check_source(data)
    check_model(model)
    # Heavy names come in stages, so that help and wrong arguments answer at once.
    from evrisim.training import Recipe

    changes, model_options = divided(options.settings(settings))
    if seed is not None:
        changes["seed"] = seed
    chosen = Recipe.load(recipe).with_settings(changes)
    reading = options.reading(size, policy, skip_broken)
    directory = run_directory(out, f"{sources.stem(data)}-{model}-s{chosen.seed}", resume)
    heavy.load()
    from evrisim.data.source import Source
    from evrisim.training import ModelChoice

    source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    run = run_training(
        output,
        source,
        ModelChoice(model, model_options),
        chosen,
        directory=directory,
        resume=resume,
        offline=offline,
        tensorboard=tensorboard,
    )
    output.result(run.facts, summary(run))


def run_training(
    output: Output,
    source: "Source",
    model: "ModelChoice",
    recipe: "Recipe",
    *,
    directory: Path,
    resume: bool = False,
    offline: bool = False,
    tensorboard: bool = False,
) -> "Run":
    """Load the data, train, and show how it goes."""
    from contextlib import nullcontext

    from evrisim import models as builders
    from evrisim import workflow
    from evrisim.training import tensorboard as board
    from evrisim.training.placing import fastest
    from evrisim.training.proof import prove

    builders.check(model.name, model.options)
    logs = board.logs(directory / "tensorboard") if tensorboard else nullcontext(None)
    dataset = options.load(output, source, offline=offline)
    note_sizes(output, dataset, directory)
    output.note(f"{prove(dataset, recipe).sentence} {fastest(dataset, recipe).sentence}")
    with logs as log, training_progress.shown(output) as show:
        return workflow.train_run(
            dataset,
            model,
            recipe,
            directory=directory,
            resume=resume,
            show=show if log is None else board.both(show, log),
            facts={"command": command(), "source": source.to_json()},
        )


def note_sizes(output: Output, dataset: "DataSet", directory: Path) -> None:
    """Say how many images there are for what, and where the run goes."""
    output.note(
        _(
            "{data}: {train} images to train on, {validation} to validate, {test} to test; {run}"
        ).format(
            data=dataset.name,
            train=len(dataset.train),
            validation=len(dataset.validation),
            test=len(dataset.test),
            run=directory,
        )
    )


def command() -> str:
    """Give the command line that makes the same run again, in another place or from the start."""
    return shlex.join(["evrisim", *(word for word in sys.argv[1:] if word != "--resume")])


def summary(run: "Run") -> list[str]:
    """Say in a few lines what came out of a run."""
    facts = run.facts
    lines = [facts["metrics"]["sentence"]]
    explanation = facts.get("explanation") or {}
    if "pointing_game" in explanation:
        lines.append(
            _(
                "Grad-CAM's hottest point lies on the object in {share:.1f} % of {count} images "
                "(by chance: {chance:.1f} %)."
            ).format(
                share=100 * explanation["pointing_game"],
                count=explanation["count"],
                chance=100 * explanation["pointing_game_chance"],
            )
        )
    lines.append(
        _("Trained {epochs} epochs in {seconds} ({precision}, seed {seed}).").format(
            epochs=facts["epochs"],
            seconds=training_progress.clock(facts["seconds"]),
            precision=facts["precision"],
            seed=facts["seed"],
        )
    )
    damaged = [name for time in facts.get("resumed", ()) for name in time["damaged_checkpoints"]]
    if damaged:
        lines.append(
            _("Damaged checkpoints were passed over: {names}.").format(names=", ".join(damaged))
        )
    lines.append(_("Report: {path}").format(path=run.directory / "report.html"))
    return lines


def check_model(model: str) -> None:
    """Pass a model that is trained from the start; tell the known others apart from the unknown."""
    if model in models.NAMES and model not in models.TRAINED:
        raise InputError(
            _(
                "{model} can be looked at with `evrisim cost {model}`, but not trained from the "
                "start; `--model` takes {known}."
            ).format(model=model, known=", ".join(models.TRAINED))
        )
    check_choice("model", model, models.TRAINED)


def divided(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part settings of the recipe from those of the model (`model.width`)."""
    own = {key: value for key, value in settings.items() if not key.startswith("model.")}
    model = {
        key.removeprefix("model."): value
        for key, value in settings.items()
        if key.startswith("model.")
    }
    return own, model


def run_directory(out: Path | None, stem: str, resume: bool) -> Path:
    """Choose where the run goes: as told, else a free place, or the newest taken one to resume."""
    if out is not None:
        return out
    free, last = _places(Path("runs") / stem)
    if not resume:
        return free
    if last is None:
        raise InputError(
            _("There is nothing to resume: {path} does not exist. Leave out --resume.").format(
                path=free
            )
        )
    return last


def free_directory(wanted: Path) -> Path:
    """Give `wanted` if nothing is there, else `wanted-2`, `wanted-3`, …"""
    return _places(wanted)[0]


def _places(wanted: Path) -> tuple[Path, Path | None]:
    number, last, path = 1, None, wanted
    while path.exists():
        number, last = number + 1, path
        path = wanted.with_name(f"{wanted.name}-{number}")
    return path, last
