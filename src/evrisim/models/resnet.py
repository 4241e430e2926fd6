"""Residual networks for small images, and the plain ones they are compared with."""

import keras

from evrisim._validate import check_choice
from evrisim.blocks import Style
from evrisim.models.staged import Plan, blocks_of, built

RESIDUAL = ("basic", "bottleneck")
Shape = tuple[int, int, int]


def resnet20(
    image_shape: Shape, num_classes: int, *, width: int = 16, dropout: float = 0.0
) -> keras.Model:
    """Build ResNet-20 as for CIFAR-10: three stages of three basic blocks.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        width: Feature maps of the first stage; the others have two and four times as many.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Returns:
        A model from raw 0–255 images `(batch, rows, columns, channels)` to logits.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, section 4.2, with 1×1 convolutions
        where a shortcut changes shape (type B).
    """
    plan = Plan("resnet20", "basic", 3, width, dropout=dropout)
    return built(image_shape, num_classes, plan, Style())


def plain(
    image_shape: Shape,
    num_classes: int,
    *,
    depth: int = 20,
    width: int = 16,
    norm: str = "batch",
    dropout: float = 0.0,
) -> keras.Model:
    """Build the same as `resnet` without its shortcuts, to see what they are for.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        depth: Layers with weights: 2 more than a multiple of 6.
        width: Feature maps of the first stage.
        norm: `batch`, `layer`, `group` or `none`.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, section 4.2.
    """
    kind = "plain-pair"
    plan = Plan(f"plain{depth}", kind, blocks_of(depth, kind), width, dropout=dropout)
    return built(image_shape, num_classes, plan, Style(norm=norm))


def resnet(
    image_shape: Shape,
    num_classes: int,
    *,
    depth: int = 20,
    width: int = 16,
    block: str = "basic",
    norm: str = "batch",
    shortcut: str = "projection",
    squeeze: int = 0,
    drop_path: float = 0.0,
    zero_init: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Build a residual net of any depth: ResNet-20, 32, 44, 56, 110 for CIFAR-10.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        depth: Layers with weights: 2 more than a multiple of 6, of 9 with bottlenecks.
        width: Feature maps of the first stage, 4 times as many between bottlenecks.
        block: `basic` or `bottleneck`.
        norm: `batch`, `layer`, `group` or `none`.
        shortcut: `projection` (type B) or `padded` (type A, as in the paper).
        squeeze: What squeeze-and-excite divides the channels by; 0 leaves it out.
        drop_path: Share of the images for which the last block is left out in training.
        zero_init: Start every block as its shortcut alone.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, section 4.2.
    """
    check_choice("block", block, RESIDUAL)
    style = Style(
        norm=norm,
        shortcut=shortcut,
        squeeze=squeeze,
        drop_path=drop_path,
        zero_init=zero_init,
    )
    plan = Plan(f"resnet{depth}", block, blocks_of(depth, block), width, dropout=dropout)
    return built(image_shape, num_classes, plan, style)


def preact_resnet(
    image_shape: Shape,
    num_classes: int,
    *,
    depth: int = 20,
    width: int = 16,
    block: str = "basic",
    squeeze: int = 0,
    drop_path: float = 0.0,
    dropout: float = 0.0,
) -> keras.Model:
    """Build a residual net of version 2: normalisation and detection before each convolution.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        depth: As for `resnet`.
        width: Feature maps of the first stage, 4 times as many between bottlenecks.
        block: `basic` or `bottleneck`.
        squeeze: What squeeze-and-excite divides the channels by; 0 leaves it out.
        drop_path: Share of the images for which the last block is left out in training.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        He et al. 2016, Identity mappings, https://arxiv.org/abs/1603.05027.
    """
    check_choice("block", block, RESIDUAL)
    kind = "preactivation" if block == "basic" else "preactivation-bottleneck"
    style = Style(squeeze=squeeze, drop_path=drop_path)
    plan = Plan(f"preact_resnet{depth}", kind, blocks_of(depth, kind), width, dropout=dropout)
    return built(image_shape, num_classes, plan, style)


def wide_resnet(
    image_shape: Shape,
    num_classes: int,
    *,
    depth: int = 16,
    width: int = 64,
    drop_path: float = 0.0,
    dropout: float = 0.0,
) -> keras.Model:
    """Build a net of few and wide blocks of version 2: WRN-16-4 by default, of 2.7 million.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        depth: 4 more than a multiple of 6, since the paper counts shortcuts with weights.
        width: Feature maps of the first stage: 16 times the paper's factor k. The stem has 16.
        drop_path: Share of the images for which the last block is left out in training.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        Zagoruyko and Komodakis 2016, https://arxiv.org/abs/1605.07146.
    """
    kind = "preactivation"
    blocks = blocks_of(depth, kind, extra=4)
    plan = Plan(f"wide_resnet{depth}", kind, blocks, width, stem=16, dropout=dropout)
    return built(image_shape, num_classes, plan, Style(drop_path=drop_path))
