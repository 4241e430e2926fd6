"""What every model begins and ends with: raw images in, logits out."""

import keras

from evrisim.blocks import Tensor


def images_input(image_shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Give the model's input of raw 0–255 images and the same scaled to −1…1.

    The scaling is part of the model, so that a saved model takes images as they are.
    It runs in float32 whatever the policy: bfloat16 would round it to 8 bits.
    """
    inputs = keras.Input(image_shape, name="images")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="scale")(inputs)
    return inputs, scaled


def logits_head(x: Tensor, num_classes: int, *, dropout: float = 0.0) -> Tensor:
    """Average each feature map over its pixels and weigh the averages into float32 logits."""
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
