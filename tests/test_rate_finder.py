"""The range test, against a model whose stable rates are known in closed form."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evrisim._validate import InputError
from evrisim.training import ModelChoice, Recipe, rate_finder
from evrisim.training.rate_finder import Sweep, smooth, sweep

SMALL = ModelChoice("convnet", {"width": 4})
RECIPE = Recipe(batch_size=32, augmentation="none", weight_decay=0, precision="float32")


def linear(dataset):
    """A model whose loss grows without bound where its steps are too long."""
    inputs = keras.Input(dataset.image_shape)
    x = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, keras.layers.Dense(dataset.num_classes)(x))


def course(losses, low=1e-4, high=1.0, stopped=True):
    rates = np.geomspace(low, high, len(losses))
    return Sweep(tuple(rates), tuple(losses), stopped)


def valley(at, count=100):
    """A loss that stays, falls to its lowest at a share `at` of the course, and breaks away."""
    places = np.linspace(0, 1, count)
    fall = 2.0 - np.exp(-(((places - at) / 0.12) ** 2))
    rise = np.where(places > at, 40 * (places - at) ** 2, 0)
    return fall + rise + 0.01 * np.sin(50 * places)


def test_the_lowest_and_the_steepest_of_a_valley_are_found():
    found = course(valley(0.6))
    assert math.log10(found.lowest) == pytest.approx(-4 + 4 * 0.6, abs=0.2)
    # A bell of width 0.12 falls fastest at one standard deviation, 0.12 / √2, before its foot.
    assert math.log10(found.steepest) == pytest.approx(-4 + 4 * (0.6 - 0.085), abs=0.2)
    assert found.suggestion == pytest.approx(math.sqrt(found.lowest * found.steepest))


def test_nothing_is_suggested_where_the_loss_did_not_break_away_or_never_fell():
    assert course(valley(0.6), stopped=False).suggestion is None
    rising = np.concatenate([2 + 0.01 * np.sin(np.arange(40)), 2 + np.linspace(0, 5, 20) ** 2])
    assert course(rising).suggestion is None


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40), st.floats(0.1, 10))
def test_smoothing_keeps_constants_and_stays_within_what_it_averages(losses, width):
    found = smooth(losses, width)
    assert len(found) == len(losses)
    assert min(losses) - 1e-9 <= min(found) <= max(found) <= max(losses) + 1e-9
    np.testing.assert_allclose(smooth([3.0] * len(losses), width), 3.0)


def test_the_rate_climbs_by_one_factor_from_step_to_step(stripes, monkeypatch):
    seen = []
    original = keras.Model.train_on_batch

    def watched(model, *args, **kwargs):
        seen.append(float(np.array(model.optimizer.learning_rate)))
        return original(model, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "train_on_batch", watched)
    found = sweep(stripes, SMALL, RECIPE, low=1e-6, high=1e-3, steps=31)
    np.testing.assert_allclose(seen, found.rates, rtol=1e-4)
    assert len(found.rates) == 31
    np.testing.assert_allclose(found.rates[0::10], [1e-6, 1e-5, 1e-4, 1e-3], rtol=1e-9)
    assert not found.stopped


def test_a_rate_that_is_too_high_ends_the_course(stripes):
    told = []
    found = sweep(
        stripes,
        linear(stripes),
        RECIPE,
        low=1e-6,
        high=1e6,
        steps=80,
        progress=lambda done, total: told.append((done, total)),
    )
    assert found.stopped
    assert found.rates[-1] < 1e6
    assert told[-1] == (80, 80)
    assert [done for done, _total in told] == sorted(done for done, _total in told)


def test_the_same_seed_gives_the_same_course(stripes):
    one, other = (sweep(stripes, SMALL, RECIPE, steps=20) for _ in range(2))
    assert one.losses == other.losses
    assert one.losses != sweep(stripes, SMALL, RECIPE.with_settings({"seed": 1}), steps=20).losses


def test_a_model_of_ones_own_has_its_weights_back(stripes):
    model = linear(stripes)
    before = model.get_weights()
    sweep(stripes, model, RECIPE, low=1e-3, high=1.0, steps=20)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"low": 0.0}, "`low` and `high` must be rates above 0"),
        ({"low": 1.0, "high": 0.1}, "`low` and `high` must be rates above 0"),
        ({"high": math.inf}, "`low` and `high` must be rates above 0"),
        ({"low": math.nan}, "`low` and `high` must be rates above 0"),
        ({"steps": 5}, "`steps` must be a whole number of at least 20"),
    ],
)
def test_a_range_that_cannot_be_is_refused(stripes, given, sentence):
    with pytest.raises(InputError, match=sentence):
        sweep(stripes, SMALL, RECIPE, **given)


def test_a_loss_breaks_away_above_what_chance_reaches():
    losses = [1.0, 3.0] * (rate_finder.LEAST // 2)
    assert rate_finder._beyond(losses) == 2.0 + 3.0 * 1.0
