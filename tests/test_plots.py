"""Figures show the numbers they are given, and leave nothing behind."""

import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

from evrisim import messages, metrics, plots
from evrisim.plots import house
from evrisim.plots.overfitting import overfitting
from evrisim.plots.severity import severity

HISTORY = [
    {
        "epoch": epoch,
        "loss": 2.0 / epoch,
        "accuracy": 0.1 * epoch,
        "val_loss": 2.5 / epoch,
        "val_accuracy": 0.09 * epoch,
        "learning_rate": 0.1 / epoch,
    }
    for epoch in range(1, 8)
]


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setattr(messages, "_chosen", ["en"])


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_learning_curves_go_through_the_history():
    loss, accuracy, rate = plots.learning_curves(HISTORY, best_epoch=6).axes
    epochs = [row["epoch"] for row in HISTORY]
    for axes, panel in ((loss, "loss"), (accuracy, "accuracy")):
        for name, key in (("training", panel), ("validation", f"val_{panel}")):
            x, y = lines(axes)[name].get_data()
            assert list(x) == epochs
            assert list(y) == [row[key] for row in HISTORY]
        assert lines(axes)["best epoch: 6"].get_xdata()[0] == 6
    assert list(rate.get_lines()[0].get_ydata()) == [row["learning_rate"] for row in HISTORY]


def test_learning_curves_draw_only_the_panels_asked_for():
    figure = plots.learning_curves(HISTORY[:1], panels=("accuracy",))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Accuracy (higher is better)"]


def test_a_confusion_matrix_writes_every_count_into_its_cell():
    confusion = np.array([[8, 2, 0], [1, 9, 0], [0, 5, 15]])
    axes = plots.confusion_matrix(confusion, ("a", "b", "c")).axes[0]
    written = {text.get_position()[::-1]: int(text.get_text()) for text in axes.texts}
    assert written == {(r, c): n for (r, c), n in np.ndenumerate(confusion) if n}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b", "c"]


def test_the_cells_of_a_confusion_matrix_are_the_darker_the_larger_their_share():
    confusion = np.array([[8, 2, 0], [1, 9, 0], [0, 5, 15]])
    cells = plots.confusion_matrix(confusion, ("a", "b", "c")).axes[0].images[0].get_array()
    shares = confusion / confusion.sum(axis=1, keepdims=True)
    assert (np.argsort(cells[..., 3], axis=None) == np.argsort(shares, axis=None)).all()
    assert cells[0, 2, 3] == 0
    assert cells[0, 0, 2] > cells[0, 0, 0]  # right answers are blue
    assert cells[0, 1, 0] > cells[0, 1, 2]  # mistakes are not


@pytest.mark.parametrize("count", [2, 12, 13, 40, 41, 100])
def test_a_confusion_matrix_is_drawn_for_few_and_many_classes(count):
    confusion = np.eye(count, dtype=int) * 3
    names = [f"a rather long name of class {i}" for i in range(count)]
    figure = plots.confusion_matrix(confusion, names)
    figure.canvas.draw()
    axes = figure.axes[0]
    assert axes.images[0].get_array().shape == (count, count, 4)
    assert len(axes.texts) == (count if count <= 12 else 0)
    assert len(axes.get_yticks()) == (count if count <= 40 else 20 if count == 100 else 14)
    assert (axes.get_window_extent().width) > 0.4 * figure.bbox.width


def test_a_class_without_images_leaves_its_row_empty():
    cells = plots.confusion_matrix(np.array([[0, 0], [1, 3]]), ("a", "b")).axes[0].images[0]
    assert (cells.get_array()[0, :, 3] == 0).all()


def rows(count, seed=0):
    values = np.random.default_rng(seed).random((count, 3))
    return [
        SimpleNamespace(name=f"c{i}", precision=p, recall=r, f1=f)
        for i, (p, r, f) in enumerate(values)
    ]


def test_per_class_puts_the_weakest_class_on_top():
    given = rows(7)
    axes = plots.per_class(given).axes[0]
    ordered = sorted(given, key=lambda row: row.f1)
    assert list(lines(axes)["precision"].get_xdata()) == [row.precision for row in ordered]
    assert list(lines(axes)["recall"].get_xdata()) == [row.recall for row in ordered]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [row.name for row in ordered]
    assert axes.yaxis_inverted()


def test_per_class_shows_the_weakest_of_many_and_survives_undefined_ones():
    given = [SimpleNamespace(name="never", precision=np.nan, recall=0.0, f1=np.nan), *rows(99)]
    figure = plots.per_class(given)
    figure.canvas.draw()
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert len(names) == 30
    assert names[0] == "never"


def test_a_reliability_diagram_shows_the_bins_that_say_something():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 3, 400)
    logits = generator.normal(size=(400, 3)) + 2 * np.eye(3)[labels]
    before = metrics.reliability(labels, metrics.softmax(logits))
    after = metrics.reliability(labels, metrics.softmax(logits / 2))
    upper, lower = plots.reliability_diagram(before, after).axes
    for name, table in (("as trained", before), ("with temperature", after)):
        firm = [one for one in table if one.count >= 5]
        x, y = lines(upper)[name].get_data()
        assert list(x) == [one.confidence for one in firm]
        assert list(y) == [one.accuracy for one in firm]
    drawn = sum(len(line.get_xdata()) for line in upper.get_lines()[1:3])
    assert drawn == sum(one.count > 0 for one in before)
    assert [bar.get_height() * 400 for bar in lower.patches] == pytest.approx(
        [one.count for one in before]
    )


