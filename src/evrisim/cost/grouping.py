"""Put the layers of a large model together by stage and block, so that a picture can show them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from evrisim.cost.measure import Cost, LayerCost


@dataclass(frozen=True)
class Group:
    """What neighbouring layers cost together.

    Attributes:
        name: what their names begin with; for one layer its path.
        layers: how many they are.
        parameters: their numbers.
        macs: of one pass, those of unknown layers left out.
        activation_bytes: what their outputs take.
        complete: whether the work of all of them is known.
    """

    name: str
    layers: int
    parameters: int
    macs: int
    activation_bytes: int
    complete: bool


def grouped(cost: Cost, most: int = 24) -> tuple[Group, ...]:
    """Give at most `most` groups of layers in the order they run, as finely as that allows.

    Layers without parameters and products (activations, pooling, additions) go with the layer
    before them. If there are still too many, neighbours whose names begin alike are put together
    (`conv2_block1_1_conv`, `conv2_block1_1_bn`, …), and if names say nothing, as many in each.

    Args:
        cost: What `measure` gives.
        most: At least 1.
    """
    parts = _with_their_followers([layer for layer in cost.layers if layer.calls])
    if len(parts) <= most:
        return tuple(_group(part, part[0].path) for part in parts)
    words = [_words(part[0].path) for part in parts]
    for depth in range(max(map(len, words)), 0, -1):
        merged = _alike(parts, words, depth)
        if len(merged) <= most:
            return tuple(_group(part, _beginning(part, depth)) for part in merged)
    size = -(-len(parts) // most)
    chunks = [
        list(chain.from_iterable(parts[start : start + size]))
        for start in range(0, len(parts), size)
    ]
    return tuple(_group(part, f"{part[0].path} …") for part in chunks)


def _with_their_followers(layers: Sequence[LayerCost]) -> list[list[LayerCost]]:
    parts: list[list[LayerCost]] = []
    waiting: list[LayerCost] = []
    for layer in layers:
        if layer.parameters or layer.macs is None or layer.macs:
            parts.append([layer, *waiting])
            waiting = []
        elif parts:
            parts[-1].append(layer)
        else:
            waiting.append(layer)
    return parts or ([waiting] if waiting else [])


def _alike(
    parts: Sequence[list[LayerCost]], words: Sequence[list[str]], depth: int
) -> list[list[LayerCost]]:
    merged: list[list[LayerCost]] = []
    last: list[str] | None = None
    for part, word in zip(parts, words, strict=True):
        if word[:depth] == last:
            merged[-1] += part
        else:
            merged.append(list(part))
        last = word[:depth]
    return merged


def _words(path: str) -> list[str]:
    """Part a path into words and numbers, with what stands before them.

    Example:
        >>> _words("stage_1/block2a_conv")
        ['stage', '_1', '/block', '2', 'a', '_conv']
    """
    return re.findall(r"[/_]*(?:\d+|[^/_\d]+)", path) or [path]


def _beginning(part: list[LayerCost], depth: int) -> str:
    """Name neighbours by what they have in common, a layer on its own by its whole path."""
    heavy = [layer for layer in part if layer.parameters or layer.macs or layer.macs is None]
    path = part[0].path
    return path if len(heavy) == 1 else "".join(_words(path)[:depth])


def _group(part: list[LayerCost], name: str) -> Group:
    return Group(
        name=name,
        layers=len(part),
        parameters=sum(layer.parameters for layer in part),
        macs=sum(layer.macs or 0 for layer in part),
        activation_bytes=sum(layer.activation_bytes for layer in part),
        complete=all(layer.macs is not None for layer in part),
    )
