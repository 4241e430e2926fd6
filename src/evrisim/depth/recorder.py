"""An optimizer that keeps the gradients it was given, on any backend."""

from typing import Any

import keras


class GradientRecorder(keras.optimizers.SGD):
    """SGD with momentum that leaves the last gradient of each variable to be read.

    A training step of Keras is compiled as a whole, so gradients cannot be seen from outside; what
    an optimizer writes into variables of its own can.
    """

    def build(self, variables: list[Any]) -> None:
        """Make a variable for the gradient of each."""
        super().build(variables)
        self.gradients = [
            self.add_variable_from_reference(one, name="gradient") for one in variables
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Write the gradient down and go on as SGD."""
        self.assign(self.gradients[self._get_variable_index(variable)], gradient)
        super().update_step(gradient, variable, learning_rate)
