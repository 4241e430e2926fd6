"""Normalisation against Keras' layers; what a batch does to an image; pictures to try it on."""

import functools
import itertools
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evrisim import InputError, normalising, pictures
from evrisim.cli import main
from evrisim.plots import normalisation as plots


def noise(*shape, seed=0):
    """Images that differ in level and contrast."""
    rng = np.random.default_rng(seed)
    levels, contrasts = rng.normal(size=(2, shape[0], 1, 1, shape[3]))
    return (levels + np.exp(contrasts) * rng.normal(size=shape)).astype(np.float32)


def by_keras(layer, images):
    return keras.ops.convert_to_numpy(layer(images, training=True))


@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_each_equals_its_keras_layer(epsilon):
    images = noise(3, 4, 5, 64)
    k = keras.layers
    pairs = [
        (normalising.batch_norm, k.BatchNormalization(epsilon=epsilon), {}),
        (normalising.layer_norm, k.LayerNormalization(epsilon=epsilon), {}),
        (
            normalising.layer_norm,
            k.LayerNormalization(axis=[1, 2, 3], epsilon=epsilon),
            {"axes": (1, 2, 3)},
        ),
        (normalising.group_norm, k.GroupNormalization(epsilon=epsilon), {}),
        (normalising.instance_norm, k.GroupNormalization(groups=-1, epsilon=epsilon), {}),
    ]
    for groups in (1, 2, 16, 64):
        layer = k.GroupNormalization(groups=groups, epsilon=epsilon)
        pairs.append((normalising.group_norm, layer, {"groups": groups}))
    for ours, layer, options in pairs:
        found = ours(images, epsilon=epsilon, **options)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, by_keras(layer, images), atol=2e-5)


def test_group_norm_lies_between_layer_and_instance_norm():
    images = noise(3, 4, 5, 6)
    np.testing.assert_allclose(
        normalising.group_norm(images, groups=6), normalising.instance_norm(images), atol=1e-5
    )
    np.testing.assert_allclose(
        normalising.group_norm(images, groups=1),
        normalising.layer_norm(images, axes=(1, 2, 3)),
        atol=1e-5,
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.5, 20), st.floats(-20, 20))
def test_scale_and_offset_of_all_cells_are_taken_away(seed, scale, offset):
    images = noise(3, 4, 5, 4, seed=seed).astype(np.float64)
    for normalise in (
        normalising.batch_norm,
        normalising.layer_norm,
        normalising.instance_norm,
        functools.partial(normalising.group_norm, groups=2),
    ):
        np.testing.assert_allclose(
            normalise(scale * images + offset, epsilon=1e-3 * scale**2),
            normalise(images, epsilon=1e-3),
            atol=1e-9,
        )


def test_cells_that_share_statistics_are_those_of_the_definitions():
    shape = (2, 2, 3, 4)
    image, row, column, channel = np.indices(shape)
    here = {
        "batch": channel == 0,
        "layer": (image == 0) & (row == 0) & (column == 0),
        "group": (image == 0) & (channel < 2),
        "instance": (image == 0) & (channel == 0),
    }
    for name, normalise in normalising.methods(2).items():
        np.testing.assert_array_equal(normalising.sharing(normalise, shape), here[name])


def test_only_batch_norm_depends_on_the_other_images():
    images = noise(5, 6, 6, 4)
    found = {
        name: normalising.batch_dependence(normalise, images)
        for name, normalise in normalising.methods(2).items()
    }
    assert found["layer"] == found["group"] == found["instance"] == 0
    alone = np.stack([by_keras(keras.layers.BatchNormalization(), one[None])[0] for one in images])
    together = by_keras(keras.layers.BatchNormalization(), images)
    expected = np.sqrt(np.mean((together - alone) ** 2) / np.mean(together**2))
    assert found["batch"] == pytest.approx(expected, rel=1e-3)
    same = np.repeat(images[:1], 3, axis=0)  # companions that are no different
    assert normalising.batch_dependence(normalising.batch_norm, same) < 1e-5


