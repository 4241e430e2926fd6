"""`evrisim cost` and `evrisim models` as a user types them."""

import csv
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from command_line import refused, result
from evrisim import backbones, cost
from evrisim.cli import cost_table, main, models
from evrisim.plots import cost_by_layer

L = keras.layers


def text(capsys, *arguments):
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


class Own(L.Layer):
    """Work that nobody knows."""

    def call(self, inputs):
        return keras.ops.matmul(inputs, inputs)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model of any size, twice through one layer, as a file."""
    path = tmp_path_factory.mktemp("models") / "mine.keras"
    inputs = keras.Input((None, None, 3))
    twice = L.Conv2D(3, 3, padding="same", name="twice")
    x = L.GlobalAveragePooling2D(name="pool")(twice(twice(inputs)))
    keras.Model(inputs, L.Dense(2, name="head")(x)).save(path)
    return path


def test_resnet50_has_its_3_858_thousand_million_macs(capsys):
    found = result(capsys, "cost", "resnet50")
    assert found["macs"] == 3_857_973_248
    assert found["flops"] == 2 * found["macs"]
    assert found["parameters"] == 25_636_712
    assert found["uncounted"] == []
    rows = {row["path"]: row for row in found["layers"]}
    first = rows["conv1_conv"]
    assert first["parameter_formula"] == "(7 × 7 × 3 + 1) × 64"
    assert first["mac_formula"] == "12544 × 7 × 7 × 3 × 64"
    assert first["output_shape"] == [1, 112, 112, 64]
    assert sum(row["mac_share"] for row in rows.values()) == pytest.approx(1)


def test_options_of_a_model_by_name_are_heard(capsys):
    found = result(capsys, "cost", "convnet", "--input", "16x24x1", "--classes", "5")
    rows = {row["path"]: row for row in found["layers"]}
    assert rows["stage1_block1_conv"]["output_shape"] == [1, 16, 24, 48]
    assert rows["stage1_block1_conv"]["parameter_formula"] == "3 × 3 × 1 × 48"
    assert rows["logits"]["output_shape"] == [1, 5]
    larger = result(
        capsys, "cost", "convnet", "--input", "16x24x1", "--classes", "5", "--batch", "3"
    )
    assert larger["batch_size"] == 3
    for name in ("macs", "activation_bytes", "training_macs"):
        assert larger[name] == 3 * found[name]
    assert larger["parameters"] == found["parameters"]


def test_the_table_has_the_formula_the_shared_layer_and_what_is_counted(saved, capsys):
    shown = text(capsys, "cost", str(saved), "--input", "8x8x3")
    (row,) = [line for line in shown.splitlines() if line.startswith("twice")]
    assert row.split("  ")[0] == "twice (×2)"
    assert "(3 × 3 × 3 + 1) × 3 = 84" in row
    assert f"{2 * 64 * 27 * 3:,}" in row
    assert "1 MAC = 2 FLOPs" in shown
    assert "Not counted: biases" in shown
    assert "training MACs" not in shown
    assert "1 MAC = 2 FLOPs" not in text(capsys, "cost", str(saved), "--input", "8x8x3", "--quiet")
    trained = text(capsys, "cost", str(saved), "--input", "8x8x3", "--train")
    assert "training MACs" in trained
    # Twice through one layer: the first time without a gradient for the images.
    assert f"{64 * 27 * 3 * (2 + 3):,}" in trained
    assert "Work of a training step" in trained


def test_the_heaviest_layers_come_first_and_no_more_than_asked_for(capsys):
    shown = text(capsys, "cost", "convnet", "--top", "2").splitlines()
    assert shown[0] == "convnet: batch of 1, 2 of 20 layers"
    assert [line.split()[0] for line in shown[3:5]] == ["stage2_block2_conv", "stage3_block2_conv"]
    assert shown[5] == ""


def test_what_is_not_known_is_a_question_mark_and_the_total_says_at_least():
    inputs = keras.Input((4, 4))
    measured = cost.measure(keras.Model(inputs, Own(name="own")(L.Dense(4)(inputs))))
    lines = cost_table.layout(measured, {}, "mine", training=True, top=None, terminal=False)
    assert [line.split()[-5:-2] for line in lines if line.startswith("own")] == [["?", "?", "?"]]
    foot = cost_table.foot(measured, training=False, terms=False)
    assert "Work of one pass: at least 64 MAC = 128 FLOP." in foot
    assert "Not known, and not in the totals: own." in foot
    figure = cost_by_layer(measured, "mine")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert " ?" in texts
    assert figure.axes[0].get_title(loc="left") == "MACs: at least 64"


def test_a_csv_has_a_line_a_layer_with_exact_numbers(saved, capsys, tmp_path):
    path = tmp_path / "layers.csv"
    found = result(capsys, "cost", str(saved), "--input", "8x8x3", "--csv", str(path))
    assert found["csv"] == str(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == ["twice", "pool", "head"]
    assert rows[0]["output_shape"] == "1x8x8x3"
    assert int(rows[0]["macs"]) == 2 * 64 * 27 * 3
    assert rows[0]["parameter_formula"] == "(3 × 3 × 3 + 1) × 3"


def test_a_picture_has_a_bar_for_every_layer_that_weighs(capsys, tmp_path):
    path = tmp_path / "cost.png"
    found = result(capsys, "cost", "convnet", "--picture", str(path))
    assert found["picture"] == str(path)
    with Image.open(path) as opened:
        assert opened.width == 1600
        assert np.asarray(opened.convert("L")).std() > 10
    model = keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(2, 3, name="conv"), L.ReLU()])
    figure = cost_by_layer(cost.measure(model), "mine")
    widths = [axes.patches[0].get_width() for axes in figure.axes]
    assert widths == [1, 1, 1]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["conv  (2)"]


WRONG = {
    "unknown name": (["resnet5"], "Did you mean 'resnet50'?"),
    "empty batch": (["convnet", "--batch", "0"], "`--batch` must be a whole number of at least 1"),
    "no table": (["convnet", "--top", "0"], "`--top` must be a whole number of at least 1"),
    "one class": (["convnet", "--classes", "1"], "`--classes` must be a whole number of at least"),
    "no sizes": (["convnet", "--input", "32y3"], "`--input` must be ROWSxCOLUMNSxCHANNELS"),
    "size of nothing": (["convnet", "--input", "0x8x3"], "`--input` must be ROWSxCOLUMNSxCHANNELS"),
    "no channels": (["convnet", "--input", "32x32"], "`--input` must be ROWSxCOLUMNSxCHANNELS"),
    "too small": (["vgg16", "--input", "31x64x3"], "needs images of at least 32×32 pixels"),
    "grey": (["vgg16", "--input", "64x64x1"], "takes colour images of 3 channels; received 1"),
    "too small for ours": (["convnet", "--input", "4x4x3"], "needs images of at least 8×8 pixels"),
    "no picture": (["convnet", "--picture", "a.gif"], "`--picture` must be a picture"),
    "no such file": (["nosuch.keras"], "There is no file nosuch.keras"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_sentence(case, capsys):
    arguments, sentence = WRONG[case]
    said = refused(capsys, "cost", *arguments)
    assert sentence in said
    assert said.count("\n") == 1


def test_a_file_is_told_what_fits_it(saved, capsys):
    assert "say which with --input, such as" in refused(capsys, "cost", str(saved))
    said = refused(capsys, "cost", str(saved), "--input", "8x8x1")
    assert "is built for inputs of ?×?×3; received 8×8×1" in said
    said = refused(capsys, "cost", str(saved), "--input", "8x8x3", "--classes", "3")
    assert "`--classes` is for a model built by its name" in said


def test_the_list_of_models_names_size_work_accuracy_and_source(capsys):
    rows = {row["name"]: row for row in result(capsys, "models")}
    assert rows["resnet50"]["macs"] == 3_857_973_248
    assert rows["resnet50"]["keras_top1"] == 0.749
    assert rows["resnet50"]["keras_source"] == backbones.KERAS_SOURCE
    assert not rows["resnet50"]["trainable_here"]
    assert rows["convnet"]["trainable_here"]
    assert all(row["when_to_choose"] for row in rows.values())
    assert "resnet101" not in rows
    everything = {row["name"]: row for row in result(capsys, "models", "--all")}
    assert everything["resnet101"]["when_to_choose"] == "as resnet50, more accurate and slower"
    assert everything["resnet101_v2"]["when_to_choose"].startswith("as resnet50_v2")
    assert len(everything) == 40 + len(models.TRAINED)
    assert "33 more" in text(capsys, "models")
    shown = text(capsys, "models")
    assert backbones.KERAS_SOURCE in shown
    assert "74.9\u00a0%" in shown
    assert backbones.KERAS_SOURCE not in text(capsys, "models", "--quiet")


def test_a_known_architecture_is_not_trained_from_the_start(capsys):
    said = refused(capsys, "train", "shapes", "--model", "resnet50")
    assert "resnet50 can be looked at with `evrisim cost resnet50`" in said
    assert "takes convnet, condensed, airbench, resnet20" in said


def test_models_are_listed_and_mistakes_are_found_without_loading_keras():
    code = (
        "import sys; from evrisim.cli import main; main(['models']); main(['cost', 'resnet5']);"
        "sys.exit('keras' in sys.modules or 'numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


@pytest.mark.parametrize("columns", [80, 140])
def test_the_table_fits_a_terminal(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    inputs = keras.Input((32, 32, 3))
    trunk = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            L.Conv2D(512, 3, name="a_convolution_of_a_long_name_to_be_shortened"),
            L.Conv2D(512, 3, name="another"),
        ],
        name="backbone_of_a_long_name",
    )
    model = keras.Model(inputs, trunk(inputs))
    measured, fields = cost.measure(model), cost.receptive_fields(model)
    lines = cost_table.layout(measured, fields, "mine", training=False, top=None, terminal=True)
    assert max(map(len, lines)) <= columns
    shown = "\n".join(lines)
    assert "to_be_shortened" in shown
    assert "/another" in shown
    assert ("Conv2D" in shown) == (columns == 140)
    assert ("5×5" in shown) == (columns == 140)
    assert "2,359,808" in shown
