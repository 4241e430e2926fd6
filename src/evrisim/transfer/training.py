"""A trunk with a new head, trained stage by stage; what does not train is computed once."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evrisim import machine
from evrisim.data.cache import ArrayCache
from evrisim.data.dataset import DataSet, Split
from evrisim.messages import translate as _
from evrisim.training import loop
from evrisim.training.fitting import fit, keep
from evrisim.training.precision import seeded
from evrisim.training.run import Run
from evrisim.transfer import cutting
from evrisim.transfer import freezing as room
from evrisim.transfer.classifier import classifier
from evrisim.transfer.extraction import Extractor, features
from evrisim.transfer.freezing import Freezing
from evrisim.transfer.strategies import Stage
from evrisim.transfer.trunks import Trunk
from evrisim.transfer.views import View, views

MEMORY = 0.25
"""Share of the machine's memory that kept features may take."""


@dataclass(frozen=True)
class Watch:
    """Who is told how a training goes.

    Attributes:
        training: Called with a `loop.Progress` after every step and epoch of a stage.
        extracting: Called as `extracting(split, done, total)` while features are computed, in
            images of a split.
    """

    training: loop.Show = lambda progress: None
    extracting: Callable[[str, int, int], None] = lambda split, done, total: None


NOBODY = Watch()


@dataclass(frozen=True, eq=False)
class Plan:
    """What is taken over, what is put on it, and what trains when.

    Attributes:
        trunk: What is taken over; a training changes its weights in place.
        stages: As `strategies.stages` gives them.
        head: One of `HEADS`.
        dropout: As in `classifier`.
        reason: Why these stages, for the run's record; empty where someone named them.
    """

    trunk: Trunk
    stages: Sequence[Stage]
    head: str = "linear"
    dropout: float = 0.2
    reason: str = ""


def train(
    dataset: DataSet,
    plan: Plan,
    *,
    directory: str | Path,
    cache: ArrayCache,
    resume: bool = False,
    watch: Watch = NOBODY,
) -> Run:
    """Train a new head on a trunk, and what of the trunk the stages say.

    Where a stage's recipe augments nothing, or its views are kept, what the stage never trains is
    computed once for each view and kept in `cache`: all of the trunk where the head trains alone,
    else what lies below a cut that is chosen by what it saves and what its maps take (see
    `cutting.choose`). The rest is trained from that. Each stage is a run of its own in a folder of
    `directory`, so that a killed training goes on where it was.

    Args:
        dataset: What to train on; the test split is not looked at.
        plan: What is trained and how.
        directory: Where the run goes.
        cache: Where features are kept.
        resume: Go on with an unfinished training of the same data and plan.
        watch: Who is told how it goes.

    Returns:
        The run, with status `trained` and a model from raw images to logits.

    Raises:
        InputError: If the data, a stage or the directory cannot be used.
    """
    directory, trunk = Path(directory), plan.trunk
    freezings = [stage.freezing(trunk.model) for stage in plan.stages]
    with seeded(plan.stages[0].recipe.seed):
        model = classifier(
            trunk,
            dataset.num_classes,
            freezings[0],
            image_shape=dataset.image_shape,
            head=plan.head,
            dropout=plan.dropout,
        )
    history: list[dict[str, Any]] = []
    done: list[Run] = []
    spent: list[float] = []
    for number, (stage, freezing) in enumerate(zip(plan.stages, freezings, strict=True), start=1):
        room.apply(freezing, trunk.model)
        part, given, recipe = model, dataset, stage.recipe
        shown = views(stage.views, recipe.policy, seed=recipe.seed, size=dataset.image_shape[:2])
        started = time.perf_counter()
        extractor = _extractor(stage, freezing, trunk, dataset, shown)
        if extractor is not None and shown is not None:
            part = _above(model, trunk, extractor)
            given = _features_of(dataset, trunk, extractor, shown, cache, watch)
            recipe = recipe.with_settings({"augmentation": "none"})  # it is in the views
        spent.append(round(time.perf_counter() - started, 1))
        folder = directory / "stages" / f"{number}-{stage.name}"
        again = resume and (folder / "run.json").exists()
        run = fit(given, part, recipe, directory=folder, resume=again, show=watch.training)
        part.set_weights(run.model().get_weights())
        before = len(history)
        history += [
            {**row, "epoch": before + row["epoch"], "stage": stage.name} for row in run.history
        ]
        done.append(run)
    return keep(
        dataset,
        model,
        plan.stages[-1].recipe,
        directory=directory,
        history=history,
        best=history[before + done[-1].facts["best_epoch"] - 1],
        facts={"transfer": _facts(plan, done, spent)},
    )


