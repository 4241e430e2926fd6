"""Moves: each image resampled once, by whole pixels where its map is one."""

from typing import Any

import numpy as np

from evrisim.augment.host.compiling import compiled

CONSTANT, NEAREST, REFLECT, WRAP = range(4)
"""Places in `FILLS`."""

BITS = 11
"""Binary places of a place: rounding there changes no value by more than an eighth of a level."""

f32, u32, u64 = np.float32, np.uint32, np.uint64


@compiled
def _inside(place: int, size: int, fill: int) -> int:
    """Give the place inside an image for any place; −1 if nothing is there."""
    if 0 <= place < size:
        return place
    if fill == NEAREST:
        return 0 if place < 0 else size - 1
    if fill == REFLECT:
        place %= 2 * size
        return place if place < size else 2 * size - 1 - place
    if fill == WRAP:
        return place % size
    return -1


@compiled
def _by_pixels(image: Any, out: Any, values: Any, fill: int) -> None:
    """Mirror and move by whole pixels: the map is ±1 on its diagonal."""
    rows, columns, channels = image.shape
    across, down = values[0] > 0, values[4] > 0
    first_column = (0 if across else columns - 1) + int(values[2])
    first_row = (0 if down else rows - 1) + int(values[5])
    # Columns that lie inside the image, from `start` to `end`; the few others are looked up.
    start = max(-first_column, 0) if across else max(first_column - columns + 1, 0)
    end = columns - first_column if across else first_column + 1
    end = max(min(end, columns), start)
    pixels, written, level = image.ravel(), out.ravel(), np.uint8(values[6])
    for row in range(rows):
        source = _inside(first_row + (row if down else -row), rows, fill)
        to, at = row * columns * channels, source * columns * channels
        if source < 0:
            for more in range(columns * channels):
                written[to + more] = level
            continue
        if across:
            first = u64(at + (first_column + start) * channels)
            _copied(pixels, written, first, u64(to + start * channels), (end - start) * channels)
        else:
            first = u64(at + (first_column - start) * channels)
            _mirrored(pixels, written, first, u64(to + start * channels), end - start, channels)
        for low, high in ((0, start), (end, columns)):
            for column in range(low, high):
                place = _inside(first_column + (column if across else -column), columns, fill)
                for channel in range(channels):
                    value = pixels[at + place * channels + channel] if place >= 0 else level
                    written[to + column * channels + channel] = value


@compiled
def _copied(pixels: Any, written: Any, at: Any, to: Any, count: int) -> None:
    for more in range(count):
        written[to + u64(more)] = pixels[at + u64(more)]


@compiled
def _mirrored(pixels: Any, written: Any, at: Any, to: Any, count: int, channels: int) -> None:
    """Copy pixels from right to left."""
    beside, one, two = u64(channels), u64(1), u64(2)
    for _pixel in range(count):
        if channels == 3:
            written[to] = pixels[at]
            written[to + one] = pixels[at + one]
            written[to + two] = pixels[at + two]
        else:
            for channel in range(channels):
                written[to + u64(channel)] = pixels[at + u64(channel)]
        to += beside
        at -= beside


@compiled
def _value(image: Any, row: int, column: int, channel: int, fill: int, level: Any) -> Any:
    row = _inside(row, image.shape[0], fill)
    column = _inside(column, image.shape[1], fill)
    return f32(image[row, column, channel]) if row >= 0 and column >= 0 else level


@compiled
def _nearest(image: Any, out: Any, values: Any, fill: int) -> None:
    """Resample with the nearest pixel: for masks, whose values must not be mixed."""
    rows, columns, channels = image.shape
    half = f32(0.5)
    middle_x, middle_y = half * f32(columns - 1), half * f32(rows - 1)
    for row in range(rows):
        y = f32(row) - middle_y
        for column in range(columns):
            x = f32(column) - middle_x
            source_x = (values[0] * x + values[1] * y) + values[2] + middle_x
            source_y = (values[3] * x + values[4] * y) + values[5] + middle_y
            near_y, near_x = int(np.floor(source_y + half)), int(np.floor(source_x + half))
            for channel in range(channels):
                value = _value(image, near_y, near_x, channel, fill, values[6])
                out[row, column, channel] = np.uint8(value)


@compiled
def _weighted(pixels: Any, corners: Any, weights: Any) -> Any:
    """Give the weighted mean of four values, halves up; the weights add up to 2**22."""
    total = weights[0] * u32(pixels[corners[0]]) + weights[1] * u32(pixels[corners[1]])
    total += weights[2] * u32(pixels[corners[2]]) + weights[3] * u32(pixels[corners[3]])
    return np.uint8((total + u32(1 << 21)) >> u32(22))


