"""Pooling against Keras' layers, loops and closed forms; what is kept, measured a second time."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from evrisim import InputError, messages, pictures, pooling
from evrisim.cli import main
from evrisim.plots import pooling as plots

WINDOWS = [
    ((size, stride), padding)
    for padding in ("valid", "same")
    for size in (1, 2, 3, (2, 3), 5)
    for stride in (1, 2, 3, (1, 2), 4)
]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def photograph_like(count=3, side=24, seed=0):
    """Maps with smooth grounds and sharp lines, in no particular units."""
    rng = np.random.default_rng(seed)
    ground = np.cumsum(np.cumsum(rng.normal(size=(side, side, count)), axis=0), axis=1) / side
    ground[rng.integers(0, side, 3)] += 3
    return 5 + 2 * ground


finite = st.floats(-100, 100, width=32)
some_maps = arrays(
    np.float32, st.tuples(*[st.integers(4, 9)] * 2, st.integers(1, 3)), elements=finite
)


@pytest.mark.parametrize(("window", "padding"), WINDOWS, ids=str)
def test_max_and_average_equal_keras_layers(window, padding):
    maps = noise(2, 11, 8, 3)
    size, stride = window
    for ours, layer in (
        (pooling.max_pool, keras.layers.MaxPooling2D),
        (pooling.average_pool, keras.layers.AveragePooling2D),
    ):
        theirs = keras.ops.convert_to_numpy(layer(size, stride, padding)(maps))
        found = ours(maps, size, stride=stride, padding=padding)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("window", "padding"), WINDOWS, ids=str)
def test_a_mere_stride_keeps_a_cell_of_every_window(window, padding):
    """Numbered cells: the one kept lies in its window, whose corners max pooling gives."""
    size, stride = window
    rows, columns = np.indices((11, 8))
    maps = np.stack([rows, columns], axis=-1)
    kept = pooling.subsample(maps, size, stride=stride, padding=padding)
    last = pooling.max_pool(maps, size, stride=stride, padding=padding)
    first = -pooling.max_pool(-maps, size, stride=stride, padding=padding)
    assert kept.shape == last.shape
    assert (first <= kept).all()
    assert (kept <= last).all()


def test_the_stride_is_the_size_unless_given():
    maps = noise(6, 6, 1)
    for method in pooling.METHODS.values():
        np.testing.assert_array_equal(method(maps, 3), method(maps, (3, 3), stride=3))
        assert method(maps, 3, stride=1).shape == (4, 4, 1)


def test_global_pooling_equals_keras_layers():
    maps = noise(2, 7, 5, 3)
    for ours, layer in (
        (pooling.global_average, keras.layers.GlobalAveragePooling2D),
        (pooling.global_max, keras.layers.GlobalMaxPooling2D),
    ):
        theirs = keras.ops.convert_to_numpy(layer()(maps))
        np.testing.assert_allclose(ours(maps), theirs, rtol=1e-5, atol=1e-6)


def test_whole_numbers_stay_whole_under_max_and_are_averaged_as_fractions():
    pixels = np.array([[0, 255], [3, 4]], np.uint8)[..., None]
    assert pooling.max_pool(pixels, 2).tolist() == [[[255]]]
    assert pooling.max_pool(pixels, 3, padding="same").dtype == np.uint8
    assert pooling.average_pool(pixels, 2).tolist() == [[[65.5]]]
    assert pooling.max_pool(pixels > 3, 1).dtype == bool


@settings(max_examples=40, deadline=None)
@given(some_maps, st.integers(1, 4), st.integers(1, 4), st.sampled_from(pooling.PADDINGS))
def test_max_is_at_least_average_and_commutes_with_what_rises(maps, size, stride, padding):
    window = {"size": size, "stride": stride, "padding": padding}
    highest = pooling.max_pool(maps, **window)
    assert (highest >= pooling.average_pool(maps, **window) - 1e-4).all()
    for rising in (lambda x: np.maximum(x, 0), lambda x: 3 * x + 1, np.arctan):
        np.testing.assert_array_equal(
            pooling.max_pool(rising(maps), **window), rising(pooling.max_pool(maps, **window))
        )


@settings(max_examples=40, deadline=None)
@given(some_maps, st.integers(1, 4), st.sampled_from(pooling.PADDINGS), finite, finite)
def test_average_pooling_is_linear(maps, size, padding, scale, offset):
    maps = maps.astype(np.float64)

    def pool(x):
        return pooling.average_pool(x, size, stride=2, padding=padding)

    np.testing.assert_allclose(
        pool(scale * maps + offset * maps[::-1]),
        scale * pool(maps) + offset * pool(maps[::-1]),
        atol=1e-8,
    )
    np.testing.assert_allclose(pool(np.full_like(maps, offset)), offset, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(some_maps, st.integers(-9, 9), st.integers(-9, 9))
def test_global_pooling_is_the_same_to_the_last_bit_after_a_circular_shift(maps, down, across):
    moved = np.roll(maps, (down, across), axis=(0, 1))
    np.testing.assert_array_equal(pooling.global_average(moved), pooling.global_average(maps))
    np.testing.assert_array_equal(pooling.global_max(moved), pooling.global_max(maps))


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 3), (3, 2), (2, 1), (5, 5), (2, 3)])
def test_a_line_and_a_step_are_kept_as_on_paper(size, stride):
    kept = pooling.compare(noise(30, 30, 1), size, stride=stride).kept
    seen = min(1, size / stride)  # in how many places the line lies in a window at all
    assert kept["max"].line == pytest.approx(seen)
    assert kept["average"].line == pytest.approx(seen / size)
    assert kept["average"].dark_line == pytest.approx(seen / size)
    assert kept["stride"].line == kept["stride"].dark_line == pytest.approx(1 / stride)
    assert kept["max"].step == kept["stride"].step == 1
    # A dark line vanishes under a larger window; where windows leave gaps it may not be met.
    assert kept["max"].dark_line == 0
    # One window after another goes over the step, `stride` cells further each time.
    largest = [
        np.abs(np.diff(np.clip((np.arange(-9, 9) * stride + size - phase) / size, 0, 1))).max()
        for phase in range(stride)
    ]
    assert kept["average"].step == pytest.approx(np.mean(largest))


def test_a_bright_line_in_the_maps_themselves_is_kept_as_on_paper():
    """One column of ones in 8: known mean and deviation, so the measures are known, too."""
    maps = np.zeros((16, 16, 1))
    maps[:, ::8] = 1
    kept = pooling.compare(maps, 2).kept
    mean, deviation = 1 / 8, np.sqrt(7) / 8
    assert kept["max"].peak == kept["stride"].peak == pytest.approx(1)
    assert kept["average"].peak == pytest.approx((0.5 - mean) / (1 - mean))
    assert kept["max"].level == pytest.approx((2 / 8 - mean) / deviation)
    assert kept["average"].level == pytest.approx(0)
    # Across, every fourth pair of neighbours after pooling, as the columns two apart before.
    before = np.mean((maps[0, 2:, 0] - maps[0, :-2, 0]) ** 2)
    after = np.mean(np.diff([1, 0, 0, 0, 1, 0, 0, 0]) ** 2)
    assert kept["max"].edges == pytest.approx(np.sqrt(after / before))
    assert kept["average"].edges == pytest.approx(0.5 * np.sqrt(after / before))


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 4), st.integers(0, 1000), st.floats(0.1, 50), st.floats(-50, 50))
def test_measures_do_not_depend_on_units_and_averages_never_sharpen(size, seed, scale, offset):
    maps = photograph_like(side=24, seed=seed)  # 24 is tiled by each size
    found = pooling.compare(maps, size)
    other = pooling.compare(scale * maps + offset, size)
    for kind, kept in found.kept.items():
        np.testing.assert_allclose(
            list(vars(kept).values()), list(vars(other.kept[kind]).values()), rtol=1e-6, atol=1e-9
        )
    assert found.kept["average"].edges <= 1
    assert found.kept["average"].peak <= found.kept["max"].peak <= 1 + 1e-12
    assert found.kept["average"].level == pytest.approx(0, abs=1e-9)


def test_noise_on_a_smooth_slope_is_kept_as_statistics_says():
    """A mean of n draws has a deviation of 1/√n; the largest of n is far from 0, too."""
    slope = np.broadcast_to(np.arange(2400.0)[:, None, None], (2400, 60, 1))
    rng = np.random.default_rng(5)
    for size in (2, 3, 4):
        kept = pooling.compare(slope, size).kept
        largest = rng.normal(size=(20_000, size**2)).max(axis=1)
        assert kept["average"].noise == pytest.approx(1 / size, rel=0.03)
        assert kept["stride"].noise == pytest.approx(1, rel=0.03)
        assert kept["max"].noise == pytest.approx(np.sqrt(np.mean(largest**2)), rel=0.05)


def test_noise_is_measured_against_what_is_left_of_the_signal():
    """A map that is noise itself is averaged away as fast as the noise on it."""
    kept = pooling.compare(noise(200, 200, 3), 2).kept
    assert kept["average"].noise == pytest.approx(1, rel=0.02)


def test_the_seed_is_that_of_the_noise_and_of_nothing_else():
    maps = photograph_like()
    first, again, other = (pooling.compare(maps, 2, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.kept["max"].noise != other.kept["max"].noise
    assert first.kept["max"].edges == other.kept["max"].edges


def test_padding_and_stride_reach_the_measures():
    maps = photograph_like(side=23)
    plain = pooling.compare(maps, 3)
    assert (plain.stride, plain.padding, plain.cells) == ((3, 3), "valid", (7, 7))
    same = pooling.compare(maps, 3, padding="same")
    assert same.cells == (8, 8)
    assert same.kept["max"].edges != plain.kept["max"].edges
    dense = pooling.compare(maps, 3, stride=1)
    assert dense.cells == (21, 21)
    assert dense.kept["max"].edges != plain.kept["max"].edges


def test_flat_maps_are_left_out_and_counted():
    maps = photograph_like()
    dead = np.concatenate([maps, np.zeros((24, 24, 2))], axis=-1)
    found = pooling.compare(dead, 2)
    assert (found.maps, found.flat) == (3, 2)
    # Their neighbours are measured as without them, but for the draw of the noise.
    assert found.kept["max"].edges == pooling.compare(maps, 2).kept["max"].edges


def by_loops(maps, size, stride, shift, axis, method):
    """Pool a circular world cell by cell, before and after a shift."""
    side = maps.shape[0]

    def pool(world):
        return np.array(
            [
                [
                    method(
                        [world[(i + a) % side, (j + b) % side] for a, b in np.ndindex(size, size)]
                    )
                    for j in range(0, side, stride)
                ]
                for i in range(0, side, stride)
            ]
        )

    before, after = pool(maps), pool(np.roll(maps, shift, axis=axis))
    moved = [np.roll(before, k, axis=axis) for k in range(len(before))]
    rest = min(np.mean((after - one) ** 2) for one in moved)
    return np.mean((after - before) ** 2), rest, before.var()


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (2, 3)])
def test_shifts_equal_a_circular_world_pooled_by_loops(size, stride):
    maps = photograph_like(1, 12)[..., 0]
    found = pooling.compare_shifts(maps[..., None], size, stride=stride, shifts=(0, 1, 2, 5))
    for kind, method in (("max", np.max), ("average", np.mean)):
        for one in found[kind]:
            down, across = (
                by_loops(maps, size, stride, one.cells, axis, method) for axis in (0, 1)
            )
            off = np.sqrt((down[0] + across[0]) / 2 / (2 * down[2]))
            rest = np.sqrt((down[1] + across[1]) / 2 / (2 * down[2]))
            assert one.difference == pytest.approx(off)
            assert one.remainder == pytest.approx(rest, abs=1e-12)


def test_a_shift_by_whole_strides_moves_the_map_and_leaves_global_pooling_alone():
    found = pooling.compare_shifts(photograph_like(side=26), 3, stride=2)
    assert [one.cells for one in found["max"]] == [1, 2, 3, 4, 5, 6]
    for kind in pooling.METHODS:
        for one in found[kind]:
            assert one.difference > 0
            assert (one.remainder == 0) == (one.cells % 2 == 0)
    for kind in pooling.GLOBAL_METHODS:
        assert {(one.difference, one.remainder) for one in found[kind]} == {(0.0, 0.0)}


def test_unrelated_maps_are_at_distance_one():
    """White noise has nothing to do with itself a few cells on."""
    found = pooling.compare_shifts(noise(64, 64, 8), 2, shifts=(7,))
    for kind in pooling.METHODS:
        assert found[kind][0].difference == pytest.approx(1, abs=0.02)


def test_pooling_makes_a_photograph_steadier_than_a_mere_stride():
    maps = pictures.edge_maps(pictures.read_picture("china")[100:200, 100:220])
    one = {kind: series[0] for kind, series in pooling.compare_shifts(maps, 3, stride=2).items()}
    assert one["max"].difference < one["stride"].difference
    assert one["average"].difference < one["stride"].difference


def sharper_by_loops(maps, size):
    count = 0
    for one in np.moveaxis(maps, -1, 0):
        tiles = one[: len(one) // size * size, : len(one) // size * size]
        tiles = tiles.reshape(len(one) // size, size, len(one) // size, size)
        highest, mean = tiles.max(axis=(1, 3)), tiles.mean(axis=(1, 3))
        energy = [sum(np.mean(np.diff(p, axis=a) ** 2) for a in (0, 1)) for p in (highest, mean)]
        count += energy[0] > energy[1]
    return count


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_verdict_follows_from_the_numbers(size, sign):
    """Bright spots support the claim; turned to dark spots on bright ground they refute it."""
    rng = np.random.default_rng(1)
    maps = sign * (rng.random((24, 24, 20)) > 0.9) + 0.01 * rng.normal(size=(24, 24, 20))
    found = pooling.compare(maps, size)
    assert found.sharper == sharper_by_loops(maps, size) == (20 if sign > 0 else 0)
    verdict = pooling.judge(found, "spots")
    assert (verdict.claim, verdict.outcome) == ("C6", "supported" if sign > 0 else "refuted")
    assert "Measured on spots" in verdict.sentence
    assert f"in {found.sharper} of 20 maps" in verdict.sentence
    assert f"{found.kept['max'].edges:.2f} times" in verdict.sentence


def test_windows_of_one_cell_decide_nothing():
    found = pooling.compare(photograph_like(), 1)
    assert found.kept["max"] == found.kept["average"] == found.kept["stride"]
    assert pooling.judge(found, "maps").outcome == "undecided"


def test_a_mixed_result_is_undecided():
    rng = np.random.default_rng(1)
    spots = (rng.random((24, 24, 20)) > 0.9) * np.where(np.arange(20) < 6, -1, 1)
    assert pooling.judge(pooling.compare(spots, 2), "spots").outcome == "undecided"


@pytest.mark.parametrize(
    ("shape", "classes"), [((7, 7, 512), 1000), ((3, 5, 4), 2), ((1, 1, 1), 1)]
)
def test_heads_have_the_parameters_of_built_models(shape, classes):
    def count(layer):
        inputs = keras.Input(shape)
        return keras.Model(inputs, keras.layers.Dense(classes)(layer(inputs))).count_params()

    heads = pooling.compare_heads(shape, classes)
    assert heads.flatten == count(keras.layers.Flatten())
    assert heads.average == count(keras.layers.GlobalAveragePooling2D())
    assert heads.ratio == heads.flatten / heads.average
    for formula, value in (
        (heads.flatten_formula, heads.flatten),
        (heads.average_formula, heads.average),
    ):
        left, _, right = formula.partition(" = ")
        assert eval(left.replace("×", "*")) == int(right.replace(",", "")) == value


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: pooling.max_pool(noise(4, 4, 1), 0), "`size` must be a whole number of at least"),
        (lambda: pooling.max_pool(noise(4, 4, 1), 2, stride=0), "`stride` must be a whole number"),
        (lambda: pooling.max_pool(noise(4, 4, 1), (2, 2, 2)), "must be a whole number or two"),
        (lambda: pooling.average_pool(noise(4, 4, 1), 5), "A window of 5×5 does not fit on a map"),
        (lambda: pooling.max_pool(noise(4, 4, 1), 2, padding="sam"), "Did you mean 'same'"),
        (lambda: pooling.subsample(noise(4, 4), 2), r"shape \(..., rows, columns, channels\)"),
        (lambda: pooling.global_average(noise(0, 4, 1)), "at least one cell"),
        (lambda: pooling.global_max(np.full((2, 2, 1), "a")), "must be numbers"),
        (lambda: pooling.compare(np.full((4, 4, 1), np.nan), 2), "hold NaN or infinite numbers"),
        (lambda: pooling.compare(np.ones((4, 4, 1)), 2), "Every feature map is flat"),
        (lambda: pooling.compare(noise(4, 4, 1), 3), "Pooling leaves 1×1 cells of each map"),
        (lambda: pooling.compare_shifts(noise(4, 4, 1), 2, stride=5), "A window of 5×5 does not"),
        (lambda: pooling.compare_shifts(noise(4, 4, 1), 2, shifts=[-1]), "`shifts` must be"),
        (lambda: pooling.compare_heads((4, 4), 2), "`map_shape` must be"),
        (lambda: pooling.compare_heads((4, 4, 0), 2), "`map_shape` must be a whole number"),
        (lambda: pooling.compare_heads((4, 4, 1), 0), "`num_classes` must be a whole number"),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(make, text):
    with pytest.raises(InputError, match=text):
        make()


@pytest.mark.parametrize("side", [60, 12])
def test_the_picture_shows_the_maps_and_the_numbers(side):
    maps = np.maximum(photograph_like(side=side), 0)
    found, shifts = pooling.compare(maps, 2), pooling.compare_shifts(maps, 2)
    figure = plots.pooling(maps, found, shifts)
    axes = [one for row in figure.subfigs for one in row.axes]
    shown = [one.images[0].get_array().data for one in axes if one.images]
    chosen = maps[..., int(maps.std(axis=(0, 1)).argmax())]
    np.testing.assert_allclose(shown[0], chosen)
    np.testing.assert_allclose(shown[1], pooling.max_pool(chosen[..., None], 2)[..., 0])
    assert len(shown) == (8 if side == 60 else 4)  # a small map needs no close-up
    bars, moves = axes[-4], axes[-3]
    widths = [round(bar.get_width(), 6) for bar in bars.containers[0]]
    kept = found.kept["max"]
    assert widths[:2] == [round(kept.line, 6), round(kept.dark_line, 6)]
    drawn = moves.get_lines()[0].get_ydata()
    assert list(drawn) == [one.difference for one in shifts["max"]]
    assert max(drawn) <= moves.get_ylim()[1]


def test_the_command_prints_what_was_measured_and_writes_the_picture(capsys, tmp_path):
    picture = tmp_path / "deep" / "pooling.png"
    Image.fromarray(pictures.read_picture("china")[100:203, 100:220]).save(tmp_path / "part.png")
    words = [
        "pooling",
        str(tmp_path / "part.png"),
        "--size",
        "3",
        "--stride",
        "2",
        "--padding",
        "same",
    ]
    assert main([*words, "--out", str(picture), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert value["map_shape"] == [101, 118, 4]
    assert value["comparison"]["size"] == [3, 3]
    assert value["comparison"]["stride"] == [2, 2]
    assert value["comparison"]["cells"] == [51, 59]
    assert value["verdict"]["claim"] == "C6"
    assert value["heads"]["average"] == (4 + 1) * 10
    assert [one["cells"] for one in value["shifts"]["global max"]] == [1, 2, 3, 4, 5, 6]


def test_the_command_takes_the_maps_of_a_layer(capsys, tmp_path):
    inputs = keras.Input((20, 24, 1))
    inner = keras.Sequential(
        [keras.layers.Conv2D(3, 3, activation="relu", name="conv")], name="trunk"
    )
    model = keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(inner(inputs))))
    model.save(tmp_path / "own.keras")
    out = ["--out", str(tmp_path / "p.png")]
    words = ["pooling", "flower", "--run", str(tmp_path / "own.keras"), *out, "--lang", "en"]
    assert main([*words, "--layer", "trunk/conv", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["layer"], value["map_shape"]) == ("trunk/conv", [18, 22, 3])
    assert value["heads"]["classes"] == 7
    assert main(words) == 0  # without a name: the first with a kernel
    printed = capsys.readouterr().out
    assert "trunk/conv of own.keras for flower" in printed
    assert "C2, a head of 7 classes" in printed
    assert main([*words, "--layer", "trunk/con"]) == 2
    assert "trunk/conv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--size 0", "`size` must be a whole number of at least 1; received 0."),
        ("--size 426", "A window of 426×426 does not fit on a map of 425×638 cells"),
        ("--stride 0", "`stride` must be a whole number of at least 1"),
        ("--padding full", "`padding` must be one of valid, same; received 'full'."),
        ("--layer conv", "`--layer` names a layer of a model; give the model with `--run`."),
        ("--out a.txt", "`--out` must be a picture"),
    ],
)
def test_wrong_options_get_a_sentence_and_exit_code_2(
    words, sentence, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["pooling", "china", *words.split()]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_text_file_is_no_picture(capsys, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    assert main(["pooling", str(tmp_path / "text.png")]) == 2
    assert "text.png cannot be read as an image" in capsys.readouterr().err


def test_names_of_the_kinds_cover_all_of_them():
    messages.use("en")
    assert set(plots.names()) == {*pooling.METHODS, *pooling.GLOBAL_METHODS}
