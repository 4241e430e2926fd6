"""Augmentations as Keras layers: in a Sequential, in a `tf.data` map, in a model that is fitted.

Each call draws anew: a layer counts its calls, and what it draws follows from its seed and the
count. The spellings of Keras' own layers take the same arguments and mean the same; but each image
has its own draw.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import keras
from keras import ops

from evrisim._validate import InputError, check_range, check_whole
from evrisim.augment import colour, mix, move
from evrisim.augment.base import Augmentation, Chain, Size
from evrisim.augment.device import apply, draw, mixed_labels
from evrisim.augment.labels import mixes
from evrisim.augment.policies import policy, written_out
from evrisim.augment.steps import Step
from evrisim.messages import translate as _


class _Drawing(keras.layers.Layer):
    """A layer that draws once a call, from its seed and how often it was called.

    Args:
        seed: Of the draws.
        value_range: Lowest and highest value of the images, `(0, 255)` or `(0, 1)`.
    """

    def __init__(
        self, *, seed: int = 0, value_range: tuple[float, float] = (0, 255), **kwargs: Any
    ) -> None:
        super().__init__(dtype="float32", **{k: v for k, v in kwargs.items() if k != "dtype"})
        self.seed = check_whole("seed", seed, 0)
        if tuple(value_range) not in ((0, 255), (0, 1)):
            raise InputError(
                _("`value_range` must be (0, 255) or (0, 1); received {value!r}.").format(
                    value=value_range
                )
            )
        self.value_range = (int(value_range[0]), int(value_range[1]))
        self.calls = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="calls"
        )

    def augmentation(self) -> Augmentation:
        """Give what is drawn."""
        raise NotImplementedError

    def call(self, inputs: Any, training: bool = True) -> Any:
        """Augment a batch in training; give it back as it is otherwise.

        Args:
            inputs: `(count, rows, columns, 1 or 3)` images in `value_range`, or a mapping with
                `images` and, where images are mixed, one-hot or soft `labels`.
            training: Whether to do anything.

        Returns:
            The same as float32.
        """
        images = inputs["images"] if isinstance(inputs, Mapping) else inputs
        if not training:
            return inputs
        chosen = self.augmentation()
        epoch = self.calls + 0
        self.calls.assign_add(1)
        size = (int(images.shape[1]), int(images.shape[2]))
        places = ops.arange(ops.shape(images)[0], dtype="int32")
        steps = draw(chosen, places, size, seed=self.seed, epoch=epoch)
        scale = 255.0 / self.value_range[1]
        changed = apply(steps, ops.floor(ops.cast(images, "float32") * scale + 0.5)) / scale
        if not isinstance(inputs, Mapping):
            if mixes(chosen):
                raise InputError(
                    _("A layer that mixes images takes a mapping with `images` and `labels`.")
                )
            return changed
        if not mixes(chosen):
            return {**inputs, "images": changed}
        labels = inputs["labels"]
        if len(labels.shape) != 2:
            raise InputError(
                _(
                    "Labels to mix in a layer must be one-hot (count, classes); received {shape}."
                ).format(shape=tuple(labels.shape))
            )
        mixed = mixed_labels(steps, labels, int(labels.shape[1]), size)
        return {**inputs, "images": changed, "labels": mixed}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Give the shape of the input: nothing but values changes."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Give what `from_config` needs."""
        own = {"seed": self.seed, "value_range": list(self.value_range)}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("evrisim")
