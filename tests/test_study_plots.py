"""Pictures of studies: every seed is a dot, claims and verdicts stand where they belong."""

import re
from math import isinf

import numpy as np
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from evrisim import messages, plots
from evrisim.study import Claim, Factor, Findings, Study
from evrisim.study.design import crossed
from reference import findings as made

CASES = {
    "three verdicts": made.three_verdicts,
    "one pair": made.one_pair,
    "unopened": made.unopened,
    "factorial": made.factorial,
    "many": lambda: made.many(12),
}


def dots(axes, marker="o"):
    """The points of an axes that are drawn with a marker, as (x, y)."""
    return [
        (x, y)
        for line in axes.get_lines()
        if line.get_marker() == marker and line.get_linestyle() == "None"
        for x, y in zip(*line.get_data(), strict=True)
        if np.isfinite(x) and np.isfinite(y)
    ]


def row_of(axes, place):
    """All that stands in one row of the picture of differences."""
    return [text.get_text() for text in axes.texts if place < text.get_position()[1] < place + 1]


@pytest.mark.parametrize("name", CASES)
def test_every_pair_is_a_dot_at_its_difference(name):
    found = CASES[name]()[1]
    axes = plots.differences(found).axes[0]
    for place, one in enumerate(found.comparisons):
        drawn = sorted(x for x, y in dots(axes) if place < y < place + 1)
        assert drawn == pytest.approx(sorted(100 * one.differences))
    assert len(dots(axes)) == sum(len(one.seeds) for one in found.comparisons)


def test_a_seed_is_at_the_same_height_in_every_row():
    found = made.three_verdicts()[1]
    heights = {}
    drawn = iter(dots(plots.differences(found).axes[0]))
    for place, one in enumerate(found.comparisons):
        for seed in one.seeds:
            heights.setdefault(seed, set()).add(round(next(drawn)[1] - place, 6))
    assert {len(places) for places in heights.values()} == {1}
    assert len({min(places) for places in heights.values()}) == 6


def test_the_mean_stands_within_its_interval():
    found = made.three_verdicts()[1]
    axes = plots.differences(found).axes[0]
    means = [line for line in axes.get_lines() if line.get_marker() == "D"]
    bars = [line for line in axes.get_lines() if line.get_linewidth() == 3]
    for one, mean, bar in zip(found.comparisons, means, bars, strict=True):
        assert mean.get_xdata()[0] == pytest.approx(100 * one.interval.value)
        ends = [100 * one.interval.low, 100 * one.interval.high]
        assert list(bar.get_xdata()) == pytest.approx(ends)


def test_an_interval_beyond_the_edge_ends_in_an_arrow():
    base = made.arm("base", [300, 304], seeds=(0, 1))
    other = made.arm("other", [302, 310], seeds=(0, 1))
    found = Findings((base, other), (made.compare(other, base),), (), made.IMAGES)
    axes = plots.differences(found).axes[0]
    interval = found.comparisons[0].interval
    low, high = axes.get_xlim()
    assert 100 * interval.low < low
    assert 100 * interval.high > high
    signs = {line.get_marker(): line.get_xdata()[0] for line in axes.get_lines()}
    assert (signs["<"], signs[">"]) == (low, high)


@pytest.mark.parametrize("kind", ["better", "worse", "same", "not-better", "not-worse"])
def test_the_claimed_region_is_shaded_from_end_to_end(kind):
    claim = Claim(kind, 1.5)
    base, other = made.arm("base", [350, 352, 356]), made.arm("other", [352, 353, 360])
    found = Findings((base, other), (made.compare(other, base, claim),), (), made.IMAGES)
    axes = plots.differences(found).axes[0]
    (shade,) = (patch for patch in axes.patches if patch.get_gid() == "claimed-0")
    drawn = shade.get_x(), shade.get_x() + shade.get_width()
    for end, at, edge in zip(claim.region, drawn, axes.get_xlim(), strict=True):
        assert at == pytest.approx(edge if isinf(end) else 100 * end)


def test_each_row_says_what_is_compared_claimed_and_found():
    found = made.three_verdicts()[1]
    axes = plots.differences(found).axes[0]
    assert set(row_of(axes, 0)) >= {
        "stride − pool",
        "✓\u00a0supported",
        "claimed: at most 1.0\u00a0points worse",
        "+0.12  [−0.09 … +0.34]",
    }
    assert set(row_of(axes, 1)) >= {"no-pool − pool", "✗\u00a0refuted"}
    assert set(row_of(axes, 2)) >= {"blur − pool", "?\u00a0undecided"}
    assert set(row_of(axes, 3)) >= {"flatten − pool", "nothing claimed"}
    assert not any("supported" in text or "refuted" in text for text in row_of(axes, 3))
    assert not [patch for patch in axes.patches if patch.get_gid() == "claimed-3"]


