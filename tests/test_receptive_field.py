"""Receptive fields equal the formula on paper, published figures, and what brute force finds."""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers as L
from keras import ops

from evrisim._validate import InputError
from evrisim.cost import landmarks, receptive_fields

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
        wide = tuple(max(side, factor) for side in kernel)  # narrower ones are flagged
        return lambda x: L.Conv2DTranspose(2, wide, factor, padding=padding)(x)
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


# --- bare operations and layers of all kinds, each against brute force ---------------------------

CONVOLVED = {"kernel_size": (3, 2), "padding": "same"}
THROUGH = {
    "sum": lambda x: x + 2 * L.Conv2D(1, **CONVOLVED)(x),
    "slice": lambda x: L.Conv2D(1, **CONVOLVED)(x)[:, 3:20:2, ::3],
    "newaxis": lambda x: L.Conv2D(1, **CONVOLVED)(x)[:, :, None, ..., 0][:, :, 0, :, None],
    "pad": lambda x: ops.pad(L.MaxPooling2D(2)(x), [[0, 0], [2, 1], [0, 3], [0, 0]]),
    "stack": lambda x: ops.stack([x, L.Conv2D(1, **CONVOLVED)(x)], axis=1)[:, 1],
    "max of a stack": lambda x: ops.max(ops.stack([x, L.Conv2D(1, 3, padding="same")(x)]), axis=0),
    "split": lambda x: sum(ops.split(L.Conv2D(4, 3)(x), 2, axis=-1)),
    "unstack": lambda x: ops.unstack(L.Conv2D(2, 3)(x), axis=-1)[1][..., None],
    "transpose twice": lambda x: ops.transpose(
        L.Conv2D(1, (3, 1))(ops.transpose(x, (0, 2, 1, 3))), (0, 2, 1, 3)
    ),
    "swapped axes": lambda x: ops.swapaxes(L.AveragePooling2D((1, 3))(ops.swapaxes(x, 1, 2)), 1, 2),
    "moved axis": lambda x: ops.moveaxis(ops.moveaxis(L.Conv2D(2, 3)(x), -1, 1), 1, -1),
    "permuted": lambda x: L.Permute((2, 1, 3))(L.Conv2D(2, (5, 1))(L.Permute((2, 1, 3))(x))),
    "tokens and back": lambda x: L.Reshape((12, 10, 2))(
        L.Dense(2)(L.Reshape((120, 2))(L.Conv2D(2, 3, 2, padding="same")(x)))
    ),
    "channel shuffle": lambda x: ops.reshape(
        ops.transpose(ops.reshape(L.Conv2D(4, 3)(x), (-1, 22, 18, 2, 2)), (0, 1, 2, 4, 3)),
        (-1, 22, 18, 4),
    ),
    "einsum over channels": lambda x: ops.einsum(
        "bijc,cd->bijd", L.Conv2D(2, 3, padding="same")(x), ops.ones((2, 3))
    ),
    "mean of rows": lambda x: ops.mean(L.Conv2D(1, 3)(x), axis=1, keepdims=True),
    "mean of rows, added": lambda x: x + ops.mean(x, axis=1, keepdims=True),
    "repeat": lambda x: ops.repeat(L.MaxPooling2D((3, 2))(x), 2, axis=1),
    "flip": lambda x: ops.flip(L.Conv2D(1, (3, 1), (2, 1))(x), axis=1),
    "depth to space": lambda x: ops.depth_to_space(L.Conv2D(4, 3, 2, padding="same")(x), 2),
    "space to depth": lambda x: ops.space_to_depth(L.Conv2D(1, 3, padding="same")(x), 2),
    "resized": lambda x: ops.image.resize(L.Conv2D(1, 3, padding="same")(x), (36, 50)),
    "resizing layer": lambda x: L.Resizing(12, 30, interpolation="nearest")(x),
    "convolution": lambda x: ops.conv(x, np.ones((3, 5, 1, 2), "float32"), (2, 1), "same"),
    "pooling": lambda x: ops.max_pool(x, (2, 3), (1, 2), "valid"),
    "causal columns": lambda x: ops.reshape(
        L.Conv1D(1, 3, padding="causal", dilation_rate=2)(ops.reshape(x[:, 4], (-1, 20, 1))),
        (-1, 1, 20, 1),
    ),
    "layer scale": lambda x: (
        x * ops.ones((1, 24, 20, 1)) + ops.relu(L.Conv2D(1, 3, padding="same")(x))
    ),
}


