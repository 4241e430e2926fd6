"""Numbers of parameters, settled by building layers and counting: C2, C3, C14, C23, C26."""

import math
from dataclasses import dataclass

import keras

from evrisim import backbones, blocks, models
from evrisim.claims.ledger import Ruling, Table, computed
from evrisim.cost import parameters
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.pooling import compare_heads

CLASSES = 10
HEADS = {
    "EfficientNetB0, 96×96": (3, 3, 1280),
    "convnet, 32×32": (8, 8, 192),
    "VGG-16, 224×224": (7, 7, 512),
}
"""Last maps of the course's transfer model, of our convnet, and of a large classic."""

DRAMATIC = 2.0
"""How many times the parameters Flatten must have for "very many" (C2)."""

WIDTHS, KERNELS, CHANNELS = (16, 32, 64, 128, 256, 512), (3, 5), (8, 32)
COURSE_WIDTH, COURSE_SAVING = 64, 0.87

BLOCK_WIDTH = 256  # the maps around a bottleneck block in the first stage of ResNet-50

PRINTED = {
    "vgg16": ("VGG-16", 138.0),
    "vgg19": ("VGG-19", 143.0),
    "resnet50": ("ResNet-50", 25.6),
    "mobilenet_v2": ("MobileNetV2", 3.4),
    "efficientnet_b0": ("EfficientNetB0", 5.3),
    "efficientnet_b4": ("EfficientNetB4", 19.3),
    "convnext_tiny": ("ConvNeXt-Tiny", 28.6),
}
"""Millions of parameters, as the course's table of architectures prints them."""

CLOSE = 0.01
"""How far a printed count may be from the built model's, relative."""


def heads() -> Ruling:
    """C2: build Flatten + Dense and global average pooling + Dense on the same maps, and count."""
    counts = {
        name: (_head(keras.layers.Flatten(), shape), _head(_average(), shape))
        for name, shape in HEADS.items()
    }
    formulas = {name: compare_heads(shape, CLASSES) for name, shape in HEADS.items()}
    ratios = {name: flat / mean for name, (flat, mean) in counts.items()}
    whole = models.build("convnet", (32, 32, 3), CLASSES).count_params()
    flat, mean = counts["convnet, 32×32"]
    added = (whole - mean + flat) / whole - 1
    least, most = min(ratios.values()), max(ratios.values())
    rows = [
        (name, formulas[name].flatten_formula, formulas[name].average_formula, f"{ratio:.1f}")
        for name, ratio in ratios.items()
    ]
    return computed(
        "C2",
        "true" if least >= DRAMATIC else "false",
        _(
            "The head has {least} to {most} times as many parameters with Flatten, about as many "
            "times as a map has cells. Of the whole convnet that is {added} more."
        ).format(
            least=numbers.decimal(least, 1),
            most=numbers.decimal(most, 1),
            added=numbers.percent(added, 0),
        ),
        numbers={
            "heads": {
                name: {"flatten": counts[name][0], "average": counts[name][1]} for name in HEADS
            },
            "convnet": {"average": whole, "flatten": whole - mean + flat},
        },
        table=Table((_("maps"), _("Flatten + Dense"), _("GAP + Dense"), _("times")), rows),
    )


def _average() -> keras.Layer:
    return keras.layers.GlobalAveragePooling2D()


def _head(condense: keras.Layer, shape: tuple[int, int, int]) -> int:
    head = keras.Sequential([keras.Input(shape), condense, keras.layers.Dense(CLASSES)])
    return head.count_params()


def separable() -> Ruling:
    """C3: build both kinds of convolution and count; 1 − saving is 1/C_out + 1/k²."""
    savings = {(kernel, width): _saving(kernel, width) for kernel in KERNELS for width in WIDTHS}
    fitting = [width for width in range(1, 2049) if _is_about(1 - 1 / width - 1 / 9)]
    course = savings[3, COURSE_WIDTH]
    everywhere = all(_is_about(saving) for saving in savings.values())
    verdict = "true" if everywhere else "partly" if _is_about(course) else "false"
    rows = [
        (str(width), *(numbers.percent(savings[kernel, width]) for kernel in KERNELS))
        for width in WIDTHS
    ]
    return computed(
        "C3",
        verdict,
        _(
            "The saving is 1 − 1/C_out − 1/k². For the course's own layer, 3×3 with {width} "
            "filters, that is {saving}; it rounds to 87 % for {first} to {last} filters, and "
            "reaches {limit} at most with 3×3."
        ).format(
            width=COURSE_WIDTH,
            saving=numbers.percent(course),
            first=fitting[0],
            last=fitting[-1],
            limit=numbers.percent(8 / 9),
        ),
        numbers={
            "savings": [
                {"kernel_size": kernel, "filters": width, "saving": saving}
                for (kernel, width), saving in savings.items()
            ],
            "about_87_percent": [fitting[0], fitting[-1]],
        },
        table=Table((_("filters"), *(f"{kernel}×{kernel}" for kernel in KERNELS)), rows),
        notes=(_("Without biases, as both stand before batch normalisation in the course."),),
    )


def _is_about(saving: float) -> bool:
    return round(saving, 2) == COURSE_SAVING


def _saving(kernel: int, width: int) -> float:
    """Count the share saved, on a few input channels, which have no say in it."""
    layers = keras.layers
    found = set()
    for channels in CHANNELS:
        image = keras.Input((8, 8, channels))
        plain = layers.Conv2D(width, kernel, use_bias=False)
        depthwise = layers.DepthwiseConv2D(kernel, use_bias=False)
        pointwise = layers.Conv2D(width, 1, use_bias=False)
        plain(image), pointwise(depthwise(image))
        parts = depthwise.count_params() + pointwise.count_params()
        found.add(round(1 - parts / plain.count_params(), 12))
    (saving,) = found
    return saving


