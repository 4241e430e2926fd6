"""Train a model on a data set, as a run on disk that survives being killed."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evrisim import _files, cost, machine
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet, check_dataset
from evrisim.messages import translate as _
from evrisim.training import checkpoint, growing, loop
from evrisim.training.placing import fastest
from evrisim.training.proof import prove
from evrisim.training.recipe import Recipe
from evrisim.training.run import FORMAT, Run, locked, write_history
from evrisim.training.state import State, from_checkpoint
from evrisim.training.workbench import ModelChoice, Workbench, compiled, uncompiled


def fit(
    dataset: DataSet,
    model: ModelChoice | keras.Model | Workbench,
    recipe: Recipe,
    *,
    directory: str | Path,
    resume: bool = False,
    show: loop.Show = lambda progress: None,
    facts: dict[str, Any] | None = None,
) -> Run:
    """Train, keeping a run in `directory` that a killed process can resume.

    The same data set, model, recipe and seed give the same weights bit for bit on one machine
    with the same number of threads, in one go or resumed.

    Args:
        dataset: What to train on; the test split is not looked at.
        model: A choice by name, or a model of one's own (raw 0–255 images to logits or
            softmax probabilities), trained from the weights it has; or a workbench, on which
            trainings that differ in their seed share one traced step.
        recipe: How to train.
        directory: Where the run goes; must not hold one already unless `resume`.
        resume: Go on with an unfinished run of the same data, model and recipe.
        show: Called with a `loop.Progress` after every step and epoch.
        facts: More that `run.json` shall say of the run, such as the command; JSON values.

    Returns:
        The run with status `trained` and its best model saved.

    Raises:
        InputError: If the data, the model or the directory cannot be used.
        loop.TrainingDivergedError: If the loss is no longer a number; the run then has the best
            model so far and status `diverged`.
        KeyboardInterrupt: If interrupted; likewise, with status `interrupted`.
    """
    check_dataset(dataset)
    identity = _identity(dataset, model, recipe)
    # Features are not augmented: there is nothing to prove.
    proof = {} if dataset.features else prove(dataset, recipe).to_json()
    placement = fastest(dataset, recipe)
    # A model that cannot be used is refused before anything is written.
    built = (
        model.compiled(dataset, recipe)
        if isinstance(model, Workbench)
        else compiled(dataset, model, recipe)
    )
    growing.check(built, recipe, dataset)
    run = _opened(Path(directory), identity, resume)
    with locked(run.directory):
        if run.facts["status"] in ("trained", "done"):
            return run
        state, damaged = _state(run.directory, built)
        run = run.updated(
            **(facts or {}),
            status="running",
            augmentation={**proof, "placement": placement.to_json()},
            resumed=_resumptions(run, state, damaged),
            cost=_cost(built, dataset),
            precision=_precision(built),
        )
        with _kept_when_stopped(run, built, state):
            loop.train(
                built,
                dataset,
                recipe,
                state,
                folder=run.directory,
                show=show,
                way=placement.way,
            )
        run = _with_model(run, built, state, "trained")
        _files.remove(run.directory / "checkpoint")
        return run


def keep(
    dataset: DataSet,
    model: keras.Model,
    recipe: Recipe,
    *,
    directory: str | Path,
    history: list[dict[str, Any]],
    best: dict[str, Any],
    facts: dict[str, Any],
) -> Run:
    """Keep a model that was trained in stages as one run, as `fit` would have left it.

    Args:
        dataset: What it was trained on.
        model: With the weights to be kept.
        recipe: That of the last stage.
        directory: Where the run goes; one that is there is overwritten, unless it is done.
        history: One row an epoch of all stages, as in `Run.history`.
        best: The row of it whose weights the model has.
        facts: More that `run.json` shall say, such as the stages.

    Returns:
        The run with status `trained`.
    """
    directory = Path(directory)
    identity = _identity(dataset, model, recipe)
    with locked(directory):
        run = Run(directory, {**_begun(identity), **facts}).updated()
        write_history(directory / "history.jsonl", history)
        run = run.updated(cost=_cost(model, dataset), precision=_precision(model))
        return _saved(run, model, State(history), "trained", best)


def _identity(
    dataset: DataSet, model: ModelChoice | keras.Model | Workbench, recipe: Recipe
) -> dict[str, Any]:
    """Give the facts that make a run what it is; a resumed run must have the same."""
    if isinstance(model, Workbench):
        model = model.choice
    return {
        "data": {
            "name": dataset.name,
            "content_hash": dataset.content_hash(),
            "splits": {name: len(split) for name, split in dataset.splits.items()},
            "class_names": list(dataset.class_names),
            "image_shape": list(dataset.image_shape),
            "origin": dataset.origin,
        },
        "model": (
            {"name": model.name, "options": model.options}
            if isinstance(model, ModelChoice)
            else {"name": model.name, "options": {}, "weights_sha256": weights_hash(model)}
        ),
        "recipe": recipe.model_dump(),
        "seed": recipe.seed,
    }


def _opened(directory: Path, identity: dict[str, Any], resume: bool) -> Run:
    if (directory / "run.json").exists():
        if not resume:
            raise InputError(
                _(
                    "{path} already holds a run; choose another folder with --out, or go on "
                    "with it with --resume."
                ).format(path=directory)
            )
        run = Run.open(directory)
        _check_same(run, identity)
        return run
    if directory.is_dir() and any(path.name != ".lock" for path in directory.iterdir()):
        raise InputError(
            _("{path} is not empty and holds no run; choose another folder with --out.").format(
                path=directory
            )
        )
    directory.mkdir(parents=True, exist_ok=True)
    return Run(directory, _begun(identity)).updated()


def _begun(identity: dict[str, Any]) -> dict[str, Any]:
    """Give the facts of a run that begins now."""
    return {
        "format": FORMAT,
        "status": "running",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **identity,
        "versions": machine.versions(),
        "backend": keras.backend.backend(),
        "machine": machine.describe(),
        "test_touches": 0,
        "seconds": 0.0,
    }


def _check_same(run: Run, identity: dict[str, Any]) -> None:
    names = {
        "data": (run.facts["data"]["content_hash"], identity["data"]["content_hash"]),
        "model": (run.facts["model"], identity["model"]),
        **{
            f"recipe.{key}": (run.facts["recipe"].get(key), value)
            for key, value in identity["recipe"].items()
        },
    }
    for name, (before, now) in names.items():
        if before != now:
            raise InputError(
                _(
                    "{path} cannot be resumed: its {name} was {before}, and now it is {now}. "
                    "Start a new run with --out."
                ).format(path=run.directory, name=name, before=before, now=now)
            )


def _state(directory: Path, model: keras.Model) -> tuple[State, tuple[str, ...]]:
    """Go on from the newest good checkpoint, or start anew; name those passed over as damaged."""
    saved, damaged = checkpoint.load(directory / "checkpoint")
    state = from_checkpoint(saved, model) if saved else State()
    # A kill between checkpoint and history leaves the two a line apart: the checkpoint decides.
    write_history(directory / "history.jsonl", state.history)
    return state, damaged


def _resumptions(run: Run, state: State, damaged: tuple[str, ...]) -> list[dict[str, Any]]:
    """Give what is known of each time the run was taken up again; none for a run just begun."""
    before = run.facts.get("resumed")
    if before is None:
        return []
    now = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "after_epoch": state.epoch,
        "damaged_checkpoints": list(damaged),
        "machine": machine.describe(),
    }
    return [*before, now]


@contextmanager
def _kept_when_stopped(run: Run, model: keras.Model, state: State) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, loop.TrainingDivergedError) as stop:
        diverged = isinstance(stop, loop.TrainingDivergedError)
        _with_model(
            run.updated(reason=str(stop)) if diverged else run,
            model,
            state,
            "diverged" if diverged else "interrupted",
        )
        raise


def _with_model(run: Run, model: keras.Model, state: State, status: str) -> Run:
    """Save the best weights so far as the run's model and write down how far it came."""
    if state.best is not None:
        model.set_weights(state.best_weights)
    return _saved(run, model, state, status, state.best)