@pytest.mark.parametrize("name", THROUGH)
def test_positions_are_followed_through(name):
    model = positive(model_of(THROUGH[name], (24, 20, 1)))
    field = last(model)
    assert not field.unknown
    assert not field.misaligned
    assert check_against_brute_force(model, field) > 0


@pytest.mark.parametrize("name", THROUGH)
def test_code_of_ones_own_is_followed_like_a_graph(name):
    inner = model_of(THROUGH[name], (24, 20, 1))

    class Own(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def call(self, x):
            return ops.relu(self.inner(x)) * 2

    own = keras.Sequential([keras.Input((24, 20, 1)), Own()])
    plain, found = last(inner), last(own)
    assert (found.size, found.stride, found.start) == (plain.size, plain.stride, plain.start)


# --- what sees everything -----------------------------------------------------------------------


def excited(x):
    squeezed = L.GlobalAveragePooling2D(keepdims=True)(x)
    return x * L.Conv2D(1, 1, activation="sigmoid")(squeezed)


def attended(x):
    tokens = L.Reshape((-1, 1))(L.Conv2D(1, 5, 4, padding="same")(x))
    return tokens + L.MultiHeadAttention(1, 4)(tokens, tokens)


def attended_by_hand(x):
    x = ops.reshape(L.Conv2D(2, 5, 4, padding="same")(x), (-1, 90, 2))
    scores = ops.softmax(ops.einsum("bqc,bkc->bqk", x, x))
    return ops.einsum("bqk,bkc->bqc", scores, x)


GLOBAL = {
    "average": L.GlobalAveragePooling2D(),
    "maximum, with axes": L.GlobalMaxPooling2D(keepdims=True),
    "squeeze and excite": excited,
    "attention": attended,
    "attention by hand": attended_by_hand,
    "dense": lambda x: L.Dense(3)(L.Flatten()(x)),
    "group normalisation": L.GroupNormalization(1),
    "mean": lambda x: ops.mean(x, axis=(1, 2)),
    "mean subtracted": lambda x: x - ops.mean(x, axis=(1, 2), keepdims=True),
}


@pytest.mark.parametrize("name", GLOBAL)
def test_global_layers_see_the_whole_image(name):
    field = last(model_of(GLOBAL[name]))
    assert field.everything
    assert (field.size, field.stride, field.start) == ((40, 36), (0, 0), (0, 0))
    assert not field.clipped


def test_pooling_over_a_part_sees_that_part_only():
    field = last(model_of(lambda x: L.GlobalAveragePooling2D()(L.Cropping2D(((4, 0), (1, 2)))(x))))
    assert (field.start, field.size) == ((4, 1), (36, 33))
    assert not field.everything


def test_one_axis_may_be_global_and_the_other_not():
    field = last(model_of(lambda x: ops.mean(L.Conv2D(1, 3, padding="same")(x), axis=1)))
    assert (field.size, field.stride) == ((40, 3), (0, 1))
    assert not field.everything


def test_a_product_over_columns_sees_all_of_them():
    build = L.EinsumDense("bijc,jd->bidc", (40, 4, 1))
    field = last(model_of(lambda x: build(L.Conv2D(1, (3, 1), padding="same")(x))))
    assert (field.size, field.stride, field.cells) == ((3, 36), (1, 0), (40, 1))


def test_a_flattened_map_has_the_size_but_no_stride():
    field = last(model_of(lambda x: L.Flatten()(L.Conv2D(2, 3, 2)(x))))
    assert (field.size, field.stride) == ((3, 3), (None, None))
    assert not field.misaligned
    assert not field.unknown


# --- what cannot be a number --------------------------------------------------------------------


def test_branches_with_unequal_strides_are_flagged_and_exact_where_they_can_be():
    # Every second row of the one branch, enlarged by nothing but a cut, meets the other.
    model = positive(model_of(lambda x: L.MaxPooling2D(2)(x) + x[:, 5:25, 7:25]))
    field = last(model)
    assert field.misaligned
    assert (field.size, field.stride, field.start) == ((None, None),) * 3
    assert not field.unknown
    assert field.rows.seen(0) == (0, 5)
    assert field.rows.seen(19) == (24, 39)
    check_against_brute_force(model, field)


def test_what_follows_misaligned_branches_can_be_global_again():
    build = lambda x: L.GlobalAveragePooling2D()(L.MaxPooling2D(2)(x) + x[:, :20, :18])  # noqa: E731
    assert last(model_of(build)).everything


class Rolled(L.Layer):
    def call(self, x):
        return ops.roll(x, 3, axis=1)


def test_an_unknown_operation_is_named_with_all_that_depends_on_it():
    inputs = keras.Input((20, 20, 3))
    x = L.Conv2D(4, 3, name="before")(inputs)
    y = L.Conv2D(4, 3, padding="same", name="beside")(x)
    x = L.Conv2D(4, 3, padding="same", name="after")(Rolled(name="rolled")(x))
    fields = receptive_fields(keras.Model(inputs, L.Add(name="both")([x, y])))
    assert fields["beside"].size == (5, 5)
    for path in ("rolled", "after", "both"):
        assert fields[path].unknown.startswith("rolled/")
        assert (fields[path].size, fields[path].stride, fields[path].start) == ((None, None),) * 3
        assert not fields[path].everything
        assert not fields[path].misaligned
    with pytest.raises(ValueError, match="not known"):
        fields["both"].rows.seen(0)


def test_code_that_needs_numbers_is_unknown_with_the_layers_inside_it():
    class Opaque(L.Layer):
        def __init__(self):
            super().__init__(name="opaque")
            self.inside = L.Conv2D(2, 3, name="inside")

        def call(self, x):
            if keras.utils.is_keras_tensor(x):
                raise TypeError("no symbols here")
            return self.inside(x)

        def compute_output_shape(self, shape):
            return (shape[0], shape[1] - 2, shape[2] - 2, 2)

    opaque = Opaque()
    opaque.inside.build((None, 12, 12, 1))
    fields = receptive_fields(model_of(lambda x: L.ReLU(name="next")(opaque(x)), (12, 12, 1)))
    assert {path: field.unknown for path, field in fields.items()} == dict.fromkeys(
        ("opaque", "next", "opaque/inside"), "opaque"
    )


def test_a_subclass_with_its_own_call_is_not_taken_for_its_parent():
    class Wide(L.Conv2D):
        def call(self, x):
            return super().call(ops.max_pool(x, 3, 1, "same"))

    assert last(model_of(Wide(1, 3))).size == (5, 5)


def test_an_activation_of_ones_own_is_not_taken_for_elementwise():
    blur = L.Activation(lambda x: ops.average_pool(x, 3, 1, "same"))
    assert last(model_of(blur)).size == (3, 3)
    inside = L.Conv2D(1, 3, activation=lambda x: ops.average_pool(x, 3, 1, "same"))
    field = last(model_of(inside))
    assert field.unknown or field.size == (5, 5)


# --- models of all kinds ------------------------------------------------------------------------


def trunk(x):
    x = L.Conv2D(4, 3, strides=2, padding="same", name="one")(x)
    y = L.Conv2D(4, 3, padding="same", name="two")(L.BatchNormalization(name="norm")(x))
    return L.ReLU(name="relu")(L.Add(name="sum")([x, y]))


def told(field):
    return field.size, field.stride, field.start, field.cells


def test_a_nested_backbone_has_the_fields_of_the_flat_one():
    flat = receptive_fields(model_of(trunk))
    backbone = model_of(trunk)
    backbone = keras.Model(backbone.input, backbone.output, name="backbone")
    nested = receptive_fields(model_of(lambda x: L.MaxPooling2D(name="pool")(backbone(x))))
    for path, field in flat.items():
        assert told(nested[f"backbone/{path}"]) == told(field)
    assert told(nested["backbone"]) == told(flat["relu"])
    assert nested["pool"].stride == (4, 4)
    assert list(nested)[-2:] == ["backbone", "pool"]


def test_a_sequential_a_subclassed_and_a_functional_model_agree():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.one = L.Conv2D(4, 3, strides=2, name="one")
            self.two = L.Conv2D(4, 5, name="two")

        def call(self, x):
            return self.two(ops.relu(self.one(x)))

    layers = [L.Conv2D(4, 3, strides=2, name="one"), L.ReLU(), L.Conv2D(4, 5, name="two")]
    functional = model_of(lambda x: layers[2](layers[1](layers[0](x))), (20, 20, 3))
    unbuilt = keras.Sequential([L.Conv2D(4, 3, strides=2), L.ReLU(), L.Conv2D(4, 5)])
    for model in (
        Own(),
        unbuilt,
        functional,
        keras.Sequential([keras.Input((20, 20, 3)), *layers]),
    ):
        assert told(last(model, image_shape=(20, 20, 3))) == ((11, 11), (2, 2), (0, 0), (5, 5))


def test_a_shared_layer_is_given_by_its_first_call():
    shared = L.Conv2D(3, 3, padding="same", name="shared")
    fields = receptive_fields(model_of(lambda x: L.ReLU(name="end")(shared(shared(x))), (9, 9, 3)))
    assert fields["shared"].size == (3, 3)
    assert fields["end"].size == (5, 5)


def test_two_inputs_one_of_them_no_image():
    image, number = keras.Input((16, 16, 3)), keras.Input((4,))
    x = L.Conv2D(4, 3, padding="same")(image)
    y = L.Reshape((1, 1, 4))(L.Dense(4, name="number")(number))
    fields = receptive_fields(keras.Model([image, number], L.Add(name="sum")([x, y])))
    assert fields["sum"].size == (3, 3)
    assert fields["number"].size == (0, 0)


def test_the_size_given_is_the_size_used():
    model = model_of(L.GlobalAveragePooling2D(), (None, None, 3))
    assert last(model, image_shape=(18, 30, 3)).size == (18, 30)


def test_a_model_without_a_size_and_one_with_two_images_are_refused():
    with pytest.raises(InputError, match="does not say how large its images are"):
        receptive_fields(model_of(L.ReLU(), (None, None, 3)))
    images = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    with pytest.raises(InputError, match=r"one input of images.* has 2"):
        receptive_fields(keras.Model(images, L.Add()(images)))


def test_the_model_is_left_as_it_was():
    model = model_of(lambda x: L.Dense(2)(excited(trunk(x)) + 1))
    steps = [model, *model.operations]

    def state():
        return [
            {name: list(v) if isinstance(v, list) else v for name, v in vars(step).items()}
            for step in steps
        ]

    model(np.zeros((1, 40, 36, 1), "float32"))
    before, weights = state(), [w.numpy() if hasattr(w, "numpy") else w for w in model.weights]
    first = {path: told(one) for path, one in receptive_fields(model).items()}
    for was, step in zip(before, state(), strict=True):
        assert set(was) == set(step)
        for name in ("_inbound_nodes", "_outbound_nodes"):
            assert was[name] == step[name]
    assert len(weights) == len(model.weights)
    assert first == {path: told(one) for path, one in receptive_fields(model).items()}
    again = keras.Model.from_config(model.get_config())
    assert again.count_params() == model.count_params()


def test_fields_reaching_into_the_padding_are_said_to_be_clipped():
    same = last(model_of(lambda x: L.Conv2D(1, 3, padding="same")(x)))
    assert same.clipped
    assert not same.everything
    assert not last(model_of(lambda x: L.Conv2D(1, 3)(x))).clipped


def test_landmarks_are_the_first_layer_and_the_last_of_each_stride():
    def build(x):
        x = L.Conv2D(2, 3, padding="same", name="first")(L.Rescaling(1 / 255)(x))
        x = L.ReLU(name="full")(L.Conv2D(2, 3, padding="same")(x))
        x = L.ReLU(name="half")(L.MaxPooling2D()(x))
        x = L.Conv2D(2, 3, strides=2, padding="same", name="quarter")(x)
        x = L.ZeroPadding2D(name="padded")(excited(x))
        x = L.BatchNormalization(name="global")(L.Conv2D(2, 3, strides=2)(x))
        return L.Dense(2)(L.GlobalAveragePooling2D()(x))

    fields = receptive_fields(model_of(build))
    found = landmarks(fields)
    assert [fields[path].stride[0] for path in found] == [1, 1, 2, 4, 0, 0]
    assert found[:3] == ["first", "full", "half"]
    assert found[-1] == "global"
    assert "padded" not in found
    assert landmarks(fields, most=2) == ["first", "global"]


def test_a_transposed_convolution_narrower_than_its_stride_is_flagged():
    inputs = keras.Input((12, 12, 1))
    gaps = L.Conv2DTranspose(1, 2, 3, name="gaps")(L.Conv2D(1, 3, name="conv")(inputs))
    fields = receptive_fields(keras.Model(inputs, gaps))
    assert fields["conv"].size == (3, 3)
    assert (fields["gaps"].unknown, fields["gaps"].size) == ("gaps", (None, None))
