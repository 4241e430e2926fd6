"""The known architectures of `keras.applications`, with raw images in and logits out.

What is said of each is data in `backbones.csv`, so that it can be listed without loading Keras; the
counted figures are those of the built models, and a test counts them again.
"""

import csv
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.messages import translate as _

if TYPE_CHECKING:
    import keras

NUM_CLASSES = 1000
"""Classes of ImageNet, on which the published accuracies were measured."""

SMALLEST = 32
"""Rows and columns that most of them need: they halve the resolution five times."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue, images scaled to 0–1."""

KERAS_SOURCE = "https://keras.io/api/applications"
"""Where the accuracies of Keras' own weights are published."""


@dataclass(frozen=True)
class Architecture:
    """What is known of an architecture, and what its built model counts.

    Attributes:
        year: of its first publication; None for one that is evrisim's own.
        paper: where it is described; empty for one that is evrisim's own.
        size: rows and columns of the images it was made for.
        num_classes: logits of the model that is counted.
        parameters: all numbers of the built model, as Keras counts them.
        trainable_parameters: those of them that training changes.
        macs: multiply–accumulates for one image of `size`.
        keras_top1: ImageNet top-1 accuracy (0–1) of the weights that Keras gives out, from
            `KERAS_SOURCE`; None where there are none.
        paper_top1: the accuracy its authors published; None where they published none.
        protocol: how the authors measured theirs.
        keras_name: of its builder in `keras.applications`; empty for one that is evrisim's own.
        scaling: what its weights expect of images, one of `SCALINGS`; empty likewise.
        smallest: rows and columns it needs.
        weights_file: what Keras calls its ImageNet weights without the head; `{size}` stands for
            rows. Empty for one that is evrisim's own.
    """

    year: int | None
    paper: str
    size: int
    num_classes: int
    parameters: int
    trainable_parameters: int
    macs: int
    keras_top1: float | None = None
    paper_top1: float | None = None
    protocol: str = ""
    keras_name: str = ""
    scaling: str = ""
    smallest: int = SMALLEST
    weights_file: str = ""


def _read() -> dict[str, Architecture]:
    text = (resources.files(__package__) / "backbones.csv").read_text("utf-8")
    return {row["name"]: _architecture(row) for row in csv.DictReader(text.splitlines())}


def _architecture(row: dict[str, str]) -> Architecture:
    return Architecture(
        int(row["year"]),
        row["paper"],
        int(row["size"]),
        NUM_CLASSES,
        int(row["parameters"]),
        int(row["trainable_parameters"]),
        int(row["macs"]),
        float(row["keras_top1"]),
        float(row["paper_top1"]) if row["paper_top1"] else None,
        row["protocol"],
        row["keras_name"],
        row["scaling"],
        int(row["smallest"]),
        row["weights_file"],
    )


BACKBONES = _read()

WELL_KNOWN = (
    "vgg16",
    "vgg19",
    "resnet50",
    "mobilenet_v2",
    "efficientnet_b0",
    "efficientnet_b4",
    "convnext_tiny",
)
"""Those of the course, one or two a family."""


def when_to_choose() -> dict[str, str]:
    """Say for each architecture when it is the one to take."""
    more = _("as {name}, more accurate and slower")
    said = {
        "vgg16": _("as a yardstick, and to explain convnets: plain, but heavy"),
        "vgg19": _("hardly ever: more work than vgg16, no better"),
        "resnet50": _("as the baseline everybody knows; sturdy for fine-tuning"),
        "resnet50_v2": _("as resnet50, with blocks of version 2 and another scaling of images"),
        "inception_v3": _("for images of about 300×300; branches with kernels of several sizes"),
        "inception_resnet_v2": _("as inception_v3 with shortcuts, more accurate and slower"),
        "xception": _("for images of about 300×300; depthwise-separable throughout"),
        "mobilenet_v1": _("hardly ever: mobilenet_v2 is smaller and better"),
        "mobilenet_v2": _("where memory and battery are short: phones, small boards"),
        "mobilenet_v3_small": _("where even mobilenet_v2 is too slow"),
        "mobilenet_v3_large": _("as mobilenet_v2, more accurate for less work"),
        "densenet121": _("few parameters for its accuracy; slow for its MACs"),
        "nasnet_mobile": _("hardly ever: searched, not designed; slow for its MACs"),
        "nasnet_large": _("hardly ever: very heavy for its accuracy"),
        "efficientnet_b0": _("most accuracy for few parameters; few data, small machine"),
        "efficientnet_b4": _("when accuracy counts more than speed and images are large"),
        "efficientnet_v2_b0": _("as efficientnet_b0, faster to train"),
        "efficientnet_v2_s": _("accurate, for large images, faster to train than efficientnet_b4"),
        "convnext_tiny": _(
            "a modern convnet for about the work of resnet50, if data or weights suit"
        ),
    }
    larger = {
        "resnet50": ("resnet101", "resnet152"),
        "resnet50_v2": ("resnet101_v2", "resnet152_v2"),
        "densenet121": ("densenet169", "densenet201"),
        "efficientnet_b0": tuple(f"efficientnet_b{number}" for number in (1, 2, 3, 5, 6, 7)),
        "efficientnet_v2_b0": tuple(f"efficientnet_v2_b{number}" for number in (1, 2, 3)),
        "efficientnet_v2_s": ("efficientnet_v2_m", "efficientnet_v2_l"),
        "convnext_tiny": tuple(f"convnext_{size}" for size in ("small", "base", "large", "xlarge")),
    }
    for smallest, others in larger.items():
        said |= dict.fromkeys(others, more.format(name=smallest))
    return {name: said[name] for name in BACKBONES}