def test_effects_and_interactions_are_named_without_their_group():
    rows = plots.differences(made.factorial()[1]).axes[0]
    assert row_of(rows, 0)[0] == "kernel_size: 5 − 3"
    assert row_of(rows, 2)[0] == "kernel_size × width"


def test_what_is_not_known_is_said_and_not_drawn():
    assert "−1.00; one pair" in row_of(plots.differences(made.one_pair()[1]).axes[0], 0)
    assert "no pair of seeds" in row_of(plots.differences(made.unopened()[1]).axes[0], 0)
    arms = plots.arms(made.unopened()[1]).axes[0]
    assert arms.get_xlabel() == "best top-1 on validation"
    assert [text.get_text() for text in arms.texts if text.get_position()[1] == 1] == [
        "no training done"
    ]


@pytest.mark.parametrize("name", CASES)
def test_every_training_is_a_dot_in_the_row_of_its_arm(name):
    found = CASES[name]()[1]
    axes = plots.arms(found).axes[0]
    for row, arm in enumerate(found.arms):
        values = arm.validation if arm.test is None else arm.test
        drawn = sorted(x for x, y in dots(axes) if row - 0.5 < y < row + 0.5)
        assert drawn == pytest.approx(sorted(values))


def test_lines_join_the_same_seed_and_break_where_it_is_missing():
    found = made.three_verdicts()[1]
    axes = plots.arms(found).axes[0]
    lines = [
        line
        for line in axes.get_lines()
        if line.get_linestyle() == "-" and line.get_marker() == "None"
    ]
    assert len(lines) == 6
    for seed, line in enumerate(lines):
        for arm, value in zip(found.arms, line.get_xdata(), strict=True):
            if seed in arm.seeds:
                assert value == pytest.approx(arm.test[arm.seeds.index(seed)])
            else:
                assert np.isnan(value)


def test_the_mean_of_an_arm_comes_with_its_standard_deviation():
    found = made.three_verdicts()[1]
    texts = [text.get_text() for text in plots.arms(found).axes[0].texts]
    for arm in found.arms:
        mean, spread = 100 * arm.test.mean(), 100 * arm.test.std(ddof=1)
        assert f"{mean:.2f}\u00a0%\n± {spread:.2f}" in texts


def test_the_trade_off_shows_mean_accuracy_by_work_and_by_size():
    found = made.three_verdicts()[1]
    for axes, kind in zip(plots.pareto(found).axes, ("macs", "parameters"), strict=True):
        assert axes.get_xscale() == "log"
        drawn = sorted([*dots(axes), *dots(axes, "D")])
        wanted = sorted((getattr(arm, kind), arm.test.mean()) for arm in found.arms)
        assert np.ravel(drawn) == pytest.approx(np.ravel(wanted))


def test_the_front_is_the_one_given_for_work_and_found_for_size():
    found = made.three_verdicts()[1]
    work, size = plots.pareto(found).axes
    on = {arm.name: arm for arm in found.arms}
    assert sorted(x for x, _ in dots(work, "D")) == [on["stride"].macs, on["pool"].macs]
    stride, blur = on["stride"], on["blur"]  # pool is as small as stride and less accurate
    assert sorted(dots(size, "D")) == [
        (stride.parameters, pytest.approx(stride.test.mean())),
        (blur.parameters, pytest.approx(blur.test.mean())),
    ]


def test_the_trade_off_draws_only_the_panels_asked_for():
    (axes,) = plots.pareto(made.three_verdicts()[1], panels=("parameters",)).axes
    assert axes.get_xlabel() == "parameters"


def boxes(axes):
    """Where the names beside the points are, in pixels, without the lines that lead to them."""
    axes.figure.draw_without_rendering()
    return [Bbox(Text.get_window_extent(text).get_points()) for text in axes.texts]


@pytest.mark.parametrize("name", ["three verdicts", "factorial", "many"])
def test_no_name_of_the_trade_off_covers_another_or_a_point_or_is_cut(name):
    given = CASES[name]()[1]
    for axes in plots.pareto(given).axes:
        found = boxes(axes)
        points = axes.transData.transform([*dots(axes), *dots(axes, "D")])
        assert len(found) == len(points) == len(given.arms)
        for place, box in enumerate(found):
            assert not any(box.overlaps(other) for other in found[place + 1 :])
            assert not any(box.contains(*point) for point in points)
            whole = axes.get_window_extent()
            assert whole.contains(box.x0, box.y0)
            assert whole.contains(box.x1, box.y1)


