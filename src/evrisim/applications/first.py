"""Application 1, the foundations of a convnet: what each part shows, as blocks of a page."""

from typing import TYPE_CHECKING, Any

import numpy as np

from evrisim.applications import model as trainings
from evrisim.applications import parts
from evrisim.applications.asked import Asked
from evrisim.applications.layer import Layer
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Code, Row, Table, Terms, Text

if TYPE_CHECKING:
    import keras

    from evrisim.training import Run

IMAGES = 12
"""Images to choose from for feature maps."""

PHOTOGRAPH = 320
"""Pixels along the longer side: a kernel's work is seen best where its cells are not too small."""


def kernel_names() -> list[str]:
    """Name the kernels to choose from."""
    from evrisim import kernels

    return [name for name in kernels.KERNELS if name != "identity"]


def kernel(photograph: str, name: str) -> list[Block]:
    """Show a photograph filtered by a kernel, detected and condensed."""
    from evrisim import filtering, kernels, plots

    picture = filtering.read_photograph(photograph, size=PHOTOGRAPH)
    found = kernels.extract(picture.grey, kernels.named(name))
    kept = float((found.filtered > 0).mean())
    figure = plots.filter_detect_condense({name: found})
    alt = _("The photograph {name} through the kernel {kernel}.").format(
        name=photograph, kernel=name
    )
    return [
        parts.picture("kernel", figure, alt),
        Text(
            _("{kernel}: {meaning}. ReLU keeps {share} of the places.").format(
                kernel=name, meaning=kernels.describe()[name], share=numbers.percent(kept)
            ),
            "reading",
        ),
    ]


def result(run: "Run", asked: Asked) -> list[Block]:
    """Show how the whole model learned, how good it is, and where it looked."""
    from dataclasses import replace

    from evrisim import examples, explain, judging, plots
    from evrisim.report import trust
    from evrisim.report.material import Material

    dataset = trainings.plan(asked).dataset
    evaluation = judging.saved_evaluation(run)
    cam = explain.prepare(run.model(), image_shape=dataset.image_shape)
    shown = examples.shown(cam, dataset, evaluation)
    few = replace(shown, right=_few(shown.right), wrong=_few(shown.wrong), unsure=None)
    material = Material(run.facts, run.history, evaluation, few)
    curves = plots.learning_curves(
        run.history, best_epoch=material.best_epoch, panels=("accuracy",)
    )
    alt = _("Accuracy on the training and the validation images over the epochs.")
    section, _files = trust.examples(material)
    spent = _("Trained {epochs} epochs in {seconds}.").format(
        epochs=numbers.whole(run.facts["epochs"]), seconds=numbers.duration(run.facts["seconds"])
    )
    told: list[Block] = [Text(evaluation.sentence, "reading"), Text(spent)]
    return [Row([[parts.picture("curves", curves, alt, wide=False)], told]), *section.blocks]


def missing_model() -> list[Block]:
    """Say that there is no trained model yet."""
    return [Text(_("It is not trained yet: the button starts that."))]


def _few(gallery: Any, count: int = 4) -> Any:
    return gallery.take(range(min(count, len(gallery))))


def images(asked: Asked) -> dict[str, int]:
    """Name some validation images to choose from, with their class; the test split stays shut."""
    dataset = trainings.plan(asked).dataset
    labels = dataset.validation.labels[:IMAGES]
    names = trainings.class_names(asked)
    return {f"{place + 1} · {names[label]}": place for place, label in enumerate(labels)}


def models(asked: Asked, run: "Run | None") -> "dict[str, keras.Model]":
    """Give the models whose maps can be looked at: after training, if that is done, and before."""
    found = {_("untrained"): untrained(asked)}
    return found if run is None else {_("trained"): run.model(), **found}


def untrained(asked: Asked) -> "keras.Model":
    """Build the model as it is before training."""
    import keras

    from evrisim import models as builders

    wanted = trainings.plan(asked)
    dataset, choice = wanted.dataset, wanted.choice
    keras.utils.set_random_seed(wanted.recipe.seed)
    return builders.build(choice.name, dataset.image_shape, dataset.num_classes, choice.options)


def layers(model: "keras.Model") -> list[str]:
    """Name the layers whose maps are worth a look: convolutions and what detects after them."""
    from evrisim import features

    kinds = ("Conv2D", "ReLU", "MaxPooling2D")
    return [one.name for one in features.list_layers(model) if one.kind in kinds]


