"""Blocks: against a second implementation in NumPy, and what all of them promise."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import blocks
from evrisim._validate import InputError
from evrisim.blocks import BLOCKS, Style, modern
from evrisim.cost import measure, receptive_fields
from evrisim.training import precision
from reference import blocks as reference

SUMS = ("basic", "bottleneck", "preactivation", "preactivation-bottleneck", "inverted", "convnext")
"""Blocks that are added to what went in."""

SIZES = ((6, 6), (5, 7), (1, 1))
WAYS = {"same": (32, 1), "wider": (64, 1), "smaller": (64, 2)}
"""Feature maps and strides, for 32 maps that go in."""


def styled(name, **choices):
    """What a block has by itself, in few groups, and choices."""
    own = modern.STYLE if name == "convnext" else Style(groups=4 if name == "resnext" else 1)
    return replace(own, **choices)


def built(name, filters=32, strides=1, size=(6, 6), channels=32, style=None):
    inputs = keras.Input((*size, channels))
    block = BLOCKS[name](inputs, filters, name="b", strides=strides, style=style or styled(name))
    return keras.Model(inputs, block)


def second(name):
    """The block's second implementation."""
    return getattr(reference, name.replace("-", "_"))


def stirred(model, seed=0):
    """Weights as they may be after training: no scale is one, no mean zero."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        arrays = [
            one + 0.3 * rng.normal(size=one.shape).astype("float32") for one in layer.get_weights()
        ]
        if len(arrays) == 4:  # the variance of a batch normalisation
            arrays[3] = np.abs(arrays[3]) + 0.1
        layer.set_weights(arrays)
    return model


def maps(size=(6, 6), channels=32, count=2, seed=1):
    return np.random.default_rng(seed).normal(size=(count, *size, channels)).astype("float32")


def close(found, expected):
    scale = max(np.abs(expected).max(), 1e-6)
    np.testing.assert_allclose(found / scale, expected / scale, atol=2e-5)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_its_second_implementation(name, way):
    filters, strides = WAYS[way]
    size = (6, 7) if name == "plain" else (5, 6)  # pooling leaves the odd column out
    model = stirred(built(name, filters, strides, size))
    x = maps(size)
    expected = second(name)(x.astype(np.float64), reference.weights_of(model), "b", strides)
    close(numbers(model(x)), expected)


@pytest.mark.parametrize("name", BLOCKS)
def test_squeeze_and_excite_weighs_maps_in_any_block(name):
    model = stirred(built(name, style=styled(name, squeeze=4)))
    assert any(layer.name == "b_se_scale" for layer in model.layers)
    x = maps()
    expected = second(name)(x.astype(np.float64), reference.weights_of(model), "b")
    close(numbers(model(x)), expected)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("size", SIZES)
def test_rows_and_columns_are_halved_upwards_or_stay(name, size):
    for filters, strides in WAYS.values():
        if name == "plain" and min(size) < strides:
            continue  # nothing to pool
        found = built(name, filters, strides, size).output_shape
        more = {1: 32, 2: 16}[strides] if name == "dense" else 0
        down = (lambda n: n // 2) if name == "plain" else (lambda n: -(-n // 2))
        expected = size if strides == 1 else tuple(map(down, size))
        assert found == (None, *expected, filters + more)


@pytest.mark.parametrize("name", SUMS)
def test_a_block_that_starts_silent_is_its_shortcut(name):
    model = built(name, style=styled(name, zero_init=True))
    x = maps()
    expected = np.maximum(x, 0) if name in ("basic", "bottleneck") else x
    np.testing.assert_allclose(numbers(model(x)), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["basic", "preactivation"])
def test_without_normalisation_the_last_kernel_starts_at_zero(name):
    model = built(name, style=Style(zero_init=True, norm="none"))
    assert all(layer.use_bias for layer in model.layers if hasattr(layer, "kernel"))
    x = maps()
    expected = np.maximum(x, 0) if name == "basic" else x
    np.testing.assert_allclose(numbers(model(x)), expected, atol=1e-6)


@pytest.mark.parametrize("name", SUMS)
def test_the_gradient_is_that_of_finite_differences(name):
    """Along one direction in the space of inputs, by the reference in float64."""
    model = stirred(built(name))
    weights = reference.weights_of(model)
    x, direction, weigh = maps().astype(np.float64), maps(seed=2), maps(seed=3)
    step = 1e-6
    ahead, behind = (
        (second(name)(x + sign * step * direction, weights, "b") * weigh).sum() for sign in (1, -1)
    )
    found = gradient(model, x.astype("float32"), weigh)
    expected = (ahead - behind) / (2 * step)
    assert float((found * direction).sum()) == pytest.approx(expected, rel=2e-3)


def gradient(model, x, weigh):
    """Of the weighted sum of a model's outputs to its inputs, on whatever backend runs."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return np.asarray(jax.grad(lambda given: (model(given) * weigh).sum())(x))
    if backend == "torch":
        given = keras.ops.convert_to_tensor(x).requires_grad_()
        (model(given) * keras.ops.convert_to_tensor(weigh)).sum().backward()
        return numbers(given.grad)
    import tensorflow as tf

    given = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.reduce_sum(model(given) * weigh)
    return tape.gradient(total, given).numpy()


