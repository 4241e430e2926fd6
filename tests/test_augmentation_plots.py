"""Pictures of augmentation show the images they are given, under the words they are given."""

import numpy as np
import pytest

from evrisim import messages
from evrisim.augment.views import Shown, Stage
from evrisim.plots import augmentation as plots

RNG = np.random.default_rng(0)


def images(count, shape=(6, 8, 3)):
    return tuple(RNG.integers(0, 256, (count, *shape), dtype=np.uint8))


def shown(figure):
    """The pictures of a figure, row by row, as they were given."""
    figure.canvas.draw()
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def within(figure):
    """All words lie on the sheet, and none under a picture runs into the next row of pictures."""
    renderer = figure.canvas.get_renderer()
    sheet = figure.bbox
    pictures = [axes.get_window_extent(renderer) for axes in figure.axes if axes.images]
    for axes in figure.axes:
        for words in (axes.xaxis.label, axes.yaxis.label, axes.title):
            if not words.get_text():
                continue
            box = words.get_window_extent(renderer)
            assert sheet.x0 <= box.x0 < box.x1 <= sheet.x1, words
            assert sheet.y0 <= box.y0 < box.y1 <= sheet.y1, words
            own = axes.get_window_extent(renderer)
            assert not any(box.overlaps(one) for one in pictures if one.bounds != own.bounds), words


def test_one_series_is_broken_into_rows_with_the_original_first():
    given = images(8)
    titles = ("", *(f"turned {number}°\ncontrast × 1.10" for number in range(7)))
    figure = plots.draws([Shown(given, titles)], title="course, severity 1", columns=5)
    for found, wanted in zip(shown(figure), given, strict=True):
        np.testing.assert_array_equal(found, wanted)
    labels = [axes.get_xlabel() for axes in figure.axes if axes.images]
    assert labels == ["original", *titles[1:]]
    assert figure.texts[0].get_text() == "course, severity 1"
    within(figure)


def test_several_series_have_a_row_each():
    series = [
        Shown(images(4, (5, 5, 1)), (name, *(f"{name} 70 % + dog 30 %",) * 3))
        for name in ("cat", "automobile", "$x$")
    ]
    figure = plots.draws(series)
    assert len(shown(figure)) == 12
    assert {axes.get_subplotspec().get_gridspec().nrows for axes in figure.axes} == {3}
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels[0] == "original\ncat"
    assert labels[8] == "original\n\\$x\\$"
    within(figure)


def test_a_ladder_has_a_row_for_each_severity():
    rungs = [(severity, Shown(images(3), ("",) * 3)) for severity in (0.0, 0.25, 1.0)]
    figure = plots.ladder(rungs, title="strong")
    for found, wanted in zip(
        shown(figure), [image for _severity, row in rungs for image in row.images], strict=True
    ):
        np.testing.assert_array_equal(found, wanted)
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["0", "0.25", "1"]
    within(figure)


def test_steps_stand_alone_and_over_what_they_make_together():
    original, *changed = images(5)
    stages = [
        Stage("flip", "mirrored", changed[0], changed[1]),
        Stage("rand-augment", "brightness × 1.30\nslanted 0.20, → 3", changed[2], changed[3]),
    ]
    figure = plots.steps(original, stages, title="mine, severity 0.5")
    wanted = [original, changed[0], changed[2], original, changed[1], changed[3]]
    for found, image in zip(shown(figure), wanted, strict=True):
        np.testing.assert_array_equal(found, image)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["original", "flip", "rand-augment"]
    assert figure.axes[1].get_xlabel() == "mirrored"
    assert [figure.axes[place].get_ylabel() for place in (0, 3)] == ["alone", "so far"]
    within(figure)


def test_very_many_words_are_cut_and_stay_on_the_sheet():
    titles = ("", "\n".join(f"contrast × 1.{number}0" for number in range(9)))
    figure = plots.draws([Shown(images(2), titles)], title="x")
    figure.canvas.draw()
    said = figure.axes[1].get_xlabel().splitlines()
    assert len(said) == 6
    assert said[-1] == "…"
    within(figure)


@pytest.mark.parametrize("shape", [(3, 30, 3), (30, 3, 1)])
def test_pictures_keep_their_proportions(shape):
    figure = plots.draws([Shown(images(3, shape), ("",) * 3)])
    figure.canvas.draw()
    box = figure.axes[0].get_window_extent()
    assert box.height / box.width == pytest.approx(shape[0] / shape[1], rel=0.05)


def test_ladders_speak_turkish_numbers():
    messages.use("tr")
    figure = plots.ladder([(0.25, Shown(images(1), ("",)))])
    assert figure.axes[0].get_ylabel() == "0,25"
