"""Effective receptive fields are gradients of the middle cell; pictures and command show them."""

import json

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers as L
from PIL import Image

from evrisim import plots
from evrisim._validate import InputError
from evrisim.cli import main
from evrisim.cost import receptive_fields
from evrisim.explain import EffectiveField, effective_field

# Keras 3.15 on JAX and PyTorch turns tensors to arrays in a way NumPy 2.4 announces the end of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(5)


def model_of(build, shape=(17, 14, 3)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, build(inputs))


def images_of(shape, count=3):
    return np.random.default_rng(1).integers(0, 256, (count, *shape), dtype=np.uint8)


def test_of_one_linear_convolution_it_is_the_kernel_itself():
    model = model_of(L.Conv2D(1, (3, 4), padding="valid", name="conv"))
    found = effective_field(model, "conv", images_of((17, 14, 3)))
    kernel = np.abs(keras.ops.convert_to_numpy(model.get_layer("conv").kernel))[..., 0].mean(
        axis=-1
    )
    expected = np.zeros((17, 14))
    row, column = 15 // 2, 11 // 2
    expected[row : row + 3, column : column + 4] = kernel / kernel.sum()
    assert found.cell == (row, column)
    np.testing.assert_allclose(found.heat, expected, rtol=1e-5, atol=1e-9)


def test_channels_are_added_up_with_signs_drawn_for_each_image():
    """Two channels of one pixel each: where both see it, it counts as |±a ± b|."""
    model = model_of(L.Conv2D(2, 1, name="conv"), (3, 3, 1))
    model.get_layer("conv").set_weights([np.array([[[[3.0, 1.0]]]]), np.zeros(2)])
    strided = model_of(
        lambda x: L.Concatenate(name="both")([x[:, 1:2, 1:2], -x[:, 1:2, 1:2], x[:, :1, :1]]),
        (3, 3, 1),
    )
    heat = effective_field(strided, "both", images_of((3, 3, 1), 400)).heat
    # |s1 − s2| is 2 or 0, 1 on average, and |s3| is 1: half and half.
    assert heat[1, 1] == pytest.approx(0.5, abs=0.05)
    assert heat[0, 0] == pytest.approx(0.5, abs=0.05)
    assert effective_field(model, "conv", images_of((3, 3, 1))).heat[1, 1] == 1


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kernels=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    stride=st.integers(1, 2),
    padding=st.sampled_from(["same", "valid"]),
)
def test_it_lies_inside_the_theoretical_field_and_sums_to_one(kernels, stride, padding):
    def build(x):
        for kernel in kernels:
            x = L.Conv2D(3, kernel, padding=padding, activation="gelu")(x)
        return L.MaxPooling2D(2, stride, name="last")(x)

    model = model_of(build)
    found, field = effective_field(model, "last", count=4), receptive_fields(model)["last"]
    assert found.heat.sum() == pytest.approx(1)
    assert found.heat.min() >= 0
    assert found.heat.shape == field.image
    top, bottom = field.rows.seen(found.cell[0])
    left, right = field.columns.seen(found.cell[1])
    inside = found.heat[max(0, top) : bottom + 1, max(0, left) : right + 1]
    assert inside.sum() == pytest.approx(1)
    assert found.side <= max(field.size)


def small():
    return model_of(
        lambda x: L.GlobalAveragePooling2D(name="pool")(
            L.Conv2D(4, 3, activation="leaky_relu", name="two")(
                L.Conv2D(4, 3, strides=2, activation="leaky_relu", name="one")(x)
            )
        )
    )


def test_the_seed_settles_noise_and_signs():
    model = small()
    one, same, other = (effective_field(model, "two", seed=seed).heat for seed in (0, 0, 1))
    assert (one == same).all()
    assert (one != other).any()
    images = images_of((17, 14, 3), 12)
    one, other = (effective_field(model, "two", images, seed=seed).heat for seed in (0, 1))
    assert (one != other).any()


def test_the_number_of_noise_images_is_the_one_asked_for():
    model = model_of(L.Conv2D(2, 3, activation="relu", name="conv"))
    seen = []
    effective_field(model, "conv", count=11, progress=lambda done, total: seen.append(total))
    assert set(seen) == {11}
    with pytest.raises(InputError, match="`count` must be a whole number of at least 1"):
        effective_field(model, "conv", count=0)


