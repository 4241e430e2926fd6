"""What a schedule has planned, against its formula."""

import numpy as np
import pytest

from evrisim._validate import InputError
from evrisim.training import Recipe
from evrisim.training.planned import planned


def test_the_course_is_the_recipe_s_warm_up_and_cosine():
    recipe = Recipe(epochs=10, batch_size=10, learning_rate=0.4, warmup_epochs=2)
    found = planned(recipe, 105, "only")
    assert (found.name, found.steps) == ("only", 100)
    epochs, rates = np.array(found.epochs), np.array(found.rates)
    assert (epochs[0], epochs[-1]) == (0, 10)
    climbing = epochs <= 2
    np.testing.assert_allclose(rates[climbing], 0.2 * epochs[climbing], atol=1e-6)
    falling = 0.2 * (1 + np.cos(np.pi * (epochs[~climbing] - 2) / 8))
    np.testing.assert_allclose(rates[~climbing], falling, atol=1e-6)
    assert max(rates) == pytest.approx(0.4)  # the peak itself is among the places


def test_a_training_without_images_has_no_schedule():
    with pytest.raises(InputError, match="`images` must be a whole number of at least 1"):
        planned(Recipe(), 0)
