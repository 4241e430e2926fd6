"""Whitening layers of a new model, fitted to training images before its first step."""

import keras
import numpy as np

from evrisim import inference
from evrisim.layers import Whitening

IMAGES = 5000
"""Training images that are looked at, the first ones."""


def adapt(model: keras.Model, images: np.ndarray) -> None:
    """Fit each whitening layer that has not been, from the images as they come to it.

    Args:
        model: Functional; its own layers are looked at, not those of models within it.
        images: `(count, rows, columns, channels)` raw training images.
    """
    for layer in model.layers:
        if isinstance(layer, Whitening) and not layer.is_adapted:
            before = keras.Model(model.input, layer.input)
            layer.adapt(inference.outputs(before, images[:IMAGES]))