def test_many_images_count_alike_in_all_batches():
    """Of one channel the signs do not matter, so neither does the order of the images."""
    model = model_of(lambda x: L.Conv2D(1, 5, name="conv")(L.Conv2D(4, 3, activation="relu")(x)))
    images = images_of((17, 14, 3), 11)
    images[8:] = 0  # the second batch
    one, turned = (effective_field(model, "conv", some).heat for some in (images, images[::-1]))
    np.testing.assert_allclose(one, turned, rtol=1e-4, atol=1e-9)
    fewer = effective_field(model, "conv", images[3:]).heat
    assert not np.allclose(one, fewer, rtol=1e-4, atol=1e-9)


def test_a_layer_without_a_map_is_taken_whole():
    found = effective_field(small(), "pool")
    assert found.cell == (0, 0)
    assert found.heat[0, 0] > 0
    assert found.heat[14, 10] > 0


def test_a_cell_that_no_pixel_acts_on_has_no_heat():
    model = model_of(L.Conv2D(2, 3, kernel_initializer="zeros", name="conv"))
    found = effective_field(model, "conv")
    assert not found.heat.any()
    assert found.side == 0


@pytest.mark.parametrize("share", [0.94, 0.96])
def test_the_side_is_that_of_the_smallest_square_with_95_percent(share):
    heat = np.zeros((20, 16))
    heat[7, 9], heat[9, 5] = share / 2, share / 2  # 3 rows and 5 columns
    heat[0, 0] = 1 - share
    side = EffectiveField(heat, "a", (0, 0)).side
    assert side == (5 if share > 0.95 else 10)
    assert EffectiveField(np.full((10, 10), 0.01), "a", (0, 0)).side == 10


def test_a_layer_that_is_not_there_is_answered_with_near_ones():
    with pytest.raises(InputError, match="has no layer 'twoo'; near to it are: two"):
        effective_field(small(), "twoo")
    tokens = model_of(lambda x: L.Reshape((-1, 3), name="tokens")(x))
    with pytest.raises(InputError, match=r"tokens gives \(1, 238, 3\).*needs one that gives"):
        effective_field(tokens, "tokens")
    with pytest.raises(InputError, match="takes images of shape"):
        effective_field(small(), "two", images_of((9, 9, 3)))
    with pytest.raises(InputError, match="does not say how large"):
        effective_field(model_of(L.ReLU(name="r"), (None, None, 3)), "r")
    open_model = model_of(L.ReLU(name="r"), (None, None, 3))
    assert effective_field(open_model, "r", image_shape=(6, 4, 3)).heat.shape == (6, 4)


# --- pictures -----------------------------------------------------------------------------------


def drawn(model, layers, image=None, heat=False):
    fields = receptive_fields(model)
    views = [
        plots.FieldView(path, fields[path], effective_field(model, path, count=2) if heat else None)
        for path in layers
    ]
    image = np.full((17, 14, 3), 90, np.uint8) if image is None else image
    return plots.receptive_fields(image, views), fields


def boxes(axes):
    """Give the boxes drawn in colour as (left, top, width, height), dashed ones apart."""
    found = {False: set(), True: set()}
    for patch in axes.patches:
        found[patch.get_linestyle() != "-"].add(
            (*patch.get_xy(), patch.get_width(), patch.get_height())
        )
    return found


