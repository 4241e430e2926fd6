"""What a model costs equals known figures, formulas on paper, and products counted one by one."""

import itertools
import math

import keras
import numpy as np
import pytest

from evrisim import backbones, cost, models
from evrisim._validate import InputError
from reference import products

L = keras.layers


def single(layer, shape):
    """Make a model of one layer."""
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


# Indices only, no numbers; `test_cost_products.py` carries the products out.
def walked(size, kernel, *, stride=1, dilation=1, same, channels, filters, groups=1):
    reach = (kernel - 1) * dilation + 1
    places = math.ceil(size / stride) if same else (size - reach) // stride + 1
    count = 0
    for _row, _column, out in itertools.product(range(places), range(places), range(filters)):
        group = out // (filters // groups)
        for _y, _x, channel in itertools.product(range(kernel), range(kernel), range(channels)):
            count += channel // (channels // groups) == group
    return count


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    "settings", [{}, {"strides": 2}, {"dilation_rate": 2}, {"groups": 2}, {"groups": 4}]
)
def test_convolutions_equal_a_count_one_by_one(padding, settings):
    model = single(L.Conv2D(8, 3, padding=padding, **settings), (9, 9, 4))
    expected = walked(
        9,
        3,
        stride=settings.get("strides", 1),
        dilation=settings.get("dilation_rate", 1),
        groups=settings.get("groups", 1),
        same=padding == "same",
        channels=4,
        filters=8,
    )
    assert cost.measure(model).macs == expected