class Augment(_Drawing):
    """A policy as a layer.

    Args:
        source: One of `augment.POLICIES`, several joined by `+`, a YAML file, or steps.
        severity: 0 (nothing changes) to 1.
        seed: Of the draws.
        value_range: `(0, 255)` or `(0, 1)`.

    Raises:
        InputError: If there is no such policy, or a setting is wrong.

    Example:
        >>> layer = Augment("course", severity=0.5)
        >>> layer(keras.ops.zeros((4, 32, 32, 3))).shape[0]
        4
    """

    def __init__(
        self, source: str | list[Any] = "standard", *, severity: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.source = written_out(source)
        self.severity = check_range("severity", severity, 0, 1)
        self._policy = policy(self.source, severity)

    def augmentation(self) -> Augmentation:
        """Give the policy."""
        return self._policy

    def get_config(self) -> dict[str, Any]:
        """Give what `from_config` needs."""
        return {**super().get_config(), "source": self.source, "severity": self.severity}


class _Spelled(_Drawing):
    """One of our methods under the name and with the arguments of a layer of Keras."""

    names: tuple[str, ...] = ()
    method: Callable[..., Augmentation]

    def __init__(self, *arguments: Any, **kwargs: Any) -> None:
        given = dict(zip(self.names, arguments, strict=False))
        given |= {name: kwargs.pop(name) for name in self.names if name in kwargs}
        super().__init__(**kwargs)
        self.given = given
        self._method = self.method(**given)

    def augmentation(self) -> Augmentation:
        """Give the method."""
        return Chain((self._method,))

    def get_config(self) -> dict[str, Any]:
        """Give what `from_config` needs."""
        return {**super().get_config(), **self.given}


@keras.saving.register_keras_serializable("evrisim")
class RandomFlip(_Spelled):
    """Mirror each image or not: `mode` is `horizontal`, `vertical` or `horizontal_and_vertical`."""

    names = ("mode",)

    @staticmethod
    def method(mode: str = "horizontal_and_vertical") -> Augmentation:
        """Make the flip."""
        return move.Flip("both" if mode == "horizontal_and_vertical" else mode)


@keras.saving.register_keras_serializable("evrisim")
class RandomRotation(_Spelled):
    """Turn by up to `factor` of a full turn, either way: 0.1 is ±36°."""

    names = ("factor", "fill_mode")

    @staticmethod
    def method(factor: float, fill_mode: str = "reflect") -> Augmentation:
        """Make the rotation."""
        return move.Rotation(factor, fill_mode)


@keras.saving.register_keras_serializable("evrisim")
class RandomZoom(_Spelled):
    """Zoom by up to `height_factor`, either way; without `width_factor` proportions are kept."""

    names = ("height_factor", "width_factor", "fill_mode")

    @staticmethod
    def method(
        height_factor: float, width_factor: float | None = None, fill_mode: str = "reflect"
    ) -> Augmentation:
        """Make the zoom."""
        return move.Zoom(height_factor, width_factor, fill_mode)


@keras.saving.register_keras_serializable("evrisim")
class RandomTranslation(_Spelled):
    """Move by up to shares of height and width."""

    names = ("height_factor", "width_factor", "fill_mode")

    @staticmethod
    def method(
        height_factor: float, width_factor: float, fill_mode: str = "reflect"
    ) -> Augmentation:
        """Make the translation."""
        return move.Translation(height_factor, width_factor, fill_mode)


@keras.saving.register_keras_serializable("evrisim")
class RandomBrightness(_Spelled):
    """Add up to `factor` of the range to all values of an image."""

    names = ("factor",)

    @staticmethod
    def method(factor: float) -> Augmentation:
        """Make the change of brightness."""
        return colour.Brightness(factor)


@keras.saving.register_keras_serializable("evrisim")
class RandomContrast(_Spelled):
    """Stretch each channel about its mean by up to `factor`, either way."""

    names = ("factor",)

    @staticmethod
    def method(factor: float) -> Augmentation:
        """Make the change of contrast."""
        return colour.Contrast(factor)


@keras.saving.register_keras_serializable("evrisim")
class RandomHue(_Spelled):
    """Turn the hue by up to `factor` of half the colour circle."""

    names = ("factor",)

    @staticmethod
    def method(factor: float) -> Augmentation:
        """Make the change of hue."""
        return colour.Hue(factor)


@dataclass(frozen=True)
class _Window:
    """A move that brings a window of some place to the upper left corner."""

    height: int
    width: int
    needs = 2

    def scaled(self, severity: float) -> "_Window":
        """A window has no strength."""
        return self

    def draw(self, chance: Any, size: Size, xp: ModuleType) -> list[Step]:
        """Draw each image's own place."""
        top, left = (
            xp.floor(chance[:, axis] * float(length - kept + 1))
            for axis, (length, kept) in enumerate(zip(size, (self.height, self.width), strict=True))
        )
        return [move.moved(xp, -left, -top)]


@keras.saving.register_keras_serializable("evrisim")
class RandomCrop(_Spelled):
    """Cut out a window of `height` × `width` pixels, each image at its own place."""

    names = ("height", "width")

    @staticmethod
    def method(height: int, width: int) -> Augmentation:
        """Make the window."""
        return _Window(check_whole("height", height, 1), check_whole("width", width, 1))

    def call(self, inputs: Any, training: bool = True) -> Any:
        """Cut out: at a random place in training, in the middle otherwise."""
        height, width = self.given["height"], self.given["width"]
        rows, columns = inputs.shape[1:3]
        if training:
            return super().call(inputs, training=True)[:, :height, :width]
        top, left = (rows - height) // 2, (columns - width) // 2
        return inputs[:, top : top + height, left : left + width]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Give the window's shape."""
        count, _rows, _columns, channels = input_shape
        return (count, self.given["height"], self.given["width"], channels)


@keras.saving.register_keras_serializable("evrisim")
class MixUp(_Spelled):
    """Blend pairs of images and their one-hot labels; `alpha` as in Keras is 0.2 by default."""

    names = ("alpha",)

    @staticmethod
    def method(alpha: float = 0.2) -> Augmentation:
        """Make the mixing."""
        return mix.MixUp(alpha, per="image")


@keras.saving.register_keras_serializable("evrisim")
class CutMix(_Spelled):
    """Paste boxes of others, labels by the exact share of pixels; λ ~ Beta(factor, factor)."""

    names = ("factor",)

    @staticmethod
    def method(factor: float = 1.0) -> Augmentation:
        """Make the mixing."""
        return mix.CutMix(factor, per="image")
