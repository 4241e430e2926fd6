"""What max pooling, average pooling and a mere stride keep of feature maps, measured.

Each map is first shifted and scaled to mean 0 and variance 1, so that a loud map counts no more
than a quiet one and no measure depends on a map's units. In the formulas `z` is such a map, `P`
the pooling, `s` its stride; means are over cells and maps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evrisim._validate import InputError, check_whole
from evrisim.messages import translate as _
from evrisim.pooling.pools import METHODS, Size, check_maps, spans_of

NOISE = 0.1
"""Standard deviation of the noise that is added, in those of a map."""

Pool = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Kept:
    """What one kind of pooling keeps; 1 where nothing changes, except `level` (0).

    Attributes:
        line: height left of a bright line one cell wide on dark ground, `max |P(line) − P(ground)|`
            with a line of height 1, mean over all places relative to the windows and both
            directions.
        dark_line: the same for a dark line on bright ground.
        step: the largest difference of neighbouring cells at a step of height 1, mean likewise.
        edges: `√(mean (P(z)[i+1] − P(z)[i])² / mean (z[p+s] − z[p])²)`: differences of neighbours
            after pooling against differences of cells as far apart before. 1 for a mere stride
            but for chance; never above 1 for averages whose windows tile the map.
        peak: `mean over maps of max P(z) / max z`: how far the strongest activation still stands
            above the mean level the map had.
        level: `mean P(z)`: by how many of its standard deviations the level of a map rises.
        noise: noise against signal after, relative to before: white noise `e` of standard
            deviation `NOISE` gives `√mean (P(z+e) − P(z))² / NOISE / √(mean variance of P(z))`.
    """

    line: float
    dark_line: float
    step: float
    edges: float
    peak: float
    level: float
    noise: float


@dataclass(frozen=True)
class Comparison:
    """What each kind of pooling keeps of the same maps.

    Attributes:
        size, stride: of the windows, `(rows, columns)`.
        padding: `valid` or `same`.
        cells: of a pooled map, `(rows, columns)`.
        kept: by name of the kind, the keys of `METHODS`.
        maps: how many maps were measured.
        flat: how many more were not, because all their cells are equal.
        sharper: in how many of the measured maps `edges` is larger for max than for average.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    padding: str
    cells: tuple[int, int]
    kept: dict[str, Kept]
    maps: int
    flat: int
    sharper: int


def compare(
    maps: np.ndarray,
    size: Size,
    *,
    stride: Size | None = None,
    padding: str = "valid",
    seed: int = 0,
) -> Comparison:
    """Measure what max pooling, average pooling and a mere stride keep of feature maps.

    Args:
        maps: `(..., rows, columns, channels)` finite numbers.
        size: Of a window, as for `max_pool`.
        stride: From window to window, likewise.
        padding: One of `PADDINGS`.
        seed: Of the noise.

    Raises:
        InputError: As `max_pool` does; for maps that are not finite or all flat; for fewer than
            two windows in a direction, which have no neighbours.
    """
    stack, flat = standardised(maps)
    down, across = spans_of((stack.shape[0], stack.shape[1]), size, stride, padding)
    if min(down.count, across.count) < 2:
        raise InputError(
            _(
                "Pooling leaves {count} cells of each map, too few to have neighbours; choose a "
                "smaller `size` or `stride`, or larger maps."
            ).format(count=f"{down.count}×{across.count}")
        )
    sizes, strides = (down.size, across.size), (down.stride, across.stride)
    noise = NOISE * np.random.default_rng(check_whole("seed", seed, 0)).normal(size=stack.shape)
    before = _energy(stack, strides)
    kept, energies = {}, {}
    for name, method in METHODS.items():

        def pool(maps: np.ndarray, method: Pool = method) -> np.ndarray:
            return method(maps, size=sizes, stride=strides, padding=padding)

        pooled = pool(stack)
        energies[name] = _energy(pooled, (1, 1))
        kept[name] = Kept(
            *_on_patterns(pool, sizes, strides),
            edges=_root_ratio(energies[name].mean(), before.mean()),
            peak=float((pooled.max(axis=(0, 1)) / stack.max(axis=(0, 1))).mean()),
            level=float(pooled.mean()),
            noise=_noise_kept(pool(stack + noise) - pooled, pooled),
        )
    # Rounding must not decide, where the two are the same.
    sharper = int((energies["max"] > energies["average"] * (1 + 1e-9)).sum())
    cells = (down.count, across.count)
    return Comparison(sizes, strides, padding, cells, kept, stack.shape[2], flat, sharper)