# layer, input shape, MACs by hand
BY_HAND = {
    "convolution 1D": (L.Conv1D(5, 3), (10, 2), 8 * 3 * 2 * 5),
    "convolution 3D": (L.Conv3D(5, 2), (4, 5, 6, 2), 3 * 4 * 5 * 8 * 2 * 5),
    "causal": (L.Conv1D(5, 3, padding="causal"), (10, 2), 10 * 3 * 2 * 5),
    "oblong": (L.Conv2D(5, (3, 1), strides=(2, 1)), (9, 7, 2), 4 * 7 * 3 * 2 * 5),
    "depthwise": (L.DepthwiseConv2D(3), (6, 6, 4), 16 * 9 * 4),
    "depthwise, multiplied": (L.DepthwiseConv2D(3, depth_multiplier=3), (6, 6, 4), 16 * 9 * 12),
    "depthwise 1D": (L.DepthwiseConv1D(3, strides=2), (9, 4), 4 * 3 * 4),
    "separable": (L.SeparableConv2D(7, 3), (6, 6, 4), 16 * 9 * 4 + 16 * 4 * 7),
    "separable, multiplied": (
        L.SeparableConv2D(7, 3, depth_multiplier=2, strides=2, padding="same"),
        (6, 6, 4),
        9 * 9 * 8 + 9 * 8 * 7,
    ),
    "transposed": (L.Conv2DTranspose(5, 3, strides=2), (4, 4, 3), 16 * 9 * 3 * 5),
    "transposed, cropped": (
        L.Conv2DTranspose(5, 3, strides=2, padding="same"),
        (4, 4, 3),
        16 * 9 * 3 * 5,
    ),
    "transposed 1D": (L.Conv1DTranspose(5, 3), (4, 3), 4 * 3 * 3 * 5),
    "dense": (L.Dense(7), (5,), 35),
    "dense on a picture": (L.Dense(7), (3, 4, 5), 12 * 35),
    "einsum": (L.EinsumDense("abc,cd->abd", (None, 6)), (5, 4), 5 * 4 * 6),
    "einsum with dots": (L.EinsumDense("...x,xy->...y", 6), (2, 3, 4), 2 * 3 * 4 * 6),
    "einsum over places": (L.EinsumDense("abc,bd->adc", (7, 4)), (5, 4), 5 * 4 * 7),
    "normalisation": (L.BatchNormalization(), (4, 4, 3), 0),
    "pooling": (L.MaxPooling2D(), (4, 4, 3), 0),
    "activation": (L.PReLU(), (4, 4, 3), 0),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_layers_equal_their_formula_on_paper(case):
    layer, shape, expected = BY_HAND[case]
    model = single(type(layer).from_config(layer.get_config()), shape)
    measured = cost.measure(model)
    assert measured.macs == expected
    assert measured.flops == 2 * expected
    assert measured.parameters == model.count_params()
    assert measured.uncounted == ()
    (row,) = [row for row in measured.layers if row.macs or row.parameters or not expected]
    assert products.value(row.formula or "0") == expected
    assert products.value(row.parameter_formula or "0") == row.parameters
    # What comes out, not what is announced: Keras 3.15 announces another order for einsum dots.
    assert row.output_shape == tuple(model(np.zeros((1, *shape), "float32")).shape)
    assert row.activation_bytes == 4 * math.prod(row.output_shape)


def test_channels_first_cost_the_same():
    last = single(L.Conv2D(8, 3, groups=2), (9, 9, 4))
    first = single(L.Conv2D(8, 3, groups=2, data_format="channels_first"), (4, 9, 9))
    assert cost.measure(first).macs == cost.measure(last).macs


def test_attention_is_projections_scores_and_weighted_values():
    query, value = keras.Input((6, 8)), keras.Input((5, 8))
    layer = L.MultiHeadAttention(num_heads=2, key_dim=3, value_dim=4)
    measured = cost.measure(keras.Model([query, value], layer(query, value)))
    projections = 6 * 8 * 6 + 5 * 8 * 6 + 5 * 8 * 8 + 6 * 8 * 8
    assert measured.macs == projections + 2 * 6 * 5 * (3 + 4)
    assert measured.parameters == layer.count_params()
    assert measured.uncounted == ()


def test_attention_over_pictures_and_grouped_attention():
    picture = keras.Input((4, 5, 8))
    layer = L.MultiHeadAttention(2, 3, attention_axes=(1, 2), use_bias=False)
    measured = cost.measure(keras.Model(picture, layer(picture, picture)))
    assert measured.macs == 4 * (20 * 8 * 6) + 2 * 20 * 20 * 6
    rows = L.MultiHeadAttention(2, 3, attention_axes=(2,), use_bias=False)
    measured = cost.measure(keras.Model(picture, rows(picture, picture)))
    assert measured.macs == 4 * (20 * 8 * 6) + 4 * 2 * 5 * 5 * 6
    text = keras.Input((6, 8))
    grouped = L.GroupQueryAttention(3, num_query_heads=4, num_key_value_heads=2)
    measured = cost.measure(keras.Model(text, grouped(text, text)))
    assert measured.macs == 2 * (6 * 8 * 12) + 2 * (6 * 8 * 6) + 4 * 6 * 6 * 6


def test_dot_attention_and_bare_products_are_counted():
    query, value = keras.Input((6, 8)), keras.Input((5, 8))
    attended = L.Attention()([query, value])
    assert cost.measure(keras.Model([query, value], attended)).macs == 6 * 5 * (8 + 8)
    product = keras.ops.matmul(query, keras.ops.transpose(value, (0, 2, 1)))
    assert cost.measure(keras.Model([query, value], product)).macs == 6 * 8 * 5
    summed = keras.ops.einsum("bqd,bvd->bqv", query, value)
    assert cost.measure(keras.Model([query, value], summed)).macs == 6 * 8 * 5
    dotted = L.Dot(axes=2)([query, value])
    assert cost.measure(keras.Model([query, value], dotted)).macs == 6 * 8 * 5


def test_a_shared_layer_works_twice_and_is_held_once():
    shared, other = L.Conv2D(4, 3, name="shared"), L.Dense(2, name="head")
    inputs = [keras.Input((8, 8, 3)), keras.Input((6, 6, 3))]
    pooled = [L.GlobalAveragePooling2D()(shared(one)) for one in inputs]
    model = keras.Model(inputs, [other(L.Concatenate()(pooled)), pooled[0]])
    measured = cost.measure(model)
    rows = {row.path: row for row in measured.layers}
    assert rows["shared"].calls == 2
    assert rows["shared"].macs == (36 + 16) * 27 * 4
    assert rows["shared"].parameters == 112
    assert measured.macs == rows["shared"].macs + 16
    assert measured.parameters == model.count_params() == 112 + 18


def test_nested_models_are_opened():
    inner = keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(3, 3, name="conv")], name="trunk")
    inputs = keras.Input((8, 8, 3))
    middle = keras.Model(inputs, L.ReLU()(inner(inputs)), name="middle")
    inputs = keras.Input((8, 8, 3))
    outer = keras.Model(inputs, L.Dense(2, name="head")(L.Flatten()(middle(inputs))))
    measured = cost.measure(outer)
    assert [row.path for row in measured.layers if row.macs] == ["middle/trunk/conv", "head"]
    assert measured.macs == 36 * 27 * 3 + 108 * 2
    assert measured.parameters == outer.count_params()
    assert sum(row.activation_bytes for row in measured.layers) == 4 * (3 * 108 + 2)


