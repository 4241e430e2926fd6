"""Where a sliding window goes: how many places, and how many zeros around the image."""

import math
from dataclasses import dataclass

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.messages import translate as _

PADDINGS = ("same", "valid")
"""`same`: zeros all around; `valid`: the window never leaves the image."""


@dataclass(frozen=True)
class OutputSize:
    """How long one side of the output is, and why.

    Attributes:
        value: pixels along this side.
        formula: in symbols, then with the numbers in it. n: input, k: kernel, s: stride,
            d: dilation; ⌊ ⌋ rounds down, ⌈ ⌉ up.
        before, after: zeros added at the two ends.
    """

    value: int
    formula: str
    before: int
    after: int


def output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: str = "same",
    dilation: int = 1,
    centre: int | None = None,
) -> OutputSize:
    """Calculate how long a side of the output of a convolution or a pooling is.

    Of an odd number of zeros in all, Keras puts the larger part behind; so does this, unless it
    is said which cell of the kernel is its `centre`, which then lies on pixels 0, stride, ….

    Args:
        size: Pixels of the input along this side.
        kernel: Cells of the kernel (or of the pool) along this side.
        stride: Pixels from one place of the kernel to the next.
        padding: One of `PADDINGS`.
        dilation: Pixels from one cell of the kernel to the next.
        centre: A cell of the kernel, counted from 0; None for Keras' placing.

    Raises:
        InputError: For a number below 1, an unknown padding, or a kernel that is larger than the
            input where nothing is added.

    Example:
        >>> output_size(32, 3, stride=2, padding="valid").formula
        '⌊(n − d·(k − 1) − 1) / s⌋ + 1 = ⌊(32 − 1·(3 − 1) − 1) / 2⌋ + 1 = 15'
        >>> found = output_size(32, 3, stride=2)
        >>> found.value, found.before, found.after
        (16, 0, 1)
    """
    size, kernel = check_whole("size", size, 1), check_whole("kernel", kernel, 1)
    stride, dilation = check_whole("stride", stride, 1), check_whole("dilation", dilation, 1)
    check_choice("padding", padding, PADDINGS)
    reach = dilation * (kernel - 1) + 1
    if padding == "valid":
        if reach > size:
            raise InputError(
                _(
                    "With padding 'valid' a kernel or pool of {kernel} cells at dilation "
                    "{dilation} spans {reach} pixels and does not fit into an image of {size}; "
                    "make it smaller, or use padding 'same'."
                ).format(kernel=kernel, dilation=dilation, reach=reach, size=size)
            )
        value = (size - reach) // stride + 1
        symbols = "⌊(n − d·(k − 1) − 1) / s⌋ + 1"
        filled = f"⌊({size} − {dilation}·({kernel} − 1) − 1) / {stride}⌋ + 1"
        return OutputSize(value, f"{symbols} = {filled} = {value}", 0, 0)
    value = math.ceil(size / stride)
    zeros = max(0, (value - 1) * stride + reach - size)
    before, after = zeros // 2, zeros - zeros // 2
    if centre is not None:
        before = centre * dilation
        after = max(0, (value - 1) * stride + reach - size - before)
    return OutputSize(value, f"⌈n / s⌉ = ⌈{size} / {stride}⌉ = {value}", before, after)