def test_the_formula_of_the_noise_is_exact_over_all_batches():
    images = noise(6, 3, 3, 4).astype(np.float64)
    channels = images.reshape(-1, 4)
    for found in normalising.batch_noise(images, (1, 2, 3, 5, 6), draws=2):
        batches = list(itertools.combinations(range(6), found.batch_size))
        means = np.array([images[list(b)].mean(axis=(0, 1, 2)) for b in batches])
        spread = ((means - channels.mean(axis=0)) ** 2).mean(axis=0) / channels.var(axis=0)
        assert found.expected_mean_noise == pytest.approx(np.sqrt(spread.mean()), abs=1e-12)
        ratios = [images[list(b)].var(axis=(0, 1, 2)) / channels.var(axis=0) for b in batches]
        assert found.expected_variance_ratio == pytest.approx(np.mean(ratios))


def test_drawn_batches_agree_with_the_formula():
    images = noise(32, 4, 4, 8)
    found = normalising.batch_noise(images, (1, 2, 8, 32), draws=4000)
    for one in found[:3]:
        assert one.mean_noise == pytest.approx(one.expected_mean_noise, rel=0.05)
        assert one.variance_ratio == pytest.approx(one.expected_variance_ratio, rel=0.05)
    assert found[3].mean_noise == pytest.approx(0, abs=1e-12)
    assert found[3].variance_ratio == pytest.approx(1)
    noises = [one.mean_noise for one in found]
    assert noises == sorted(noises, reverse=True)


def test_draws_and_seed_decide_what_is_drawn():
    images = noise(8, 3, 3, 2)

    def drawn(**options):
        return normalising.batch_noise(images, (2,), **options)[0]

    assert drawn(seed=3) == drawn(seed=3)
    assert drawn(seed=3).mean_noise != drawn(seed=4).mean_noise
    assert drawn(draws=10).mean_noise != drawn(draws=20).mean_noise
    dead = np.concatenate([images, np.ones((8, 3, 3, 1), np.float32)], axis=-1)
    assert normalising.batch_noise(dead, (2,)) == normalising.batch_noise(images, (2,))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x: normalising.batch_norm(x[0]), r"shape \(batch, rows, columns, channels\)"),
        (lambda x: normalising.group_norm(x, groups=3), "`groups` must divide the 4 channels"),
        (lambda x: normalising.group_norm(x, groups=0), "`groups` must be a whole number"),
        (lambda x: normalising.group_norm(x), "received 32, possible are 1, 2, 4"),
        (lambda x: normalising.layer_norm(x, axes=(4,)), "`axes` must name some of the four"),
        (lambda x: normalising.layer_norm(x, axes=()), "`axes` must name some of the four"),
        (
            lambda x: normalising.batch_dependence(normalising.batch_norm, x[:1]),
            "At least two images are needed",
        ),
        (lambda x: normalising.batch_noise(x, (3,)), "A batch of 3 cannot be drawn from 2 images"),
        (lambda x: normalising.batch_noise(x, (0,)), "`batch_size` must be a whole number"),
        (lambda x: normalising.batch_noise(x, (1,), draws=1), "`draws` must be a whole number"),
        (lambda x: normalising.batch_noise(0 * x, (1,)), "Every feature map is flat"),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(make, text):
    with pytest.raises(InputError, match=text):
        make(noise(2, 3, 3, 4))


def test_edges_are_found_where_they_are_and_on_the_side_they_are():
    picture = np.zeros((9, 11, 3), np.uint8)
    picture[4:] = 255
    found = pictures.edge_maps(picture)
    assert found.shape == (7, 9, 4)
    assert found[..., 1:].max() == 0  # bright below, nowhere else
    np.testing.assert_allclose(found[2:4, :, 0], 4, rtol=1e-5)  # Sobel's 1 + 2 + 1, at two rows
    assert found[:2, :, 0].max() == found[4:, :, 0].max() == 0
    turned = pictures.edge_maps(np.rot90(picture))
    assert turned[..., 2].max() == pytest.approx(4)
    assert np.delete(turned, 2, axis=-1).max() == 0
    assert len(pictures.EDGES) == found.shape[-1]


def test_grey_is_luminance_as_pillow_computes_it():
    picture = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    pillow = np.asarray(Image.fromarray(picture).convert("L"))
    assert np.abs(255 * pictures.grey(picture) - pillow).max() <= 1
    np.testing.assert_allclose(pictures.grey(picture[..., :1]), picture[..., 0] / 255, rtol=1e-6)