def feature_maps(
    model: "keras.Model", picture: np.ndarray, layer: str, shown: int = 16
) -> list[Block]:
    """Show what one layer makes of one image.

    Args:
        model: Whose layer it is.
        picture: `(rows, columns, channels)` uint8, as the model takes it.
        layer: Path of the layer.
        shown: Maps at most, the strongest first.
    """
    from evrisim import features, plots

    (found,) = features.feature_maps(model, picture[None], layer)
    dead = int(found.strength().dead.sum())
    rows, columns, maps = found.shape
    figure = plots.feature_maps(picture, [found], title=layer, shown=shown)
    alt = _("The strongest feature maps of {layer}.").format(layer=layer)
    said = _("{layer} gives {maps} maps of {rows} × {columns}.").format(
        layer=layer, maps=maps, rows=rows, columns=columns
    )
    if dead:
        said += " " + _("In this image {dead} of them are zero everywhere.").format(dead=dead)
    return [parts.picture("maps", figure, alt), Text(said, "reading")]


def learned(model: "keras.Model") -> list[Block]:
    """Show the kernels of the first convolution."""
    from evrisim import features, plots

    figure = plots.learned_kernels(features.learned_kernels(model))
    return [parts.picture("learned", figure, _("The kernels of the first convolution."))]


def image(asked: Asked, place: int) -> np.ndarray:
    """Give one of the images that `images` names."""
    return np.asarray(trainings.plan(asked).dataset.validation.images[place])


def cost(asked: Asked) -> list[Block]:
    """Show what the whole model costs, layer by layer."""
    from evrisim import cost as costs
    from evrisim import plots

    measured = costs.measure(untrained(asked))
    rows = [
        (
            one.path,
            " × ".join(map(str, one.output_shape[1:])),
            one.parameter_formula,
            numbers.whole(one.parameters),
            numbers.whole(one.macs),
            numbers.percent((one.macs or 0) / measured.macs),
        )
        for one in measured.layers
        if one.parameters or one.macs
    ]
    total = (
        _("all layers"),
        "",
        "",
        numbers.whole(measured.parameters),
        numbers.whole(measured.macs),
        numbers.percent(1.0),
    )
    headers = (
        _("layer"),
        _("output"),
        _("how the parameters come about"),
        _("parameters"),
        _("MACs"),
        _("share of the MACs"),
    )
    table = Table(_("Layer by layer"), headers, rows, frozenset({3, 4, 5}), (total,))
    said = _(
        "The model has {parameters} parameters and needs {macs} MACs, that is {flops} FLOPs, for "
        "one image."
    ).format(
        parameters=numbers.whole(measured.parameters),
        macs=numbers.large(measured.macs),
        flops=numbers.large(measured.flops),
    )
    figure = plots.cost_by_layer(measured, _("Where the work and the parameters are"))
    alt = _("Shares of MACs, parameters and memory by layer.")
    return [Text(said, "reading"), parts.picture("cost", figure, alt), table]


def layer_cost(layer: Layer) -> list[Block]:
    """Show what one layer costs as a calculation, and against other kernel sizes and strides."""
    from dataclasses import replace

    from evrisim.plots.one_layer import one_layer

    sizes = sorted({1, 3, 5, 7, 9, 11} | {layer.kernel_size})
    strides = sorted({1, 2, 3, 4} | {layer.stride})
    kernels = {f"{k} × {k}": replace(layer, kernel_size=k).parameters for k in sizes}
    steps = {_("stride {step}").format(step=s): replace(layer, stride=s).macs for s in strides}
    chosen = (
        f"{layer.kernel_size} × {layer.kernel_size}",
        _("stride {step}").format(step=layer.stride),
    )
    output, parameters, macs = layer.formulas
    figure = one_layer(kernels, steps, chosen)
    alt = _("Parameters by kernel size and MACs by stride; yours is filled.")
    terms = Terms(
        [
            (_parameters_term(layer), parameters),
            (_("Size of the output, rows and columns each"), output),
            (_("MACs: output rows · columns · k · k · channels in · filters"), macs),
        ]
    )
    said = _("This layer has {parameters} parameters and needs {macs} MACs for one image.").format(
        parameters=numbers.whole(layer.parameters), macs=numbers.whole(layer.macs)
    )
    return [Text(said, "reading"), terms, parts.picture("one-layer", figure, alt)]


def _parameters_term(layer: Layer) -> str:
    if layer.bias:
        return _("Parameters: (k · k · channels in + 1) · filters")
    return _("Parameters: k · k · channels in · filters")


def in_code(layer: Layer) -> list[Block]:
    """Write the layer as Keras takes it."""
    return [
        Code(
            f"keras.layers.Conv2D(filters={layer.filters}, kernel_size={layer.kernel_size}, "
            f'strides={layer.stride}, padding="same", use_bias={layer.bias})'
        )
    ]
