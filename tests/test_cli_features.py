"""`evrisim features` as a user types it."""

import json
import os

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import command_line
from evrisim import cost
from evrisim import features as room
from evrisim.cli import features as command
from evrisim.cli import main
from evrisim.opening import open_model, read_image
from evrisim.training import ModelChoice, Recipe, fit

FAST = Recipe(epochs=1, batch_size=16)


@pytest.fixture(scope="module")
def run(stripes, tmp_path_factory):
    """A run on arrays, which has no source."""
    out = tmp_path_factory.mktemp("runs") / "striped"
    return fit(stripes, ModelChoice("convnet", {"width": 4}), FAST, directory=out).directory


@pytest.fixture(scope="module")
def photographs(stripes, tmp_path_factory):
    """The same images as a folder."""
    folder = tmp_path_factory.mktemp("photographs")
    for name in stripes.class_names:
        (folder / name).mkdir()
    for number, (image, label) in enumerate(
        zip(stripes.train.images[:40], stripes.train.labels, strict=False)
    ):
        Image.fromarray(image).save(folder / stripes.class_names[label] / f"{number}.png")
    return folder


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Keep what is decoded away from the user's own cache."""
    before = os.environ.get("EVRISIM_CACHE")
    os.environ["EVRISIM_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    os.environ.pop("EVRISIM_CACHE")
    if before is not None:
        os.environ["EVRISIM_CACHE"] = before


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(3).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A model evrisim did not make: nested, grey, of open width; the folder is the current one."""
    inner = keras.Input((24, None, 1))
    x = layers.Conv2D(3, 3, name="conv")(inner)
    backbone = keras.Model(inner, layers.ReLU(name="relu")(x), name="backbone")
    outer = keras.Input((24, None, 1))
    x = layers.GlobalAveragePooling2D(name="pool")(backbone(outer))
    model = keras.Model(outer, layers.Dense(2, activation="softmax", name="head")(x), name="mine")
    model.save(tmp_path / "mine.keras")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.keras"


def result(capsys, *arguments):
    assert main([*map(str, arguments), "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return json.loads(captured.out)


def refused(capsys, *arguments):
    said = command_line.refused(capsys, *arguments)
    assert said.count("\n") == 1
    return said


def test_measures_of_the_command_are_those_of_the_room():
    assert command.MEASURES == room.MEASURES


def test_a_run_gives_a_picture_in_its_figures(run, photo, capsys):
    found = result(capsys, "features", run, photo, "--maps", "3")
    assert [row["layer"] for row in found["layers"]] == [
        "stage1_block1_conv",
        "stage2_block2_conv",
        "stage3_block2_relu",
    ]
    assert found["pictures"] == [str(run / "figures" / "feature_maps.png")]
    with Image.open(found["pictures"][0]) as picture:
        assert min(picture.size) > 500
    opened = open_model(run)
    pixels = read_image(opened, photo)
    assert pixels.shape == (16, 16, 3)
    for row in found["layers"]:
        (maps,) = room.feature_maps(opened.model, pixels[None], [row["layer"]])
        strength = maps.strength("mean")
        assert [one["map"] for one in row["strongest"]] == strength.order[:3].tolist()
        assert row["strongest"][0]["relative"] == 1
        assert row["shape"] == list(maps.shape)
        assert row["range"] == pytest.approx(list(maps.range))
        assert row["dead"] == strength.dead.nonzero()[0].tolist()


def test_layers_measure_and_place_can_be_chosen(run, photo, capsys, tmp_path):
    out = tmp_path / "new" / "maps.webp"
    found = result(
        capsys, "features", run, photo, "--layer", "stage3_block2_relu", "--layer",
        "stage1_block1_relu", "--by", "max", "--out", out,
    )  # fmt: skip
    assert [row["layer"] for row in found["layers"]] == ["stage3_block2_relu", "stage1_block1_relu"]
    assert all(row["by"] == "max" for row in found["layers"])
    assert found["layers"][0]["strongest"][0]["strength"] == pytest.approx(
        found["layers"][0]["range"][1]
    )
    assert found["pictures"] == [str(out)]
    assert out.is_file()


def test_a_file_made_elsewhere_is_read_grey_and_at_its_own_open_size(elsewhere, photo, capsys):
    assert read_image(open_model(elsewhere), photo).shape == (24, 30, 1)
    found = result(capsys, "features", elsewhere, photo, "--kernels")
    assert [row["layer"] for row in found["layers"]] == ["backbone/conv", "backbone/relu"]
    assert found["layers"][0]["shape"] == [22, 28, 3]
    assert found["kernels"] == [
        {
            "layer": "backbone/conv",
            "shape": [3, 3, 1, 3],
            "scale": found["kernels"][0]["scale"],
        }
    ]
    assert found["pictures"] == ["mine-feature_maps.png", "mine-learned_kernels.png"]
    assert all((elsewhere.parent / name).is_file() for name in found["pictures"])


@pytest.mark.parametrize(
    ("size", "expected"), [((2000, 1000), (512, 256)), ((10, 5), (32, 16)), ((100, 60), (100, 60))]
)
def test_an_open_size_takes_the_images_own_within_bounds(size, expected, tmp_path):
    inputs = keras.Input((None, None, 3))
    keras.Model(inputs, layers.Conv2D(2, 1)(inputs)).save(tmp_path / "open.keras")
    Image.new("RGB", size[::-1]).save(tmp_path / "i.png")
    found = read_image(open_model(tmp_path / "open.keras"), tmp_path / "i.png")
    assert found.shape == (*expected, 3)


def test_layers_are_listed_with_their_shapes(run, elsewhere, photo, capsys):
    found = result(capsys, "features", run, "--layers")
    listed = {row["layer"]: row for row in found["layers"]}
    assert listed["stage1_block1_pool"]["shape"] == [8, 8, 4]
    assert [name for name, row in listed.items() if row["default"]] == [
        "stage1_block1_conv",
        "stage2_block2_conv",
        "stage3_block2_relu",
    ]
    assert main(["features", str(run), "--layers"]) == 0
    assert "stage3_block2_relu  ReLU" in capsys.readouterr().out
    assert "takes images of any size; give an IMAGE" in refused(
        capsys, "features", elsewhere, "--layers"
    )
    assert result(capsys, "features", elsewhere, photo, "--layers")["layers"][0]["shape"][1] == 28


def test_exciting_images_come_from_the_split_named_and_never_from_the_test(
    run, photographs, capsys
):
    from evrisim.data.source import Source

    data = Source(str(photographs), reading={"size": (16, 16), "policy": "fit"}).load()
    arguments = ["features", run, "--exciting", "--data", photographs, "--maps", "2"]
    arguments += ["--layer", "stage3_block2_relu"]
    for split in ("validation", "train"):
        found = result(capsys, *arguments, "--split", split)["exciting"]
        images = data.splits[split].images
        (expected,) = room.most_exciting(
            open_model(run).model, images, ["stage3_block2_relu"], count=8
        )
        assert (found[0]["split"], found[0]["images"]) == (split, len(images))
        field = cost.receptive_fields(open_model(run).model)["stage3_block2_relu"]
        boxes = expected.boxes(room.seen_by(field))
        order = expected.strengths["mean"].order[:2]
        assert [row["map"] for row in found[0]["maps"]] == order.tolist()
        for row in found[0]["maps"]:
            given = [image["index"] for image in row["images"]]
            assert given == expected.images[row["map"]].tolist()
            first = row["images"][0]
            assert first["name"] == data.splits[split].name(given[0])
            assert first["class"] == data.class_names[data.splits[split].labels[given[0]]]
            assert first["box"] == boxes[row["map"], 0].tolist()
    picture = run / "figures" / "exciting_images-stage3_block2_relu.png"
    with Image.open(picture) as opened:
        assert min(opened.size) > 300
    assert "`--split` must be one of train, validation; received 'test'" in refused(
        capsys, *arguments, "--split", "test"
    )


def test_further_pictures_go_beside_the_one_named(run, photo, capsys, tmp_path):
    out = tmp_path / "maps.png"
    found = result(capsys, "features", run, photo, "--kernels", "--out", out)
    assert found["pictures"] == [str(out), str(tmp_path / "maps-learned_kernels.png")]


def test_wrong_input_gets_one_sentence(run, elsewhere, photo, capsys, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no image")
    cut = tmp_path / "cut.keras"
    cut.write_bytes(elsewhere.read_bytes()[:500])
    dense = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")]
    )
    dense.save(tmp_path / "dense.keras")
    rows = keras.Sequential([keras.Input((8,)), layers.Dense(2)])
    rows.save(tmp_path / "rows.keras")
    pair = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    keras.Model(pair, layers.Add()(pair)).save(tmp_path / "pair.keras")
    left = sorted(path.name for path in tmp_path.iterdir())
    cases = [
        (["nosuch", photo], "There is no run or .keras file nosuch"),
        ([tmp_path, photo], "is not a run: it has no run.json"),
        ([cut, photo], "is no .keras file, or a damaged one"),
        ([elsewhere, text], "cannot be read as an image"),
        ([elsewhere, tmp_path / "gone.png"], "gone.png"),
        ([elsewhere], "Give an image to look at, or --layers, --kernels or --exciting."),
        ([elsewhere, photo, "--layer", "backbone/rleu"], "nearest: backbone/relu"),
        ([elsewhere, photo, "--layer", "conv"], "nearest: backbone/conv"),
        ([elsewhere, photo, "--layer", "head"], "gives (batch, 2), no feature maps"),
        ([elsewhere, photo, "--layer", "head"], "can be used: backbone/conv, backbone/relu"),
        ([elsewhere, photo, "--kernels", "--layer", "backbone/relu"], "has no kernel of rows"),
        ([elsewhere, photo, "--exciting"], "comes without data; say with --data"),
        ([elsewhere, photo, "--by", "median"], "`--by` must be one of mean, max"),
        ([elsewhere, photo, "--out", "maps"], "`--out` must be a picture"),
        ([elsewhere, photo, "--exciting", "--data", "shapes"], "takes images of shape"),
        ([tmp_path / "dense.keras", photo], "has no convolution, so it has no feature maps"),
        ([tmp_path / "rows.keras", photo], "does not take one image"),
        ([tmp_path / "pair.keras", photo], "its input is (None, 8, 8, 3), (None, 8, 8, 3)"),
        ([tmp_path / "pair.keras", "--layers"], "does not take one image"),
        ([run, "--exciting"], "was trained on arrays given in Python; give its data with --data"),
    ]
    for arguments, sentence in cases:
        assert sentence in refused(capsys, "features", *arguments, "--quiet")
    assert sorted(path.name for path in tmp_path.iterdir()) == left