def test_a_reliability_diagram_needs_no_temperature():
    bins = (metrics.Bin(0.0, 0.5, 0, np.nan, np.nan), metrics.Bin(0.5, 1.0, 9, 0.8, 0.7))
    figure = plots.reliability_diagram(bins)
    figure.canvas.draw()
    assert set(lines(figure.axes[0])) >= {"perfectly calibrated", "the model"}


def test_a_score_stands_within_its_interval_beside_chance():
    axes = plots.score(0.9, 0.87, 0.92, 0.1).axes[0]
    assert axes.patches[0].get_width() == pytest.approx(0.9)
    (segment,) = axes.containers[1].lines[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx([0.87, 0.92])
    assert any(list(line.get_xdata()) == [0.1, 0.1] for line in axes.get_lines())


def test_faithfulness_shows_each_score_and_its_chance():
    axes = plots.faithfulness({"pointing": (0.8, 0.2), "energy": (0.4, 0.25)}).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.8, 0.4]
    assert [line.get_xdata()[0] for line in axes.get_lines()] == [0.2, 0.25]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["pointing", "energy"]


def test_a_gallery_shows_each_picture_under_its_title():
    pictures = [np.full((4, 6, 1), i, np.uint8) for i in range(5)]
    figure = plots.gallery(pictures, [f"one\n${i}$" for i in range(5)], columns=2)
    shown = [axes for axes in figure.axes if axes.images]
    assert [int(axes.images[0].get_array()[0, 0, 0]) for axes in shown] == list(range(5))
    assert shown[2].get_title() == "one\n\\$2\\$"


def test_no_part_of_a_name_is_read_as_a_formula():
    hostile = ["$\\frac{1}{$", "a$b", "\x00\x1b[31m", "\udcff", "x" * 300, "\u202egnp"]
    figure = plots.confusion_matrix(np.eye(6, dtype=int), hostile)
    figure.canvas.draw()
    shown = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert max(map(len, shown)) <= 18
    assert "�" in shown[2]
    assert shown[5] == "�gnp"


def test_axes_speak_the_language_in_use(monkeypatch):
    figure = plots.learning_curves(HISTORY)
    assert figure.axes[1].yaxis.get_major_formatter()(0.5) == "50\u00a0%"
    monkeypatch.setattr(messages, "_chosen", ["tr"])
    assert figure.axes[1].yaxis.get_major_formatter()(0.5) == "%50"
    assert figure.axes[2].yaxis.get_major_formatter()(0.05) == "0,05"


def test_the_users_own_settings_are_neither_used_nor_changed():
    with matplotlib.rc_context({"font.size": 40, "axes.facecolor": "red", "text.usetex": True}):
        before = dict(matplotlib.rcParams)
        figure = plots.score(0.9, 0.8, 0.95, 0.5)
        assert dict(matplotlib.rcParams) == before
    assert figure.axes[0].xaxis.get_ticklabels()[0].get_fontsize() == house.style()["font.size"]
    assert figure.axes[0].get_facecolor()[3] == 0


def test_plots_load_neither_keras_nor_a_window_system():
    code = (
        "import sys, evrisim.plots, evrisim.report.page; "
        "print([m for m in ('keras', 'tensorflow', 'matplotlib.pyplot') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_overfitting_shows_the_means_of_each_split_and_the_gap():
    training = [np.array([0.8, 0.9]), np.array([0.6, 0.7])]
    validation = [np.array([0.6, 0.64]), np.array([0.62, 0.62])]
    test = [np.array([0.6, 0.6]), np.array([0.58])]
    (axes,) = overfitting(["none", "flip"], training, validation, test).axes
    seen = [bars.lines[0].get_xdata().tolist() for bars in axes.containers]
    assert np.allclose(seen, [[0.85, 0.65], [0.62, 0.62], [0.6, 0.58]])
    assert [text.get_text() for text in axes.texts] == ["25.0\u00a0points", "7.0\u00a0points"]
    # Student's t with one degree of freedom: 12.706 standard errors either way.
    ends = axes.containers[0].lines[1]
    assert np.isclose(ends[1].get_xdata()[0] - 0.85, 12.706 * 0.05, atol=1e-4)


def test_severity_joins_the_means_and_one_seed_has_no_interval():
    test = [np.array([0.5]), np.array([0.7])]
    (axes,) = severity([0.0, 1.0], test).axes
    (bars,) = axes.containers
    assert bars.lines[0].get_ydata().tolist() == [0.5, 0.7]
    assert bars.lines[1][0].get_ydata().tolist() == [0.5, 0.7]


def test_a_percent_axis_says_what_lies_below_zero():
    figure = house.figure(2)
    axes = figure.subplots()
    axes.set_ylim(-0.25, 0.25)
    axes.set_yticks([-0.2, -1e-17, 0.2])
    house.percent_axis(axes, "y")
    figure.draw_without_rendering()
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == ["−20\u00a0%", "0\u00a0%", "20\u00a0%"]
