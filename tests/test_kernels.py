"""Filter, detect, condense: against SciPy, against Keras' layers, against loops, against paper."""

import itertools
import math
import time

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from evrisim import InputError, kernels, pooling
from evrisim.features import learned_kernels

SIZES = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (2, 3), (5, 2)]
RNG = np.random.default_rng(3)
GREY = RNG.integers(0, 256, (11, 14)).astype(np.float32)
COLOUR = RNG.integers(0, 256, (10, 13, 3)).astype(np.float32)


def loops(image, kernel, stride, padding, dilation):
    """Convolve a grey image as the definition of TensorFlow's padding says, pixel by pixel."""
    reach = [dilation * (side - 1) + 1 for side in kernel.shape]
    if padding == "valid":
        count = [(n - r) // stride + 1 for n, r in zip(image.shape, reach, strict=True)]
        first = (0, 0)
    else:
        count = [math.ceil(n / stride) for n in image.shape]
        first = [
            max(0, (c - 1) * stride + r - n) // 2
            for c, r, n in zip(count, reach, image.shape, strict=True)
        ]
    output = np.zeros(count)
    for (y, x), (i, j) in itertools.product(np.ndindex(*count), np.ndindex(*kernel.shape)):
        row = y * stride + i * dilation - first[0]
        column = x * stride + j * dilation - first[1]
        if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
            output[y, x] += kernel[i, j] * image[row, column]
    return output


def conv2d(image, kernel, stride, padding, dilation):
    """Let Keras convolve: one filter over all channels."""
    image, kernel = (a if a.ndim == 3 else a[:, :, None] for a in (image, kernel))
    layer = keras.layers.Conv2D(
        1, kernel.shape[:2], stride, padding, dilation_rate=dilation, use_bias=False
    )
    layer.build((None, *image.shape))
    layer.set_weights([kernel[..., None]])
    return keras.ops.convert_to_numpy(layer(image[None]))[0, :, :, 0]


def depthwise(image, kernel, stride, padding, dilation):
    """Let Keras convolve each channel for itself."""
    layer = keras.layers.DepthwiseConv2D(
        kernel.shape, stride, padding, dilation_rate=dilation, use_bias=False
    )
    layer.build((None, *image.shape))
    layer.set_weights([np.repeat(kernel[:, :, None, None], image.shape[2], axis=2)])
    return keras.ops.convert_to_numpy(layer(image[None]))[0]


def ways():
    """Every padding, stride and dilation that Keras has (not stride and dilation at once)."""
    for padding, stride, dilation in itertools.product(["same", "valid"], [1, 2, 3], [1, 2, 3]):
        if stride == 1 or dilation == 1:
            yield padding, stride, dilation


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_convolve_equals_keras_on_every_setting(size):
    kernel = RNG.normal(size=size).astype(np.float32)
    volume = RNG.normal(size=(*size, 3)).astype(np.float32)
    for padding, stride, dilation in ways():
        if padding == "valid" and dilation * (max(size) - 1) + 1 > 10:
            continue
        way = {"stride": stride, "padding": padding, "dilation": dilation, "centre": "keras"}
        rest = (stride, padding, dilation)
        for image, weights, layer in (
            (GREY, kernel, conv2d),
            (COLOUR, volume, conv2d),
            (COLOUR, kernel, depthwise),
        ):
            found = kernels.convolve(image, weights, **way)
            assert found.dtype == np.float32
            expected = layer(image, weights, *rest)
            np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-3)
            if size[0] % 2 and size[1] % 2:  # then the centre need not be stated
                unstated = kernels.convolve(image, weights, **{**way, "centre": None})
                np.testing.assert_array_equal(unstated, found)


