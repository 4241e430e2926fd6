"""The known architectures of `keras.applications`, with raw images in and logits out.

What is said of each is data, so that it can be listed without loading Keras; the counted figures
are those of the built models, and a test counts them again.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.messages import translate as _

if TYPE_CHECKING:
    import keras

NUM_CLASSES = 1000
"""Classes of ImageNet, on which the published accuracies were measured."""

SMALLEST = 32
"""Rows and columns that all of them need: they halve the resolution five times."""

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
        paper_top1: the accuracy its authors published.
        protocol: how the authors measured theirs.
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


BACKBONES = {
    "vgg16": Architecture(
        2014,
        "https://arxiv.org/abs/1409.1556",
        224,
        NUM_CLASSES,
        138_357_544,
        138_357_544,
        15_470_264_320,
        0.713,
        0.744,
        "dense, one scale",
    ),
    "vgg19": Architecture(
        2014,
        "https://arxiv.org/abs/1409.1556",
        224,
        NUM_CLASSES,
        143_667_240,
        143_667_240,
        19_632_062_464,
        0.713,
        0.745,
        "dense, one scale",
    ),
    "resnet50": Architecture(
        2015,
        "https://arxiv.org/abs/1512.03385",
        224,
        NUM_CLASSES,
        25_636_712,
        25_583_592,
        3_857_973_248,
        0.749,
        0.7715,
        "10 crops",
    ),
    "mobilenet_v2": Architecture(
        2018,
        "https://arxiv.org/abs/1801.04381",
        224,
        NUM_CLASSES,
        3_538_984,
        3_504_872,
        300_774_272,
        0.713,
        0.720,
        "1 crop",
    ),
    "efficientnet_b0": Architecture(
        2019,
        "https://arxiv.org/abs/1905.11946",
        224,
        NUM_CLASSES,
        5_330_571,
        5_288_548,
        385_814_752,
        0.771,
        0.771,
        "1 crop",
    ),
    "efficientnet_b4": Architecture(
        2019,
        "https://arxiv.org/abs/1905.11946",
        380,
        NUM_CLASSES,
        19_466_823,
        19_341_616,
        4_393_771_024,
        0.829,
        0.829,
        "1 crop",
    ),
    "convnext_tiny": Architecture(
        2022,
        "https://arxiv.org/abs/2201.03545",
        224,
        NUM_CLASSES,
        28_589_128,
        28_589_128,
        4_455_531_264,
        0.813,
        0.821,
        "1 crop",
    ),
}


def when_to_choose() -> dict[str, str]:
    """Say for each architecture when it is the one to take."""
    return {
        "vgg16": _("as a yardstick, and to explain convnets: plain, but heavy"),
        "vgg19": _("hardly ever: more work than vgg16, no better"),
        "resnet50": _("as the baseline everybody knows; sturdy for fine-tuning"),
        "mobilenet_v2": _("where memory and battery are short: phones, small boards"),
        "efficientnet_b0": _("most accuracy for few parameters; few data, small machine"),
        "efficientnet_b4": _("when accuracy counts more than speed and images are large"),
        "convnext_tiny": _(
            "a modern convnet for about the work of resnet50, if data or weights suit"
        ),
    }


def build(
    name: str, image_shape: tuple[int, int, int] | None = None, num_classes: int = NUM_CLASSES
) -> "keras.Model":
    """Build the architecture called `name` with random weights; nothing is downloaded.

    Args:
        name: One of `BACKBONES`.
        image_shape: `(rows, columns, 3)`, at least 32×32; None: the size it was made for.
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
    import keras

    check_choice("model", name, BACKBONES)
    check_whole("num_classes", num_classes, 2)
    size = BACKBONES[name].size
    shape = image_shape or (size, size, 3)
    _check_shape(name, shape)
    images = keras.Input(shape, name="images")
    applications = keras.applications
    builders = {
        "vgg16": (applications.VGG16, _caffe),
        "vgg19": (applications.VGG19, _caffe),
        "resnet50": (applications.ResNet50, _caffe),
        "mobilenet_v2": (applications.MobileNetV2, _minus_one_to_one),
        "efficientnet_b0": (applications.EfficientNetB0, _as_is),
        "efficientnet_b4": (applications.EfficientNetB4, _as_is),
        "convnext_tiny": (applications.ConvNeXtTiny, _as_is),
    }
    builder, prepared = builders[name]
    model = builder(
        weights=None,
        input_tensor=prepared(images),
        classes=num_classes,
        classifier_activation=None,
    )
    # Keras makes it of a list of one input, and warns at each call with the input itself.
    return keras.Model(images, model.output, name=name)


def _check_shape(name: str, shape: tuple[int, int, int]) -> None:
    rows, columns, channels = shape
    if min(rows, columns) < SMALLEST:
        raise InputError(
            _(
                "Model {name} needs images of at least {smallest}×{smallest} pixels; received "
                "{rows}×{columns}."
            ).format(name=name, smallest=SMALLEST, rows=rows, columns=columns)
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


def _as_is(images: Any) -> Any:
    """Their own first layers scale; they take 0–255."""
    return images