def build(
    name: str, image_shape: tuple[int, int, int] | None = None, num_classes: int = NUM_CLASSES
) -> "keras.Model":
    """Build the architecture called `name` with random weights; nothing is downloaded.

    Args:
        name: One of `BACKBONES`.
        image_shape: `(rows, columns, 3)`, at least its `smallest`; None: the size it was made for.
        num_classes: Number of logits, at least 2.

    Returns:
        A model from raw 0–255 images `(batch, rows, columns, 3)` to logits. The scaling its
        weights are published for is part of it.

    Raises:
        InputError: If the name is unknown, the images are too small or not of three channels, or
            there are fewer than two classes.

    Reference:
        The papers named in `BACKBONES`. ResNet-50 is version 1, with the stride in the first 1×1
        convolution of a stage: 3.858 thousand million MACs, where version 1.5 has 4.089.
    """
    check_whole("num_classes", num_classes, 2)
    return _built(name, image_shape, classes=num_classes, classifier_activation=None)


def build_trunk(name: str, image_shape: tuple[int, int, int] | None = None) -> "keras.Model":
    """Build the architecture called `name` without its head: raw images to feature maps.

    Arguments and errors are those of `build`.

    Returns:
        A model from raw 0–255 images to feature maps `(batch, rows, columns, channels)`.
    """
    return _built(name, image_shape, include_top=False)


def _built(name: str, image_shape: tuple[int, int, int] | None, **head: Any) -> "keras.Model":
    import keras

    known = BACKBONES[check_choice("model", name, BACKBONES)]
    shape = image_shape or (known.size, known.size, 3)
    _check_shape(name, shape)
    images = keras.Input(shape, name="images")
    scaled = SCALINGS[known.scaling](images)
    builder = getattr(keras.applications, known.keras_name)
    model = builder(weights=None, input_tensor=scaled, **head)
    # Keras makes it of a list of one input, and warns at each call with the input itself.
    return keras.Model(images, model.output, name=name)


def _check_shape(name: str, shape: tuple[int, int, int]) -> None:
    rows, columns, channels = shape
    if min(rows, columns) < BACKBONES[name].smallest:
        raise InputError(
            _(
                "Model {name} needs images of at least {smallest}×{smallest} pixels; received "
                "{rows}×{columns}."
            ).format(name=name, smallest=BACKBONES[name].smallest, rows=rows, columns=columns)
        )
    if channels != 3:
        raise InputError(
            _("Model {name} takes colour images of 3 channels; received {channels}.").format(
                name=name, channels=channels
            )
        )


def _caffe(images: Any) -> Any:
    """Turn RGB into BGR around the means of ImageNet, as the first weights were trained."""
    import keras

    turned = keras.ops.flip(images, axis=-1)
    means = [-103.939, -116.779, -123.68]
    return keras.layers.Rescaling(1.0, offset=means, dtype="float32", name="scale")(turned)


def _minus_one_to_one(images: Any) -> Any:
    import keras

    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="scale")(images)


def _imagenet(images: Any) -> Any:
    """Bring each channel to mean 0 and deviation 1 over ImageNet."""
    import keras

    scale = [1 / (255 * one) for one in DEVIATION]
    offset = [-middle / one for middle, one in zip(MEAN, DEVIATION, strict=True)]
    return keras.layers.Rescaling(scale, offset=offset, dtype="float32", name="scale")(images)


def _own(images: Any) -> Any:
    """Their own first layers scale; they take 0–255."""
    return images


SCALINGS = {
    "caffe": _caffe,
    "minus-one-to-one": _minus_one_to_one,
    "imagenet": _imagenet,
    "own": _own,
}
"""What weights expect of images, by name."""
