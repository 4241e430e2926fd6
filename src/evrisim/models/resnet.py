"""Residual networks for small images."""

import keras

from evrisim.blocks import conv, norm, relu, residual_block
from evrisim.models.parts import images_input, logits_head


def resnet20(
    image_shape: tuple[int, int, int], num_classes: int, *, width: int = 16, dropout: float = 0.0
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
    inputs, x = images_input(image_shape)
    x = relu(norm(conv(x, width, 3, name="stem_conv"), name="stem_norm"), name="stem_relu")
    for stage in (1, 2, 3):
        for block in (1, 2, 3):
            strides = 2 if stage > 1 and block == 1 else 1
            name = f"stage{stage}_block{block}"
            x = residual_block(x, width * 2 ** (stage - 1), strides=strides, name=name)
    return keras.Model(inputs, logits_head(x, num_classes, dropout=dropout), name="resnet20")
