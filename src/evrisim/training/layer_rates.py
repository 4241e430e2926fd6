"""Rates that differ by variable: lower far from the logits, higher for offsets of norms."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras


def rate_factors(model: keras.Model, decay: float) -> list[float]:
    """Give what the rate of each trainable variable is multiplied by.

    A layer with a kernel is one step further from the logits than the next one with a kernel in
    the order of the graph; norms and biases go with the kernel before them. Steps are counted from
    the end, so what stands before a layer does not change its rate.

    Args:
        model: Whose variables; models within it are looked into.
        decay: What one step multiplies by, above 0, at most 1.

    Returns:
        One factor for each of `model.trainable_variables`, 1 at the logits.

    Reference:
        Howard and Ruder 2018, https://arxiv.org/abs/1801.06146 (discriminative rates);
        Clark et al. 2020, https://arxiv.org/abs/2003.10555 (a factor for each layer).
    """
    steps: dict[int, int] = {}
    kernels = 0
    for layer in reversed(list(_leaves(model))):
        for variable in layer.trainable_variables:
            steps.setdefault(id(variable), kernels)
        kernels += any(len(weight.shape) > 1 for weight in layer.weights)
    return [decay ** steps[id(variable)] for variable in model.trainable_variables]


def offset_factors(model: keras.Model, factor: float) -> list[float]:
    """Give what the rate of each trainable variable is multiplied by: offsets of norms have more.

    An offset moves where ReLU cuts, and its gradient is small beside those of kernels.

    Args:
        model: Whose variables; models within it are looked into.
        factor: Of the offsets (`beta`) of normalisations.

    Returns:
        One factor for each of `model.trainable_variables`.

    Reference:
        Page 2019, "How to train your ResNet 8: bag of tricks"; Jordan 2024,
        https://arxiv.org/abs/2404.00498, with 64.
    """
    offsets = {
        id(layer.beta) for layer in _leaves(model) if getattr(layer, "beta", None) is not None
    }
    return [factor if id(one) in offsets else 1.0 for one in model.trainable_variables]


def _leaves(layer: keras.Layer) -> Iterator[keras.Layer]:
    """Give the layers of a model and of the models within it, in the order of their graphs."""
    if not isinstance(layer, keras.Model):
        yield layer
        return
    for inner in layer.layers:
        yield from _leaves(inner)


class _ByLayer:
    """Steps an optimizer group by group of variables that share a factor of the rate."""

    factors: Sequence[float] = ()
    _factor = 1.0

    def _get_current_learning_rate(self: Any) -> Any:
        rate = super()._get_current_learning_rate()  # type: ignore[misc]
        return rate if self._factor == 1.0 else rate * self._factor

    def _apply_weight_decay(self: Any, variables: Sequence[Any]) -> None:
        # Keras on PyTorch refuses a group in which none decays.
        decaying = [one for one in variables if self._use_weight_decay(one)]
        for group in self._groups(decaying):
            super()._apply_weight_decay([decaying[i] for i in group])  # type: ignore[misc]

    def _backend_update_step(
        self: Any, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any
    ) -> None:
        for group in self._groups(trainable_variables):
            super()._backend_update_step(  # type: ignore[misc]
                [grads[i] for i in group],
                [trainable_variables[i] for i in group],
                learning_rate * self._factor,
            )

    def _groups(self: Any, variables: Sequence[Any]) -> Iterator[list[int]]:
        """Give the places of variables that share a factor, which holds while they are handled."""
        groups: dict[float, list[int]] = {}
        for place, variable in enumerate(variables):
            factor = self.factors[self._get_variable_index(variable)]
            groups.setdefault(factor, []).append(place)
        for factor, group in groups.items():
            with self._with_factor(factor):
                yield group

    @contextmanager
    def _with_factor(self: Any, factor: float) -> Iterator[None]:
        self._factor = factor
        try:
            yield
        finally:
            self._factor = 1.0


class AdamW(_ByLayer, keras.optimizers.AdamW):
    """AdamW whose rate is multiplied by `factors`, one for each variable."""


class SGD(_ByLayer, keras.optimizers.SGD):
    """SGD whose rate is multiplied by `factors`, one for each variable."""