def test_a_file_goes_before_a_photograph_of_the_same_name(tmp_path, monkeypatch):
    assert pictures.read_picture("flower").shape == (427, 640, 3)
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (4, 3), (1, 2, 3)).save(tmp_path / "flower", format="PNG")
    assert pictures.read_picture("flower").tolist() == [[[1, 2, 3]] * 4] * 3


def test_large_pictures_are_shrunk_and_others_left_alone():
    assert pictures.at_most(np.zeros((3000, 1500, 3), np.uint8)).shape == (1024, 512, 3)
    small = np.zeros((30, 20, 3), np.uint8)
    assert pictures.at_most(small) is small
    assert pictures.at_most(small, 15).shape == (15, 10, 3)
    with pytest.raises(InputError, match="at least 3×3 pixels to have edges; received 2×5"):
        pictures.edge_maps(np.zeros((2, 5, 3), np.uint8))


def test_tiles_lie_row_by_row_and_what_is_left_over_is_dropped():
    picture = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    cut = pictures.tiles(picture, 2, 3)
    for number, part in enumerate(cut):
        top, left = number // 3 * 2, number % 3 * 2
        np.testing.assert_array_equal(part, picture[top : top + 2, left : left + 2])
    with pytest.raises(InputError, match="A picture of 5×7 pixels cannot be cut into 6×1 tiles"):
        pictures.tiles(picture, 6, 1)


def test_the_picture_shows_the_blocks_and_the_measurements():
    images = noise(8, 6, 6, 4)
    dependence = {"batch": 0.4, "layer": 0.0, "group": 0.0, "instance": 0.1}
    found = normalising.batch_noise(images, (1, 2, 4))
    figure = plots.normalisation(images, 2, dependence, found)
    blocks, _histograms, below = (row.axes for row in figure.subfigs)
    coloured = [
        sum(face.get_facecolor()[0] > 0.8 and face.get_facecolor()[2] < 0.1 for face in one.patches)
        for one in blocks
    ]
    # Front, top and side of: a column through all images, a row, two columns, one column.
    assert coloured == [4 + 4, 6 + 6 + 1, 2 * (4 + 1), 4 + 1]
    bars = [bar.get_width() for bar in below[0].patches]
    assert bars == list(dependence.values())
    expected, measured = below[1].get_lines()
    assert list(expected.get_ydata()) == [one.expected_mean_noise for one in found]
    assert list(measured.get_ydata()) == [one.mean_noise for one in found]


def test_the_command_measures_the_tiles_of_a_picture(capsys, tmp_path):
    picture = tmp_path / "n.webp"
    Image.fromarray(pictures.read_picture("china")[:120, :160]).save(tmp_path / "part.png")
    words = ["normalisation", str(tmp_path / "part.png"), "--out", str(picture)]
    assert main([*words, "--groups", "1", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["map_shape"] == [16, 28, 38, 4]
    assert value["groups"] == 1
    assert value["batch_dependence"]["batch"] > 0.1
    assert value["batch_dependence"]["group"] == 0
    assert [one["batch_size"] for one in value["batch_noise"]] == [1, 2, 4, 8, 16]
    assert picture.read_bytes()[:4] == b"RIFF"
    assert main([*words, "--groups", "3"]) == 2
    assert "`groups` must divide the 4 channels" in capsys.readouterr().err


def test_the_command_says_that_a_large_picture_was_shrunk(capsys, tmp_path):
    Image.fromarray(np.tile(pictures.read_picture("china")[:64, :150], (1, 8, 1))).save(
        tmp_path / "wide.png"
    )
    words = ["normalisation", str(tmp_path / "wide.png"), "--out", str(tmp_path / "n.png")]
    assert main(words) == 0
    assert "The picture was shrunk from 64×1200 to 55×1024 pixels." in capsys.readouterr().out


def test_the_maps_of_a_photograph_need_no_keras():
    code = (
        "import sys; from evrisim.cli.pictures import material; import evrisim.pooling;"
        "import evrisim.plots.pooling; material('china', None, None);"
        "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
