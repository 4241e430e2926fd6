"""What layers do, settled by letting them do it: C4, C6, C8, C24, C25."""

from typing import Any

import keras
import numpy as np

from evrisim import kernels, normalising, pictures, pooling
from evrisim.claims.ledger import Ruling, Table, computed
from evrisim.cost import receptive_fields
from evrisim.messages import numbers
from evrisim.messages import translate as _

ROUNDING = 1e-9
DILATIONS, SIZES = (1, 2, 4), (3, 5)
PAINTED = {"zeros": "constant", "the edge repeated": "edge"}
TURN, DEGREES, WITHIN = 0.1, 36.0, 0.5
_DRAWS = 400


def bias() -> Ruling:
    """C4: what batch normalisation makes of a bias before it, and the bias's own gradient."""
    rng = np.random.default_rng(0)
    maps, kicks = rng.normal(size=(8, 6, 6, 64)), rng.normal(size=(8, 6, 6, 64))
    offset = rng.normal(scale=3.0, size=64)
    change = _largest(normalising.batch_norm(maps + offset) - normalising.batch_norm(maps))
    group = _largest(normalising.group_norm(maps + offset) - normalising.group_norm(maps))
    gradient = _largest(gradient_before_batch_norm(maps, kicks).sum(axis=(0, 1, 2)))
    without = _largest(kicks.sum(axis=(0, 1, 2)))
    useless = max(change, gradient) < ROUNDING
    return computed(
        "C4",
        "true" if useless else "false",
        _(
            "The mean that is taken away takes the bias with it: outputs differ by {change}, and "
            "the bias's gradient is {gradient} where it is {without} without the normalisation."
        ).format(
            change=numbers.general(change, 1),
            gradient=numbers.general(gradient, 1),
            without=numbers.general(without, 2),
        ),
        numbers={
            "output_change": change,
            "bias_gradient": gradient,
            "bias_gradient_without_normalisation": without,
            "output_change_with_group_norm": group,
        },
        notes=(
            _(
                "It holds for batch normalisation only: with group normalisation of {groups} "
                "groups the same biases change outputs by up to {change}."
            ).format(groups=normalising.GROUPS, change=numbers.decimal(group, 1)),
        ),
    )


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max())


