"""The training loss."""

from typing import Any

import keras
from keras import ops

# A probability of 0 has no logarithm; Keras' own losses cut at the same value.
_SMALLEST = 1e-7


@keras.saving.register_keras_serializable("evrisim")
class SmoothedCrossEntropy(keras.losses.Loss):
    """Cross-entropy against whole-number labels or shares of the classes, with label smoothing.

    The target of a label is `1 − label_smoothing` on it plus `label_smoothing / num_classes` on
    every class; computed from log-probabilities, so that no one-hot array is made. Shares of the
    classes, as MixUp and CutMix give them, are `(batch, classes)` that add up to 1.

    Args:
        label_smoothing: Share of the target spread over all classes, 0 to 1.
        from_logits: Whether the model gives logits; else it gives probabilities.

    Reference:
        Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 7.
    """

    def __init__(
        self, label_smoothing: float = 0.0, from_logits: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.label_smoothing = label_smoothing
        self.from_logits = from_logits

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Give one loss an image: `(batch,)` labels or `(batch, classes)` shares; scores."""
        scores = ops.cast(y_pred, "float32")
        logits = scores if self.from_logits else ops.log(ops.maximum(scores, _SMALLEST))
        if len(y_true.shape) == 2 and y_true.shape[-1] == logits.shape[-1]:
            shares = ops.cast(y_true, "float32")
            hard = ops.logsumexp(logits, axis=-1) - ops.sum(shares * logits, axis=-1)
        else:
            labels = ops.cast(ops.reshape(y_true, (-1,)), "int32")
            hard = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        if not self.label_smoothing:
            return hard
        spread = ops.logsumexp(logits, axis=-1) - ops.mean(logits, axis=-1)
        return (1 - self.label_smoothing) * hard + self.label_smoothing * spread

    def get_config(self) -> dict[str, Any]:
        """Give what `from_config` needs."""
        own = {"label_smoothing": self.label_smoothing, "from_logits": self.from_logits}
        return {**super().get_config(), **own}
