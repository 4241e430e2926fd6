"""Rates that differ by layer, against the arithmetic of one step."""

import keras
import numpy as np
import pytest

from evrisim.training import Recipe, fit
from evrisim.training.layer_rates import offset_factors, rate_factors
from evrisim.training.optimizers import optimizer
from evrisim.training.schedules import learning_rate

L = keras.layers


def nested():
    """Three kernels before the logits, one of them in a model within the model."""
    images = keras.Input((6, 6, 3))
    x = L.BatchNormalization(name="norm1")(L.Conv2D(4, 3, name="first")(images))
    within = keras.Input((4, 4, 4))
    y = L.BatchNormalization(name="norm2")(L.Conv2D(4, 3, name="second")(within))
    x = keras.Model(within, y, name="within")(x)
    x = L.SeparableConv2D(4, 2, name="third")(x)
    return keras.Model(images, L.Dense(2, name="logits")(L.Flatten()(x)))


STEPS = {"first": 3, "norm1": 3, "second": 2, "norm2": 2, "third": 1, "logits": 0}


def layer_of(variable):
    return variable.path.split("/")[-2]


def test_a_layer_is_one_step_further_than_the_next_with_a_kernel():
    model = nested()
    factors = rate_factors(model, 0.5)
    for variable, factor in zip(model.trainable_variables, factors, strict=True):
        assert factor == 0.5 ** STEPS[layer_of(variable)], variable.path


def test_what_is_frozen_counts_but_has_no_rate():
    model = nested()
    model.get_layer("third").trainable = False
    factors = rate_factors(model, 0.5)
    assert len(factors) == len(model.trainable_variables)
    for variable, factor in zip(model.trainable_variables, factors, strict=True):
        assert factor == 0.5 ** STEPS[layer_of(variable)], variable.path


def test_offsets_of_normalisations_alone_have_more():
    model = nested()
    model.get_layer("norm1").trainable = False
    factors = offset_factors(model, 64.0)
    for variable, factor in zip(model.trainable_variables, factors, strict=True):
        assert factor == (64.0 if variable.path.endswith("norm2/beta") else 1.0), variable.path


def test_both_kinds_of_rates_multiply():
    recipe = Recipe(layer_decay=0.5, offset_rate=64.0)
    model = nested()
    built = optimizer(recipe, model, learning_rate(recipe, 10))
    for variable, factor in zip(model.trainable_variables, built.factors, strict=True):
        offset = 64 if variable.path.endswith("/beta") else 1
        assert factor == offset * 0.5 ** STEPS[layer_of(variable)], variable.path


def test_an_offset_moves_so_many_times_as_far():
    found = {rate: moved("sgd", 1.0, 1.0, 0.0, offset_rate=rate) for rate in (1.0, 64.0)}
    for (variable, one), (_same, other) in zip(found[1.0], found[64.0], strict=True):
        factor = 64 if variable.path.endswith("/beta") else 1
        np.testing.assert_allclose(other, factor * one, rtol=1e-4, err_msg=variable.path)


def moved(kind, layer_decay, gradient, weight_decay, **more):
    keras.utils.set_random_seed(0)
    model = nested()
    recipe = Recipe(
        optimizer=kind,
        learning_rate=0.1,
        momentum=0,
        weight_decay=weight_decay,
        layer_decay=layer_decay,
        **more,
        warmup_epochs=0,
        schedule="constant",
    )
    before = [np.array(variable) for variable in model.trainable_variables]
    gradients = [np.full(v.shape, gradient, "float32") for v in model.trainable_variables]
    built = optimizer(recipe, model, learning_rate(recipe, 10))
    built.apply([keras.ops.convert_to_tensor(one) for one in gradients])
    return [
        (variable, np.array(variable) - old)
        for variable, old in zip(model.trainable_variables, before, strict=True)
    ]


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
@pytest.mark.parametrize(("gradient", "weight_decay"), [(1.0, 0.0), (0.0, 0.5)])
def test_steps_and_decay_shrink_alike(kind, gradient, weight_decay):
    one_rate = moved(kind, 1.0, gradient, weight_decay)
    by_layer = moved(kind, 0.5, gradient, weight_decay)
    assert any(np.abs(step).max() > 0.01 for _variable, step in one_rate)
    for (variable, whole), (_same, part) in zip(one_rate, by_layer, strict=True):
        expected = whole * 0.5 ** STEPS[layer_of(variable)]
        np.testing.assert_allclose(part, expected, rtol=1e-4, atol=1e-6, err_msg=variable.path)


def test_a_training_with_rates_by_layer_moves_the_first_layers_least(stripes, tmp_path):
    recipe = Recipe(epochs=1, batch_size=32, layer_decay=1e-3, momentum=0, weight_decay=0)
    keras.utils.set_random_seed(0)
    images = keras.Input(stripes.image_shape)
    x = L.Rescaling(1 / 255)(images)
    x = L.Conv2D(4, 3, activation="relu", name="first")(x)
    x = L.Conv2D(4, 3, activation="relu", name="second")(x)
    logits = L.Dense(stripes.num_classes, name="logits")(L.GlobalAveragePooling2D()(x))
    model = keras.Model(images, logits)
    before = {layer.name: layer.get_weights() for layer in model.layers}
    run = fit(stripes, model, recipe, directory=tmp_path / "run")
    trained = run.model()
    steps = [
        np.abs(trained.get_layer(name).get_weights()[0] - before[name][0]).max()
        for name in ("first", "second", "logits")
    ]
    assert steps[0] < steps[1] / 10 < steps[2] / 100
    assert steps[0] < 1e-5
