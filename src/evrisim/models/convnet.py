"""The course's convnet."""

import keras

from evrisim.blocks import NORM_MOMENTUM, Style, plain
from evrisim.models.parts import images_input, logits_head


def convnet(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    width: int = 48,
    kernel_size: int = 3,
    condense: str = "pool",
    norm: str = "batch",
    norm_momentum: float = NORM_MOMENTUM,
    bias: bool = False,
    head: str = "gap",
    dropout: float = 0.0,
) -> keras.Model:
    """Build the plain convnet: Conv-BatchNorm-ReLU blocks with pooling, GAP, Dense.

    Three stages of `width`, 2·`width` and 4·`width` feature maps at full, half and quarter
    resolution. Most of the work lies where images are already condensed, which is cheap, and the
    last feature maps keep a quarter of the resolution, enough to see where the model looks.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        width: Feature maps of the first stage.
        kernel_size: Rows and columns of every kernel.
        condense: How resolution is halved: `pool` (max pooling) or `stride` (of the convolution).
        norm: `batch` or `group` normalisation.
        norm_momentum: Share of its running statistics a batch normalisation keeps at each step.
        bias: Whether convolutions have a bias, which a batch normalisation takes away again.
        head: `gap` averages each feature map, `flatten` weighs every pixel of them.
        dropout: Share of the head's features dropped in training, 0 to 1.

    Returns:
        A model from raw 0–255 images `(batch, rows, columns, channels)` to logits.
    """
    style = Style(kernel_size, condense, norm, norm_momentum, bias=bias)
    inputs, x = images_input(image_shape)
    x = plain(x, width, name="stage1_block1", strides=2, style=style)
    x = plain(x, 2 * width, name="stage2_block1", style=style)
    x = plain(x, 2 * width, name="stage2_block2", strides=2, style=style)
    x = plain(x, 4 * width, name="stage3_block1", style=style)
    x = plain(x, 4 * width, name="stage3_block2", style=style)
    logits = logits_head(x, num_classes, head=head, dropout=dropout)
    return keras.Model(inputs, logits, name="convnet")
