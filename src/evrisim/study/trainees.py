"""What a worker trains: a model from the start on a workbench, or a net that is taken over."""

import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from evrisim import cost, models
from evrisim.data.cache import ArrayCache, default_folder
from evrisim.training import ModelChoice, Recipe, Run, Workbench, fit, loop
from evrisim.training.compiling import depends_on
from evrisim.training.fitting import weights_hash

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet

WARM_SECONDS = 0.4
WARM_STEPS = 3
WARM_IMAGES = 64

Facts = dict[str, Any]


class Trainee(Protocol):
    """What an arm trains, seed by seed."""

    def prepared(self, dataset: "DataSet") -> Facts:
        """Give its options in full and what its model costs."""

    def warm(self, dataset: "DataSet", recipe: Recipe) -> Facts:
        """Time a part of a training: `seconds` of all of it, `tracing` that comes once."""

    def train(
        self, dataset: "DataSet", recipe: Recipe, directory: Path, show: loop.Show, facts: Facts
    ) -> Run:
        """Train, or go on with what is there."""

    @property
    def bench(self) -> Workbench | None:
        """Where its models are opened to be judged; None where each is opened by itself."""


class Fresh:
    """A model by its name, trained from the start on a workbench, which others may share."""

    def __init__(self, bench: Workbench) -> None:
        self.choice, self.bench = bench.choice, bench

    def prepared(self, dataset: "DataSet") -> Facts:
        """Give its options in full and what its model costs."""
        options = models.complete(self.choice.name, self.choice.options)
        classes = dataset.num_classes
        model = models.build(self.choice.name, dataset.image_shape, classes, options)
        return {"options": options, **_cost(model, dataset)}

    def warm(self, dataset: "DataSet", recipe: Recipe) -> Facts:
        """Time a few steps; the workbench sets the weights back afterwards."""
        model = self.bench.compiled(dataset, recipe)
        seconds = []
        for images, labels in loop.batches(dataset, recipe, 0):
            started = time.perf_counter()
            model.train_on_batch(images, labels)
            seconds.append(time.perf_counter() - started)
            # The first step is traced, which later trainings on the workbench are spared.
            if len(seconds) > WARM_STEPS and sum(seconds[1:]) > WARM_SECONDS:
                break
        steps = loop.steps_per_epoch(len(dataset.train), recipe.batch_size)
        per_step = statistics.median(seconds[1:] or seconds)
        # Validation is forward only: a third of the work of a step, image by image.
        images = steps * min(recipe.batch_size, len(dataset.train)) + len(dataset.validation) / 3
        per_epoch = per_step * images / min(recipe.batch_size, len(dataset.train))
        return {"seconds": per_epoch * recipe.epochs, "tracing": seconds[0] - per_step}

    def train(
        self, dataset: "DataSet", recipe: Recipe, directory: Path, show: loop.Show, facts: Facts
    ) -> Run:
        """Train, or go on with what is there."""
        place: Facts = {"directory": directory, "resume": True, "show": show}
        return fit(dataset, self.bench, recipe, facts=facts, **place)


class TakenOver:
    """A net with weights and a new head, trained stage by stage."""

    bench = None

    def __init__(self, spec: Mapping[str, Any]) -> None:
        from evrisim.transfer import Spec

        self.spec: Spec = Spec(**{**spec, "size": tuple(spec.get("size", Spec.size))})

    def check(self) -> None:
        """Pass if its strategy can be spelled out; the trunk is not built.

        Raises:
            InputError: If not.
        """
        self.spec.stages(1)

    def prepared(self, dataset: "DataSet") -> Facts:
        """Give what makes it this transfer and no other, and what its model costs.

        Its training MACs are those of the last stage.
        """
        from dataclasses import asdict

        taken = self.spec.taken()
        plan = self.spec.plan(taken, len(dataset.train))
        model = self._classifier(plan, dataset)
        options = {
            **asdict(self.spec),
            "weights_sha256": weights_hash(taken.model) if taken.weights != "random" else None,
            "stages": [
                [stage.name, stage.trained, stage.recipe.model_dump()] for stage in plan.stages
            ],
        }
        return {"options": {"transfer": options}, **_cost(model, dataset)}

    def warm(self, dataset: "DataSet", recipe: Recipe) -> Facts:
        """Time one prediction; from it, what the stages take, as if nothing were kept."""
        taken = self.spec.taken()
        plan = self.spec.plan(taken, len(dataset.train))
        model = self._classifier(plan, dataset)
        images = dataset.train.images[:WARM_IMAGES]
        started = time.perf_counter()
        model.predict_on_batch(images)
        traced = time.perf_counter()
        model.predict_on_batch(images)
        each = (time.perf_counter() - traced) / len(images)
        seconds = 0.0
        for stage in plan.stages:
            # Forward once where all is frozen; else forward and back in each epoch.
            passes = 3 * stage.recipe.epochs if stage.freezing(taken.model).trained else 1
            seconds += each * passes * len(dataset.train)
        return {"seconds": seconds, "tracing": traced - started - each * len(images)}

    def train(
        self, dataset: "DataSet", recipe: Recipe, directory: Path, show: loop.Show, facts: Facts
    ) -> Run:
        """Train, or go on with what is there; seeds and arms share what is computed once."""
        from evrisim import transfer

        taken = self.spec.taken(seed=recipe.seed)
        plan = self.spec.plan(taken, len(dataset.train), seed=recipe.seed)
        run = transfer.train(
            dataset,
            plan,
            directory=directory,
            cache=ArrayCache(default_folder()),
            resume=True,
            watch=transfer.Watch(training=show),
        )
        return run.updated(**facts)

    def _classifier(self, plan: Any, dataset: "DataSet") -> Any:
        from evrisim import transfer

        return transfer.classifier(
            plan.trunk,
            dataset.num_classes,
            plan.stages[-1].freezing(plan.trunk.model),
            image_shape=dataset.image_shape,
            head=plan.head,
        )


def trainee(task: Mapping[str, Any], benches: dict[str, Workbench]) -> Trainee:
    """Give what a task's arm trains.

    Args:
        task: Of the arm; one without a recipe only opens models that are trained.
        benches: Those there are, where arms find one whose traced step is theirs, too: of the same
            model, data and recipe but for what the step does not know of. A new one is added.
    """
    if task.get("transfer"):
        return TakenOver(task["transfer"])
    recipe = task.get("recipe")
    compiled = depends_on(Recipe.create(recipe)) if recipe else None
    of = [task["model"], task["options"], task.get("source"), compiled]
    choice = ModelChoice(task["model"], dict(task["options"]))
    return Fresh(benches.setdefault(json.dumps(of, sort_keys=True), Workbench(choice)))


def _cost(model: Any, dataset: "DataSet") -> Facts:
    measured = cost.measure(model, input_shape=dataset.image_shape)
    return {
        "parameters": measured.parameters,
        "macs": measured.macs,
        "training_macs": measured.training_macs,
    }
