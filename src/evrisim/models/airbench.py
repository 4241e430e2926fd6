"""The net of the record recipes for CIFAR-10: shallow, and nearly all of it convolutions."""

from typing import Any

import keras

from evrisim.layers import BatchNormalization, Conv2D, Identity, Whitening
from evrisim.models.parts import images_input

MOMENTUM, EPSILON = 0.6, 1e-12
"""Of the normalisations: in a few hundred steps running statistics must follow fast."""

SCALE = 1 / 9
"""What features are multiplied by, so that logits begin small and learn slowly."""


def airbench(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    width: int = 64,
    deep: int = 256,
    whitening: bool = True,
    whitening_bias: bool = True,
    identity: bool = True,
    activation: str = "gelu",
    dropout: float = 0.0,
) -> keras.Model:
    """Build the net of airbench: a whitening layer, three groups of two convolutions, one dense.

    Each group begins with a convolution and max pooling 2×2; after each convolution stand a batch
    normalisation without scale and the activation. With the recipe `fast` it is trained in ten
    epochs.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        width: Feature maps of the first group.
        deep: Those of the second and third.
        whitening: Whether the first convolution whitens; else it is trained as any other.
        whitening_bias: Whether a bias is trained after whitening; without one a step is a tenth
            shorter.
        identity: Whether the other convolutions begin by passing on what comes in.
        activation: What detects.
        dropout: Share of the features dropped in training, 0 to 1.

    Returns:
        A model from raw 0–255 images `(batch, rows, columns, channels)` to logits.

    Reference:
        Jordan 2024, https://arxiv.org/abs/2404.00498.
    """
    inputs, x = images_input(image_shape)
    channels = image_shape[2]
    if whitening:
        x = Whitening(channels, use_bias=whitening_bias, name="whitening")(x)
    else:
        x = Conv2D(8 * channels, 2, padding="valid", name="first_conv")(x)
    x = keras.layers.Activation(activation, name="first_detect")(x)
    for group, filters in enumerate((width, deep, deep), start=1):
        x = _group(x, filters, f"group{group}", activation, identity=identity)
    x = keras.layers.GlobalMaxPooling2D(name="pool")(x)
    x = keras.layers.Rescaling(SCALE, dtype="float32", name="features")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    dense = keras.layers.Dense(num_classes, use_bias=False, dtype="float32", name="logits")
    return keras.Model(inputs, dense(x), name="airbench")


def _group(x: Any, filters: int, name: str, activation: str, *, identity: bool) -> Any:
    for place in (1, 2):
        usual = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        x = Conv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer=Identity(usual) if identity else usual,
            name=f"{name}_conv{place}",
        )(x)
        if place == 1 and min(x.shape[1:3]) > 1:
            x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
        x = BatchNormalization(
            momentum=MOMENTUM, epsilon=EPSILON, scale=False, name=f"{name}_norm{place}"
        )(x)
        x = keras.layers.Activation(activation, name=f"{name}_detect{place}")(x)
    return x
