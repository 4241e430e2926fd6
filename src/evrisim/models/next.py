"""ConvNeXt: a convnet with the proportions of a transformer."""

from dataclasses import replace

import keras

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.blocks import conv
from evrisim.blocks import norm as normalise
from evrisim.blocks.modern import STYLE
from evrisim.messages import translate as _
from evrisim.models.large import STEMS
from evrisim.models.parts import check_size, images_input
from evrisim.models.staged import Stage, stages

SHARES = (1, 1, 3, 1)
"""How blocks are shared among stages."""


def convnext(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    width: int = 96,
    depth: int = 18,
    stem: str = "small",
    norm: str = "layer",
    squeeze: int = 0,
    drop_path: float = 0.0,
    dropout: float = 0.0,
) -> keras.Model:
    """Build ConvNeXt, by default of the size Tiny.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 16, with the stem
            `large` 32.
        num_classes: Number of logits.
        width: Feature maps of the first stage; each later one has twice as many.
        depth: Blocks in all, a multiple of 6: stages share them 1 : 1 : 3 : 1.
        stem: `small` filters 2×2 in steps of 2, `large` 4×4 in steps of 4, as for ImageNet.
        norm: `layer`, `batch`, `group` or `none`.
        squeeze: What squeeze-and-excite divides the channels by; 0 leaves it out.
        drop_path: Share of the images for which the last block is left out in training.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        Liu et al. 2022, https://arxiv.org/abs/2201.03545.
    """
    step = 4 if check_choice("stem", stem, STEMS) == "large" else 2
    check_size("convnext", image_shape, 8 * step)
    style = replace(STYLE, norm=norm, squeeze=squeeze, drop_path=drop_path)
    share = _share(depth)
    plan = [
        Stage(parts * share, width * 2**number, 2 if number else 1)
        for number, parts in enumerate(SHARES)
    ]
    inputs, x = images_input(image_shape)
    x = conv(x, width, step, strides=step, bias=True, name="stem_conv")
    x = normalise(x, style, name="stem_norm")
    x = stages(x, "convnext", plan, style)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = normalise(x, style, name="last_norm")
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="convnext")


def _share(depth: int) -> int:
    share, rest = divmod(check_whole("depth", depth, 1), sum(SHARES))
    if rest or not share:
        raise InputError(
            _("`depth` of a ConvNeXt must be a multiple of {each}; received {depth}.").format(
                each=sum(SHARES), depth=depth
            )
        )
    return share