def test_arms_at_the_same_place_have_their_names_apart():
    arms = tuple(made.arm(name, [350, 351]) for name in ("batch-4", "group-4", "batch-64"))
    found = boxes(plots.pareto(Findings(arms, (), (), made.IMAGES)).axes[0])
    assert not any(a.overlaps(b) for i, a in enumerate(found) for b in found[i + 1 :])


def test_of_many_arms_numbers_stand_at_the_points_and_names_below():
    found = made.many(12)[1]
    figure = plots.pareto(found)
    assert {text.get_text() for text in figure.axes[0].texts} == {str(n) for n in range(1, 14)}
    listed = [text.get_text() for text in figure.legends[-1].get_texts()]
    assert listed == [f"{place + 1}  {arm.name}" for place, arm in enumerate(found.arms)]


def test_effects_have_a_line_for_each_level_through_the_means():
    plan, found = made.factorial()
    axes = plots.effects(found, plan).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    tests = [arm.test for arm in found.arms]
    assert list(lines["width = 16"]) == pytest.approx([tests[0].mean(), tests[2].mean()])
    assert list(lines["width = 32"]) == pytest.approx([tests[1].mean(), tests[3].mean()])
    seeds = sorted(y for marker in "os" for _x, y in dots(axes, marker))
    assert seeds == pytest.approx(sorted(np.ravel(tests)))
    assert axes.get_xlabel() == "kernel_size"


def test_effects_average_over_factors_that_are_not_drawn():
    factors = (Factor("a", (1, 2)), Factor("b", (3, 4)), Factor("c", (5, 6)))
    plan = Study("three", "?", "shapes", {}, crossed(factors), factors)
    arms = tuple(
        made.arm(one.name, [300 + 7 * place, 310 + 5 * place])
        for place, one in enumerate(plan.arms)
    )
    figure = plots.effects(Findings(arms, (), (), made.IMAGES), plan)
    assert len(figure.axes) == 3
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].get_lines()}
    both = (arms[0].test + arms[1].test) / 2  # a = 1, b = 3, c either
    assert lines["b = 3"][0] == pytest.approx(both.mean())


def test_a_picture_of_effects_needs_two_factors():
    plan, found = made.one_pair()
    with pytest.raises(ValueError, match="two factors"):
        plots.effects(found, plan)


@pytest.mark.parametrize("name", ["differences", "arms", "pareto"])
def test_numbers_are_written_as_the_language_does(name, monkeypatch):
    found = made.three_verdicts()[1]
    monkeypatch.setattr(messages, "_chosen", ["tr"])
    figure = getattr(plots, name)(found)
    figure.canvas.draw()
    texts = [text.get_text() for axes in figure.axes for text in (*axes.texts,)]
    for axes in figure.axes:
        texts += [tick.get_text() for tick in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    assert not [text for text in texts if re.search(r"\d\.\d\d?\b(?!\d)|\d\s?%", text)]


def test_names_from_outside_are_no_formulas():
    arms = (made.arm("$\\frac{$", [350, 351]), made.arm("x" * 200, [352, 355]))
    found = Findings(arms, (made.compare(arms[1], arms[0]),), (), made.IMAGES)
    for draw in (plots.differences, plots.arms, plots.pareto):
        draw(found).canvas.draw()


def course(*validation):
    """A training's history."""
    return [
        {"epoch": epoch, "accuracy": value / 2, "val_accuracy": value}
        for epoch, value in enumerate(validation, start=1)
    ]


def test_each_arm_learns_along_the_mean_of_its_seeds_within_their_range():
    found = {
        "plain": (course(0.1, 0.3), course(0.3, 0.5, 0.6)),
        "one": (course(0.2),),
        "none": (),
    }
    left, right = plots.courses(found).axes
    drawn = {line.get_label(): line.get_data() for line in right.get_lines()}
    assert set(drawn) == {"plain", "one"}
    np.testing.assert_allclose(drawn["plain"], [[1, 2], [0.2, 0.4]])
    np.testing.assert_allclose(left.get_lines()[0].get_ydata(), [0.1, 0.2])
    (band,) = right.collections
    corners = band.get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (0.1, 0.5)


def test_one_epoch_is_a_mark():
    left, _right = plots.courses({"only": (course(0.2),)}).axes
    (line,) = left.get_lines()
    assert line.get_marker() == "o"
