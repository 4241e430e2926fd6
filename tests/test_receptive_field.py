"""Receptive fields equal the formula on paper, published figures, and what brute force finds."""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers as L
from keras import ops

from evrisim.cost import receptive_fields

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def model_of(build, shape=(40, 36, 1)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, build(inputs))


def last(model, **options):
    return list(receptive_fields(model, **options).values())[-1]


def positive(model, seed=0):
    """Give all kernels positive numbers; biases are 0 from the start: then nothing cancels."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if len(weight.shape) > 1:
            weight.assign(rng.uniform(0.5, 1, weight.shape))
    return model


def support(model, side):
    """Find by brute force which rows (or columns) of the image each cell of the map sees.

    One image a row, 1 on that row and 0 elsewhere: with positive weights and no biases, a cell is
    above 0 exactly if it sees the row. Gives `(pixels, rows, columns)` bool.
    """
    _, *frame, channels = model.input_shape
    images = np.zeros((frame[side], *frame, channels), "float32")
    for pixel in range(frame[side]):
        images[(pixel, pixel) if side == 0 else (pixel, slice(None), pixel)] = 1
    return np.asarray(ops.convert_to_numpy(model(images, training=False))).max(axis=-1) > 0


def check_against_brute_force(model, field):
    """Compare every cell whose field lies in the image exactly; the others must not see more."""
    ends = [
        np.array([side.seen(cell) for cell in range(side.cells)])
        for side in (field.rows, field.columns)
    ]
    inner = [
        (low >= 0) & (high < side.pixels)
        for (low, high), side in zip((e.T for e in ends), (field.rows, field.columns), strict=True)
    ]
    inside = inner[0][:, None] & inner[1][None]
    for side, axis in ((0, 1), (1, 0)):
        seen = support(model, side)
        assert seen.shape[1:] == field.cells
        low, high = (np.expand_dims(ends[side][:, end], axis) for end in (0, 1))
        first, last = seen.argmax(axis=0), len(seen) - 1 - seen[::-1].argmax(axis=0)
        some = seen.any(axis=0)
        # Between the kernels of a transposed convolution there may be cells that see nothing.
        sees = [e[:, 0] <= e[:, 1] for e in ends]
        assert (some == sees[0][:, None] & sees[1][None])[inside].all()
        assert (first == low)[inside & some].all()
        assert (last == high)[inside & some].all()
        assert ((first >= low) & (last <= high))[some].all()
    return int(inside.sum())


# kernel, stride, dilation of each layer; the closed form sums (k − 1) · d times the strides before
STACKS = [
    [(3, 1, 1)],
    [(3, 1, 1)] * 3,
    [(3, 2, 1), (5, 1, 1), (2, 2, 1), (3, 1, 3)],
    [(7, 2, 1), (3, 2, 1), (1, 2, 1), (3, 1, 2)],
    [(4, 1, 1), (2, 2, 1), (4, 3, 1)],
]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_a_stack_of_windows_has_the_field_of_the_closed_form(stack, padding):
    def build(x):
        for number, (kernel, stride, dilation) in enumerate(stack):
            if number % 2 and dilation == 1:
                x = L.MaxPooling2D(kernel, stride, padding=padding)(x)
            else:
                x = L.Conv2D(2, kernel, stride, padding=padding, dilation_rate=dilation)(x)
        return x

    size, stride = 1, 1
    for kernel, step, dilation in stack:
        size += (kernel - 1) * dilation * stride
        stride *= step
    field = last(model_of(build, (97, 97, 1)))
    assert field.size == (size, size)
    assert field.stride == (stride, stride)
    if padding == "valid":
        assert field.start == (0, 0)
        assert not field.clipped


@pytest.mark.parametrize(("dilation", "reach"), [(1, 3), (2, 5), (4, 9)])
def test_dilation_widens_a_kernel_of_three(dilation, reach):
    field = last(model_of(lambda x: L.Conv2D(1, 3, dilation_rate=dilation)(x)))
    assert field.size == (reach, reach) == (3 + 2 * (dilation - 1),) * 2


def test_rows_and_columns_go_their_own_way():
    field = last(model_of(lambda x: L.Conv2D(1, (5, 2), strides=(1, 3), padding="same")(x)))
    assert (field.size, field.stride) == ((5, 2), (1, 3))
    assert field.start == (-2, 0)
    assert field.cells == (40, 12)


# As in the appendix of Araujo, Norris and Sim 2019; the last map before pooling and flattening.
PUBLISHED = {
    "VGG16": ("block5_pool", 212, 32),
    "ResNet50": ("conv5_block3_out", 483, 32),
    "ResNet50V2": ("post_relu", 483, 32),
    "MobileNet": ("conv_pw_13_relu", 315, 32),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_known_architectures_have_their_published_fields(name):
    layer, size, stride = PUBLISHED[name]
    fields = receptive_fields(getattr(keras.applications, name)(weights=None))
    assert fields[layer].size == (size, size)
    assert fields[layer].stride == (stride, stride)
    assert not any(field.unknown or field.misaligned for field in fields.values())
    assert list(fields.values())[-1].size == (224, 224)


# --- random graphs ------------------------------------------------------------------------------

sides = st.tuples(st.integers(1, 4), st.integers(1, 4))
paddings = st.sampled_from(["same", "valid"])


@st.composite
def chains(draw):
    """Draw windows that may change the size of the map."""
    kind = draw(st.sampled_from(["conv", "dilated", "depthwise", "separable", "max", "average"]))
    kernel, padding = draw(sides), draw(paddings)
    strides = draw(st.sampled_from([(1, 1), (2, 1), (1, 2), (2, 2), (3, 2)]))
    if kind == "dilated":
        rate = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        return lambda x: L.Conv2D(2, kernel, padding=padding, dilation_rate=rate)(x)
    if kind in ("max", "average"):
        layer = L.MaxPooling2D if kind == "max" else L.AveragePooling2D
        return lambda x: layer(kernel, strides, padding=padding)(x)
    if kind == "conv":
        return lambda x: L.Conv2D(2, kernel, strides, padding=padding)(x)
    # These take square strides only.
    square = (strides[0], strides[0])
    if kind == "depthwise":
        return lambda x: L.DepthwiseConv2D(kernel, square, padding=padding)(x)
    return lambda x: L.SeparableConv2D(2, kernel, square, padding=padding)(x)


@st.composite
def joins(draw):
    """Draw a block of two branches that meet: a residual block, or two side by side."""
    one, two = draw(sides), draw(sides)
    stride = draw(st.sampled_from([1, 1, 2]))
    rate = draw(st.integers(1, 2)) if stride == 1 else 1
    concat = draw(st.booleans())

    def block(x):
        y = L.Conv2D(2, one, stride, padding="same")(x)
        y = L.Conv2D(2, two, padding="same", dilation_rate=rate)(L.BatchNormalization()(y))
        x = L.Conv2D(2, 1, stride, padding="same")(x)
        return L.Concatenate()([x, y]) if concat else x + L.ReLU()(y)

    return block


@st.composite
def enlargers(draw):
    """Draw what makes a map larger."""
    kind = draw(st.sampled_from(["transposed", "nearest", "bilinear", "padded"]))
    kernel, padding, factor = draw(sides), draw(paddings), draw(st.integers(1, 3))
    if kind == "padded":
        return lambda x: L.ZeroPadding2D(((kernel[0], 1), (0, kernel[1])))(x)
    if kind == "transposed":
        return lambda x: L.Conv2DTranspose(2, kernel, factor, padding=padding)(x)
    return lambda x: L.UpSampling2D(factor, interpolation=kind)(x)


def built(parts, shape=(41, 38, 1)):
    """Build a random graph; a part for which the map has become too small is left out."""

    def build(x):
        for part in parts:
            if min(x.shape[1:3]) >= 11 and max(x.shape[1:3]) <= 60:
                x = part(x)
        return x

    inputs = keras.Input(shape)
    x = build(inputs)
    return positive(keras.Model(inputs, L.Identity()(x)))


@FEW
@given(parts=st.lists(st.one_of(chains(), joins()), min_size=1, max_size=5))
def test_random_residual_and_branching_graphs_see_what_brute_force_finds(parts):
    model = built(parts)
    field = last(model)
    assert field.uniform
    assert not field.misaligned
    for side in (field.rows, field.columns):
        for cell in range(side.cells):
            first = side.start + cell * side.stride
            assert side.seen(cell) == (first, first + side.size - 1)
    check_against_brute_force(model, field)


@FEW
@given(parts=st.lists(st.one_of(chains(), joins(), enlargers()), min_size=2, max_size=5))
def test_enlarged_maps_are_exact_in_every_cell(parts):
    model = built(parts, (26, 23, 1))
    check_against_brute_force(model, last(model))
