"""What trains is what was named, variable by variable."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import transfer
from evrisim._validate import InputError
from evrisim.transfer import freezing as room

L = keras.layers
THREE = ("mobilenet_v2", "resnet50", "efficientnet_b0")


@pytest.fixture(scope="module")
def trunks():
    return {name: transfer.trunk(name, (32, 32, 3), weights="random") for name in THREE}


def trained(model, freezing):
    """The variables that a step of training changes, by path, and those that it does not."""
    trunk = transfer.Trunk("x", "random", model)
    whole = transfer.classifier(trunk, 3, freezing, dropout=0)
    # A large step, so that what moves can be told from rounding.
    whole.compile(keras.optimizers.SGD(10.0), keras.losses.SparseCategoricalCrossentropy(True))
    before = [weight.copy() for weight in model.get_weights()]
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("float32")
    whole.train_on_batch(images, np.array([0, 1, 2, 0]))
    after = model.get_weights()
    moved = {
        variable.path
        for variable, old, new in zip(model.weights, before, after, strict=True)
        if not np.array_equal(old, new)
    }
    model.set_weights(before)
    return moved


def is_norm(layer):
    return isinstance(layer, L.BatchNormalization)


@pytest.mark.slow
@pytest.mark.parametrize("name", THREE)
@pytest.mark.parametrize("norm", transfer.NORM_POLICIES)
def test_a_step_changes_exactly_what_is_named(trunks, name, norm):
    model = trunks[name].model
    freezing = transfer.partial(model, 30, norm=norm)
    moved = trained(model, freezing)
    last = model.layers[-30:]
    kernels = {w.path for layer in last if not is_norm(layer) for w in layer.weights}
    norms = [layer for layer in last if is_norm(layer)]
    scales = {w.path for layer in norms for w in (layer.gamma, layer.beta)}
    statistics = {w.path for layer in norms for w in (layer.moving_mean, layer.moving_variance)}
    assert norms
    reached = kernels | (scales if norm == "trainable" else set())
    assert {w.path for w in model.trainable_variables} == reached
    changed = reached | (statistics if norm != "frozen" else set())
    assert moved <= changed
    # A gradient may be zero by chance, where a ReLU is silent; running statistics always move.
    assert moved & kernels
    assert moved & statistics == changed & statistics


@pytest.mark.slow
@pytest.mark.parametrize("name", THREE)
def test_a_frozen_trunk_keeps_its_bytes(trunks, name):
    model = trunks[name].model
    assert trained(model, transfer.frozen(model)) == set()


def test_blocks_are_named_by_the_beginning_of_their_layers(trunks):
    model = trunks["mobilenet_v2"].model
    freezing = transfer.partial(model, block="block_13")
    assert freezing.trained[0] == "block_13_expand"
    assert freezing.trained[-1] == "out_relu"
    assert room.cut(freezing, model) == "block_12_add"
    with pytest.raises(InputError, match="begins with 'block_99'"):
        transfer.partial(model, block="block_99")
    with pytest.raises(InputError, match="of them cannot be trained"):
        transfer.partial(model, 10_000)
    with pytest.raises(InputError, match="`norm` must be one of frozen"):
        transfer.full(model, norm="melted")


def test_a_cut_lies_below_a_shortcut_that_leads_around_it(trunks):
    model = trunks["mobilenet_v2"].model
    freezing = transfer.Freezing(("block_15_depthwise",))
    assert room.cut(freezing, model) == "block_14_add"
    assert room.cut(transfer.frozen(model), model) == "out_relu"
    assert room.cut(transfer.full(model), model) == "scale"


def test_all_of_it_trains_from_the_first_layer_on():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, L.Conv2D(4, 3)(inputs))
    assert room.cut(transfer.full(model), model) is None


def test_from_the_cut_the_rest_computes_the_same(trunks):
    model = trunks["resnet50"].model
    name = room.cut(transfer.partial(model, 30), model)
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    below = keras.Model(model.input, model.get_layer(name).output)
    above = keras.Model(model.get_layer(name).output, model.output)
    expected = numbers(model(images, training=False))
    found = numbers(above(below(images, training=False), training=False))
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("norm", "momentum"), [("frozen", 0.999), ("statistics", 0.9)])
def test_statistics_that_are_taken_anew_do_not_lag_behind(norm, momentum):
    """Keras' MobileNetV2 has a momentum of 0.999: after 60 steps 6 % of a batch's mean is in it."""
    inputs = keras.Input((8, 8, 3))
    norms = keras.layers.BatchNormalization(momentum=0.999, name="norm")
    x = norms(keras.layers.Conv2D(4, 3, name="kernels")(inputs))
    model = keras.Model(inputs, x)
    transfer.freezing.apply(transfer.full(model, norm=norm), model)
    assert norms.momentum == momentum
    images = np.random.default_rng(0).normal(5, 1, (16, 8, 8, 3)).astype("float32")
    for _step in range(60):
        model(images, training=True)
    kernels = keras.Model(inputs, model.get_layer("kernels").output)
    mean = np.asarray(keras.ops.convert_to_numpy(kernels(images))).mean(axis=(0, 1, 2))
    kept = keras.ops.convert_to_numpy(norms.moving_mean)
    expected = mean if norm == "statistics" else np.zeros(4)
    np.testing.assert_allclose(kept, expected, atol=0.01 * np.abs(mean).max())
