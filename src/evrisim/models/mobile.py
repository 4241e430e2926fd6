"""MobileNetV2: inverted residuals, narrow between blocks and wide within them."""

from dataclasses import replace

import keras

from evrisim._validate import check_choice
from evrisim.blocks import NORM_MOMENTUM, Style, conv, detect, inverted
from evrisim.blocks import norm as normalise
from evrisim.blocks.parts import has_bias
from evrisim.models.large import STEMS
from evrisim.models.parts import check_size, images_input, logits_head
from evrisim.models.staged import dropped

PLAN = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, feature maps, blocks and stride of each stage (the paper's table 2)."""

SMALL_STRIDES = (1, 1, 2, 2, 1, 2, 1)
"""Strides for images of about 32×32, of which 4×4 are left."""

BLOCKS = sum(blocks for _expansion, _filters, blocks, _strides in PLAN)

STEM, LAST = 32, 1280


def mobilenet(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    scale: float = 1.0,
    stem: str = "small",
    norm: str = "batch",
    squeeze: int = 0,
    norm_momentum: float = NORM_MOMENTUM,
    drop_path: float = 0.0,
    dropout: float = 0.0,
) -> keras.Model:
    """Build MobileNetV2.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8, with the stem
            `large` 32.
        num_classes: Number of logits.
        scale: What all numbers of feature maps are multiplied by (the paper's α), then rounded to
            eights.
        stem: `small` condenses 8 times in all, `large` 32 times, as for ImageNet.
        norm: `batch`, `layer`, `group` or `none`.
        squeeze: What squeeze-and-excite divides the wide channels by; 0 leaves it out.
        norm_momentum: Share of its running statistics a normalisation keeps at each step.
        drop_path: Share of the images for which the last block is left out in training.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        Sandler et al. 2018, https://arxiv.org/abs/1801.04381.
    """
    large = check_choice("stem", stem, STEMS) == "large"
    check_size("mobilenet", image_shape, 32 if large else 8)
    style = Style(
        norm=norm,
        norm_momentum=norm_momentum,
        activation="relu6",
        squeeze=squeeze,
        drop_path=drop_path,
    )
    bias, last = has_bias(style), max(LAST, eights(LAST * scale))
    inputs, x = images_input(image_shape)
    x = conv(x, eights(STEM * scale), 3, strides=2 if large else 1, bias=bias, name="stem_conv")
    x = detect(normalise(x, style, name="stem_norm"), style, name="stem")
    done = 0
    for number, (expansion, filters, blocks, strides) in enumerate(PLAN, start=1):
        step = strides if large else SMALL_STRIDES[number - 1]
        for place in range(blocks):
            x = inverted(
                x,
                eights(filters * scale),
                name=f"stage{number}_block{place + 1}",
                strides=1 if place else step,
                style=replace(dropped(style, done, BLOCKS), inner=expansion),
            )
            done += 1
    x = conv(x, last, 1, bias=bias, name="last_conv")
    x = detect(normalise(x, style, name="last_norm"), style, name="last")
    return keras.Model(inputs, logits_head(x, num_classes, dropout=dropout), name="mobilenet")


def eights(number: float) -> int:
    """Round to a multiple of eight, at least 8, and never to less than nine tenths.

    Example:
        >>> eights(33.6), eights(11.2), eights(3)
        (32, 16, 8)
    """
    rounded = max(8, int(number + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * number else rounded
