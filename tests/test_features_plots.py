"""Pictures of feature maps show the numbers they are given, on the scale they state."""

import numpy as np
import pytest

from evrisim import features, messages, plots
from evrisim.features.strength import Tally, tally
from evrisim.plots import signed
from evrisim.plots.features import ACTIVE


def texts(figure):
    return " | ".join(
        [text.get_text() for text in figure.texts] + [axes.get_title() for axes in figure.axes]
    )


def drawn(figure):
    """Give the axes that hold maps or images, by title."""
    return {axes.get_title(): axes.images[0] for axes in figure.axes if axes.images}


def some_maps(low=0.0):
    maps = np.random.default_rng(0).uniform(low, 4, (1, 6, 6, 5)).astype(np.float32)
    maps[..., 2] *= 2
    maps[..., 4] = 0
    return features.FeatureMaps("backbone/conv", "ReLU", maps)


IMAGE = np.random.default_rng(1).integers(0, 256, (12, 12, 3), dtype=np.uint8)


def test_maps_stand_in_the_order_of_their_strength_on_one_scale():
    found = some_maps()
    figure = plots.feature_maps(IMAGE, [found], title="run · dog.png", shown=3)
    figure.canvas.draw()
    shown = [(title, one) for title, one in drawn(figure).items() if title.startswith("map")]
    order = found.strength().order[:3]
    assert [int(title.split()[1]) for title, _ in shown] == order.tolist()
    top = found.maps[..., order].max()
    for (title, one), number in zip(shown, order, strict=True):
        np.testing.assert_array_equal(one.get_array(), found.maps[0, ..., number])
        assert one.get_clim() == (0, pytest.approx(top))
        assert (one.get_cmap().name, one.get_interpolation()) == (ACTIVE, "nearest")
        assert title.endswith("%")
    said = texts(figure)
    assert "map 2 · 100" in said
    assert "backbone/conv (ReLU)" in said
    assert "6 × 6 cells, 5 maps" in said
    assert f"values from 0 to {found.maps.max():.3g}" in said
    assert "dead (zero everywhere here): 1" in said
    assert "mean of what is positive" in said


def test_signed_maps_have_zero_in_the_middle_of_a_diverging_scale():
    found = some_maps(low=-6)
    figure = plots.feature_maps(IMAGE, [found], shown=5, by="max")
    maps = [one for title, one in drawn(figure).items() if title.startswith("map")]
    low, high = maps[0].get_clim()
    assert (low, maps[0].get_cmap().name) == (-high, signed.colour_map().name)
    assert high == pytest.approx(np.abs(found.maps).max())
    assert "largest value" in texts(figure)
    assert "map 4 · dead" in texts(figure)


def test_only_the_first_image_of_several_is_drawn_and_measured():
    maps = np.zeros((2, 2, 2, 2), np.float32)
    maps[0, ..., 1] = 1
    maps[1, ..., 0] = 9
    figure = plots.feature_maps(IMAGE, [features.FeatureMaps("conv", "Conv2D", maps)], shown=1)
    assert "map 1 · 100" in texts(figure)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 2, 40, 3), (1, 30, 3, 20)])
def test_maps_of_any_shape_and_number_are_drawn_within_the_sheet(shape):
    found = features.FeatureMaps("conv", "Conv2D", np.ones(shape, np.float32))
    figure = plots.feature_maps(IMAGE[..., :1], [found, found], shown=20)
    figure.canvas.draw()
    assert sum(title.startswith("map") for title in drawn(figure)) == shape[-1]
    for axes in figure.axes:
        box = axes.get_position()
        assert 0 <= box.x0 < box.x1 <= 1
        assert 0 <= box.y0 < box.y1 <= 1


def test_colour_kernels_are_pictures_and_the_scale_is_said():
    kernels = features.Kernels(
        "conv1", np.random.default_rng(0).normal(size=(3, 3, 3, 5)).astype(np.float32)
    )
    figure = plots.learned_kernels(kernels, shown=4)
    figure.canvas.draw()
    shown = drawn(figure)
    assert list(shown) == ["0", "1", "2", "3"]
    np.testing.assert_array_equal(shown["2"].get_array(), kernels.pictures()[2])
    said = texts(figure)
    assert f"middle grey is 0, full colour {kernels.scale:.3g}" in said
    assert "conv1: 5 kernels of 3 × 3 over 3 channels" in said
    assert "the first 4 kernels" in said


@pytest.mark.parametrize(("channels", "title"), [(1, "3"), (4, "3←1")])
def test_other_kernels_are_signed_channel_by_channel(channels, title):
    weights = np.random.default_rng(0).normal(size=(3, 3, channels, 5)).astype(np.float32)
    kernels = features.Kernels("conv2", weights)
    one = drawn(plots.learned_kernels(kernels))[title]
    np.testing.assert_array_equal(one.get_array(), weights[:, :, channels // 4, 3])
    assert one.get_clim() == (-kernels.scale, kernels.scale)
    assert one.get_cmap().name == signed.colour_map().name


def exciting():
    maps = np.random.default_rng(0).uniform(0, 1, (4, 3, 3, 2)).astype(np.float32)
    seen = Tally.nothing(2) + tally(maps)
    return features.Exciting(
        layer="conv",
        maps=np.array([5, 7]),
        images=np.array([[3, 0], [1, 2]]),
        values=np.array([[9.0, 8.0], [4.0, 3.0]], np.float32),
        places=np.array([[[0, 0], [1, 1]], [[2, 0], [0, 2]]]),
        map_size=(3, 3),
        image_size=(12, 12),
        seen=4,
        strengths={"mean": seen.strength("mean")},
    )


def test_exciting_images_stand_by_map_with_the_place_framed():
    images = np.random.default_rng(2).integers(0, 256, (4, 12, 12, 3), dtype=np.uint8)
    found = exciting()
    figure = plots.exciting_images(images, found, title="run", maps=[7, 5], names=list("abcd"))
    figure.canvas.draw()
    shown = drawn(figure)
    assert list(shown) == ["b · 4", "c · 3", "d · 9", "a · 8"]
    np.testing.assert_array_equal(shown["d · 9"].get_array(), images[3])
    said = texts(figure)
    assert said.index("map 7") < said.index("map 5")
    assert "of 4 images" in said
    frame = shown["b · 4"].axes.patches[-1]
    middle = frame.get_x() + frame.get_width() / 2, frame.get_y() + frame.get_height() / 2
    assert middle == pytest.approx((1.5, 9.5))  # the middle of columns 0–3, rows 8–11
    assert frame.get_width() > 4  # the line runs around the place
    wide = plots.exciting_images(images, found, boxes=found.boxes(lambda *_: (0, 0, 12, 12)))
    assert drawn(wide)["#3 · 9"].axes.patches[-1].get_width() > 12


def test_pictures_speak_turkish_numbers(monkeypatch):
    monkeypatch.setattr(messages, "_chosen", ["tr"])
    figure = plots.exciting_images(
        np.zeros((4, 12, 12, 1), np.uint8), exciting(), names=["$x$"] * 4
    )
    assert "\\$x\\$ · 9" in drawn(figure)