def _extractor(
    stage: Stage,
    freezing: Freezing,
    trunk: Trunk,
    dataset: DataSet,
    shown: Sequence[View] | None,
) -> Extractor | None:
    """Give what computes once what a stage never trains; None where nothing can be kept."""
    if shown is None:
        return None
    name = None
    if freezing.trained:
        images = len(shown) * len(dataset.train) + len(dataset.validation)
        memory = int(MEMORY * machine.memory_bytes())
        cut = cutting.choose(freezing, trunk.model, images, memory)
        if cut is None:
            return None
        name = cut.name
    return Extractor(trunk, dataset.image_shape, cut=name, precision=stage.recipe.precision)


def _above(model: keras.Model, trunk: Trunk, extractor: Extractor) -> keras.Model:
    """Give what lies above an extractor's features, in the model's own layers."""
    inputs = keras.Input(extractor.shape, name="features")
    x: Any = inputs
    if extractor.cut is not None:
        start = trunk.model.get_layer(extractor.cut).output
        x = keras.Model(start, trunk.model.output, name=f"{trunk.model.name}_above")(x)
    for layer in model.layers[model.layers.index(trunk.model) + 1 :]:
        x = layer(x)
    return keras.Model(inputs, x, name=f"{model.name}_above")


def _features_of(
    dataset: DataSet,
    trunk: Trunk,
    extractor: Extractor,
    shown: Sequence[View],
    cache: ArrayCache,
    watch: Watch,
) -> DataSet:
    """Give a data set of features in place of images, in all views that training is shown."""

    def made(name: str, given: Sequence[View | None]) -> Split:
        split, count = dataset.splits[name], len(given)

        def told(number: int) -> Callable[[int, int], None]:
            return lambda done, total: watch.extracting(name, number * total + done, count * total)

        first, *others = (
            features(extractor, split.images, cache, view=view, progress=told(number))
            for number, view in enumerate(given)
        )
        return Split(first, split.labels, None, split.names, tuple(others))

    train, validation = made("train", shown), made("validation", [None])
    return DataSet(
        _("{data}, features of {trunk}").format(data=dataset.name, trunk=trunk.name),
        train,
        validation,
        validation.take(np.arange(1)),  # a data set has a test split; nothing is judged on this one
        dataset.class_names,
        {"of": dataset.content_hash(), "extractor": extractor.key},
        features=True,
    )


def _facts(plan: Plan, done: Sequence[Run], spent: Sequence[float]) -> dict[str, Any]:
    rows, columns, _channels = plan.trunk.model.input_shape[1:]
    return {
        "trunk": plan.trunk.name,
        "weights": plan.trunk.weights,
        "size": [rows, columns],
        "head": plan.head,
        "reason": plan.reason,
        "stages": [
            {
                "name": stage.name,
                "trained": stage.trained,
                "norm": stage.norm,
                "views": stage.views,
                "recipe": stage.recipe.model_dump(),
                "features_seconds": seconds,
                **{key: run.facts[key] for key in ("epochs", "seconds", "validation")},
            }
            for stage, run, seconds in zip(plan.stages, done, spent, strict=True)
        ],
    }
