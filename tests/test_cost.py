"""What a model costs equals known figures, formulas on paper, and products counted one by one."""

import itertools
import math

import keras
import numpy as np
import pytest

from evrisim import cost
from evrisim._validate import InputError

L = keras.layers


def single(layer, shape):
    """Make a model of one layer."""
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


# Channels last, 2D, pad, stride and dilation: walked one product at a time.
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
    assert eval(row.formula.replace("×", "*") or "0") == expected
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
    assert [row.training_macs for row in measured.layers] == [100, 60, 0]
    assert [row.calls for row in measured.layers] == [1, 1, 0]


class Strange(L.Layer):
    """A product that no formula knows."""

    def build(self, shape):
        self.table = self.add_weight(shape=(shape[-1], 3))

    def call(self, inputs):
        return keras.ops.matmul(inputs, self.table)


def test_work_of_an_unknown_kind_is_named_not_hidden():
    measured = cost.measure(single(Strange(name="strange"), (4,)))
    assert measured.uncounted == ("strange",)
    assert measured.macs == 0


def test_training_counts_frozen_layers_as_what_they_need():
    layers = [L.Dense(10, name=name) for name in ("below", "first", "above", "head")]
    layers[0].trainable = layers[2].trainable = False
    model = keras.Sequential([keras.Input((10,)), *layers])
    measured = cost.measure(model)
    assert [row.training_macs for row in measured.layers] == [100, 300, 200, 300]
    assert measured.training_macs == 900
    assert measured.trainable_parameters == 220
    model.trainable = False
    assert cost.measure(model).training_macs == measured.macs
    model.trainable = True
    assert cost.measure(model).training_macs == 3 * measured.macs


def test_a_batch_costs_so_many_times_one():
    model = keras.applications.MobileNetV2((32, 32, 3), weights=None, classes=10)
    one, eight = cost.measure(model), cost.measure(model, batch_size=8)
    assert eight.macs == 8 * one.macs
    assert eight.activation_bytes == 8 * one.activation_bytes
    assert eight.parameters == one.parameters


def test_an_open_size_is_given_and_a_missing_one_asked_for():
    model = keras.Sequential([keras.Input((None, None, 3)), L.Conv2D(4, 3), L.Conv2D(2, 1)])
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
    before, weights = model(images, training=False), model.get_weights()
    cost.measure(model, batch_size=3)
    np.testing.assert_array_equal(before, model(images, training=False))
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert all("call" not in vars(layer) for layer in model.layers)


# From the papers and libraries that publish them, in thousand million MACs at 224×224.
PUBLISHED = {
    "ResNet50": (3.858, 25_636_712),
    "MobileNetV2": (0.3008, 3_538_984),
    "VGG16": (15.470, 138_357_544),
    "EfficientNetB0": (0.3858, 5_330_571),
    "ConvNeXtTiny": (4.456, 28_589_128),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_known_models_cost_what_is_published(name):
    model = getattr(keras.applications, name)(weights=None)
    measured = cost.measure(model, input_shape=(224, 224, 3))
    macs, parameters = PUBLISHED[name]
    assert measured.macs / 1e9 == pytest.approx(macs, rel=2e-4)
    assert measured.parameters == parameters == model.count_params()
    assert sum(row.parameters for row in measured.layers) == parameters
    assert measured.uncounted == ()