@settings(max_examples=150, deadline=None)
@given(
    image=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    seed=st.integers(0, 99),
)
def test_convolve_equals_loops_also_with_stride_and_dilation(
    image, size, stride, dilation, padding, seed
):
    rng = np.random.default_rng(seed)
    pixels, kernel = rng.normal(size=image), rng.normal(size=size).astype(np.float32)
    way = {"stride": stride, "padding": padding, "dilation": dilation, "centre": "keras"}
    if padding == "valid" and any(
        dilation * (k - 1) + 1 > n for k, n in zip(size, image, strict=True)
    ):
        with pytest.raises(InputError, match="does not fit into an image"):
            kernels.convolve(pixels, kernel, **way)
        return
    found = kernels.convolve(pixels, kernel, **way)
    expected = loops(pixels, kernel, stride, padding, dilation)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    for axis in (0, 1):
        side = kernels.output_size(image[axis], size[axis], stride, padding, dilation)
        assert side.value == found.shape[axis]
        assert side.formula.endswith(f"= {found.shape[axis]}")


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolve_equals_scipy_for_every_stated_centre(size, dilation):
    kernel = RNG.normal(size=size).astype(np.float32)
    spread = np.zeros([dilation * (side - 1) + 1 for side in size])
    spread[::dilation, ::dilation] = kernel
    for centre in np.ndindex(*size):
        found = kernels.convolve(GREY, kernel, dilation=dilation, centre=centre)
        # SciPy counts the origin from the middle, for even sizes from the upper one.
        origin = [dilation * c - side // 2 for c, side in zip(centre, spread.shape, strict=True)]
        expected = ndimage.correlate(GREY.astype(float), spread, mode="constant", origin=origin)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)
        strided = kernels.convolve(GREY, kernel, dilation=dilation, centre=centre, stride=3)
        np.testing.assert_allclose(strided, expected[::3, ::3], rtol=1e-5, atol=1e-3)


def test_an_odd_kernel_needs_no_centre_and_is_placed_by_its_middle():
    kernel = RNG.normal(size=(3, 5))
    expected = ndimage.correlate(GREY.astype(float), kernel, mode="constant")
    np.testing.assert_allclose(kernels.convolve(GREY, kernel), expected, rtol=1e-5, atol=1e-3)


def test_output_size_equals_what_keras_computes():
    for kernel, (padding, stride, dilation) in itertools.product([1, 2, 3, 5], ways()):
        for size in range(dilation * (kernel - 1) + 1, 24, 3):
            layer = keras.layers.Conv2D(
                1, kernel, stride, padding, dilation_rate=dilation, use_bias=False
            )
            wanted = layer.compute_output_shape((1, size, size, 1))[1]
            found = kernels.output_size(size, kernel, stride, padding, dilation)
            assert found.value == wanted, (size, kernel, padding, stride, dilation)


SCIPY = {
    "sobel-x": lambda image: ndimage.sobel(image, axis=1, mode="constant"),
    "sobel-y": lambda image: ndimage.sobel(image, axis=0, mode="constant"),
    "prewitt-x": lambda image: ndimage.prewitt(image, axis=1, mode="constant"),
    "prewitt-y": lambda image: ndimage.prewitt(image, axis=0, mode="constant"),
    "laplacian": lambda image: ndimage.laplace(image, mode="constant"),
    "gaussian": lambda image: ndimage.gaussian_filter(image, 1.0, mode="constant", radius=3),
    "box": lambda image: ndimage.uniform_filter(image, 3, mode="constant"),
    "identity": lambda image: image,
}


@pytest.mark.parametrize("name", SCIPY)
def test_named_kernels_equal_those_of_scipy(name):
    found = kernels.convolve(GREY, kernels.named(name))
    np.testing.assert_allclose(found, SCIPY[name](GREY.astype(float)), rtol=1e-5, atol=1e-3)


def test_the_scharr_kernels_are_those_of_scharr():
    expected = [[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]]
    assert kernels.named("scharr-x").tolist() == expected
    assert kernels.named("scharr-y").tolist() == np.transpose(expected).tolist()


def test_every_named_kernel_is_described_and_has_a_middle():
    assert list(kernels.describe()) == list(kernels.KERNELS)
    for name in kernels.KERNELS:
        kernel = kernels.named(name)
        assert kernel.dtype == np.float32
        assert kernels.check_kernel(kernel).ndim == 2


ZERO_SUM = [
    "edge", "sobel-x", "sobel-y", "prewitt-x", "prewitt-y", "scharr-x", "scharr-y", "laplacian",
    "horizontal-lines", "vertical-lines", "diagonal-lines", "antidiagonal-lines", "gabor",
]  # fmt: skip


