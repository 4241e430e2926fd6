"""Lookahead, against its published rule written out in NumPy."""

import keras
import numpy as np
import pytest

from evrisim._validate import InputError
from evrisim.training import ModelChoice, Recipe, fit, lookahead
from evrisim.training.state import evaluated_weights
from killing import whole_and_resumed


def small():
    images = keras.Input((4, 4, 3))
    x = keras.layers.BatchNormalization(momentum=0.6)(images)
    x = keras.layers.Dropout(0.1)(keras.layers.Flatten()(x))
    model = keras.Model(images, keras.layers.Dense(2)(x))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def values(model):
    return [np.array(one) for one in model.get_weights()]


def test_slow_weights_follow_and_are_put_in_their_place():
    keras.utils.set_random_seed(0)
    model, every, steps = small(), 2, 6
    slow = lookahead.begin(model)
    expected = values(model)
    rng = np.random.default_rng(0)
    for step in range(1, steps + 1):
        model.train_on_batch(rng.normal(size=(8, 4, 4, 3)), rng.normal(size=(8, 2)))
        fast = values(model)
        slow = lookahead.follow(model, slow, step=step, steps=steps, every=every)
        if step % every:
            for one, other in zip(values(model), fast, strict=True):
                np.testing.assert_array_equal(one, other)
            continue
        kept = 0.95**every * (step / steps) ** 3
        expected = [kept * a + (1 - kept) * b for a, b in zip(expected, fast, strict=True)]
        for one, other in zip(values(model), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert len(slow) == len(expected) == 6  # scale, offset, mean, variance; kernel, bias


def test_slow_weights_are_evaluated_and_the_training_weights_come_back():
    model = small()
    before = values(model)
    slow = [np.zeros_like(one) for one in before]
    with evaluated_weights(model, slow):
        assert all((one == 0).all() for one in values(model))
    for one, other in zip(values(model), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_with_a_step_between_it_changes_the_training(stripes, tmp_path):
    choice = ModelChoice("airbench", {"width": 4, "deep": 8})
    found = {}
    for every in (None, 2):
        recipe = Recipe(epochs=2, batch_size=32, lookahead=every, precision="float32")
        found[every] = fit(stripes, choice, recipe, directory=tmp_path / str(every))
    assert found[2].facts["weights_sha256"] != found[None].facts["weights_sha256"]


def test_a_killed_training_goes_on_with_its_slow_weights(stripes, tmp_path):
    recipe = Recipe(epochs=3, batch_size=32, lookahead=3, precision="float32")
    choice = ModelChoice("convnet", {"width": 4})

    whole, resumed = whole_and_resumed(stripes, choice, recipe, tmp_path)
    assert resumed.facts["weights_sha256"] == whole.facts["weights_sha256"]


def test_one_average_only():
    with pytest.raises(InputError, match="set one"):
        Recipe.create({"ema": 0.9, "lookahead": 5})
