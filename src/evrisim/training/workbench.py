"""A model ready to be trained: built and compiled anew, or kept and set back to its beginning."""

from dataclasses import dataclass, field
from typing import Any

import keras

from evrisim import inference, models
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet
from evrisim.messages import translate as _
from evrisim.training import loop, whitening
from evrisim.training.compiling import compile_model, depends_on
from evrisim.training.losses import SmoothedCrossEntropy
from evrisim.training.precision import policy, resolve, seeded, suits_bfloat16
from evrisim.training.recipe import Recipe
from evrisim.training.run import Run
from evrisim.training.state import take_over


@dataclass(frozen=True)
class ModelChoice:
    """Which model a run trains: a name of `models.MODELS` and its options."""

    name: str = "convnet"
    options: dict[str, Any] = field(default_factory=dict)


class Workbench:
    """Where one model is trained again and again, its step traced once.

    Tracing takes seconds, which is long beside a short training. The compiled model is kept, and
    for each training every variable of the model and its optimizer is set to what a newly built
    one starts from; so the numbers are those of a training alone, bit for bit.

    Args:
        choice: Which model.
    """

    def __init__(self, choice: ModelChoice) -> None:
        self.choice = choice
        self._kept: keras.Model | None = None
        self._for: Any = None

    def compiled(self, dataset: DataSet, recipe: Recipe) -> keras.Model:
        """Give the model as the recipe's seed starts it.

        Trainings with other shapes of data, or a recipe that differs in more than what is done to
        images and with weights between steps, get a new one, which is then kept.
        """
        fresh = compiled(dataset, self.choice, recipe)
        steps = loop.steps_per_epoch(len(dataset.train), recipe.batch_size)
        same = (
            dataset.image_shape,
            dataset.num_classes,
            steps,
            depends_on(recipe),
        )
        if self._kept is None or self._for != same:
            self._kept, self._for = fresh, same
        else:
            take_over(self._kept, fresh)
        return self._kept

    def holding(self, run: Run) -> keras.Model:
        """Give the kept model with the weights of a run of its choice.

        Raises:
            InputError: If the run's model is missing or damaged.
        """
        if self._kept is None:
            self._kept = run.model()
        else:
            uncompiled(self._kept).load_weights(run.checked_model_path())
        return self._kept


def compiled(
    dataset: DataSet, model: ModelChoice | keras.Model, recipe: Recipe, *, rate: Any = None
) -> keras.Model:
    """Build a model from the recipe's seed, ready for its first step.

    Args:
        dataset: What it is to be trained on.
        model: A choice by name, or a model, compiled anew.
        recipe: How.
        rate: A Keras schedule in place of the recipe's.

    Raises:
        InputError: If the model cannot be built, or does not fit the data.
    """
    if isinstance(model, ModelChoice):
        model = _built(dataset, model, recipe)
    with seeded(recipe.seed):
        inference.check_images(model, dataset.train.images)
        _check_outputs(model, dataset)
        whitening.adapt(model, dataset.train.images)
        loss = SmoothedCrossEntropy(
            recipe.label_smoothing, from_logits=not inference.ends_in_softmax(model)
        )
        compile_model(model, dataset, recipe, loss, rate)
    return model


def uncompiled(model: keras.Model) -> keras.Model:
    """Give a model of the same weights that has no optimizer and no loss.

    Saved, it is a third as large. A functional one shares its layers with `model`, which is made
    in a tenth of the time that building them again takes.
    """
    if type(model).__name__ == "Functional":
        return keras.Model(model.input, model.output, name=model.name)
    if type(model).__name__ != "Sequential":
        return model
    bare = model.__class__.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    return bare


def _built(dataset: DataSet, choice: ModelChoice, recipe: Recipe) -> keras.Model:
    """Build a model from the recipe's seed, in the number format that suits it."""

    def build(precision: str) -> keras.Model:
        with seeded(recipe.seed), policy(precision):
            shape, classes = dataset.image_shape, dataset.num_classes
            return models.build(choice.name, shape, classes, choice.options)

    wanted = resolve(recipe.precision)
    if recipe.precision != "auto" or wanted == "float32":
        return build(wanted)
    plain = build("float32")
    return build(wanted) if suits_bfloat16(plain) else plain


def _check_outputs(model: keras.Model, dataset: DataSet) -> None:
    outputs = model.output_shape[-1]
    if outputs != dataset.num_classes:
        raise InputError(
            _("Model {model} gives {outputs} scores, but {data} has {classes} classes.").format(
                model=model.name,
                outputs=outputs,
                data=dataset.name,
                classes=dataset.num_classes,
            )
        )
