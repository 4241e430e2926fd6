"""A trunk with a new head: a model from raw images to the logits of other classes."""

from typing import Any

import keras

from evrisim._validate import InputError, check_choice, check_range, check_whole
from evrisim.messages import translate as _
from evrisim.transfer.freezing import Freezing, apply
from evrisim.transfer.trunks import Trunk

HEADS = ("linear", "course")

Shape = tuple[int, int, int]


def classifier(
    trunk: Trunk,
    num_classes: int,
    freezing: Freezing,
    *,
    image_shape: Shape | None = None,
    head: str = "linear",
    dropout: float = 0.2,
) -> keras.Model:
    """Put a new head on a trunk, which stays one layer of the model, as `base(x)` in Keras' guides.

    Args:
        trunk: What is taken over.
        num_classes: Number of logits.
        freezing: Which of its layers train, see `freezing.apply`. With batch normalisations
            `frozen` the trunk computes as in inference, whatever the model does.
        image_shape: Of the images that the model takes; where it is not the trunk's, they are
            resized (bilinear) within the model. None: the trunk's.
        head: `linear` (average of each feature map, dropout, one dense layer) or `course` (two:
            dropout 0.3, 256 with ReLU, dropout 0.2).
        dropout: Share of features that `linear` drops in training.

    Returns:
        A model from raw 0–255 images to float32 logits.
    """
    check_whole("num_classes", num_classes, 2)
    check_range("dropout", dropout, 0, 0.99)
    check_choice("head", head, HEADS)
    apply(freezing, trunk.model)
    inputs, x = resized(trunk, image_shape)
    x = trunk.model(x, training=False if freezing.norm == "frozen" else None)
    logits = head_on(x, num_classes, head=head, dropout=dropout)
    return keras.Model(inputs, logits, name=f"{trunk.model.name}_transfer")


def resized(trunk: Trunk, image_shape: Shape | None) -> tuple[Any, Any]:
    """Give an input for images of a shape, and these images as the trunk takes them.

    Raises:
        InputError: If the images have other channels, unless they are grey and the trunk takes
            colours: then it is shown the grey three times.
    """
    wanted = trunk.model.input_shape[1:]
    shape = image_shape or wanted
    inputs = x = keras.Input(shape, name="raw_images")
    if shape[2] == 1 and wanted[2] == 3:
        x = keras.layers.Concatenate(dtype="float32", name="grey_to_colour")([x, x, x])
    elif shape[2] != wanted[2]:
        raise InputError(
            _("{name} takes images of {wanted} channels; these have {found}.").format(
                name=trunk.name, wanted=wanted[2], found=shape[2]
            )
        )
    if tuple(shape[:2]) != tuple(wanted[:2]):
        x = keras.layers.Resizing(*wanted[:2], dtype="float32", name="resize")(x)
    return inputs, x


def head_on(maps: Any, num_classes: int, *, head: str, dropout: float) -> Any:
    """Give the logits of feature maps."""
    layers = keras.layers
    x = layers.GlobalAveragePooling2D(name="pool")(maps)
    if head == "course":
        x = layers.Dropout(0.3, name="head_dropout1")(x)
        x = layers.Dense(256, activation="relu", name="head_dense")(x)
        x = layers.Dropout(0.2, name="head_dropout2")(x)
    elif dropout:
        x = layers.Dropout(dropout, name="head_dropout")(x)
    return layers.Dense(num_classes, dtype="float32", name="logits")(x)