@compiled
def _between(image: Any, out: Any, values: Any, fill: int) -> None:  # noqa: C901, PLR0915 (the hot loop: calls would cost more than they explain)
    """Resample with weights of the four pixels around each place.

    Places are rounded to `BITS` binary places of a pixel, so that all sums are whole numbers.
    Unsigned places and three channels written out make it three times as fast as a plain loop.
    """
    rows, columns, channels = image.shape
    half, parts = f32(0.5), f32(1 << BITS)
    middle_x, middle_y = half * f32(columns - 1), half * f32(rows - 1)
    a, b, tx, c, d, ty = values[0], values[1], values[2], values[3], values[4], values[5]
    pixels, written = image.ravel(), out.ravel()
    across, down = np.empty(columns, np.int32), np.empty(columns, np.int32)
    wide, beside, to, one = u64(columns * channels), u64(channels), u64(0), u64(1)
    last, bits = (1 << BITS) - 1, u32(BITS)
    for row in range(rows):
        y = f32(row) - middle_y
        start_x, start_y = b * y + tx + middle_x, d * y + ty + middle_y
        for column in range(columns):
            x = f32(column) - middle_x
            across[column] = np.int32(np.floor((a * x + start_x) * parts + half))
            down[column] = np.int32(np.floor((c * x + start_y) * parts + half))
        for column in range(columns):
            right_share, lower_share = u32(across[column] & last), u32(down[column] & last)
            both = right_share * lower_share
            upper_right, lower_left = (right_share << bits) - both, (lower_share << bits) - both
            upper_left = u32(1 << 2 * BITS) - both - upper_right - lower_left
            weights = (upper_left, upper_right, lower_left, both)
            left, top = across[column] >> BITS, down[column] >> BITS
            right, bottom = left + 1, top + 1
            if not (left >= 0 and right < columns and top >= 0 and bottom < rows):
                if fill == CONSTANT:
                    for channel in range(channels):
                        total = u32(1 << 21)
                        for corner in range(4):
                            place_y, place_x = top + corner // 2, left + corner % 2
                            value = _value(image, place_y, place_x, channel, fill, values[6])
                            total += weights[corner] * u32(value)
                        written[to] = np.uint8(total >> u32(22))
                        to += one
                    continue
                left, right = _inside(left, columns, fill), _inside(right, columns, fill)
                top, bottom = _inside(top, rows, fill), _inside(bottom, rows, fill)
            upper, lower = u64(top) * wide, u64(bottom) * wide
            first, second = u64(left) * beside, u64(right) * beside
            corners = (upper + first, upper + second, lower + first, lower + second)
            if channels == 3:
                written[to] = _weighted(pixels, corners, weights)
                for more in (u64(1), u64(2)):
                    moved = (
                        corners[0] + more,
                        corners[1] + more,
                        corners[2] + more,
                        corners[3] + more,
                    )
                    written[to + more] = _weighted(pixels, moved, weights)
                to += u64(3)
                continue
            for channel in range(channels):
                more = u64(channel)
                moved = (
                    corners[0] + more,
                    corners[1] + more,
                    corners[2] + more,
                    corners[3] + more,
                )
                written[to] = _weighted(pixels, moved, weights)
                to += one


@compiled
def _each_by_pixels(source: Any, index: Any, out: Any, places: Any, values: Any, fill: int) -> None:
    for number in range(len(index)):
        place = places[number]
        _by_pixels(source[index[number]], out[place], values[place], fill)


@compiled
def _each_nearest(source: Any, index: Any, out: Any, places: Any, values: Any, fill: int) -> None:
    for number in range(len(index)):
        place = places[number]
        _nearest(source[index[number]], out[place], values[place], fill)


@compiled
def _each_between(source: Any, index: Any, out: Any, places: Any, values: Any, fill: int) -> None:
    for number in range(len(index)):
        place = places[number]
        _between(source[index[number]], out[place], values[place], fill)


def gather(
    source: np.ndarray,
    index: np.ndarray,
    out: np.ndarray,
    places: np.ndarray,
    values: np.ndarray,
    fill: int,
    *,
    nearest: bool,
) -> None:
    """Move images on their way from a data set into a batch, so that they are copied once.

    Only the loops that a draw asks for are run, since each takes seconds to compile.

    Args:
        source: `(all, rows, columns, channels)` uint8.
        index: `(count,)`, which of them.
        out: `(batch, rows, columns, channels)` uint8, the batch to fill.
        places: `(count,)`, where in the batch.
        values: `(batch, 8)` float32.
        fill: Place in `FILLS` of what is outside.
        nearest: Take the nearest pixel (for masks) in place of weighting four.
    """
    whole = _is_whole(values[places])
    resampled = _each_nearest if nearest else _each_between
    for loop, part in ((_each_by_pixels, whole), (resampled, ~whole)):
        chosen = np.flatnonzero(part)
        if len(chosen):
            loop(source, index[chosen], out, places[chosen], values, fill)


def move(
    images: np.ndarray, chosen: np.ndarray, values: np.ndarray, fill: int, *, nearest: bool
) -> None:
    """Move the chosen ones of a batch in place; see `gather`."""
    before = images[chosen]
    gather(before, np.arange(len(chosen)), images, chosen, values, fill, nearest=nearest)


def _is_whole(values: np.ndarray) -> np.ndarray:
    """Tell which maps mirror and move by whole pixels, and no more."""
    straight = (np.abs(values[:, [0, 4]]) == 1) & (values[:, [1, 3]] == 0)
    shifts = values[:, [2, 5]]
    return (straight & (shifts == np.floor(shifts))).all(axis=1)
