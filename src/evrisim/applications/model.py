"""The whole convnet of the first application: trained once, then only read."""

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from evrisim.applications.asked import Asked

if TYPE_CHECKING:
    from pathlib import Path

    from evrisim.data.dataset import DataSet
    from evrisim.training import ModelChoice, Recipe, Run
    from evrisim.training.loop import Show
    from evrisim.workflow import Source

_SPLITS = ["train", "validation", "test"]

BUDGETS: dict[str, dict[str, Any]] = {
    "smoke": {"epochs": 1, "width": 4, "train": 200, "validation": 100, "test": 100},
    "quick": {"epochs": 6, "width": 16},
    "full": {"epochs": 10, "width": 32},
}


@dataclass(frozen=True, eq=False)
class Plan:
    """What is trained, on what, and where the run lies."""

    source: "Source"
    dataset: "DataSet"
    choice: "ModelChoice"
    recipe: "Recipe"
    directory: "Path"


@cache
def plan(asked: Asked) -> Plan:
    """Say what the model of an application is trained on and how; the data is loaded once."""
    from evrisim.data import limiting
    from evrisim.study import pool
    from evrisim.training import ModelChoice, Recipe
    from evrisim.workflow import Source

    budget = BUDGETS[asked.budget]
    source = Source(asked.data)
    counts = {name: budget[name] for name in _SPLITS if name in budget}
    dataset = limiting.limit(source.load(), counts)
    choice = ModelChoice("convnet", {"width": budget["width"]})
    recipe = Recipe.load("demo").with_settings({"epochs": budget["epochs"]})
    place = pool.place(asked.out, dataset.content_hash(), choice, recipe)
    return Plan(source, dataset, choice, recipe, place)


def known(asked: Asked) -> Plan:
    """Give the plan for what matters to it: it is the same for any seeds, jobs and mode."""
    return plan(replace(asked, seeds=None, jobs=None, script=False))


def trained(asked: Asked) -> "Run | None":
    """Give the run of the model if it is done."""
    from evrisim._validate import InputError
    from evrisim.training import Run

    try:
        run = Run.open(known(asked).directory)
    except InputError:
        return None
    return run if run.status == "done" else None


def train(asked: Asked, show: "Show") -> "Run":
    """Train the model, measure it on the test split and write its report, unless that is done."""
    from evrisim import workflow

    found = trained(asked)
    if found is not None:
        return found
    wanted = known(asked)
    return workflow.train_run(
        wanted.dataset,
        wanted.choice,
        wanted.recipe,
        directory=wanted.directory,
        resume=(wanted.directory / "run.json").exists(),
        show=show,
        facts={"source": wanted.source.to_json()},
    )