def gradient_before_batch_norm(maps: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Pass a gradient back through batch normalisation, in training.

    Args:
        maps: `(batch, rows, columns, channels)`, what goes in.
        after: Gradient with respect to what comes out, same shape.

    Returns:
        Gradient with respect to `maps`. Its sum over a channel is that of the channel's bias.

    Reference:
        Ioffe, Szegedy 2015, https://arxiv.org/abs/1502.03167, section 3
    """
    cells = (0, 1, 2)
    normed = normalising.batch_norm(maps)
    spread = np.sqrt(maps.var(axis=cells) + normalising.EPSILON)
    parallel = normed * (after * normed).mean(axis=cells)
    return np.asarray((after - after.mean(axis=cells) - parallel) / spread)


def pools() -> Ruling:
    """C6: pool the edges of a photograph both ways and compare what is left."""
    maps = pictures.edge_maps(pictures.read_picture("china"))
    kept = pooling.compare(maps, 2)
    judged = pooling.judge(kept, _("Sobel edges of {image}").format(image="china"))
    highest, mean = kept.kept["max"], kept.kept["average"]
    return computed(
        "C6",
        judged.outcome,
        _(
            "A bright line keeps {max_line} of its height after max pooling and {mean_line} after "
            "average pooling; differences of neighbours are {max_edges} and {mean_edges} times as "
            "large as before. Of a dark line max pooling keeps {max_dark}, average {mean_dark}."
        ).format(
            max_line=numbers.percent(highest.line, 0),
            mean_line=numbers.percent(mean.line, 0),
            max_edges=numbers.decimal(highest.edges),
            mean_edges=numbers.decimal(mean.edges),
            max_dark=numbers.percent(highest.dark_line, 0),
            mean_dark=numbers.percent(mean.dark_line, 0),
        ),
        way="measurement",
        data="china",
        numbers={
            name: {"line": one.line, "dark_line": one.dark_line, "edges": one.edges}
            for name, one in (("max", highest), ("average", mean))
        },
        command="evrisim pooling china",
        notes=(judged.sentence,),
    )


def dilation() -> Ruling:
    """C8: the formula against the receptive field, and against trying out every pixel."""
    cases = []
    for size in SIZES:
        for step in DILATIONS:
            reach, pixels = _tried(size, step)
            formula = size + (size - 1) * (step - 1)
            cases.append((size, step, formula, _field(size, step), reach, pixels))
    agree = all(formula == field == reach for _size, _step, formula, field, reach, _pixels in cases)
    columns = ("kernel_size", "dilation", "formula", "receptive_field", "reach", "pixels")
    return computed(
        "C8",
        "true" if agree else "false",
        _(
            "Formula, receptive field and trying every pixel agree in {count} cases. Inside that "
            "reach a 3×3 kernel still touches {pixels} pixels."
        ).format(count=len(cases), pixels=cases[0][-1])
        if agree
        else _("Formula, receptive field and trying every pixel disagree."),
        numbers={"cases": [dict(zip(columns, case, strict=True)) for case in cases]},
        table=Table(
            (
                _("kernel"),
                _("dilation"),
                _("formula"),
                _("receptive field"),
                _("tried out"),
                _("pixels touched"),
            ),
            [
                (
                    f"{size}×{size}",
                    str(step),
                    *(f"{side}×{side}" for side in sides),
                    str(pixels),
                )
                for size, step, *sides, pixels in cases
            ],
        ),
    )


def _field(size: int, step: int) -> int:
    image = keras.Input((33, 33, 1))
    layer = keras.layers.Conv2D(1, size, dilation_rate=step, padding="same", name="dilated")
    rows, columns = receptive_fields(keras.Model(image, layer(image)))["dilated"].size
    return rows if rows is not None and rows == columns else 0


def _tried(size: int, step: int) -> tuple[int, int]:
    """Light each pixel in turn; give the side of what reaches the centre, and how many do."""
    side = 2 * size * step + 1
    kernel, reaching = np.ones((size, size)), []
    for row in range(side):
        for column in range(side):
            image = np.zeros((side, side))
            image[row, column] = 1
            if kernels.convolve(image, kernel, dilation=step)[side // 2, side // 2]:
                reaching.append((row, column))
    return int(np.ptp(np.array(reaching)[:, 0])) + 1, len(reaching)


def padding() -> Ruling:
    """C24: convolve a flat image, and a random one padded by hand in both ways."""
    layer = keras.layers.Conv2D(1, 3, padding="same", use_bias=False, kernel_initializer="ones")
    flat = _convolved(layer, np.ones((5, 5)))
    corner, edge, centre = (float(flat[place]) for place in ((0, 0), (0, 2), (2, 2)))
    noise = np.random.default_rng(0).normal(size=(5, 5))
    given = _convolved(layer, noise)
    differences = {
        name: _largest(given - _padded_by_hand(noise, mode)) for name, mode in PAINTED.items()
    }
    repeats = differences["the edge repeated"] < 1e-4 < differences["zeros"]
    return computed(
        "C24",
        "true" if repeats else "false",
        _(
            "Keras pads with zeros: a kernel of ones over an image of ones sums up to {corner} in "
            "a corner, {edge} at an edge, {centre} inside. With repeated pixels it would be "
            "{centre} everywhere."
        ).format(
            corner=numbers.whole(corner), edge=numbers.whole(edge), centre=numbers.whole(centre)
        ),
        numbers={
            "corner": corner,
            "edge": edge,
            "centre": centre,
            "difference_to_zeros": differences["zeros"],
            "difference_to_repeated_edge": differences["the edge repeated"],
        },
    )


def _convolved(layer: Any, image: np.ndarray) -> np.ndarray:
    batch = image.astype(np.float32)[None, :, :, None]
    return np.asarray(keras.ops.convert_to_numpy(layer(batch))[0, :, :, 0])


def _padded_by_hand(image: np.ndarray, mode: Any) -> np.ndarray:
    return kernels.convolve(np.pad(image, 1, mode=mode), np.ones((3, 3)), padding="valid")


def rotation() -> Ruling:
    """C25: let the layer turn a spot, at its limit and at random, and measure the angles."""
    spot = np.zeros((65, 65, 1), np.float32)
    spot[30:35, 50:55] = 255
    at_limit = _turned(spot[None], (TURN, TURN))[0]
    drawn = _turned(np.repeat(spot[None], _DRAWS, axis=0), TURN)
    reached = abs(abs(at_limit) - DEGREES) < WITHIN
    kept = float(np.abs(drawn).max()) < DEGREES + WITHIN
    both_ways = drawn.min() < 0 < drawn.max()
    return computed(
        "C25",
        "true" if reached and kept and both_ways else "false",
        _(
            "The factor is a part of a full turn, 0.1 × 360°. At its limit the layer turns a spot "
            "by {limit}°; {count} random turns lie between {low}° and {high}°."
        ).format(
            limit=numbers.decimal(abs(at_limit), 1),
            count=_DRAWS,
            low=numbers.decimal(float(drawn.min()), 1),
            high=numbers.decimal(float(drawn.max()), 1),
        ),
        numbers={
            "at_limit": float(abs(at_limit)),
            "draws": _DRAWS,
            "lowest": float(drawn.min()),
            "highest": float(drawn.max()),
        },
    )


def _turned(spots: np.ndarray, factor: Any) -> np.ndarray:
    """Give the angles in degrees by which the layer turns a spot that lies right of the centre."""
    layer = keras.layers.RandomRotation(factor, fill_mode="constant", seed=0)
    turned = keras.ops.convert_to_numpy(layer(spots, training=True))[..., 0]
    place = np.arange(turned.shape[1]) - turned.shape[1] // 2
    weight = turned.sum(axis=(1, 2))
    up = -(turned.sum(axis=2) * place).sum(axis=1) / weight
    right = (turned.sum(axis=1) * place).sum(axis=1) / weight
    return np.asarray(np.degrees(np.arctan2(up, right)))
