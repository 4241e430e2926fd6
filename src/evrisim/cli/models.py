"""`evrisim models`: what there is."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from evrisim import backbones
from evrisim.backbones import Architecture
from evrisim.cli import options
from evrisim.messages import numbers
from evrisim.messages import translate as _

TRAINED = (
    "convnet",
    "condensed",
    "airbench",
    "resnet20",
    "plain",
    "resnet",
    "preact_resnet",
    "wide_resnet",
    "resnet_large",
    "resnext",
    "mobilenet",
    "densenet",
    "convnext",
    "staged",
)
"""Models that `evrisim train` builds and trains from the start."""

NAMES = (*TRAINED, *backbones.BACKBONES)
"""All models that can be built by their name."""

# At 32×32 with 10 classes; a test counts them again on the built models.
OWN = {
    "convnet": Architecture(None, "", 32, 10, 627_802, 626_554, 65_030_016),
    "condensed": Architecture(None, "", 32, 10, 268_346, 267_194, 45_269_632),
    "airbench": Architecture(
        2024, "https://arxiv.org/abs/2404.00498", 32, 10, 1_973_944, 1_971_352, 118_147_360
    ),
    "resnet20": Architecture(
        2015, "https://arxiv.org/abs/1512.03385", 32, 10, 274_042, 272_474, 40_813_184
    ),
    "plain": Architecture(
        2015, "https://arxiv.org/abs/1512.03385", 32, 10, 271_098, 269_722, 40_551_040
    ),
    "resnet": Architecture(
        2015, "https://arxiv.org/abs/1512.03385", 32, 10, 274_042, 272_474, 40_813_184
    ),
    "preact_resnet": Architecture(
        2016, "https://arxiv.org/abs/1603.05027", 32, 10, 273_658, 272_282, 40_813_184
    ),
    "wide_resnet": Architecture(
        2016, "https://arxiv.org/abs/1605.07146", 32, 10, 2_752_506, 2_748_890, 392_612_352
    ),
    "resnet_large": Architecture(
        2015, "https://arxiv.org/abs/1512.03385", 32, 10, 11_183_562, 11_173_962, 555_422_720
    ),
    "resnext": Architecture(
        2017, "https://arxiv.org/abs/1611.05431", 32, 10, 23_060_938, 22_992_714, 1_343_967_232
    ),
    "mobilenet": Architecture(
        2018, "https://arxiv.org/abs/1801.04381", 32, 10, 2_270_794, 2_236_682, 87_976_448
    ),
    "densenet": Architecture(
        2017, "https://arxiv.org/abs/1608.06993", 32, 10, 181_210, 176_122, 72_365_352
    ),
    "convnext": Architecture(
        2022, "https://arxiv.org/abs/2201.03545", 32, 10, 27_824_362, 27_824_362, 362_777_088
    ),
    "staged": Architecture(None, "", 32, 10, 274_042, 272_474, 40_813_184),
}


def describe() -> dict[str, str]:
    """Say in a line what each model of ours is."""
    return {
        "convnet": _("the course's plain convnet: Conv-BatchNorm-ReLU blocks, pooling, GAP, Dense"),
        "condensed": _(
            "our most accurate in 40 minutes of two cores; under 0.3 million parameters"
        ),
        "airbench": _(
            "the net of the record recipes: shallow, a first layer that whitens, few epochs"
        ),
        "resnet20": _("ResNet-20 for small images: three stages of three residual blocks"),
        "plain": _("a net without shortcuts, to see what they are for; any `depth`"),
        "resnet": _("residual nets for small images; any `depth`, basic or bottleneck blocks"),
        "preact_resnet": _("residual nets of version 2: nothing cuts the way from block to block"),
        "wide_resnet": _("few and wide blocks: accurate, fast for its size, many parameters"),
        "resnet_large": _(
            "ResNet-18, 34, 50, 101, 152 by `depth`: four stages; `stem` large or small"
        ),
        "resnext": _("ResNeXt-50, 101, 152: bottlenecks in groups, a little more accurate"),
        "mobilenet": _("MobileNetV2, thinner or wider by `scale`: little work for its accuracy"),
        "densenet": _("DenseNet-BC: few parameters, but much memory and time for them"),
        "convnext": _("ConvNeXt, Tiny by default: for much data; large kernels are slow here"),
        "staged": _("three stages of any kind of `block`, so that kinds can be compared"),
    }


def models(
    everything: Annotated[
        bool, typer.Option("--all", help=_("All of keras.applications, not the well-known alone."))
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """List the models there are: size, work, accuracy, and when to choose which."""
    output = options.output(json, quiet)
    names = NAMES if everything else (*TRAINED, *backbones.WELL_KNOWN)
    known = {**OWN, **backbones.BACKBONES}
    choice = {**describe(), **backbones.when_to_choose()}
    header = (
        _("model"),
        _("year"),
        _("input"),
        _("parameters"),
        _("MACs"),
        _("ImageNet top-1"),
        _("when to choose it"),
    )
    rows = [(name, *_cells(known[name]), choice[name]) for name in names]
    output.result(
        [_value(name, known[name], choice[name]) for name in names],
        [*output.table(header, rows), *([] if quiet else _foot(everything))],
    )


def _cells(one: Architecture) -> tuple[str, ...]:
    return (
        str(one.year or ""),
        f"{one.size}×{one.size}",
        numbers.large(one.parameters),
        numbers.large(one.macs),
        "" if one.keras_top1 is None else _accuracy(one),
    )


def _accuracy(one: Architecture) -> str:
    published = "–" if one.paper_top1 is None else numbers.percent(one.paper_top1)
    return f"{numbers.percent(one.keras_top1)} ({published})"


def _value(name: str, one: Architecture, choice: str) -> dict[str, Any]:
    source = backbones.KERAS_SOURCE if one.keras_top1 is not None else None
    return {
        "name": name,
        **asdict(one),
        "keras_source": source,
        "trainable_here": name in TRAINED,
        "when_to_choose": choice,
    }


def _foot(everything: bool) -> list[str]:
    others = len(backbones.BACKBONES) - len(backbones.WELL_KNOWN)
    more = _("{count} more are listed by `evrisim models --all`.").format(count=others)
    return [
        "",
        _("Parameters and MACs are counted on the built model, for one image of that size."),
        _(
            "ImageNet top-1: of the weights that Keras gives out ({source}), and in brackets as "
            "the authors published it, measured in their own way."
        ).format(source=backbones.KERAS_SOURCE),
        _("`evrisim train` trains {names}; `evrisim cost` takes all.").format(
            names=", ".join(TRAINED)
        ),
        *([] if everything else [more]),
    ]
