"""Pictures of learning rates, read back from what was drawn."""

import numpy as np
import pytest

from evrisim.plots import rates as plots
from evrisim.training import Recipe
from evrisim.training.planned import planned
from evrisim.training.rate_finder import Sweep

RATES = tuple(np.geomspace(1e-4, 1, 60))
LOSSES = (*np.linspace(2.1, 2.0, 20), *np.linspace(2, 1, 20), *np.linspace(1, 4, 20))


def marks(axes):
    lines = [line for line in axes.get_lines() if len(set(line.get_xdata())) == 1]
    return {line.get_label().split(":")[0]: line.get_xdata()[0] for line in lines}


def test_the_finder_s_picture_marks_what_was_found():
    found = Sweep(RATES, LOSSES, stopped=True)
    (axes,) = plots.sweep(found, own=0.2).axes
    assert axes.get_xscale() == "log"
    drawn = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_allclose(drawn["a batch"].get_ydata(), LOSSES)
    np.testing.assert_allclose(drawn["smoothed"].get_ydata(), found.smoothed)
    assert marks(axes) == pytest.approx(
        {
            "suggested": found.suggestion,
            "falls fastest": found.steepest,
            "lowest": found.lowest,
            "the recipe's": 0.2,
        }
    )


def test_where_nothing_is_suggested_nothing_is_marked_as_such():
    (axes,) = plots.sweep(Sweep(RATES, LOSSES, stopped=False)).axes
    assert set(marks(axes)) == {"falls fastest", "lowest"}


def test_a_plain_schedule_is_drawn_from_zero():
    one = planned(Recipe(epochs=4, learning_rate=0.3), 1000)
    (axes,) = plots.schedule([one]).axes
    (line,) = axes.get_lines()
    np.testing.assert_allclose(line.get_xydata(), np.transpose([one.epochs, one.rates]))
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] == 0
    assert axes.get_legend() is None


def test_stages_of_unlike_rates_follow_each_other_on_an_axis_of_powers():
    head = planned(Recipe(epochs=4, learning_rate=1e-3, warmup_epochs=0), 1000, "head")
    tune = planned(Recipe(epochs=6, learning_rate=1e-5), 1000, "tune")
    (axes,) = plots.schedule([head, tune]).axes
    assert axes.get_yscale() == "log"
    drawn = {line.get_label(): line for line in axes.get_lines()}
    assert drawn["head"].get_xdata()[-1] == 4
    assert (drawn["tune"].get_xdata()[0], drawn["tune"].get_xdata()[-1]) == (4, 10)
    seen = np.array(drawn["tune"].get_ydata())
    assert np.nanmin(seen) >= 1e-8
    assert np.isnan(seen[0])  # a rate of zero has no place there
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["head", "tune"]
