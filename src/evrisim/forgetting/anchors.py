"""Weights held near where they were: by distance, or by what each one meant for the old task."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim.data.dataset import DataSet
from evrisim.depth.recorder import GradientRecorder

SAMPLES = 200
"""Images the importance of weights is measured on."""


class Anchored(keras.Model):
    """A functional model whose loss grows with the square of how far its weights have moved."""

    def hold(self, strength: float, importance: Sequence[np.ndarray]) -> None:
        """Hold the trainable variables where they are now.

        Args:
            strength: What half the squared distance is multiplied by; 0 for nothing.
            importance: One array a trainable variable, of its shape: the share of each weight.
        """
        self.strength = strength
        self.held = [
            (variable, ops.convert_to_tensor(np.array(variable)), ops.convert_to_tensor(share))
            for variable, share in zip(self.trainable_variables, importance, strict=True)
        ]

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        """Give the task's loss and what the distance adds to it."""
        loss = super().compute_loss(*args, **kwargs)
        if not self.strength:
            return loss
        far = sum(
            ops.sum(share * ops.square(ops.subtract(variable, start)))
            for variable, start, share in self.held
        )
        return loss + 0.5 * self.strength * far


def evenly(model: keras.Model) -> list[np.ndarray]:
    """Give every weight the same importance, 1: L2 to where training starts.

    Reference:
        Xuhong et al. 2018, https://arxiv.org/abs/1802.01483.
    """
    return [np.ones(tuple(v.shape), np.float32) for v in model.trainable_variables]


def fisher(model: keras.Model, dataset: DataSet, loss: Any, *, seed: int) -> list[np.ndarray]:
    """Give the diagonal of the empirical Fisher information on training images.

    The mean over images of the squared gradient of one image's loss, scaled so that its mean over
    all weights is 1: then one strength suits nets of any size.

    Args:
        model: At the end of the old task; compiled anew, its weights stay.
        dataset: The old task's.
        loss: Its loss.
        seed: Which images.

    Reference:
        Kirkpatrick et al. 2017, https://arxiv.org/abs/1612.00796 (elastic weight consolidation).
    """
    recorder = GradientRecorder(0.0)
    model.compile(recorder, loss)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(dataset.train))[:SAMPLES]
    squares = evenly(model)
    for square in squares:
        square[...] = 0
    for index in chosen:
        images, labels = dataset.train.images[[index]], dataset.train.labels[[index]]
        model.train_on_batch(images, labels)
        for square, gradient in zip(squares, recorder.gradients, strict=True):
            square += np.array(gradient) ** 2
    mean = sum(float(one.sum()) for one in squares) / sum(one.size for one in squares)
    return [one / max(mean, 1e-30) for one in squares]
