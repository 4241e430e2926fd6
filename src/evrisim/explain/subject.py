"""A model as explanations see it: its feature maps, what comes after them, its logits."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim import taps
from evrisim._validate import InputError
from evrisim.explain import finding
from evrisim.inference import Head, find_head
from evrisim.messages import translate as _


@dataclass(frozen=True, eq=False)
class Subject:
    """A model with the place that is looked at.

    Attributes:
        model: any Keras model of raw images.
        target: the call of the layer whose output is looked at; None where only pixels count.
        head: the softmax at the model's end; None where it gives logits.
        trace: one pass of the model.
        num_classes: how many logits.
        image_shape: `(height, width, channels)` that was looked at.
    """

    model: keras.Model
    target: taps.Seen | None
    head: Head | None
    trace: taps.Pass
    num_classes: int
    image_shape: tuple[int, ...]

    @property
    def layer(self) -> str:
        """Path of the layer; empty where only pixels count."""
        return self.target.path if self.target else ""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.image_shape[0], self.image_shape[1]

    @property
    def features_shape(self) -> tuple[int, ...]:
        """Shape of the layer's output for one image, `(rows, columns, channels)`."""
        assert self.target is not None
        assert self.target.shape is not None
        return self.target.shape[1:]

    def forward(self, images: Any, tap: taps.Tap) -> tuple[Any, Any]:
        """Run the model with the layer's output sent through `tap`; give that and the logits.

        Where only pixels count, they are sent through it.

        Args:
            images: `(batch, height, width, channels)` float32.
            tap: takes a tensor and gives one of the same shape.

        Returns:
            What the tap gave, and logits `(batch, classes)` float32.
        """
        caught: list[Any] = []

        def at_target(output: Any) -> Any:
            caught.append(tap(output))
            return caught[0]

        if self.target is None:
            images = at_target(images)
            taken: list[tuple[Any, taps.Tap]] = []
        else:
            taken = [(self.target.step, _at_call(self.target.call, at_target))]
        with taps.tapped(taken), _taken_off(self.head):
            logits = self.model(images, training=False)
        return caught[0], ops.cast(logits, "float32")

    def seen(self, images: Any) -> tuple[Any, Any]:
        """Give the layer's output as it is, and the logits, both float32."""
        features, logits = self.forward(images, lambda output: output)
        return ops.cast(features, "float32"), logits

    def logits(self, images: Any) -> Any:
        """Run the model; `(batch, classes)` float32."""
        return self.seen(images)[1]

    def above(self, images: Any, features: Any) -> Any:
        """Give the logits that follow from other features than the images' own.

        Args:
            images: `(batch, height, width, channels)`; they count only where a part of the model
                goes past the layer, and a compiled pass leaves the rest out.
            features: `(batch, rows, columns, channels)`.
        """
        return self.forward(images, lambda output: ops.cast(features, output.dtype))[1]

    def check_logits(self, logits: np.ndarray) -> None:
        """Pass unless these look like probabilities of a softmax that could not be taken off.

        Raises:
            InputError: If they do: their gradient would be that of the probability.
        """
        if self.head is not None or (logits < 0).any():
            return
        if np.allclose(logits.sum(axis=1), 1, rtol=0, atol=1e-4):
            raise InputError(
                _(
                    "The model {name} gives probabilities, but its softmax is not a layer that "
                    "could be taken off; let it end in logits or in a softmax layer."
                ).format(name=self.model.name)
            )


def subject(
    model: keras.Model,
    *,
    layer: str | None = None,
    image_shape: tuple[int, ...] | None = None,
    maps: bool = True,
) -> Subject:
    """Look at a model once.

    Args:
        model: any Keras model of raw images (0–255, channels last) that ends in
            `(batch, classes)` logits or a softmax of them.
        layer: path of the layer that is looked at; None for what `find_layer` finds.
        image_shape: `(height, width, channels)`, for a model that does not fix it.
        maps: whether feature maps are looked at; else pixels alone.

    Raises:
        InputError: If it is no classifier, has no such layer, or no feature maps at all.
    """
    trace = taps.record(model, image_shape)
    if trace.shape is None or len(trace.shape) != 2 or trace.shape[1] < 2:
        raise InputError(
            _(
                "The model {name} must give one row of at least two numbers an image, "
                "(batch, classes); received {shape}."
            ).format(name=model.name, shape=trace.shape)
        )
    target = finding.target(model, trace, layer) if maps else None
    shape = taps.known_image_shape(model, image_shape)
    return Subject(model, target, find_head(trace), trace, trace.shape[1], shape)


def _at_call(number: int, tap: taps.Tap) -> taps.Tap:
    """Send the output of one of a step's calls through a tap, and leave the others alone."""
    calls = 0

    def counted(output: Any) -> Any:
        nonlocal calls
        calls += 1
        return tap(output) if calls == number + 1 else output

    return counted


def _taken_off(head: Head | None) -> Any:
    """Make the step at the model's end hand on its input for a while."""
    if head is None:
        return taps.tapped([])
    if "activation" in vars(head.step):
        return taps.overridden(head.step, "activation", keras.activations.linear)
    return taps.overridden(head.step, "call", lambda inputs, *args, **kwargs: inputs)
