"""Kernels that begin by passing on what comes in."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("evrisim")
class Identity(keras.initializers.Initializer):
    """Kernels of a convolution whose first outputs are its inputs, as they are (Dirac).

    Deep in a net that begins so, images arrive, and gradients at its first layers. With fewer
    outputs than inputs the last inputs are left out; what outputs there are more begin as usual.

    Args:
        others: How kernels of further outputs begin: an initializer, or its name.

    Reference:
        Zagoruyko and Komodakis 2017, https://arxiv.org/abs/1706.00388; Jordan 2024,
        https://arxiv.org/abs/2404.00498.
    """

    def __init__(self, others: Any = "he_normal") -> None:
        self.others = keras.initializers.get(others)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Give kernels `(rows, columns, inputs, outputs)`."""
        rows, columns, inputs, outputs = shape
        passed = min(inputs, outputs)
        same = np.zeros((rows, columns, inputs, passed), np.float32)
        # The middle as padding `same` has it, for even kernels too.
        same[(rows - 1) // 2, (columns - 1) // 2, range(passed), range(passed)] = 1
        drawn = self.others(shape, dtype=dtype)
        return ops.concatenate([ops.cast(same, drawn.dtype), drawn[..., passed:]], axis=3)

    def get_config(self) -> dict[str, Any]:
        """Give what makes it again."""
        return {"others": keras.initializers.serialize(self.others)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Identity":
        """Make it of what `get_config` gave."""
        return cls(keras.initializers.deserialize(config["others"]))