def standardised(maps: np.ndarray) -> tuple[np.ndarray, int]:
    """Bring maps to mean 0 and variance 1, `(rows, columns, maps)` float64, and count the flat.

    Flat maps have no variance and are left out.

    Raises:
        InputError: For other than maps, numbers that are not finite, or only flat maps.
    """
    maps = check_maps(maps)
    rows, columns, channels = maps.shape[-3:]
    together = np.moveaxis(maps.reshape(-1, rows, columns, channels), 0, -1)
    stack: np.ndarray = together.reshape(rows, columns, -1).astype(np.float64)
    if not np.isfinite(stack).all():
        raise InputError(
            _("The feature maps hold NaN or infinite numbers; nothing can be measured on them.")
        )
    varied = np.ptp(stack, axis=(0, 1)) > 0
    if not varied.any():
        raise InputError(
            _("Every feature map is flat (all its cells are equal); there is nothing to measure.")
        )
    stack = np.ascontiguousarray(stack[..., varied])
    stack -= stack.mean(axis=(0, 1))
    return np.asarray(stack / stack.std(axis=(0, 1))), int((~varied).sum())


def _energy(stack: np.ndarray, distance: tuple[int, int]) -> np.ndarray:
    """Give each map's mean squared difference of cells so far apart, both directions added."""
    down = stack[distance[0] :] - stack[: -distance[0]]
    across = stack[:, distance[1] :] - stack[:, : -distance[1]]
    return np.asarray((down**2).mean(axis=(0, 1)) + (across**2).mean(axis=(0, 1)))


def _noise_kept(difference: np.ndarray, pooled: np.ndarray) -> float:
    signal = pooled.var(axis=(0, 1)).mean()
    return _root_ratio((difference**2).mean(), NOISE**2 * signal)


def _root_ratio(above: float, below: float) -> float:
    return float(np.sqrt(above / below)) if below > 0 else float("nan")


def _on_patterns(
    pool: Pool, sizes: tuple[int, int], strides: tuple[int, int]
) -> tuple[float, float, float]:
    """Pool a bright line, a dark line and a step at every place relative to the windows."""
    heights = []
    for axis in (0, 1):
        reach = max(sizes[axis], strides[axis])
        place = np.arange(6 * reach)
        for phase in range(strides[axis]):
            middle = 2 * reach + phase
            for pattern in (place == middle, place != middle, place >= middle):
                heights.append(_answers(pool, pattern, axis, max(*sizes, *strides)))
    line, dark, step = np.array(heights).reshape(-1, 3, 2).mean(axis=0)
    return float(line[0]), float(dark[0]), float(step[1])


def _answers(pool: Pool, pattern: np.ndarray, axis: int, side: int) -> tuple[float, float]:
    """Tell how far a pooled pattern departs from its ground, and its largest step."""
    shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
    room = (len(pattern), 2 * side, 1) if axis == 0 else (2 * side, len(pattern), 1)
    pooled = pool(np.broadcast_to(pattern.astype(float).reshape(shape), room))
    profile = pooled[:, 0, 0] if axis == 0 else pooled[0, :, 0]
    return float(np.abs(profile - profile[0]).max()), float(np.abs(np.diff(profile)).max())
