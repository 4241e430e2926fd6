"""The course's convnet."""

import keras

from evrisim.blocks import plain_block
from evrisim.models.parts import images_input, logits_head


def convnet(
    image_shape: tuple[int, int, int], num_classes: int, *, width: int = 48, dropout: float = 0.0
) -> keras.Model:
    """Build the plain convnet: Conv-BatchNorm-ReLU blocks with pooling, GAP, Dense.

    Three stages of `width`, 2·`width` and 4·`width` feature maps at full, half and quarter
    resolution. Most of the work lies where images are already condensed, which is cheap, and the
    last feature maps keep a quarter of the resolution, enough to see where the model looks.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        width: Feature maps of the first stage.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Returns:
        A model from raw 0–255 images `(batch, rows, columns, channels)` to logits.
    """
    inputs, x = images_input(image_shape)
    x = plain_block(x, width, name="stage1_block1", pool=True)
    x = plain_block(x, 2 * width, name="stage2_block1")
    x = plain_block(x, 2 * width, name="stage2_block2", pool=True)
    x = plain_block(x, 4 * width, name="stage3_block1")
    x = plain_block(x, 4 * width, name="stage3_block2")
    return keras.Model(inputs, logits_head(x, num_classes, dropout=dropout), name="convnet")