def test_a_padded_shortcut_takes_every_second_pixel_and_adds_zeros():
    style = Style(shortcut="padded", zero_init=True)
    model = built("preactivation", 48, 2, (5, 6), style=style)
    assert not any("shortcut" in weight.path for weight in model.weights)
    x = maps((5, 6))
    expected = np.concatenate([x[:, ::2, ::2], np.zeros((2, 3, 3, 16), "float32")], -1)
    np.testing.assert_array_equal(numbers(model(x)), expected)


def test_drop_path_leaves_a_block_out_for_whole_images_and_in_training_only():
    model = stirred(built("preactivation", style=Style(drop_path=0.5)))
    x = maps(count=200)
    silent = numbers(model(x, training=True)) == x
    left_out = silent.all((1, 2, 3))
    assert 0.35 < left_out.mean() < 0.65
    assert silent[~left_out].mean() < 0.01
    assert not (numbers(model(x)) == x).all((1, 2, 3)).any()


@pytest.mark.tensorflow
@pytest.mark.parametrize("norm", blocks.NORMS)
@pytest.mark.parametrize("name", BLOCKS)
def test_any_block_has_any_normalisation(name, norm):
    model = built(name, style=styled(name, norm=norm))
    kinds = {type(layer).__name__ for layer in model.layers if "Normalization" in str(type(layer))}
    assert (
        kinds
        == {
            "batch": {"BatchNormalization"},
            "layer": {"LayerNormalization"},
            "group": {"GroupNormalization"},
            "none": set(),
        }[norm]
    )
    assert np.isfinite(numbers(model(maps()))).all()


@pytest.mark.parametrize("activation", blocks.ACTIVATIONS)
def test_the_activation_is_keras_own_and_its_layer_is_called_after_it(activation):
    model = built("separable", style=Style(activation=activation))
    layer = model.get_layer(f"b_{activation}1")
    x = maps()
    expected = getattr(keras.activations, activation)(x)
    np.testing.assert_allclose(numbers(layer(x)), numbers(expected), atol=1e-6)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_saved_block_gives_the_same_maps(name, tmp_path):
    style = styled(name, squeeze=8, drop_path=0.2, shortcut="padded")
    model = stirred(built(name, 64, 2, style=style))
    model.save(tmp_path / "block.keras")
    loaded = keras.saving.load_model(tmp_path / "block.keras", safe_mode=True)
    np.testing.assert_allclose(numbers(loaded(maps())), numbers(model(maps())), rtol=1e-5)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_learns_in_bfloat16(name):
    with precision.policy("bfloat16"):
        model = built(name, 32, 2, style=styled(name, squeeze=8))
    model.compile("sgd", "mse")
    target = np.zeros((4, *model.output_shape[1:]), "float32")
    loss = [float(model.train_on_batch(maps(count=4), target)) for _step in range(3)]
    assert np.isfinite(loss).all()


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", BLOCKS)
def test_cost_and_receptive_field_of_every_layer_are_known(name):
    style = styled(name, squeeze=8, drop_path=0.1, shortcut="padded")
    model = built(name, 64, 2, (8, 8), style=style)
    found = measure(model)
    assert found.uncounted == ()
    assert found.parameters == model.count_params()
    fields = receptive_fields(model)
    assert [layer for layer, one in fields.items() if one.unknown] == []


@pytest.mark.parametrize(
    ("name", "filters", "style", "sentence"),
    [
        ("resnext", 48, {"groups": 32}, "24 channels do not divide into 32 groups"),
        ("bottleneck", 32, {"groups": 3}, "8 channels do not divide into 3 groups"),
        ("basic", 16, {"shortcut": "padded"}, "has 32 and should give 16"),
        ("basic", 36 * 4 + 2, {"norm": "group"}, "cannot divide 146 channels into 32 groups"),
    ],
)
def test_channels_that_do_not_fit_are_named(name, filters, style, sentence):
    with pytest.raises(InputError, match=sentence):
        built(name, filters, style=Style(**style))


@pytest.mark.parametrize(
    ("style", "sentence"),
    [
        ({"norm": "bach"}, "Did you mean 'batch'"),
        ({"activation": "relu7"}, "Did you mean 'relu"),
        ({"shortcut": "none"}, "`shortcut` must be one of projection, padded"),
        ({"squeeze": -1}, "`squeeze` must be a whole number of at least 0"),
        ({"drop_path": 1.0}, "`drop_path` must lie between 0 and 0.99"),
        ({"groups": 0}, "`groups` must be a whole number of at least 1"),
        ({"stride_at": "last"}, "`stride_at` must be one of middle, first"),
        ({"kernel_size": 0}, "`kernel_size` must be a whole number"),
    ],
)
def test_a_wrong_style_is_named(style, sentence):
    with pytest.raises(InputError, match=sentence):
        Style(**style)