class Excite(L.Layer):
    """Squeeze and excite, with a gain of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.squeeze, self.excite = L.Dense(2, activation="relu"), L.Dense(8, activation="sigmoid")

    def build(self, shape):
        self.gain = self.add_weight(shape=(8,), name="gain")
        self.squeeze.build((None, 8))
        self.excite.build((None, 2))

    def call(self, inputs):
        return inputs * self.excite(self.squeeze(keras.ops.mean(inputs, (1, 2))))[:, None, None]


class Own(keras.Model):
    """A model in plain code that calls its convolution three times."""

    def __init__(self):
        super().__init__()
        self.conv, self.block, self.head = L.Conv2D(8, 3, padding="same"), Excite(), L.Dense(3)

    def call(self, images, training=False):
        x = self.conv(images)
        x = self.block(x) + self.conv(x)
        return self.head(keras.ops.mean(self.conv(x), (1, 2)))


def test_models_and_blocks_in_plain_code_are_counted_as_they_run():
    measured = cost.measure(Own(), input_shape=(5, 5, 8))
    assert measured.macs == 3 * 25 * 9 * 8 * 8 + 16 + 16 + 24
    assert sorted(row.calls for row in measured.layers if row.macs) == [1, 1, 1, 3]
    assert measured.parameters == sum(row.parameters for row in measured.layers)
    (block,) = [row for row in measured.layers if row.kind == "Excite"]
    assert (block.parameters, block.macs, block.activation_bytes) == (8, 0, 0)


class Backwards(keras.Model):
    """A model that names its layers in another order than it runs them, and learns otherwise."""

    def __init__(self):
        super().__init__()
        self.head, self.learning, self.trunk = L.Dense(2), L.Dense(10), L.Dense(10)
        self.trunk.trainable = False

    def build(self, shape):
        for layer in (self.head, self.learning, self.trunk):
            layer.build((None, 10))

    def call(self, inputs, training=False):
        x = self.trunk(inputs)
        return self.head(self.learning(x) if training else x)


def test_layers_stand_in_the_order_they_run_and_as_in_inference():
    measured = cost.measure(Backwards(), input_shape=(10,))
    assert [row.macs for row in measured.layers] == [100, 20, 0]
    assert [row.training_macs for row in measured.layers] == [100, 40, 0]
    assert [row.calls for row in measured.layers] == [1, 1, 0]


class Strange(L.Layer):
    """A product that no formula knows."""

    def build(self, shape):
        self.table = self.add_weight(shape=(shape[-1], 3))

    def call(self, inputs):
        return keras.ops.matmul(inputs, self.table)


class Folded(L.Layer):
    """A product without weights of its own: nothing shows it from outside."""

    def call(self, inputs):
        return keras.ops.matmul(inputs, keras.ops.transpose(inputs, (0, 2, 1)))


class Louder(L.Rescaling):
    """A layer of one's own, of a kind that is known."""


def test_work_of_an_unknown_kind_is_named_not_hidden():
    inputs = keras.Input((4, 4))
    x = L.Dense(4, name="known")(inputs)
    measured = cost.measure(keras.Model(inputs, Folded(name="folded")(Strange(name="strange")(x))))
    assert measured.uncounted == ("strange", "folded")
    assert [row.macs for row in measured.layers] == [64, None, None]
    assert [row.flops for row in measured.layers] == [128, None, None]
    assert measured.macs == 64
    assert cost.measure(single(Louder(2.0), (4,))).uncounted == ()


def operation(make, *shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, make(*inputs))