def bottleneck() -> Ruling:
    """C14: build a bottleneck block and the basic blocks it can be compared with."""
    narrow, wide = BLOCK_WIDTH // 4, BLOCK_WIDTH
    own = _bottleneck_kernels(wide)
    compared = {width: _basic_kernels(width) for width in (wide, wide // 2, narrow)}
    ratios = {width: count / own for width, count in compared.items()}
    about = [width for width, ratio in ratios.items() if 3.5 <= ratio <= 4.5]
    verdict = "true" if len(about) == len(ratios) else "partly" if about else "false"
    said = {
        wide: _("on as many maps as go in and out"),
        wide // 2: _("on half as many"),
        narrow: _("on as many as its 3×3 convolution has (the paper's pair)"),
    }
    rows = [
        (
            _("two 3×3 on {width} maps, {said}").format(width=width, said=said[width]),
            numbers.whole(compared[width]),
            numbers.decimal(ratio, 2),
        )
        for width, ratio in ratios.items()
    ]
    return computed(
        "C14",
        verdict,
        _(
            "It depends on the basic block it is compared with. One on as many maps has {same} "
            "times the parameters, one on half as many {half} times, and the one that stands in "
            "its place in ResNet-34 {paper} times."
        ).format(
            same=numbers.decimal(ratios[wide], 1),
            half=numbers.decimal(ratios[wide // 2], 1),
            paper=numbers.decimal(ratios[narrow], 2),
        ),
        numbers={"bottleneck": own, "basic": {str(key): value for key, value in compared.items()}},
        table=Table(
            (_("basic block"), _("parameters"), _("times the bottleneck's")),
            rows,
        ),
        notes=(
            _("Kernels only. The bottleneck on {width} maps has {count}: 1×1, 3×3, 1×1.").format(
                width=wide, count=numbers.whole(own)
            ),
        ),
    )


def _basic_kernels(width: int) -> int:
    image = keras.Input((8, 8, width))
    block = keras.Model(image, blocks.basic(image, width, name="basic"))
    return _kernels(block)


def _bottleneck_kernels(width: int) -> int:
    image = keras.Input((8, 8, width))
    block = keras.Model(image, blocks.bottleneck(image, width, name="bottleneck"))
    return _kernels(block)


def _kernels(model: keras.Model) -> int:
    return sum(layer.count_params() for layer in model.layers if hasattr(layer, "kernel"))


def convolution() -> Ruling:
    """C23: build the convolution that the course counts, and the one whose count it prints."""
    printed = 18_496
    counts, formulas = {}, {}
    for kernel in (5, 3):
        layer = keras.layers.Conv2D(64, kernel)
        layer.build((None, 8, 8, 32))
        counts[kernel] = layer.count_params()
        formulas[kernel] = parameters.formula(layer, layer.weights)
    return computed(
        "C23",
        "true" if counts[5] == printed else "false",
        _("{formula} = {count}; {printed} is the 3×3 count, {other}.").format(
            formula=formulas[5],
            count=numbers.whole(counts[5]),
            printed=numbers.whole(printed),
            other=f"{formulas[3]} = {numbers.whole(counts[3])}",
        ),
        numbers={"printed": printed, "5x5": counts[5], "3x3": counts[3]},
    )


@dataclass(frozen=True)
class _Row:
    """A line of the course's table beside the built model."""

    name: str
    printed: float
    parameters: int
    trainable: int

    @property
    def off(self) -> float:
        """How far the printed count is from the nearer of the two, relative."""
        both = (self.parameters / 1e6, self.trainable / 1e6)
        return min(abs(count - self.printed) / self.printed for count in both)


def table(*, build: bool = False) -> Ruling:
    """C26: compare the table's counts with those of the built models.

    Args:
        build: Build and count the seven models now; else the counts that `evrisim models` shows.
    """
    rows = [_Row(*PRINTED[name], *_counts(name, build)) for name in PRINTED]
    wrong = [row for row in rows if row.off > CLOSE]
    verdict = "partly" if 0 < len(wrong) < len(rows) else "false" if wrong else "true"
    others = ", ".join(
        _("{name} has {count}, not {printed} million").format(
            name=row.name,
            count=numbers.large(row.trainable),
            printed=numbers.decimal(row.printed, 1),
        )
        for row in wrong
    )
    return computed(
        "C26",
        verdict,
        _("{right} of {all} counts agree with the built model within 1 %").format(
            right=len(rows) - len(wrong), all=len(rows)
        )
        + (f"; {others}." if others else "."),
        numbers={
            row.name: {
                "printed_millions": row.printed,
                "parameters": row.parameters,
                "trainable_parameters": row.trainable,
            }
            for row in rows
        },
        table=Table(
            (_("model"), _("printed, millions"), _("built"), _("of these trainable")),
            [
                (
                    row.name,
                    numbers.general(row.printed),
                    numbers.whole(row.parameters),
                    numbers.whole(row.trainable),
                )
                for row in rows
            ],
        ),
        command="evrisim claims C26 --run",
    )


def _counts(name: str, build: bool) -> tuple[int, int]:
    known = backbones.BACKBONES[name]
    if not build:
        return known.parameters, known.trainable_parameters
    model = backbones.build(name)
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return model.count_params(), trainable
