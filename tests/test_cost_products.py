"""The counted work of random layers equals a count of products carried out one by one."""

import keras
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.ops import convert_to_numpy as numbers

from evrisim import cost
from reference import products

L = keras.layers
CONVOLUTIONS = {1: L.Conv1D, 2: L.Conv2D, 3: L.Conv3D}
DEPTHWISE = {1: L.DepthwiseConv1D, 2: L.DepthwiseConv2D}
SEPARABLE = {1: L.SeparableConv1D, 2: L.SeparableConv2D}
TRANSPOSED = {1: L.Conv1DTranspose, 2: L.Conv2DTranspose, 3: L.Conv3DTranspose}

several = settings(max_examples=20, deadline=None)


def sizes(draw, ndim, low, high):
    return tuple(draw(st.integers(low, high)) for _ in range(ndim))


@st.composite
def windows(draw, ndims, *, even=False):
    """A kernel with stride or dilation (Keras allows not both) over an image it fits in.

    With `even`, stride is the same in all directions, as depthwise kernels of TensorFlow need.
    """
    ndim = draw(st.sampled_from(ndims))
    kernel = sizes(draw, ndim, 1, 3)
    strides = dilation = (1,) * ndim
    if draw(st.booleans()):
        strides = (draw(st.integers(1, 3)),) * ndim if even else sizes(draw, ndim, 1, 3)
    else:
        dilation = sizes(draw, ndim, 1, 3 - (ndim == 3))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    spare = 4 if ndim < 3 else 1
    image = tuple(r + draw(st.integers(0, spare)) for r in reach)
    paddings = ["same", "valid"] + (["causal"] if ndim == 1 and not even else [])
    return {
        "image": image,
        "kernel": kernel,
        "strides": strides,
        "dilation": dilation,
        "padding": draw(st.sampled_from(paddings)),
    }


def whole(seed, shape):
    """Small whole numbers: their sums are exact in float32, so that outputs are equal."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype("float32")


def check(layer, shape, reference, *, runs=True):
    """Compare a layer's counted work, formulas and output with those of the reference."""
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layer(inputs))
    model.set_weights([whole(7, weight.shape) for weight in model.weights])
    image = whole(3, shape)
    measured = cost.measure(model, batch_size=2)
    output, count = reference(image, [numbers(weight) for weight in model.weights])
    (row,) = measured.layers
    assert measured.macs == 2 * count
    assert row.output_shape == (2, *output.shape)
    assert products.value(row.formula) == 2 * count or "+" in row.formula
    assert products.value(row.parameter_formula) == row.parameters == layer.count_params()
    if runs:
        # Whole numbers, but for the rounding of faster algorithms than the sum.
        np.testing.assert_allclose(numbers(model(image[None]))[0], output, atol=1e-3)


@several
@given(windows([1, 2, 3]), st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.booleans())
def test_convolutions(window, groups, fan_in, each, bias):
    ndim = len(window["kernel"])
    layer = CONVOLUTIONS[ndim](
        groups * each,
        window["kernel"],
        strides=window["strides"],
        dilation_rate=window["dilation"],
        padding=window["padding"],
        groups=groups,
        use_bias=bias,
    )

    def reference(image, weights):
        output, count = products.convolution(
            image,
            weights[0],
            strides=window["strides"],
            dilation=window["dilation"],
            padding=window["padding"],
            groups=groups,
        )
        return output + (weights[1] if bias else 0), count

    # TensorFlow convolves in groups after a compilation only, which takes too long for a test.
    check(layer, (*window["image"], groups * fan_in), reference, runs=groups == 1)


@several
@given(windows([1, 2], even=True), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_depthwise_convolutions(window, channels, multiplier, bias):
    layer = DEPTHWISE[len(window["kernel"])](
        window["kernel"],
        strides=window["strides"],
        dilation_rate=window["dilation"],
        padding=window["padding"],
        depth_multiplier=multiplier,
        use_bias=bias,
    )

    def reference(image, weights):
        output, count = products.depthwise(
            image,
            weights[0],
            strides=window["strides"],
            dilation=window["dilation"],
            padding=window["padding"],
        )
        return output + (weights[1] if bias else 0), count

    check(layer, (*window["image"], channels), reference)


@several
@given(
    windows([1, 2], even=True),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 3),
    st.booleans(),
)
def test_separable_convolutions(window, channels, multiplier, filters, bias):
    layer = SEPARABLE[len(window["kernel"])](
        filters,
        window["kernel"],
        strides=window["strides"],
        dilation_rate=window["dilation"],
        padding=window["padding"],
        depth_multiplier=multiplier,
        use_bias=bias,
    )

    def reference(image, weights):
        output, count = products.separable(
            image,
            weights[0],
            weights[1],
            strides=window["strides"],
            dilation=window["dilation"],
            padding=window["padding"],
        )
        return output + (weights[2] if bias else 0), count

    check(layer, (*window["image"], channels), reference)


@st.composite
def spreads(draw):
    ndim = draw(st.sampled_from([1, 2, 3]))
    return sizes(draw, ndim, 1, 3), sizes(draw, ndim, 1, 3), sizes(draw, ndim, 1, 3)


@several
@given(spreads(), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_transposed_convolutions(spread, channels, filters, bias):
    size, kernel, strides = spread

    def reference(image, weights):
        output, count = products.transposed(image, weights[0], strides=strides)
        return output + (weights[1] if bias else 0), count

    layer = TRANSPOSED[len(size)](filters, kernel, strides=strides, use_bias=bias)
    check(layer, (*size, channels), reference)


@several
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 4), st.booleans())
def test_dense_layers_on_any_rank(shape, units, bias):
    def reference(image, weights):
        output, count = products.dense(image, weights[0])
        return output + (weights[1] if bias else 0), count

    check(L.Dense(units, use_bias=bias), tuple(shape), reference)
