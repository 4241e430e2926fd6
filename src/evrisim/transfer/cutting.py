"""Where a trunk is cut in two: what never trains is computed once, the rest is trained from it."""

import math
from dataclasses import dataclass

import keras

from evrisim import cost
from evrisim.graph import Graph
from evrisim.transfer import freezing as room
from evrisim.transfer.freezing import Freezing

NEARLY = 0.01
"""Share of the work that a cut may leave undone for the sake of smaller maps."""

_BYTES = 4


@dataclass(frozen=True)
class Cut:
    """A place to cut.

    Attributes:
        name: The layer whose feature maps are kept.
        saved: Share of the trunk's MACs that lie below, 0 to 1: what is computed once.
        bytes_an_image: What its maps take.
    """

    name: str
    saved: float
    bytes_an_image: int


def choose(freezing: Freezing, trunk: keras.Model, images: int, memory: int) -> Cut | None:
    """Choose where to cut, from what each cut saves and what its maps take.

    Of the places below which nothing trains, those are looked at whose maps fit into memory. Of
    these the one that saves most is taken; or one that saves hardly less and takes less.

    Args:
        freezing: What trains.
        trunk: Of what.
        images: How many images' maps are kept.
        memory: Bytes they may take.

    Returns:
        The cut; None if nothing lies below what trains, or no maps fit.
    """
    fitting = [cut for cut in _cuts(freezing, trunk) if cut.bytes_an_image * images <= memory]
    most = max((cut.saved for cut in fitting), default=0.0)
    if not most:
        return None
    enough = [cut for cut in fitting if cut.saved >= most - NEARLY]
    # Of two alike the later: a normalisation after a convolution is computed once, too.
    return min(reversed(enough), key=lambda cut: (cut.bytes_an_image, -cut.saved))


def _cuts(freezing: Freezing, trunk: keras.Model) -> list[Cut]:
    last = room.cut(freezing, trunk)
    if last is None:
        return []
    measured = cost.measure(trunk)
    work: dict[str, int] = {}
    for row in measured.layers:
        name = row.path.split("/")[0]
        work[name] = work.get(name, 0) + (row.macs or 0)
    graph = Graph(trunk)
    possible = {cut.name for cut in graph.cuts()}
    found, below = [], 0
    for operation in graph.order:
        below += work.get(operation.name, 0)
        shape = operation.output.shape[1:]
        if operation.name in possible and len(shape) == 3:
            share = below / max(measured.macs, 1)
            found.append(Cut(operation.name, share, _BYTES * math.prod(shape)))
        if operation.name == last:
            break
    return found
