"""Muon for convolutions: steps that turn kernels as much in every direction."""

from typing import Any

import keras
from keras import ops

from evrisim.training.layer_rates import SGD

MOMENTUM = 0.6
"""Of kernels; other variables have the recipe's."""

_ROUNDS = 3
_FACTORS = (3.4445, -4.7750, 2.0315)
_SMALLEST = 1e-7


def takes(variable: Any) -> bool:
    """Tell whether a variable is a convolution's kernel over several maps, which Muon steps.

    Kernels of depthwise convolutions have no matrix to be made orthogonal.
    """
    return len(variable.shape) == 4 and min(variable.shape[2:]) > 1


@keras.saving.register_keras_serializable("evrisim")
class Muon(SGD):
    """Nesterov momentum, but the step of each convolution's kernel is made orthogonal first.

    A kernel is taken as a matrix of a row for each output map. The step's singular values all
    become about 1, so directions that the gradient hardly shows are learned as well. Before each
    step the kernel is brought to the length √(output maps), which suits convolutions whose maps
    are normalised afterwards, and only those. Every other variable gets an SGD step.

    `keras.optimizers.Muon` takes matrices only and gives convolutions AdamW.

    Reference:
        Jordan 2024, https://kellerjordan.github.io/posts/muon/; for convolutions with these
        constants, https://github.com/KellerJordan/cifar10-airbench.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Step one variable."""
        if not takes(variable):
            super().update_step(gradient, variable, learning_rate)
            return
        gradient = ops.cast(gradient, variable.dtype)
        momentum = self.momentums[self._get_variable_index(variable)]
        kept = momentum * MOMENTUM + gradient
        self.assign(momentum, kept)
        step = orthogonal(gradient + MOMENTUM * kept)
        length = ops.sqrt(ops.sum(ops.square(variable)))
        kernel = variable * (variable.shape[-1] ** 0.5 / ops.maximum(length, _SMALLEST))
        self.assign(variable, kernel - ops.cast(learning_rate, variable.dtype) * step)


def orthogonal(kernel: Any) -> Any:
    """Bring the singular values of a kernel near 1 (0.7 to 1.2) and leave its directions.

    Three rounds of a polynomial of fifth degree do it (Newton and Schulz) for values that are not
    far smaller than the largest.

    Args:
        kernel: `(rows, columns, inputs, outputs)`, taken as a matrix of a row for each output.

    Returns:
        The same shape.
    """
    a, b, c = _FACTORS
    outputs = kernel.shape[-1]
    matrix = ops.transpose(ops.reshape(kernel, (-1, outputs)))
    turned = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(matrix) if turned else matrix
    x = x / ops.maximum(ops.sqrt(ops.sum(ops.square(x))), _SMALLEST)
    for _round in range(_ROUNDS):
        square = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * square + c * ops.matmul(square, square), x)
    rows = x if turned else ops.transpose(x)
    return ops.reshape(rows, kernel.shape)
