"""Batch, layer, group and instance normalisation of arrays, and what tells them apart.

Each takes a mean and a variance over some cells of the maps, `(batch, rows, columns, channels)`,
and makes them 0 and 1 there. They differ in which cells share their statistics, and so in whether
an image's result depends on the other images of its batch. The learned scale and offset that
follow in a layer are left out: they start as 1 and 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evrisim._validate import InputError, check_whole
from evrisim.messages import translate as _

EPSILON = 1e-3
"""Added to each variance, as Keras does by default."""

GROUPS = 32

Normalise = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class BatchNoise:
    """How unsteady batch normalisation's statistics are at a batch size, mean over channels.

    Attributes:
        batch_size: images in a batch, drawn without replacement from those given.
        mean_noise: standard deviation of a batch's mean, in standard deviations of the channel.
        expected_mean_noise: the same by the formula `√(S² / B · (1 − B / N)) / σ`, with `S²` the
            variance (divided by N − 1) of the N images' means and `B` the batch size.
        variance_ratio: a batch's variance relative to that of all images, mean over the batches.
        expected_variance_ratio: the same by the formula `1 − expected_mean_noise²`.
    """

    batch_size: int
    mean_noise: float
    expected_mean_noise: float
    variance_ratio: float
    expected_variance_ratio: float


def batch_norm(maps: np.ndarray, *, epsilon: float = EPSILON) -> np.ndarray:
    """Normalise each channel over batch, rows and columns, as in training.

    Args:
        maps: `(batch, rows, columns, channels)` numbers.
        epsilon: Added to the variance.

    Returns:
        The same shape, float32 or wider.

    Raises:
        InputError: For another shape.

    Reference:
        Ioffe, Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1
    """
    return _normalised(check_batch(maps), (0, 1, 2), epsilon)


def layer_norm(
    maps: np.ndarray, *, axes: tuple[int, ...] = (-1,), epsilon: float = EPSILON
) -> np.ndarray:
    """Normalise each place of each image over its channels, as Keras does by default.

    With `axes=(1, 2, 3)` each image is normalised as a whole, which is what the figure in the
    paper on group normalisation calls layer normalisation.

    Args:
        maps: `(batch, rows, columns, channels)` numbers.
        axes: Over which the statistics are taken.
        epsilon: Added to the variance.

    Raises:
        InputError: For another shape, or axes that it does not have.

    Reference:
        Ba, Kiros, Hinton 2016, https://arxiv.org/abs/1607.06450
    """
    if not axes or any(axis not in range(-4, 4) for axis in axes):
        raise InputError(
            _("`axes` must name some of the four axes, 0 to 3; received {axes!r}.").format(
                axes=axes
            )
        )
    return _normalised(check_batch(maps), tuple(axes), epsilon)


def group_norm(maps: np.ndarray, *, groups: int = GROUPS, epsilon: float = EPSILON) -> np.ndarray:
    """Normalise each image over its rows, columns and a group of neighbouring channels.

    One group is layer normalisation of the whole image; as many groups as channels are instance
    normalisation.

    Args:
        maps: `(batch, rows, columns, channels)` numbers.
        groups: How many; the channels must be a multiple of it.
        epsilon: Added to the variance.

    Raises:
        InputError: For another shape, or groups that do not divide the channels.

    Reference:
        Wu, He 2018, https://arxiv.org/abs/1803.08494, equation 7
    """
    maps = check_batch(maps)
    channels = maps.shape[-1]
    _check_groups(groups, channels)
    parted = maps.reshape(*maps.shape[:-1], groups, channels // groups)
    return _normalised(parted, (1, 2, 4), epsilon).reshape(maps.shape)


def instance_norm(maps: np.ndarray, *, epsilon: float = EPSILON) -> np.ndarray:
    """Normalise each channel of each image over its rows and columns.

    Arguments and errors are those of `batch_norm`.

    Reference:
        Ulyanov, Vedaldi, Lempitsky 2016, https://arxiv.org/abs/1607.08022
    """
    return _normalised(check_batch(maps), (1, 2), epsilon)


def methods(groups: int) -> dict[str, Normalise]:
    """Give the normalisations by name, group normalisation with so many groups."""

    def in_groups(maps: np.ndarray) -> np.ndarray:
        return group_norm(maps, groups=groups)

    return {
        "batch": batch_norm,
        "layer": layer_norm,
        "group": in_groups,
        "instance": instance_norm,
    }


def possible_groups(channels: int) -> int:
    """Give `GROUPS`, or the next smaller number of groups of at least two channels each.

    Example:
        >>> possible_groups(256), possible_groups(48), possible_groups(4), possible_groups(7)
        (32, 24, 2, 1)
    """
    return max(n for n in range(1, GROUPS + 1) if channels % n == 0 and n < max(2, channels))


def sharing(normalise: Normalise, shape: tuple[int, int, int, int]) -> np.ndarray:
    """Tell which cells have a say in the result at the first one, by trying each.

    Args:
        normalise: Takes and gives maps.
        shape: `(batch, rows, columns, channels)`, small: each cell costs a call.

    Returns:
        `shape` booleans; the first cell itself is always True.

    Example:
        >>> sharing(instance_norm, (2, 1, 3, 2))[..., 0].tolist()
        [[[True, True, True]], [[False, False, False]]]
    """
    maps = np.random.default_rng(0).normal(size=shape)
    before = normalise(maps)[0, 0, 0, 0]
    shared = np.zeros(shape, bool)
    for place in np.ndindex(*shape):
        changed = maps.copy()
        changed[place] += 1
        shared[place] = normalise(changed)[0, 0, 0, 0] != before
    shared[0, 0, 0, 0] = True
    return shared


def batch_dependence(normalise: Normalise, maps: np.ndarray) -> float:
    """Measure how much an image's result depends on the other images of its batch.

    Each image is normalised twice: among all images, and alone.

    Args:
        normalise: Takes and gives maps.
        maps: `(batch, rows, columns, channels)` numbers, at least two images.

    Returns:
        Root mean square of the difference, relative to that of the result among all; 0 says that
        it does not depend on them.

    Raises:
        InputError: For another shape, or a single image.
    """
    maps = _several(maps)
    together = normalise(maps)
    alone = np.concatenate([normalise(maps[i : i + 1]) for i in range(len(maps))])
    size = np.sqrt((together**2).mean())
    return float(np.sqrt(((together - alone) ** 2).mean()) / size) if size > 0 else 0.0


def batch_noise(
    maps: np.ndarray, batch_sizes: Sequence[int], *, draws: int = 1000, seed: int = 0
) -> tuple[BatchNoise, ...]:
    """Measure how unsteady the statistics of batch normalisation are when batches are small.

    Batches are drawn at random from the images given, and their means and variances compared
    with those of all of them. Channels that do not vary at all are left out.

    Args:
        maps: `(images, rows, columns, channels)` numbers, at least two images.
        batch_sizes: Each from 1 to the number of images.
        draws: Batches drawn of each size.
        seed: Of the draws.

    Raises:
        InputError: For other maps, or sizes that are not possible.
    """
    maps = _several(maps).astype(np.float64)
    check_whole("draws", draws, 2)
    for size in batch_sizes:
        if check_whole("batch_size", size, 1) > len(maps):
            raise InputError(
                _("A batch of {size} cannot be drawn from {count} images.").format(
                    size=size, count=len(maps)
                )
            )
    maps = maps[..., np.ptp(maps, axis=(0, 1, 2)) > 0]
    if not maps.size:
        raise InputError(
            _("Every feature map is flat (all its cells are equal); there is nothing to measure.")
        )
    maps = (maps - maps.mean(axis=(0, 1, 2))) / maps.std(axis=(0, 1, 2))
    means, squares = maps.mean(axis=(1, 2)), (maps**2).mean(axis=(1, 2))
    rng = np.random.default_rng(seed)
    order = rng.permuted(np.tile(np.arange(len(maps)), (draws, 1)), axis=1)
    return tuple(_noise(means, squares, order[:, :size]) for size in batch_sizes)


def check_batch(maps: np.ndarray) -> np.ndarray:
    """Return `maps` as an array if they are a batch of feature maps.

    Raises:
        InputError: If they are not.
    """
    maps = np.asarray(maps)
    if maps.ndim != 4 or not maps.size:
        raise InputError(
            _(
                "Feature maps to normalise must have shape (batch, rows, columns, channels) with "
                "at least one cell; received {shape}."
            ).format(shape=maps.shape)
        )
    return maps


def _several(maps: np.ndarray) -> np.ndarray:
    maps = check_batch(maps)
    if len(maps) < 2:
        raise InputError(_("At least two images are needed to tell what a batch does; give more."))
    return maps


def _check_groups(groups: int, channels: int) -> None:
    check_whole("groups", groups, 1)
    if channels % groups:
        possible = [n for n in range(1, channels + 1) if channels % n == 0]
        raise InputError(
            _(
                "`groups` must divide the {channels} channels; received {groups}, possible are "
                "{possible}."
            ).format(channels=channels, groups=groups, possible=", ".join(map(str, possible)))
        )


def _normalised(maps: np.ndarray, axes: tuple[int, ...], epsilon: float) -> np.ndarray:
    maps = maps.astype(np.result_type(maps, np.float32))
    centred = maps - maps.mean(axis=axes, keepdims=True)
    variance = (centred**2).mean(axis=axes, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + np.asarray(epsilon, maps.dtype)))


def _noise(means: np.ndarray, squares: np.ndarray, drawn: np.ndarray) -> BatchNoise:
    """Compare batches with all images; the channels have mean 0 and variance 1 over these."""
    images, size = len(means), drawn.shape[1]
    batch_means = means[drawn].mean(axis=1)  # (draws, channels)
    variances = squares[drawn].mean(axis=1) - batch_means**2
    expected = means.var(axis=0, ddof=1) / size * (1 - size / images)
    return BatchNoise(
        batch_size=size,
        mean_noise=float(np.sqrt((batch_means**2).mean())),
        expected_mean_noise=float(np.sqrt(expected.mean())),
        variance_ratio=float(variances.mean()),
        expected_variance_ratio=float(1 - expected.mean()),
    )
