"""What a classifier costs on top of feature maps: Flatten + Dense against GAP + Dense."""

from dataclasses import dataclass

from evrisim._validate import InputError, check_whole
from evrisim.messages import numbers
from evrisim.messages import translate as _


@dataclass(frozen=True)
class Heads:
    """Parameters of two heads on the same feature maps, with their formulas.

    Attributes:
        flatten: of Flatten + Dense, one weight for each cell of each map and class.
        flatten_formula: how that number comes about.
        average: of global average pooling + Dense, one weight for each map and class.
        average_formula: how that number comes about.
    """

    flatten: int
    flatten_formula: str
    average: int
    average_formula: str

    @property
    def ratio(self) -> float:
        """How many times as many parameters the head with Flatten has."""
        return self.flatten / self.average


def compare_heads(map_shape: tuple[int, int, int], num_classes: int) -> Heads:
    """Count the parameters of a dense layer with biases after Flatten and after GAP.

    Args:
        map_shape: `(rows, columns, channels)` of the last feature maps.
        num_classes: Outputs of the dense layer.

    Raises:
        InputError: For sizes that are not whole numbers of at least 1.

    Reference:
        Lin, Chen, Yan 2013, "Network in network", https://arxiv.org/abs/1312.4400, section 3.2

    Example:
        >>> heads = compare_heads((7, 7, 512), 1000)
        >>> heads.flatten_formula, heads.average_formula
        ('(7×7×512 + 1) × 1000 = 25,089,000', '(512 + 1) × 1000 = 513,000')
    """
    if len(map_shape) != 3:
        raise InputError(
            _("`map_shape` must be (rows, columns, channels); received {shape!r}.").format(
                shape=map_shape
            )
        )
    rows, columns, channels = (check_whole("map_shape", side, 1) for side in map_shape)
    classes = check_whole("num_classes", num_classes, 1)
    flatten = (rows * columns * channels + 1) * classes
    average = (channels + 1) * classes
    return Heads(
        flatten,
        f"({rows}×{columns}×{channels} + 1) × {classes} = {numbers.whole(flatten)}",
        average,
        f"({channels} + 1) × {classes} = {numbers.whole(average)}",
    )
