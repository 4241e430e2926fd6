"""The receptive field of one layer, as a value."""

from dataclasses import dataclass, replace

from evrisim.cost import spans
from evrisim.cost.spans import Span
from evrisim.cost.strands import COLUMNS, ROWS, Placed, Strand

Number = int | float
Interval = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Side:
    """A field along one axis of the image; `Field` explains the words.

    Attributes:
        spans: what the cells see; several where they move at unequal strides, None if not known.
    """

    size: int | None
    stride: Number | None
    start: int | None
    cells: int
    pixels: int
    uniform: bool
    spans: tuple[Span, ...] | None

    def seen(self, cell: int) -> Interval:
        """Give first and last pixel of a cell, the padding included; (0, −1) if it sees none.

        Raises:
            ValueError: If the field is unknown.
        """
        if self.spans is None:
            raise ValueError("the receptive field of this layer is not known")
        ends = [span.at(cell) for span in self.spans]
        low, high = min(int(low) for low, _ in ends), max(int(high) for _, high in ends)
        return (low, high) if low <= high else (0, -1)

    @property
    def everything(self) -> bool:
        """Whether every cell sees all pixels."""
        if self.spans is None:
            return False
        ends = map(self.seen, range(self.cells))
        return all(low <= 0 and high >= self.pixels - 1 for low, high in ends)

    @property
    def clipped(self) -> bool:
        """Whether the field of some cell reaches beyond the image."""
        if self.spans is None:
            return False
        ends = map(self.seen, range(self.cells))
        return any(low < 0 or high >= self.pixels for low, high in ends)


@dataclass(frozen=True, eq=False)
class Field:
    """The theoretical receptive field of a layer: the pixels that can change one of its cells.

    Cell `(i, j)` of the layer's output sees the rows `start[0] + i·stride[0]` to
    `start[0] + i·stride[0] + size[0] − 1` of the image, and the columns likewise; all pairs are
    (rows, columns), in pixels. The field is the hull, first pixel to last: with dilation there are
    pixels in between that the cell does not see. It is the field of the papers, in which maps go
    on beyond their borders. What lies outside the image (`start` may be negative) is padding: a
    cell whose field reaches there sees at most the part inside. Padding that mirrors pixels
    counts as padding with zeros.

    Attributes:
        rows: the field along the rows.
        columns: the field along the columns.
        unknown: path of the layer whose code can't be followed, and on which this one depends;
            empty where all is known.
    """

    rows: Side
    columns: Side
    unknown: str = ""

    @property
    def size(self) -> tuple[int | None, int | None]:
        """Pixels seen by one cell, the largest where cells differ; None if not known."""
        return self.rows.size, self.columns.size

    @property
    def stride(self) -> tuple[Number | None, Number | None]:
        """Pixels from one cell's field to its neighbour's.

        0 where all cells see the same. Where cells differ (see `uniform`) it is the average, a
        fraction after enlarging. None if it is not known, if the field is misaligned, and in a
        flattened map, whose one axis holds rows and columns.
        """
        return self.rows.stride, self.columns.stride

    @property
    def start(self) -> tuple[int | None, int | None]:
        """First pixel that cell 0 sees; negative in the padding; None if not known."""
        return self.rows.start, self.columns.start

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of the layer's map; 1 where it has none any more."""
        return self.rows.cells, self.columns.cells

    @property
    def image(self) -> tuple[int, int]:
        """Rows and columns of the image."""
        return self.rows.pixels, self.columns.pixels

    @property
    def uniform(self) -> bool:
        """Whether all cells see fields of one size, one stride apart.

        Not so in enlarged maps, where neighbours may see the same pixels; `rows.seen` and
        `columns.seen` are exact there, too.
        """
        return self.rows.uniform and self.columns.uniform

    @property
    def misaligned(self) -> bool:
        """Whether branches with unequal strides meet, or positions are paired with each other.

        The field of a cell is then no window moving by a stride: size, stride and start are None
        on that axis.
        """
        return not self.unknown and None in self.size

    @property
    def everything(self) -> bool:
        """Whether every cell's field holds the whole image."""
        return self.rows.everything and self.columns.everything

    @property
    def clipped(self) -> bool:
        """Whether the field of some cell reaches beyond the image, into the padding."""
        return self.rows.clipped or self.columns.clipped


def field(placed: Placed) -> Field:
    """Say what a tensor's cells see of the image."""
    sides = _side(placed, ROWS), _side(placed, COLUMNS)
    axes = [{s.axis for s in placed.strands if s.side == side} for side in (ROWS, COLUMNS)]
    if axes[0] & axes[1] - {None}:  # flattened: no one stride along an axis of both
        sides = _without_stride(sides[0]), _without_stride(sides[1])
    return Field(*sides)


def _without_stride(side: Side) -> Side:
    constant = side.spans is not None and all(span.constant for span in side.spans)
    return side if constant else replace(side, stride=None)


def unknown(culprit: str, frame: tuple[int, int]) -> Field:
    """Give the field of a layer that depends on one that can't be followed."""
    rows, columns = (Side(None, None, None, 1, pixels, False, None) for pixels in frame)
    return Field(rows, columns, culprit)


def _side(placed: Placed, side: int) -> Side:
    strands = [strand for strand in placed.strands if strand.side == side]
    axes = {strand.axis for strand in strands if strand.axis is not None}
    cells = placed.shape[next(iter(axes))] if len(axes) == 1 else 1
    pixels = placed.frame[side]
    fixed = [strand.span for strand in strands if strand.axis is None]
    if fixed and all(_holds(fixed[0], strand, placed) for strand in strands):
        found: tuple[Span, ...] = (fixed[0],)  # what moves only moves within what all cells see
    else:
        found = tuple(strand.span for strand in strands) or (spans.nothing(),)
    if len(found) > 1:
        return Side(None, None, None, cells, pixels, False, found if len(axes) < 2 else None)
    (span,) = found
    size = max(0, int((span.high - span.low).max()) + 1)
    stride, rest = divmod(span.jump, span.period)
    start = int(span.low[0]) if span.low[0] <= span.high[0] else 0
    exact: Number = span.jump / span.period if rest else stride
    return Side(size, exact, start, cells, pixels, span.period == 1, found)


def _holds(fixed: Span, strand: Strand, placed: Placed) -> bool:
    count = 1 if strand.axis is None else placed.shape[strand.axis]
    return spans.covers(fixed, strand.span, count, placed.frame[strand.side])
