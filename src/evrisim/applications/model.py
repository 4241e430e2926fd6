"""The whole convnet of the first application: trained once, then only read.

It is the first arm of the study of stride and pooling with seed 0, so the two share the training.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from evrisim.applications import data
from evrisim.applications.asked import Asked
from evrisim.applications.studies import CONDENSING

if TYPE_CHECKING:
    from pathlib import Path

    from evrisim.data.dataset import DataSet
    from evrisim.data.source import Source
    from evrisim.training import ModelChoice, Recipe, Run
    from evrisim.training.loop import Show


@dataclass(frozen=True, eq=False)
class Plan:
    """What is trained, on what, and where the run lies."""

    source: "Source"
    dataset: "DataSet"
    choice: "ModelChoice"
    recipe: "Recipe"
    directory: "Path"


def plan(asked: Asked) -> Plan:
    """Say what the model of an application is trained on and how; the data is loaded once."""
    # The model is the same for any seeds, jobs and mode, and in every application.
    return _plan(replace(asked, seeds=None, jobs=None, script=False, number=1))


@cache
def _plan(asked: Asked) -> Plan:
    from evrisim import models
    from evrisim.data.source import Source
    from evrisim.study import named, pool, settings
    from evrisim.training import ModelChoice

    study = named(CONDENSING)
    found = settings.training(settings.merged(study, study.arms[0], asked.budget))
    source = Source(asked.data, limits=found.limits)
    dataset = data.loaded(source)
    options = models.complete(found.model, found.options)
    place = pool.place(asked.out, dataset.content_hash(), found.model, options, found.recipe)
    return Plan(source, dataset, ModelChoice(found.model, options), found.recipe, place)


def class_names(asked: Asked) -> Sequence[str]:
    """Name the classes; those of the drawn shapes in the language in use."""
    return data.names_of(plan(asked).dataset)


def trained(asked: Asked) -> "Run | None":
    """Give the run of the model if it is done."""
    from evrisim.study.record import open_run

    run = open_run(plan(asked).directory)
    return run if run is not None and run.status == "done" else None


def train(asked: Asked, show: "Show") -> "Run":
    """Train the model, measure it on the test split and write its report, unless that is done."""
    from evrisim import workflow

    found = trained(asked)
    if found is not None:
        return found
    wanted = plan(asked)
    return workflow.train_run(
        wanted.dataset,
        wanted.choice,
        wanted.recipe,
        directory=wanted.directory,
        resume=(wanted.directory / "run.json").exists(),
        show=show,
        facts={"source": wanted.source.to_json()},
    )
