"""What every model begins and ends with: raw images in, logits out."""

import keras

from evrisim._validate import InputError, check_choice
from evrisim.blocks import Tensor
from evrisim.messages import translate as _

HEADS = ("gap", "flatten")


def images_input(image_shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Give the model's input of raw 0–255 images and the same scaled to −1…1.

    The scaling is part of the model, so that a saved model takes images as they are.
    It runs in float32 whatever the policy: bfloat16 would round it to 8 bits.
    """
    inputs = keras.Input(image_shape, name="images")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="scale")(inputs)
    return inputs, scaled


def check_size(name: str, image_shape: tuple[int, int, int], stride: int) -> None:
    """Pass if images have a pixel left after all that condenses them by `stride` in all.

    Raises:
        InputError: If they are smaller than the stride.
    """
    rows, columns, _channels = image_shape
    if min(rows, columns) < stride:
        raise InputError(
            _(
                "Model {name} needs images of at least {least}×{least} pixels; received "
                "{rows}×{columns}."
            ).format(name=name, least=stride, rows=rows, columns=columns)
        )


def logits_head(x: Tensor, num_classes: int, *, head: str = "gap", dropout: float = 0.0) -> Tensor:
    """Weigh feature maps into float32 logits: each map's average, or every pixel of each.

    Args:
        x: `(batch, rows, columns, channels)`.
        num_classes: Number of logits.
        head: `gap` (global average pooling: channels × classes weights) or `flatten`
            (rows × columns times as many).
        dropout: Share of features dropped in training.
    """
    if check_choice("head", head, HEADS) == "gap":
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    else:
        x = keras.layers.Flatten(name="flatten")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