UNKNOWN = {
    "recurrent": lambda: single(L.LSTM(3), (5, 4)),
    "lambda": lambda: single(L.Lambda(lambda x: x @ x), (4, 4)),
    "tensordot": lambda: operation(lambda x: keras.ops.tensordot(x, x, axes=1), (4, 1)),
    "convolution by hand": lambda: operation(
        lambda x: keras.ops.conv(x, np.ones((3, 3, 3, 2), "float32")), (8, 8, 3)
    ),
    "three factors": lambda: operation(
        lambda x, y, z: keras.ops.einsum("bi,bij,bj->b", x, y, z), (3,), (3, 4), (4,)
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_no_formula_describes_is_unknown_rather_than_nothing(case):
    measured = cost.measure(UNKNOWN[case]())
    assert len(measured.uncounted) == 1


def test_tables_that_only_scale_are_no_work():
    for layer in (L.LayerNormalization(axis=(1, 2, 3)), L.PReLU(), L.RMSNormalization()):
        measured = cost.measure(single(layer, (4, 4, 3)))
        assert (measured.macs, measured.uncounted) == (0, ())
    turned = operation(lambda x: keras.ops.einsum("bij->bji", x), (3, 4))
    assert cost.measure(turned).macs == 0


def test_arguments_may_be_named_in_any_order():
    query, value = keras.Input((6, 8)), keras.Input((5, 8))
    attend = L.MultiHeadAttention(2, 3)
    plain = cost.measure(keras.Model([query, value], attend(query, value)))
    named = cost.measure(keras.Model([query, value], attend(key=value, value=value, query=query)))
    assert named.macs == plain.macs


def test_training_counts_frozen_layers_as_what_they_need():
    layers = [L.Dense(10, name=name) for name in ("below", "first", "above", "head")]
    layers[0].trainable = layers[2].trainable = False
    model = keras.Sequential([keras.Input((10,)), *layers])
    measured = cost.measure(model)
    # Forward; forward and weights; forward and passing on; all three.
    assert [row.training_macs for row in measured.layers] == [100, 200, 200, 300]
    assert measured.training_macs == 800
    assert measured.trainable_parameters == 220
    assert [row.trainable_parameters for row in measured.layers] == [0, 110, 0, 110]
    model.trainable = False
    assert cost.measure(model).training_macs == measured.macs
    model.trainable = True
    assert cost.measure(model).training_macs == 200 + 3 * 300


def test_a_frozen_branch_beside_one_that_learns_is_forward_only():
    inputs = keras.Input((10,))
    learning, frozen = L.Dense(10, name="learning"), L.Dense(10, name="frozen")
    frozen.trainable = False
    joined = L.Add()([learning(inputs), frozen(inputs)])
    measured = cost.measure(keras.Model(inputs, L.Dense(2, name="head")(joined)))
    work = {row.path: row.training_macs for row in measured.layers}
    assert (work["learning"], work["frozen"], work["head"]) == (200, 100, 60)


def test_a_product_of_two_tensors_needs_a_gradient_for_each_that_learns():
    inputs = keras.Input((4, 4))
    learnt = L.Dense(4, name="dense")(inputs)
    for first, second, times in ((inputs, inputs, 1), (learnt, inputs, 2), (learnt, learnt, 3)):
        model = keras.Model(inputs, [keras.ops.matmul(first, second), learnt])
        (row,) = [row for row in cost.measure(model).layers if row.kind == "Matmul"]
        assert (row.macs, row.training_macs) == (64, 64 * times)


def test_a_batch_costs_so_many_times_one():
    model = models.build("resnet20", (32, 32, 3), 10)
    one, eight = cost.measure(model), cost.measure(model, batch_size=8)
    assert eight.macs == 8 * one.macs
    assert eight.activation_bytes == 8 * one.activation_bytes
    assert eight.parameters == one.parameters


def test_an_open_size_is_given_and_a_missing_one_asked_for():
    model = keras.Sequential([keras.Input((None, None, 3)), L.Conv2D(4, 3), L.Conv2D(2, 1)])
    with pytest.raises(InputError, match=r"cannot take an input of 2×2×3: .*"):
        cost.measure(model, input_shape=(2, 2, 3))
    with pytest.raises(InputError, match=r"built for inputs of \?×\?×3; received 8×8×1"):
        cost.measure(model, input_shape=(8, 8, 1))
    with pytest.raises(InputError, match=r"`batch_size` must be a whole number of at least 1"):
        cost.measure(model, input_shape=(8, 8, 3), batch_size=0)
    assert cost.measure(model, input_shape=(8, 8, 3)).macs == 36 * 27 * 4 + 36 * 8
    for unknown in (model, Own(), keras.Sequential([L.Dense(2)])):
        with pytest.raises(InputError, match="does not say how large its input is"):
            cost.measure(unknown)
    assert cost.measure(keras.Sequential([L.Dense(2)]), input_shape=(3,)).macs == 6


def test_several_inputs_may_be_given_as_the_model_takes_them():
    inputs = {"a": keras.Input((None, 3), name="a"), "b": keras.Input((None, 3), name="b")}
    model = keras.Model(
        inputs, L.Concatenate(1)([L.Dense(2)(inputs["a"]), L.Dense(2)(inputs["b"])])
    )
    assert cost.measure(model, input_shape={"a": (5, 3), "b": (7, 3)}).macs == 12 * 6
    one = keras.Input((None, 3), name="only")
    for wrapped in (one, [one], {"only": one}):
        wrapping = keras.Model(wrapped, L.Dense(2)(one))
        assert cost.measure(wrapping, input_shape=(5, 3)).macs == 5 * 6
    model = keras.Model(list(inputs.values()), model.output)
    assert cost.measure(model, input_shape=[(5, 3), (7, 3)]).macs == 12 * 6


def test_whole_numbers_go_through_embeddings_and_half_precision_takes_half():
    words = keras.Input((6,), dtype="int32")
    measured = cost.measure(keras.Model(words, L.Dense(2)(L.Embedding(10, 4)(words))))
    assert measured.macs == 6 * 8
    assert measured.uncounted == ()
    coded = keras.ops.one_hot(words, 4)
    assert cost.measure(keras.Model(words, L.Dense(2)(coded))).macs == 6 * 8
    full = single(L.Conv2D(4, 3, dtype="float32"), (8, 8, 3))
    half = single(L.Conv2D(4, 3, dtype="mixed_bfloat16"), (8, 8, 3))
    assert 2 * cost.measure(half).layers[-1].activation_bytes == (
        cost.measure(full).layers[-1].activation_bytes
    )


def test_the_model_is_left_as_it_was():
    model = keras.applications.MobileNetV2((32, 32, 3), weights=None, classes=4)
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    before, weights = model.predict_on_batch(images), model.get_weights()
    cost.measure(model, batch_size=3)
    np.testing.assert_array_equal(before, model.predict_on_batch(images))
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert all("call" not in vars(layer) for layer in model.layers)


PARAMETERS = {
    "grouped": (L.Conv2D(8, 3, groups=2), (9, 9, 4), "(3 × 3 × 2 + 1) × 8"),
    "no bias": (L.Conv2D(8, (3, 1), use_bias=False), (9, 9, 4), "3 × 1 × 4 × 8"),
    "depthwise": (L.DepthwiseConv2D(3), (6, 6, 4), "(3 × 3 + 1) × 4"),
    "multiplied": (L.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 4), "(3 × 3 + 1) × 4 × 2"),
    "separable": (L.SeparableConv2D(7, 3), (6, 6, 4), "3 × 3 × 4 × 1 + (1 × 1 × 4 + 1) × 7"),
    "transposed": (L.Conv2DTranspose(5, 3), (4, 4, 3), "(3 × 3 × 3 + 1) × 5"),
    "dense": (L.Dense(7), (5,), "(5 + 1) × 7"),
    "einsum": (L.EinsumDense("ac,cde->ade", (2, 3), bias_axes="de"), (4,), "(4 + 1) × 2 × 3"),
    "batch normalisation": (L.BatchNormalization(), (4, 4, 3), "4 × 3"),
    "without scale": (L.BatchNormalization(scale=False), (4, 4, 3), "3 × 3"),
    "layer normalisation": (L.LayerNormalization(), (4, 4, 3), "2 × 3"),
    "group normalisation": (L.GroupNormalization(3), (4, 4, 6), "2 × 6"),
    "statistics of the data": (L.Normalization(), (4, 4, 3), "2 × 3 + 1"),
    "activation": (L.PReLU(shared_axes=(1, 2)), (4, 4, 3), "1 × 1 × 3"),
    "recurrent": (L.LSTM(3), (5, 4), "4 × 12 + 3 × 12 + 12"),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_parameters_come_with_a_formula_that_gives_them(case):
    layer, shape, formula = PARAMETERS[case]
    model = single(type(layer).from_config(layer.get_config()), shape)
    rows = [row for row in cost.measure(model).layers if row.parameters]
    assert [row.parameter_formula for row in rows] == [formula]
    assert products.value(formula) == rows[0].parameters == model.count_params()


def test_words_are_looked_up_in_a_table():
    words = keras.Input((6,), dtype="int32")
    (row,) = cost.measure(keras.Model(words, L.Embedding(10, 4)(words))).layers
    assert (row.parameter_formula, row.parameters, row.macs) == ("10 × 4", 40, 0)


def test_half_of_the_numbers_of_batch_normalisation_are_trained():
    (row,) = cost.measure(single(L.BatchNormalization(), (4, 4, 64))).layers
    assert (row.parameters, row.trainable_parameters) == (4 * 64, 2 * 64)


def test_the_courses_5_by_5_example_has_the_parameters_of_a_3_by_3_kernel():
    wide, narrow = (cost.measure(single(L.Conv2D(64, size), (32, 32, 32))) for size in (5, 3))
    assert narrow.layers[0].parameter_formula == "(3 × 3 × 32 + 1) × 64"
    assert wide.layers[0].parameter_formula == "(5 × 5 × 32 + 1) × 64"
    assert (wide.parameters, narrow.parameters) == (51_264, 18_496)


def test_depthwise_separable_saves_87_percent_at_64_channels_and_never_more_than_nine_tenths():
    def saved(channels):
        shape = (32, 32, channels)
        full = cost.measure(single(L.Conv2D(channels, 3, use_bias=False), shape))
        parts = L.SeparableConv2D(channels, 3, use_bias=False)
        small = cost.measure(single(parts, shape))
        assert small.macs / full.macs == pytest.approx(small.parameters / full.parameters)
        return 1 - small.parameters / full.parameters

    # The rest is 1 / filters + 1 / 9, by paper.
    assert saved(64) == pytest.approx(1 - 1 / 64 - 1 / 9) == pytest.approx(0.873, abs=5e-4)
    assert saved(512) < 1 - 1 / 9
    assert saved(8) == pytest.approx(0.764, abs=5e-4)


def block(width, middle=None):
    """Two 3×3 convolutions, or a bottleneck: 1×1, 3×3, 1×1."""
    inputs = keras.Input((8, 8, width))
    if middle is None:
        x = L.Conv2D(width, 3, padding="same", use_bias=False)(inputs)
        return keras.Model(inputs, L.Conv2D(width, 3, padding="same", use_bias=False)(x))
    x = L.Conv2D(middle, 1, use_bias=False)(inputs)
    x = L.Conv2D(middle, 3, padding="same", use_bias=False)(x)
    return keras.Model(inputs, L.Conv2D(width, 1, use_bias=False)(x))


def test_a_bottleneck_is_4_times_smaller_than_no_basic_block_it_is_compared_with():
    bottleneck = cost.measure(block(256, 64)).parameters
    assert bottleneck == 2 * 256 * 64 + 9 * 64 * 64 == 69_632
    # Of the same width on the outside it is 17 times smaller; of the width it works in, as large.
    assert cost.measure(block(256)).parameters / bottleneck == pytest.approx(16.94, abs=0.01)
    assert cost.measure(block(64)).parameters / bottleneck == pytest.approx(1.06, abs=0.01)
    # What is 4 times smaller is its 3×3 convolution against one of twice the width.
    assert cost.measure(block(128)).parameters / bottleneck == pytest.approx(4.24, abs=0.01)


def rows_of(*names, parameters=1, macs=1):
    layers = [
        cost.LayerCost(name, "Conv2D", (1, 8), parameters, 0, "1", macs, "1", 4, 1, macs)
        for name in names
    ]
    return cost.Cost(tuple(layers), parameters * len(layers), 0, 1)


def test_a_few_layers_are_shown_one_by_one_with_what_follows_them():
    model = models.build("convnet", (32, 32, 3), 10)
    measured = cost.measure(model)
    groups = cost.grouped(measured)
    assert [group.name for group in groups][:2] == ["stage1_block1_conv", "stage1_block1_norm"]
    check_totals(groups, measured)


def check_totals(groups, measured):
    for name in ("macs", "parameters", "activation_bytes"):
        assert sum(getattr(group, name) for group in groups) == getattr(measured, name)
    assert sum(group.layers for group in groups) == len(measured.layers)


def test_layers_whose_names_say_nothing_are_put_together_as_many_in_each():
    measured = rows_of(*(chr(0x4E00 + number) for number in range(100)))
    groups = cost.grouped(measured, 10)
    assert [group.layers for group in groups] == [10] * 10
    check_totals(groups, measured)


def test_a_group_with_unknown_work_says_so():
    measured = rows_of("a", "b", macs=None)
    assert not any(group.complete for group in cost.grouped(measured))
    assert cost.grouped(rows_of()) == ()


# From the papers and libraries that publish them, in thousand million MACs at 224×224.
PUBLISHED = {
    "resnet50": (3.858, 25_636_712),
    "mobilenet_v2": (0.3008, 3_538_984),
    "vgg16": (15.470, 138_357_544),
    "efficientnet_b0": (0.3858, 5_330_571),
    "convnext_tiny": (4.456, 28_589_128),
}


# What a row of their picture is called.
BLOCKS = {
    "vgg16": "block1_conv1",
    "vgg19": "block1_conv1",
    "resnet50": "conv2_block1",
    "mobilenet_v2": "block_1",
    "efficientnet_b0": "block2a",
    "efficientnet_b4": "block2",
    "convnext_tiny": "convnext_tiny_stage_0_block_0",
}


# One of each other family: the others are built by the same code.
FAMILIES = (
    "resnet50_v2",
    "inception_v3",
    "xception",
    "mobilenet_v1",
    "mobilenet_v3_small",
    "densenet121",
    "nasnet_mobile",
    "efficientnet_v2_b0",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*backbones.WELL_KNOWN, *FAMILIES])
def test_known_models_cost_what_is_published_and_listed(name):
    model = backbones.build(name)
    measured = cost.measure(model)
    if name in PUBLISHED:
        macs, parameters = PUBLISHED[name]
        assert measured.macs / 1e9 == pytest.approx(macs, rel=2e-4)
        assert measured.parameters == parameters
    listed = backbones.BACKBONES[name]
    assert measured.macs == listed.macs == by_hand(model)
    assert measured.parameters == listed.parameters == model.count_params()
    assert measured.trainable_parameters == listed.trainable_parameters
    assert sum(row.parameters for row in measured.layers) == listed.parameters
    for row in measured.layers:
        assert products.value(row.parameter_formula or "0") == row.parameters, row.path
    assert measured.uncounted == ()
    groups = cost.grouped(measured)
    check_totals(groups, measured)
    if name in BLOCKS:
        assert 10 <= len(groups) <= 24
        assert BLOCKS[name] in [group.name for group in groups]


def by_hand(model):
    """Count a model of `keras.applications` in its own way: from what its layers announce."""
    total = 0
    for layer in model._flatten_layers():
        if isinstance(layer, L.DepthwiseConv2D):
            _, rows, columns, channels = layer.output.shape
            total += rows * columns * channels * layer.kernel.shape[0] * layer.kernel.shape[1]
        elif isinstance(layer, L.SeparableConv2D):
            _, rows, columns, _ = layer.output.shape
            each = (layer.depthwise_kernel, layer.pointwise_kernel)
            total += rows * columns * sum(math.prod(kernel.shape) for kernel in each)
        elif isinstance(layer, L.Conv2D):
            _, rows, columns, _ = layer.output.shape
            total += rows * columns * math.prod(layer.kernel.shape)
        elif isinstance(layer, L.Dense):
            total += math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)
    return total


def test_resnet_20_costs_what_its_paper_says_and_its_1_by_1_shortcuts():
    model = models.build("resnet20", (32, 32, 3), 10)
    measured = cost.measure(model)
    shortcuts = 16 * 16 * 16 * 32 + 8 * 8 * 32 * 64
    assert measured.macs == by_hand(model) == 40_813_184
    assert measured.macs - shortcuts == 40_551_040