@pytest.mark.parametrize("name", ZERO_SUM)
def test_a_flat_image_vanishes_inside_but_not_at_a_border_of_zeros(name):
    kernel = kernels.named(name)
    flat = np.full((40, 41), 200.0)
    found = kernels.convolve(flat, kernel)
    row, column = (side // 2 for side in kernel.shape)
    assert np.abs(found[row:-row, column:-column]).max() < 1e-3
    assert np.abs(found).max() > 1  # repeated edges would leave nothing here either
    assert np.abs(ndimage.correlate(flat, kernel.astype(float), mode="nearest")).max() < 1e-3


@pytest.mark.parametrize("name", ["box", "gaussian", "sharpen", "identity"])
def test_blurs_and_sharpening_keep_the_brightness_inside(name):
    found = kernels.convolve(np.full((20, 20), 50.0), kernels.named(name))
    np.testing.assert_allclose(found[5:-5, 5:-5], 50, rtol=1e-5)


LINES = {
    "horizontal-lines": (slice(10, 11), slice(None)),
    "vertical-lines": (slice(None), slice(10, 11)),
    "diagonal-lines": (np.arange(21), np.arange(21)),
    "antidiagonal-lines": (np.arange(21), np.arange(21)[::-1]),
}


@pytest.mark.parametrize("name", LINES)
def test_a_detector_of_lines_answers_its_own_direction_only(name):
    answers = {}
    for direction, place in LINES.items():
        image = np.zeros((21, 21))
        image[place] = 100
        inside = kernels.convolve(image, kernels.named(name))[8:13, 8:13]
        answers[direction] = float(inside.max())
    assert answers[name] == 600
    assert all(answer <= 300 for direction, answer in answers.items() if direction != name)


def test_horizontal_lines_stay_and_vertical_ones_go():
    image = np.zeros((24, 24))
    image[::6] = 255
    lying = kernels.extract(image, kernels.named("horizontal-lines"), padding="valid")
    standing = kernels.extract(image, kernels.named("vertical-lines"), padding="valid")
    assert lying.condensed.max() == 255 * 6
    assert standing.condensed.max() == 0


def test_diagonal_means_falling_to_the_right():
    kernel = kernels.named("diagonal-lines")
    assert kernel.tolist() == [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]


@pytest.mark.parametrize("angle", [0, 30, 45, 90, 120])
def test_a_gabor_filter_answers_stripes_of_its_angle_and_wavelength(angle):
    at = np.arange(61) - 30.0
    answers = {}
    for other, wavelength in itertools.product([0, 30, 45, 90, 120], [4, 8, 16]):
        turn = math.radians(other)
        # Rows count downwards, so stripes that rise to the right by `angle` run along (cos, −sin).
        across = at[None, :] * math.sin(turn) + at[:, None] * math.cos(turn)
        stripes = 100 + 100 * np.cos(2 * np.pi * across / wavelength)
        kernel = kernels.named("gabor", angle=angle, wavelength=8)
        answers[other, wavelength] = np.abs(kernels.convolve(stripes, kernel)[20:41, 20:41]).max()
    assert max(answers, key=answers.get) == (angle, 8)


OPTIONS = [
    ("box", {"size": 5}),
    ("gaussian", {"sigma": 2.0}),
    ("gaussian", {"size": 3}),
    ("sharpen", {"strength": 2.0}),
    ("horizontal-lines", {"length": 5}),
    ("vertical-lines", {"length": 5}),
    ("diagonal-lines", {"size": 5}),
    ("antidiagonal-lines", {"size": 5}),
    ("gabor", {"angle": 30}),
    ("gabor", {"wavelength": 9}),
    ("gabor", {"size": 9}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
def test_every_option_of_a_named_kernel_changes_it(name, options):
    before, after = kernels.named(name), kernels.named(name, **options)
    assert before.shape != after.shape or not np.allclose(before, after)
    assert {option for other, one in OPTIONS if other == name for option in one} == set(
        kernels.options_of(name)
    )


def test_contributions_add_up_to_the_pixel_whatever_the_setting():
    kernel = RNG.normal(size=(3, 2)).astype(np.float32)
    for padding, stride, dilation, centre in itertools.product(
        ["same", "valid"], [1, 2], [1, 2], [(1, 0), (0, 1), "keras"]
    ):
        way = {"stride": stride, "padding": padding, "dilation": dilation, "centre": centre}
        output = kernels.convolve(GREY, kernel, **way)
        for pixel in np.ndindex(*output.shape):
            found = kernels.contributions(GREY, kernel, pixel, **way)
            assert found.value == pytest.approx(float(output[pixel]), rel=1e-5, abs=1e-3)
            assert (found.patch[found.padded] == 0).all()
            inside = ~found.padded
            places = np.stack(np.meshgrid(found.rows, found.columns, indexing="ij"), axis=-1)
            assert (GREY[tuple(places[inside].T)] == found.patch[inside]).all()
            np.testing.assert_allclose(found.products, found.patch * kernel)


def test_contributions_of_a_colour_kernel_sum_over_the_channels():
    kernel = RNG.normal(size=(3, 3, 3)).astype(np.float32)
    output = kernels.convolve(COLOUR, kernel)
    found = kernels.contributions(COLOUR, kernel, (0, 4))
    assert found.value == pytest.approx(float(output[0, 4]), rel=1e-5)
    assert found.padded.sum() == 3


def test_the_whole_way_is_its_three_steps():
    kernel = kernels.named("sobel-y")
    found = kernels.extract(COLOUR, kernel, stride=2, dilation=2, pool=3)
    filtered = kernels.convolve(COLOUR, kernel, stride=2, dilation=2)
    np.testing.assert_array_equal(found.filtered, filtered)
    np.testing.assert_array_equal(found.detected, np.where(filtered > 0, filtered, 0))
    np.testing.assert_array_equal(found.condensed, pooling.max_pool(found.detected, 3))
    assert tuple(size.value for size in found.filter_sizes) == filtered.shape[:2]
    assert tuple(size.value for size in found.pool_sizes) == found.condensed.shape[:2]


@pytest.mark.parametrize(
    ("size", "arguments", "expected"),
    [
        (32, (3, 2, "valid"), "⌊(32 − 1·(3 − 1) − 1) / 2⌋ + 1 = 15"),
        (28, (5, 1, "valid", 2), "⌊(28 − 2·(5 − 1) − 1) / 1⌋ + 1 = 20"),
        (7, (3, 2, "same"), "⌈7 / 2⌉ = 4"),
    ],
)
def test_output_size_writes_its_formula_with_the_numbers(size, arguments, expected):
    assert kernels.output_size(size, *arguments).formula.endswith(expected)


@pytest.mark.parametrize(
    "text",
    [
        "-1 -1 -1; 2 2 2; -1 -1 -1",
        "-1,-1,-1;2,2,2;-1,-1,-1;",
        "[[-1, -1, -1], [2, 2, 2], [-1, -1, -1]]",
        "[[-1 -1 -1]\n [2 2 2]\n [-1 -1 -1]]",
        "-1 -1 -1\n2 2 2\n-1 -1 -1",
        "-2/2 -1 -1; 2 4/2 2e0; -1 -1.0 -1",
    ],
)
def test_a_typed_kernel_is_read_in_each_of_its_spellings(text):
    assert kernels.parse(text).tolist() == [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 2 3; 4 5; 6 7 8", "row 2 of '1 2 3; 4 5; 6 7 8' has 2 numbers, row 1 has 3"),
        ("1 2; 3 x", "Row 2 of the kernel '1 2; 3 x' holds 'x', which is not a number"),
        ("1/0 1 1", "holds '1/0', which is not a number"),
        (" ; ", "holds no numbers"),
        ("[[1, 2], [3, 4]", r"brackets of the kernel .* do not match"),
        ("__import__('os')", "is not a number"),
    ],
)
def test_a_mistyped_kernel_is_refused_with_its_place(text, sentence):
    with pytest.raises(InputError, match=sentence):
        kernels.parse(text)


@pytest.mark.parametrize(
    ("array", "centre", "sentence"),
    [
        (
            [1, 2, 3],
            None,
            r"`kernel` must have two axes, rows and columns; received the shape \(3,",
        ),
        (np.ones((3, 3, 3)), None, "must have two axes"),
        ([[1, "a", 2]], None, "must hold real numbers"),
        ([[1j]], None, "must hold real numbers"),
        ([[1, 2, 3], [1, 2]], None, "rows are not equally long"),
        ([[0, np.nan, 1]], None, r"must hold finite numbers; there is nan at \(0, 1\)"),
        ([[np.inf]], None, "there is inf"),
        ([[]], None, r"`kernel` is empty: its shape is \(1, 0\)"),
        (np.ones((2, 3)), None, "A kernel of 2 × 3 has no middle; say with `centre`"),
        (np.ones((2, 2)), (2, 0), r"`centre` must be a cell .* to \(1, 1\)"),
        (np.ones((2, 2)), 1, "`centre` must be a cell"),
        (np.ones((3, 3)), "middle", "`centre` must be a cell"),
    ],
)
def test_what_is_no_kernel_is_refused(array, centre, sentence):
    with pytest.raises(InputError, match=sentence):
        kernels.check_kernel(array, centre)


ODD = np.ones((3, 3))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: kernels.convolve(GREY, np.ones((2, 2))), "has no middle"),
        (lambda: kernels.convolve(GREY, ODD, stride=0), "`stride` must be a whole number of at"),
        (lambda: kernels.convolve(GREY, ODD, dilation=0), "`dilation` must be a whole number"),
        (lambda: kernels.convolve(GREY, ODD, stride=1.5), "received 1.5"),
        (lambda: kernels.convolve(GREY, ODD, padding="full"), "`padding` must be one of same, val"),
        (
            lambda: kernels.convolve(GREY[:2], ODD, padding="valid"),
            "3 cells at dilation 1 spans 3 pixels and does not fit into an image of 2",
        ),
        (lambda: kernels.convolve(GREY[0], ODD), r"`image` must be \(rows, columns\)"),
        (lambda: kernels.convolve(GREY * np.nan, ODD), "`image` must hold finite numbers"),
        (lambda: kernels.convolve(GREY, np.ones((3, 3, 3))), "needs an image of 3 channels"),
        (lambda: kernels.extract(GREY, ODD, pool=0), "`pool` must be a whole number of at least 1"),
        (lambda: kernels.extract(GREY, ODD, pool=99), "does not fit into"),
        (lambda: kernels.contributions(GREY, ODD, (11, 0)), r"11 × 14 pixels.*none at \(11, 0\)"),
        (lambda: kernels.contributions(GREY, ODD, (-1, 0)), r"there is none at \(-1, 0\)"),
        (lambda: kernels.contributions(COLOUR, ODD, (0, 0)), "give one channel"),
        (lambda: kernels.named("sobel"), "`kernel` must be one of .* Did you mean 'sobel-"),
        (lambda: kernels.named("box", sigma=1), "`box option` must be one of size"),
        (lambda: kernels.named("emboss", size=3), "The kernel emboss has no options"),
        (lambda: kernels.named("box", size=4), "`size` must be odd"),
        (lambda: kernels.named("gaussian", sigma=-1), "`sigma` must lie between"),
        (lambda: kernels.named("gaussian", sigma="a"), "`sigma` must lie between"),
        (lambda: kernels.named("gabor", wavelength=True), "`wavelength` must lie between"),
    ],
)
def test_bad_arguments_get_one_sentence(call, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_an_even_kernel_without_padding_needs_no_centre():
    found = kernels.convolve([[1, 2, 4]], [[1, -1]], padding="valid")
    assert found.tolist() == [[-1, -2]]


def test_a_million_pixels_take_well_under_a_second():
    image = np.random.default_rng(0).random((1000, 1000))
    seconds = []
    for _ in range(3):
        started = time.process_time()
        kernels.convolve(image, np.ones((5, 5)))
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.7


def test_a_learned_kernel_gives_what_its_layer_gives_without_the_bias():
    layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 5, name="first")]
    model = keras.Sequential(layers)
    found = learned_kernels(model)
    expected = keras.ops.convert_to_numpy(model(COLOUR[None, :8, :8]))[0]
    for number in range(4):
        answer = kernels.convolve(COLOUR[:8, :8], found.kernels[..., number], padding="valid")
        np.testing.assert_allclose(answer, expected[..., number], rtol=1e-4, atol=1e-2)
