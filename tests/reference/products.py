"""A second count of multiply–accumulates: every product is carried out in a loop, and noted.

Slow and plain on purpose. Each function computes a layer's output from its weights, one number
after another, and gives it with the number of multiplications it did. If the output is that of
the layer, the count is that of the layer's definition.
"""

import itertools
import math

import numpy as np


class Counter:
    """Sums products and counts them."""

    def __init__(self):
        self.products = 0

    def add(self, total, index, value, weight):
        total[index] += value * weight
        self.products += 1


def places(sizes):
    """All positions of a grid."""
    return itertools.product(*map(range, sizes))


def padded(image, kernel, strides, dilation, padding):
    """Put zeros around as TensorFlow's SAME, VALID or causal padding does."""
    if padding == "valid":
        return image
    around = []
    for size, k, stride, rate in zip(image.shape[:-1], kernel, strides, dilation, strict=True):
        reach = (k - 1) * rate + 1
        if padding == "causal":
            around.append((reach - 1, 0))
            continue
        total = max(0, (math.ceil(size / stride) - 1) * stride + reach - size)
        around.append((total // 2, total - total // 2))
    return np.pad(image, [*around, (0, 0)])


def _grid(image, kernel, strides, dilation):
    return [
        (size - (k - 1) * rate - 1) // stride + 1
        for size, k, stride, rate in zip(image.shape[:-1], kernel, strides, dilation, strict=True)
    ]


def _read(place, strides, step, dilation):
    """The pixel under one number of the kernel."""
    return tuple(p * s + q * d for p, s, q, d in zip(place, strides, step, dilation, strict=True))


def convolution(image, weights, *, strides, dilation, padding, groups=1):
    """Convolve `(*places, channels)` with `(*kernel, channels / groups, filters)`."""
    *kernel, fan_in, filters = weights.shape
    image = padded(image, kernel, strides, dilation, padding)
    grid = _grid(image, kernel, strides, dilation)
    total, counter = np.zeros((*grid, filters)), Counter()
    for place in places(grid):
        for out in range(filters):
            first = out // (filters // groups) * fan_in  # of the channels this filter sees
            for step in places(kernel):
                at = _read(place, strides, step, dilation)
                for channel in range(fan_in):
                    value = image[(*at, first + channel)]
                    counter.add(total, (*place, out), value, weights[(*step, channel, out)])
    return total, counter.products


def depthwise(image, weights, *, strides, dilation, padding):
    """Convolve each channel by itself, with `(*kernel, channels, multiplier)`."""
    *kernel, channels, multiplier = weights.shape
    image = padded(image, kernel, strides, dilation, padding)
    grid = _grid(image, kernel, strides, dilation)
    total, counter = np.zeros((*grid, channels * multiplier)), Counter()
    for place in places(grid):
        for channel, copy in places((channels, multiplier)):
            for step in places(kernel):
                at = _read(place, strides, step, dilation)
                index = (*place, channel * multiplier + copy)
                counter.add(total, index, image[(*at, channel)], weights[(*step, channel, copy)])
    return total, counter.products


def separable(image, depth, point, *, strides, dilation, padding):
    """Convolve each channel by itself, then mix the channels."""
    middle, first = depthwise(image, depth, strides=strides, dilation=dilation, padding=padding)
    ones = [1] * len(strides)
    mixed, second = convolution(middle, point, strides=ones, dilation=ones, padding="valid")
    return mixed, first + second


def transposed(image, weights, *, strides):
    """Spread each number over a kernel `(*kernel, filters, channels)`; nothing is cropped."""
    *kernel, filters, channels = weights.shape
    # A kernel narrower than the stride leaves gaps, which Keras fills up with zeros.
    reach = [max(k, s) for k, s in zip(kernel, strides, strict=True)]
    grid = [(n - 1) * s + r for n, s, r in zip(image.shape[:-1], strides, reach, strict=True)]
    total, counter = np.zeros((*grid, filters)), Counter()
    for place in places(image.shape[:-1]):
        for step in places(kernel):
            at = _read(place, strides, step, [1] * len(kernel))
            for channel, out in places((channels, filters)):
                value = image[(*place, channel)]
                counter.add(total, (*at, out), value, weights[(*step, out, channel)])
    return total, counter.products


def dense(image, weights):
    """Multiply the last axis with `(inputs, units)`, at each place."""
    units = weights.shape[1]
    total, counter = np.zeros((*image.shape[:-1], units)), Counter()
    for place in places(image.shape[:-1]):
        for channel, out in places(weights.shape):
            counter.add(total, (*place, out), image[(*place, channel)], weights[channel, out])
    return total, counter.products


# What a formula of parameters may hold: whole numbers, +, × and brackets.
def value(formula):
    """Compute a formula such as `(3 × 3 × 3 + 1) × 64`; anything else is refused."""
    words = formula.replace("(", " ( ").replace(")", " ) ").split()
    result, rest = _sum(words)
    assert not rest, formula
    return result


def _sum(words):
    total, words = _product(words)
    while words and words[0] == "+":
        more, words = _product(words[1:])
        total += more
    return total, words


def _product(words):
    total, words = _factor(words)
    while words and words[0] == "×":
        more, words = _factor(words[1:])
        total *= more
    return total, words


def _factor(words):
    if words[0] != "(":
        return int(words[0]), words[1:]
    total, words = _sum(words[1:])
    assert words[0] == ")"
    return total, words[1:]
