"""What deep learning calls a convolution: the kernel slides as it is, unflipped, and sums."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim._validate import InputError, check_choice
from evrisim.kernels.geometry import PADDINGS, OutputSize, output_size
from evrisim.kernels.own import KERAS, Centre, check_centre, check_kernel, finite
from evrisim.messages import translate as _


@dataclass(frozen=True, eq=False)
class Contributions:
    """One pixel of a convolution's output, written out.

    Attributes:
        row, column: which pixel of the output.
        rows, columns: `(kernel rows,)` and `(kernel columns,)` whole numbers: where in the image
            the kernel's cells lie; negative or past the end where there is padding.
        patch: values of the image under the kernel, in the kernel's shape; 0 in the padding.
        padded: `(kernel rows, kernel columns)` booleans: which cells lie on padding.
        kernel: the weights.
        products: patch × kernel.
        value: their sum.
    """

    row: int
    column: int
    rows: np.ndarray
    columns: np.ndarray
    patch: np.ndarray
    padded: np.ndarray
    kernel: np.ndarray
    products: np.ndarray
    value: float


@dataclass(frozen=True)
class _Way:
    """Where a kernel goes along one side."""

    size: OutputSize
    stride: int
    dilation: int

    @property
    def count(self) -> int:
        return self.size.value

    def cells(self, place: int, kernel: int) -> np.ndarray:
        """Give the pixels under the kernel's cells at one place, in the image's own numbering."""
        return place * self.stride + self.dilation * np.arange(kernel) - self.size.before

    def slice(self, cell: int) -> slice:
        """Select from the padded image what one cell of the kernel meets, place by place."""
        first = cell * self.dilation
        return slice(first, first + (self.count - 1) * self.stride + 1, self.stride)


def convolve(
    image: Any,
    kernel: Any,
    *,
    stride: int = 1,
    padding: str = "same",
    dilation: int = 1,
    centre: Centre = None,
) -> np.ndarray:
    """Slide a kernel over an image and sum up the products at each place.

    This is the cross-correlation that Keras' `Conv2D` computes, without bias. With padding
    `same` the image is surrounded by zeros, not by repeated edges, so a flat image does not stay
    flat at its border. Keras decides how many zeros come before the image and how many behind;
    with a stated `centre` that cell of the kernel lies on pixels 0, stride, 2·stride, … instead.

    Args:
        image: `(rows, columns)` or `(rows, columns, channels)` finite numbers of any range.
        kernel: `(rows, columns)`: it filters each channel for itself (as `DepthwiseConv2D` does);
            or `(rows, columns, channels)`: each channel has its own weights and the channels are
            summed (as one filter of `Conv2D` does).
        stride: Pixels from one place to the next, down and across.
        padding: `same` or `valid`.
        dilation: Pixels from one cell of the kernel to the next.
        centre: The cell `(row, column)` that lies on the pixel the sum belongs to, or `"keras"`.
            Needed when a side of the kernel is even and padding is `same`; with `valid` nothing
            is added and it has no say.

    Returns:
        `(rows, columns)`, or `(rows, columns, channels)` where channels are filtered apart;
        float32. Sums are formed in float64.

    Raises:
        InputError: For whatever is not as said above, and for a kernel that does not fit into
            the image with padding `valid`.

    Example:
        >>> convolve(np.ones((3, 4)), np.ones((3, 3))).tolist()
        [[4.0, 6.0, 6.0, 4.0], [6.0, 9.0, 9.0, 6.0], [4.0, 6.0, 6.0, 4.0]]

    Reference:
        Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning",
        https://arxiv.org/abs/1603.07285.
    """
    pixels = check_image(image)
    weights = _checked(kernel, pixels, padding, centre)
    ways = _ways(pixels, weights, stride, padding, dilation, centre)
    summed = weights.ndim == 3
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    around = [(way.size.before, way.size.after) for way in ways]
    padded = np.pad(pixels, [*around, (0, 0)])
    channels = 1 if summed else pixels.shape[2]
    result = np.zeros((ways[0].count, ways[1].count, channels))
    # One pass over the image for each weight: no copy of every patch, and zeros cost nothing.
    for row, column in np.argwhere(weights.reshape(*weights.shape[:2], -1).any(axis=2)):
        met = padded[ways[0].slice(row), ways[1].slice(column)]
        weight = weights[row, column]
        result += (met @ weight)[:, :, None] if summed else met * weight
    flat = summed or np.ndim(image) == 2
    return (result[:, :, 0] if flat else result).astype(np.float32)


def contributions(
    image: Any,
    kernel: Any,
    pixel: tuple[int, int],
    *,
    stride: int = 1,
    padding: str = "same",
    dilation: int = 1,
    centre: Centre = None,
) -> Contributions:
    """Write out the sum behind one pixel of what `convolve` gives for the same arguments.

    Args:
        image: `(rows, columns)`, or `(rows, columns, channels)` with a kernel of as many channels.
        kernel: `(rows, columns)` or `(rows, columns, channels)`.
        pixel: `(row, column)` of the output, counted from 0.
        stride: As in `convolve`.
        padding: As in `convolve`.
        dilation: As in `convolve`.
        centre: As in `convolve`.

    Raises:
        InputError: As `convolve`; for a pixel outside the output; for an image of several
            channels with a kernel of one, which has a sum for each channel: give one of them.

    Example:
        >>> found = contributions([[1, 2], [3, 4]], [[0, 1, 0], [1, 1, 1], [0, 1, 0]], (0, 0))
        >>> found.products.tolist(), found.value
        ([[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 0.0]], 6.0)
    """
    pixels = check_image(image)
    weights = _checked(kernel, pixels, padding, centre)
    if pixels.ndim != weights.ndim:
        raise InputError(
            _("Each of the {count} channels has a sum of its own; give one channel.").format(
                count=pixels.shape[2]
            )
        )
    ways = _ways(pixels, weights, stride, padding, dilation, centre)
    row, column = _check_pixel(pixel, (ways[0].count, ways[1].count))
    rows = ways[0].cells(row, weights.shape[0])
    columns = ways[1].cells(column, weights.shape[1])
    outside = [
        (at < 0) | (at >= size) for at, size in zip((rows, columns), pixels.shape, strict=False)
    ]
    padded = outside[0][:, None] | outside[1][None, :]
    patch = pixels[np.ix_(np.where(outside[0], 0, rows), np.where(outside[1], 0, columns))]
    patch[padded] = 0
    products = patch * weights
    value = float(products.sum())
    return Contributions(row, column, rows, columns, patch, padded, weights, products, value)


def check_image(image: Any) -> np.ndarray:
    """Return an image as float64 if it is an array of two or three axes of finite numbers.

    Raises:
        InputError: If it is not.
    """
    pixels = finite("image", image)
    if pixels.ndim not in (2, 3):
        raise InputError(
            _(
                "`image` must be (rows, columns) or (rows, columns, channels); "
                "received the shape {shape}."
            ).format(shape=pixels.shape)
        )
    return pixels


def _checked(kernel: Any, pixels: np.ndarray, padding: str, centre: Centre) -> np.ndarray:
    check_choice("padding", padding, PADDINGS)
    if centre is None and padding == "valid":
        centre = KERAS
    if np.ndim(kernel) != 3:
        return check_kernel(kernel, centre).astype(np.float64)
    weights = finite("kernel", kernel)
    check_centre(centre, weights.shape)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim != 3 or weights.shape[2] != channels:
        raise InputError(
            _(
                "A kernel of shape {shape} needs an image of {wanted} channels; this has {found}."
            ).format(shape=weights.shape, wanted=weights.shape[2], found=channels)
        )
    return weights


def _ways(
    pixels: np.ndarray,
    weights: np.ndarray,
    stride: int,
    padding: str,
    dilation: int,
    centre: Centre,
) -> tuple[_Way, _Way]:
    sizes = [
        output_size(
            pixels.shape[axis], weights.shape[axis], stride, padding, dilation, along(centre, axis)
        )
        for axis in (0, 1)
    ]
    return _Way(sizes[0], stride, dilation), _Way(sizes[1], stride, dilation)


def along(centre: Centre, axis: int) -> int | None:
    """Give the row (axis 0) or the column of a stated centre; None where Keras decides."""
    return None if centre is None or isinstance(centre, str) else int(centre[axis])


def _check_pixel(pixel: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int]:
    try:
        row, column = pixel
        if row in range(shape[0]) and column in range(shape[1]):
            return int(row), int(column)
    except (TypeError, ValueError):
        pass
    raise InputError(
        _(
            "The output has {rows} × {columns} pixels, from (0, 0) to ({row}, {column}); "
            "there is none at {pixel}."
        ).format(
            rows=shape[0], columns=shape[1], row=shape[0] - 1, column=shape[1] - 1, pixel=pixel
        )
    )
