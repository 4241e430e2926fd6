"""Where a layer's field matters: how strongly each pixel acts on the cell in the middle."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim import taps
from evrisim._validate import InputError, check_whole
from evrisim.explain import gradients
from evrisim.inference import Progress, batches, check_images
from evrisim.messages import translate as _

HELD = 0.95
"""Share of the whole that the square of `EffectiveField.side` holds."""


@dataclass(frozen=True, eq=False)
class EffectiveField:
    """How strongly the pixels act on one cell of a layer.

    Attributes:
        heat: `(rows, columns)` float64 of the image's size, at least 0, sum 1: the share of each
            pixel in the mean absolute gradient; all 0 if no pixel acts on the cell.
        layer: path of the layer.
        cell: row and column of the cell in the layer's map; (0, 0) where it has no map.
    """

    heat: np.ndarray
    layer: str
    cell: tuple[int, int]

    @property
    def side(self) -> int:
        """Side, in pixels, of the smallest square that holds 95 % of the heat, wherever it lies.

        It may stick out of an image that is not square. 0 if there is no heat.
        """
        sums = np.pad(self.heat.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        wanted = HELD * sums[-1, -1] * (1 - 1e-12)
        if not wanted:
            return 0
        low, high = 1, max(self.heat.shape)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if _most(sums, middle) >= wanted else (middle + 1, high)
        return low


def _most(sums: np.ndarray, side: int) -> float:
    """Give the most that a square of this side holds, from sums over all upper left corners."""
    rows, columns = (min(side, count - 1) for count in sums.shape)
    upper, lower = sums[:-rows], sums[rows:]
    held = lower[:, columns:] - lower[:, :-columns] - upper[:, columns:] + upper[:, :-columns]
    return float(held.max())


def effective_field(
    model: keras.Model,
    layer: str,
    images: np.ndarray | None = None,
    *,
    image_shape: tuple[int, ...] | None = None,
    count: int = 16,
    seed: int = 0,
    progress: Progress | None = None,
) -> EffectiveField:
    """Measure which pixels really act on the middle cell of a layer, and how strongly.

    The theoretical field says which pixels *can* change a cell; those in its middle have many
    more ways to do so, and act far more strongly. Measured is the absolute gradient of the cell
    with respect to each pixel, averaged over colour channels and images. A cell has many channels:
    they are added up with signs drawn anew for each image, or opposite ones would cancel each time.
    The model runs in inference mode and is left as it was.

    Args:
        model: Any Keras model of raw images (0–255, channels last).
        layer: Path of a layer that gives `(batch, rows, columns, channels)`, whose cell at
            `(rows // 2, columns // 2)` is taken, or `(batch, channels)`.
        images: `(count, rows, columns, channels)`, uint8 or float in 0–255; None for noise,
            each value drawn evenly from 0–255.
        image_shape: `(rows, columns, channels)` of the noise, for a model that does not fix it.
        count: How many images of noise.
        seed: Of the signs and the noise.
        progress: called as `progress(done, total)` after each batch.

    Raises:
        InputError: For a layer that does not run (the nearest names are given) or gives
            neither maps nor one row of numbers, or for images the model does not take.

    Reference:
        Luo, Li, Urtasun and Zemel 2016, "Understanding the effective receptive field in deep
        convolutional neural networks", https://arxiv.org/abs/1701.04128; there one channel
        without signs.
    """
    rng = np.random.default_rng(seed)
    if images is None:
        shape = taps.known_image_shape(model, image_shape)
        images = rng.uniform(0, 255, (check_whole("count", count, 1), *shape)).astype(np.float32)
    check_images(model, images)
    target = _target(model, layer, images.shape[1:])
    signs = rng.choice([-1.0, 1.0], (target.shape[-1], len(images))).astype(np.float32)
    run = gradients.compiled(gradients.Job(model, _forward(model, target, signs), _strength))
    heat, start = np.zeros(images.shape[1:3]), 0
    for batch, size in batches(images, min(_BATCH, len(images)), progress):
        # Each image's "class" is the column of signs with which its cell is read.
        columns = np.minimum(start + np.arange(len(batch)), len(images) - 1)
        maps, _cells, _columns = run(batch, columns)
        heat += maps[:size].astype(np.float64).sum(axis=0)
        start += size
    total = heat.sum()
    return EffectiveField(heat / total if total else heat, target.path, _middle(target.shape))


_BATCH = 8


def _target(model: keras.Model, layer: str, shape: tuple[int, ...]) -> Any:
    """Find the first call of a layer by its path."""
    seen: dict[str, taps.Seen] = {}
    for one in taps.record(model, shape).seen:
        seen.setdefault(one.path, one)
    target = seen[taps.check_path(model, layer, seen)]
    if target.shape is None or len(target.shape) not in (2, 4):
        raise InputError(
            _(
                "The layer {layer} gives {shape}; an effective receptive field needs one that "
                "gives (batch, rows, columns, channels) or (batch, channels)."
            ).format(layer=layer, shape=target.shape)
        )
    return target


def _middle(shape: tuple[int, ...]) -> tuple[int, int]:
    return (shape[1] // 2, shape[2] // 2) if len(shape) == 4 else (0, 0)


def _forward(model: keras.Model, target: Any, signs: np.ndarray) -> gradients.Forward:
    """Build the pass that taps the image itself and ends in the cell, read with all the signs."""

    def forward(images: Any, tap: taps.Tap) -> tuple[Any, Any]:
        caught: list[Any] = []

        def catch(output: Any) -> Any:
            caught.append(output)
            return output

        images = tap(images)
        with taps.tapped([(target.step, catch)]):
            model(images, training=False)
        row, column = _middle(target.shape)
        cell = caught[0] if len(target.shape) == 2 else caught[0][:, row, column]
        return images, ops.matmul(ops.cast(cell, "float32"), ops.convert_to_tensor(signs))

    return forward


def _strength(images: Any, slopes: Any) -> Any:
    return ops.mean(ops.abs(ops.cast(slopes, "float32")), axis=-1)
