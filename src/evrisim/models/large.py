"""Nets made for ImageNet: a stem that may condense by four, four stages of blocks, a head."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import keras

from evrisim._validate import InputError, check_choice
from evrisim.blocks import Style, Tensor, detect, norm
from evrisim.blocks.parts import has_bias
from evrisim.layers import Conv2D
from evrisim.messages import translate as _
from evrisim.models.parts import check_size, images_input, logits_head
from evrisim.models.staged import KINDS, Stage, small_stem, stages

STEMS = ("small", "large")
"""For images of about 32×32, or of about 224×224."""


def stem(x: Tensor, width: int, style: Style, *, kind: str) -> Tensor:
    """Filter 3×3; for large images 7×7 in steps of 2, then take maxima in steps of 2.

    Zeros are put around before each, as many on all sides, as published weights want it.
    """
    if kind == "small":
        return small_stem(x, width, style)
    x = keras.layers.ZeroPadding2D(3, name="stem_pad")(x)
    x = Conv2D(
        width,
        7,
        strides=2,
        use_bias=has_bias(style),
        kernel_initializer="he_normal",
        name="stem_conv",
    )(x)
    x = detect(norm(x, style, name="stem_norm"), style, name="stem")
    x = keras.layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
    return keras.layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)


RESNETS = {
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
}
"""Kind of block, and blocks a stage, of each depth (He et al. 2016, table 1)."""

STRIDES = {"small": 8, "large": 32}
"""How much a residual net of four stages condenses, by stem."""


@dataclass(frozen=True)
class Skeleton:
    """What a residual net is outside its blocks.

    Attributes:
        name: Of the model.
        width: Feature maps of the stem.
        stem: One of `STEMS`.
        dropout: Share of averaged features dropped in training, 0 to 1.
    """

    name: str
    width: int = 64
    stem: str = "large"
    dropout: float = 0.0


def resnet_large(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    depth: int = 18,
    width: int = 64,
    stem: str = "small",
    stride_at: str = "middle",
    norm: str = "batch",
    squeeze: int = 0,
    drop_path: float = 0.0,
    zero_init: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Build ResNet-18, 34, 50, 101 or 152: four stages, as made for ImageNet.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8, with the stem
            `large` 32.
        num_classes: Number of logits.
        depth: One of `RESNETS`.
        width: Feature maps of the stem.
        stem: `small` for images of about 32×32, `large` for those of about 224×224.
        stride_at: `middle` (version 1.5) or `first` (as published), of bottlenecks.
        norm: `batch`, `layer`, `group` or `none`.
        squeeze: What squeeze-and-excite divides the channels by; 0 leaves it out.
        drop_path: Share of the images for which the last block is left out in training.
        zero_init: Start every block as its shortcut alone.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, table 1.
    """
    style = Style(
        norm=norm,
        stride_at=stride_at,
        squeeze=squeeze,
        drop_path=drop_path,
        zero_init=zero_init,
    )
    block, blocks = _known(depth, RESNETS)
    skeleton = Skeleton(f"resnet_large{depth}", width, stem, dropout)
    return residual(image_shape, num_classes, block, blocks, skeleton, style)


def resnext(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    depth: int = 50,
    width: int = 64,
    groups: int = 32,
    stem: str = "small",
    norm: str = "batch",
    squeeze: int = 0,
    drop_path: float = 0.0,
    zero_init: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Build ResNeXt-50, 101 or 152: bottlenecks twice as wide in the middle, in groups.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8, with the stem
            `large` 32.
        num_classes: Number of logits.
        depth: 50, 101 or 152.
        width: Feature maps of the stem; twice as many must divide into groups.
        groups: Parts that the middle's feature maps are divided into, the paper's cardinality.
        stem: `small` for images of about 32×32, `large` for those of about 224×224.
        norm: `batch`, `layer`, `group` or `none`.
        squeeze: What squeeze-and-excite divides the channels by; 0 leaves it out.
        drop_path: Share of the images for which the last block is left out in training.
        zero_init: Start every block as its shortcut alone.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        Xie et al. 2017, https://arxiv.org/abs/1611.05431: 25.0 million parameters at depth 50.
    """
    _block, blocks = _known(depth, [one for one in RESNETS if RESNETS[one][0] == "bottleneck"])
    style = Style(
        norm=norm,
        groups=groups,
        squeeze=squeeze,
        drop_path=drop_path,
        zero_init=zero_init,
    )
    skeleton = Skeleton(f"resnext{depth}", width, stem, dropout)
    return residual(image_shape, num_classes, "resnext", blocks, skeleton, style)


def residual(
    image_shape: tuple[int, int, int],
    num_classes: int,
    block: str,
    blocks: Sequence[int],
    skeleton: Skeleton,
    style: Style,
) -> keras.Model:
    """Build a net of four stages of residual blocks, in any style."""
    check_choice("stem", skeleton.stem, STEMS)
    check_size(skeleton.name, image_shape, STRIDES[skeleton.stem])
    widening = KINDS[block].widening
    plan = [
        Stage(count, skeleton.width * 2**number * widening, 1 if number == 0 else 2)
        for number, count in enumerate(blocks)
    ]
    inputs, x = images_input(image_shape)
    x = stem(x, skeleton.width, style, kind=skeleton.stem)
    x = stages(x, block, plan, style)
    logits = logits_head(x, num_classes, dropout=skeleton.dropout)
    return keras.Model(inputs, logits, name=skeleton.name)


def _known(depth: int, depths: Iterable[int]) -> tuple[str, tuple[int, ...]]:
    if depth not in depths:
        raise InputError(
            _("`depth` must be one of {known}; received {depth}.").format(
                known=", ".join(map(str, depths)), depth=depth
            )
        )
    return RESNETS[depth]