def test_the_box_is_the_field_of_the_middle_cell_dashed_outside_the_image():
    figure, fields = drawn(model_of(lambda x: trunk(x)), ["one", "wide"])
    one, wide = figure.axes
    first = fields["one"]
    left, top = (
        first.columns.seen(first.cells[1] // 2)[0],
        first.rows.seen(first.cells[0] // 2)[0],
    )
    assert boxes(one) == {False: {(left, top, 3, 3)}, True: {(left, top, 3, 3)}}
    size = fields["wide"].size
    assert size == (27, 27)
    (dashed,) = boxes(wide)[True]
    (solid,) = boxes(wide)[False]
    assert dashed[2:] == (27, 27)
    assert solid == (0, 0, 14, 17)
    assert wide.get_xlim()[0] < dashed[0]
    assert wide.get_title(loc="center") == "wide\n27 × 27 pixels"


def trunk(x):
    x = L.Conv2D(2, 3, padding="same", name="one")(x)
    return L.Conv2D(2, 13, dilation_rate=2, padding="same", name="wide")(x)


def test_heat_is_shown_and_its_side_written():
    plain, _ = drawn(small(), ["two"])
    figure, _ = drawn(small(), ["two"], heat=True)
    assert "95 % within" in figure.axes[0].get_title(loc="center")
    shown = [f.axes[0].get_images()[0].get_array() for f in (plain, figure)]
    assert (shown[0] != shown[1]).any()


def test_what_has_no_field_is_said_in_the_picture():
    class Rolled(L.Layer):
        def call(self, x):
            return keras.ops.roll(x, 1, axis=1)

    model = model_of(
        lambda x: L.Add(name="sum")(
            [Rolled(name="rolled")(x)[:, :8, :7], L.MaxPooling2D(name="pool")(x)]
        )
    )
    figure, _ = drawn(model, ["rolled", "pool"])
    assert figure.axes[0].get_title(loc="center") == "rolled\nnot known"
    assert boxes(figure.axes[0]) == {False: set(), True: set()}
    uneven = model_of(lambda x: L.Add(name="sum")([x[:, :8, :7], L.MaxPooling2D(name="pool")(x)]))
    figure, _ = drawn(uneven, ["sum"])
    assert figure.axes[0].get_title(loc="center") == "sum\nmisaligned"
    assert boxes(figure.axes[0])[False]


# --- the command --------------------------------------------------------------------------------


def said(capsys, *arguments):
    assert main(["receptive-field", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "small.keras"
    small().save(path)
    return str(path)


def test_the_command_tells_what_the_library_found(capsys, saved):
    told = said(capsys, saved)
    fields = receptive_fields(small())
    assert [entry["layer"] for entry in told["layers"]] == list(fields)
    for entry in told["layers"]:
        field = fields[entry["layer"]]
        assert tuple(entry["size"]) == field.size
        assert tuple(entry["stride"]) == field.stride
        assert tuple(entry["start"]) == field.start
        assert entry["effective_side"] is None
    assert told["picture"] is None


def test_the_table_has_a_line_a_layer(capsys, saved):
    assert main(["receptive-field", saved, "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["layer", "sees", "stride", "first", "pixel", "remark"]
    assert lines[2].split() == ["two", "7", "×", "7", "2", "×", "2", "0,", "0"]
    assert lines[3].endswith("sees the whole image") == (
        receptive_fields(small())["pool"].everything
    )


def test_a_model_by_name_is_built_for_the_size_asked_for(capsys):
    told = said(capsys, "convnet", "--input", "16x24x3")
    assert told["layers"][-1]["size"] == [16, 24]


def test_the_picture_and_effective_fields_of_the_layers_asked_for(capsys, saved, tmp_path):
    out = tmp_path / "field.png"
    arguments = (saved, "flower", "--layer", "one", "--layer", "pool", "--effective")
    told = said(capsys, *arguments, "--out", str(out))
    sides = {entry["layer"]: entry["effective_side"] for entry in told["layers"]}
    assert sides["two"] is None
    assert 1 <= sides["one"] <= 3
    assert sides["pool"] > 3
    assert told["picture"] == str(out)
    with Image.open(out) as picture:
        assert picture.size[0] > picture.size[1]  # two panels beside each other
    other = said(capsys, saved, "--layer", "pool", "--effective", "--seed", "3")
    assert "effective_side" in other["layers"][-1]


def test_an_image_of_ones_own_and_grey_models(capsys, tmp_path):
    model = model_of(L.Conv2D(2, 3, name="conv"), (12, 12, 1))
    model.save(tmp_path / "grey.keras")
    Image.fromarray(np.full((30, 20, 3), 200, np.uint8)).save(tmp_path / "mine.png")
    out = tmp_path / "grey.svg"
    said(capsys, str(tmp_path / "grey.keras"), str(tmp_path / "mine.png"), "--out", str(out))
    assert out.read_text("utf-8").startswith("<?xml")


MISTAKES = {
    "layer": (["--layer", "tow"], "has no layer 'tow'; near to it are: two"),
    "input": (["--input", "32x32"], "must be ROWSxCOLUMNSxCHANNELS, such as 32x32x3"),
    "ending": (["--out", "field.txt"], "`--out` must be a picture, its name ending in .png"),
    "image": (["nosuch.png"], "nosuch.png"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered_with_one_sentence(capsys, saved, name):
    arguments, sentence = MISTAKES[name]
    assert main(["receptive-field", saved, *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error


def test_a_text_file_is_no_image(capsys, saved, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    assert main(["receptive-field", saved, str(tmp_path / "text.png")]) == 2
    assert "text.png" in capsys.readouterr().err


def test_a_model_without_maps_has_nothing_to_draw(capsys, tmp_path):
    model = model_of(L.GlobalAveragePooling2D(), (8, 8, 3))
    model.save(tmp_path / "flat.keras")
    out = ["--out", str(tmp_path / "a.png")]
    assert main(["receptive-field", str(tmp_path / "flat.keras"), *out]) == 2
    assert "No layer of the model has a map to draw" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()
