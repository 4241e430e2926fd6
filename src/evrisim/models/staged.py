"""Nets for small images: a stem, three stages of one kind of block, a head."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.blocks import BLOCKS, Style, Tensor, conv, detect, norm
from evrisim.blocks.parts import has_bias
from evrisim.messages import translate as _
from evrisim.models.parts import images_input, logits_head

STAGES = 3


@dataclass(frozen=True)
class Kind:
    """What a net of a kind of block has to know of it.

    Attributes:
        depth: Layers with weights, along the way, of a block.
        widening: Feature maps that come out of a block, as a multiple of the stage's width.
        open: Whether blocks end without normalisation and detection, which the net then adds.
    """

    depth: int = 2
    widening: int = 1
    open: bool = False


KINDS = {
    "plain": Kind(1),
    "plain-pair": Kind(2),
    "basic": Kind(2),
    "bottleneck": Kind(3, 4),
    "resnext": Kind(3, 4),
    "preactivation": Kind(2, open=True),
    "preactivation-bottleneck": Kind(3, 4, open=True),
    "separable": Kind(2),
    "inverted": Kind(3, open=True),
    "convnext": Kind(3, open=True),
}
"""`dense` is not among them: its feature maps grow from block to block."""


@dataclass(frozen=True)
class Stage:
    """Blocks that follow each other at one size.

    Attributes:
        blocks: How many.
        filters: Feature maps that come out of each.
        strides: How much the first condenses.
    """

    blocks: int
    filters: int
    strides: int


@dataclass(frozen=True)
class Plan:
    """What a net is apart from the style of its blocks.

    Attributes:
        name: Of the model.
        block: One of `KINDS`.
        blocks: How many a stage has.
        width: Width of the first stage; the others have two and four times as much.
        stem: Feature maps of the stem; None: as many as `width`.
        dropout: Share of averaged features dropped in training, 0 to 1.
    """

    name: str
    block: str
    blocks: int
    width: int
    stem: int | None = None
    dropout: float = 0.0


def staged(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    block: str = "basic",
    blocks: int = 3,
    width: int = 16,
    norm: str = "batch",
    activation: str = "relu",
    shortcut: str = "projection",
    squeeze: int = 0,
    drop_path: float = 0.0,
    zero_init: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Build a net of one kind of block, so that kinds can be compared with all else equal.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        block: One of `KINDS`.
        blocks: How many a stage has.
        width: Width of the first stage; the others have two and four times as much.
        norm: `batch`, `layer`, `group` or `none`.
        activation: What detects.
        shortcut: `projection` or `padded`, where a block changes shape.
        squeeze: What squeeze-and-excite divides the channels by; 0 leaves it out.
        drop_path: Share of the images for which the last block is left out in training; earlier
            blocks less often, in equal steps from 0.
        zero_init: Start every residual block as its shortcut alone.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Returns:
        A model from raw 0–255 images `(batch, rows, columns, channels)` to logits.
    """
    check_choice("block", block, KINDS)
    check_whole("blocks", blocks, 1)
    style = Style(
        condense="stride",
        norm=norm,
        activation=activation,
        shortcut=shortcut,
        squeeze=squeeze,
        drop_path=drop_path,
        zero_init=zero_init,
    )
    plan = Plan(block, block, blocks, width, dropout=dropout)
    return built(image_shape, num_classes, plan, style)


def built(
    image_shape: tuple[int, int, int], num_classes: int, plan: Plan, style: Style
) -> keras.Model:
    """Put stem, stages and head of a plan together, from raw 0–255 images to logits."""
    inputs, x = images_input(image_shape)
    kind = KINDS[plan.block]
    x = small_stem(x, plan.stem or plan.width, style, open_end=kind.open)
    widths = [plan.width * 2**number * kind.widening for number in range(STAGES)]
    each = [Stage(plan.blocks, width, 2 if number else 1) for number, width in enumerate(widths)]
    x = stages(x, plan.block, each, style)
    if kind.open:
        x = detect(norm(x, style, name="last_norm"), style, name="last")
    logits = logits_head(x, num_classes, dropout=plan.dropout)
    return keras.Model(inputs, logits, name=plan.name)


def small_stem(x: Tensor, width: int, style: Style, *, open_end: bool = False) -> Tensor:
    """Filter 3×3; normalise and detect, unless the first block begins with that."""
    x = conv(x, width, 3, bias=has_bias(style), name="stem_conv")
    if open_end:
        return x
    return detect(norm(x, style, name="stem_norm"), style, name="stem")


def stages(x: Tensor, block: str, plan: Sequence[Stage], style: Style) -> Tensor:
    """Put stages of one kind of block one after the other; drop path grows to the style's."""
    total, done = sum(stage.blocks for stage in plan), 0
    for number, stage in enumerate(plan, start=1):
        for place in range(stage.blocks):
            x = BLOCKS[block](
                x,
                stage.filters,
                name=f"stage{number}_block{place + 1}",
                strides=1 if place else stage.strides,
                style=dropped(style, done, total),
            )
            done += 1
    return x


def dropped(style: Style, done: int, total: int) -> Style:
    """Give the style of a block with `done` before it: drop path grows from 0 in equal steps."""
    return replace(style, drop_path=style.drop_path * done / max(total - 1, 1))


def blocks_of(depth: int, block: str, extra: int = 2) -> int:
    """Tell how many blocks a stage of a net of `depth` layers has.

    Args:
        depth: Layers with weights: convolutions along the way, and the head.
        block: One of `KINDS`.
        extra: Layers outside the blocks.

    Raises:
        InputError: If there is no such depth.
    """
    return blocks_for(depth, KINDS[block].depth, extra)


def blocks_for(depth: int, layers: int, extra: int) -> int:
    """Tell how many blocks of so many `layers` a stage has; arguments and errors as `blocks_of`."""
    check_whole("depth", depth, 1)
    each = STAGES * layers
    blocks, rest = divmod(depth - extra, each)
    if blocks < 1 or rest:
        low = max(blocks, 1) * each + extra
        raise InputError(
            _(
                "`depth` must be {extra} more than a multiple of {each} for blocks of this kind, "
                "such as {low} or {high}; received {depth}."
            ).format(extra=extra, each=each, low=low, high=low + each, depth=depth)
        )
    return blocks