def _saved(
    run: Run, model: keras.Model, state: State, status: str, best: dict[str, Any] | None
) -> Run:
    facts: dict[str, Any] = {
        "status": status,
        "epochs": state.epoch,
        "best_epoch": best and best["epoch"],
        "validation": best and {"top1": best["val_accuracy"], "loss": best["val_loss"]},
        "seconds": round(sum(row["seconds"] for row in state.history), 1),
        "stopped": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if best is not None:
        _files.write_with(run.model_path, uncompiled(model).save)
        facts["model_sha256"] = _files.sha256(run.model_path)
        facts["weights_sha256"] = weights_hash(model)
    return run.updated(**facts)


def weights_hash(model: keras.Model) -> str:
    """Give the SHA-256 over all weights: equal exactly where every bit of them is."""
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).data)
    return digest.hexdigest()


def _precision(model: keras.Model) -> str:
    used = {layer.compute_dtype for layer in model._flatten_layers() if layer.weights}
    return "bfloat16" if "bfloat16" in used else "float32"


def _cost(model: keras.Model, dataset: DataSet) -> dict[str, int]:
    measured = cost.measure(model, input_shape=dataset.image_shape)
    return {
        "parameters": measured.parameters,
        "macs": measured.macs,
        "flops": measured.flops,
        "training_macs": measured.training_macs,
    }
