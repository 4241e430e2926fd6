"""A photograph through kernels, as pictures and as a command."""

import inspect
from itertools import pairwise

import keras
import numpy as np
import pytest
from PIL import Image

import command_line
from evrisim import InputError, filtering, kernels, plots
from evrisim.cli import kernel as command
from evrisim.cli import main
from evrisim.plots import signed, sliding

RNG = np.random.default_rng(5)
LINES = kernels.named("horizontal-lines")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stripes():
    """An image file of lying stripes, 24 × 30 in colour."""
    image = np.full((24, 30, 3), 40, np.uint8)
    image[3::6] = (200, 100, 50)
    Image.fromarray(image).save("stripes.png")
    return image


def result(capsys, *arguments):
    return command_line.result(capsys, "kernel", *arguments)


def refused(capsys, *arguments):
    return command_line.refused(capsys, "kernel", *arguments)


# Colours and figures


def lightness(colours):
    """Give CIE L* of sRGB colours, from the standard's own formulas."""
    encoded = colours / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


def test_signed_colours_are_white_at_zero_and_darken_evenly_to_both_ends():
    shades = lightness(signed.table().astype(float))
    below, above = shades[128::-1], shades[128:]
    assert shades[128] > 97
    for arm in (below, above):
        steps = -np.diff(arm)
        assert (steps > -0.25).all()  # never lighter, but for the rounding of 8 bits
        halves = arm[0] - arm[64], arm[64] - arm[128]
        assert 0.7 < halves[0] / halves[1] < 1.5
    assert np.abs(below - above).max() < 8


def test_signed_colours_differ_for_eyes_without_red_or_green_cones():
    ends = signed.table()[[30, 226]].astype(float)
    # What all of them still tell apart is blue against yellow.
    yellowness = ends[:, :2].mean(axis=1) - ends[:, 2]
    assert yellowness[0] < -40
    assert yellowness[1] > 40


def test_colours_end_at_the_limit():
    assert signed.colour(np.array([9.0]), 5).tolist() == signed.colour(np.array([5.0]), 5).tolist()
    assert signed.limit_of(np.zeros((3, 3))) == 1
    spike = np.ones((100, 100))
    spike[0, 0] = 1e6
    assert signed.limit_of(spike) == 1


def test_the_picture_shows_each_step_with_size_and_range():
    image = RNG.integers(0, 256, (20, 30))
    found = {"lying": kernels.extract(image, LINES), "edge": kernels.extract(image, np.eye(3))}
    figure = plots.filter_detect_condense(found)
    figure.canvas.draw()
    assert len(figure.axes) == 12
    for row, (name, one) in enumerate(found.items()):
        axes = figure.axes[6 * row : 6 * row + 5]
        assert axes[0].get_ylabel() == name
        for place, values in zip(
            axes[1:], (one.kernel, one.filtered, one.detected, one.condensed), strict=True
        ):
            np.testing.assert_array_equal(place.images[0].get_array(), values)
            low, high = place.images[0].get_clim()
            assert low == -high
            assert place.get_xlabel().startswith(f"{values.shape[0]} × {values.shape[1]}\n")
        steps = [place.images[0].get_clim() for place in axes[2:]]
        assert len(set(steps)) == 1
    written = [text.get_text() for text in figure.axes[1].texts]
    assert written == ["−1"] * 3 + ["2"] * 3 + ["−1"] * 3


def test_captions_of_one_picture_do_not_overlap():
    found = {"a": kernels.extract(RNG.normal(size=(60, 60)) * 1e4, kernels.named("gabor"))}
    figure = plots.filter_detect_condense(found)
    figure.canvas.draw()
    labels = [axes.xaxis.label.get_window_extent() for axes in figure.axes[:5]]
    titles = [axes.title.get_window_extent() for axes in figure.axes[:5]]
    for boxes in (labels, titles):
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_the_sum_written_out_shows_patch_kernel_products_and_value():
    image = np.arange(25.0).reshape(5, 5)
    found = kernels.contributions(image, LINES, (0, 2))
    figure = plots.written_out(found, image)
    figure.canvas.draw()
    panels = {axes.get_title(loc="center"): axes for axes in figure.axes}

    def written(name):
        return [text.get_text() for text in panels[name].texts]

    assert written("patch") == ["0", "0", "0", "1", "2", "3", "6", "7", "8"]
    assert written("kernel") == ["−1"] * 3 + ["2"] * 3 + ["−1"] * 3
    assert written("products")[:9] == ["0", "0", "0", "2", "4", "6", "−6", "−7", "−8"]
    assert written("products")[9:] == ["Σ = 0", "Σ = 12", "Σ = −21"]
    assert figure.get_suptitle() == "sum of all products = −9   →   ReLU: 0"
    frame = panels["image"].patches[0]
    assert (frame.get_x(), frame.get_y(), frame.get_width()) == (0.5, -1.5, 3)
    assert len(panels["patch"].patches) == 3  # the zeros of the padding, hatched


def test_large_and_colour_kernels_are_drawn_too():
    image = RNG.integers(0, 256, (30, 30, 3)).astype(float)
    found = kernels.extract(image, RNG.normal(size=(11, 11, 3)))
    plots.filter_detect_condense({"colour": found}).canvas.draw()
    terms = kernels.contributions(image, found.kernel, (0, 0))
    figure = plots.written_out(terms, image)
    figure.canvas.draw()
    named = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert named == ["red", "green", "blue"]


# The animation


def test_the_frames_fill_the_output_and_end_with_all_of_it():
    image = RNG.integers(0, 256, (6, 7)).astype(float)
    frames = list(sliding.sliding(image, LINES))
    assert len(frames) == 42
    assert {frame.shape for frame in frames} == {frames[0].shape}
    empty = np.array(sliding._EMPTY, np.uint8)
    left = [int((frame == empty).all(axis=2).sum()) for frame in frames]
    assert all(before > after for before, after in pairwise(left))
    assert left[-1] < 20


@pytest.mark.parametrize(("side", "most"), [(5, 120), (32, 120), (32, 7), (3, 1)])
def test_the_number_of_frames_is_bounded_and_known_before(side, most):
    frames = list(sliding.sliding(np.zeros((side, side)), LINES, most=most))
    assert len(frames) == sliding.frame_count(side * side, most) <= most


@pytest.mark.parametrize("name", ["slide.gif", "slide.webp"])
def test_an_animation_is_written_whole_with_progress(name, tmp_path):
    found = kernels.extract(RNG.integers(0, 256, (90, 60)), LINES, stride=3)
    told = []
    size = filtering.write_animation(
        tmp_path / name, found, longest=24, progress=lambda *at: told.append(at)
    )
    assert size == (24, 16)
    with Image.open(tmp_path / name) as picture:
        assert picture.n_frames == 8 * 6
        assert picture.info.get("loop") == 0
    assert told == [(done, 48) for done in range(1, 49)]
    assert (tmp_path / name).stat().st_size < 2_000_000
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_animation_that_fails_leaves_what_was_there(tmp_path):
    place = tmp_path / "slide.gif"
    place.write_text("before")

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filtering.write_animation(place, kernels.extract(np.ones((9, 9)), LINES), progress=stop)
    assert place.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["slide.gif"]


# Photographs


def test_the_shipped_photographs_are_there():
    assert filtering.read_photograph("china").pixels.shape == (427, 640, 3)
    assert filtering.read_photograph("flower", size=64).pixels.shape == (43, 64, 3)


@pytest.mark.parametrize(("name", "along", "across"), [("horizontal", 1, 0), ("vertical", 0, 1)])
def test_of_the_temple_the_lines_of_one_direction_remain(name, along, across):
    photograph = filtering.read_photograph("china", crop="20:345,50:370", size=150)
    kernel = kernels.named(f"{name}-lines", length=7)
    left = kernels.extract(photograph.grey, kernel, padding="valid").condensed
    steps = [np.abs(np.diff(left, axis=axis)).mean() for axis in (0, 1)]
    assert steps[across] > 2 * steps[along]
    steps = [np.abs(np.diff(photograph.grey, axis=axis)).mean() for axis in (0, 1)]
    assert steps[across] < 1.6 * steps[along]  # in the photograph itself they do not stand out


def test_a_photograph_is_cut_and_shrunk(stripes):
    found = filtering.read_photograph("stripes.png", crop="2:,:20", size=10)
    assert found.name == "stripes"
    assert found.pixels.shape == (10, 9, 3)
    assert found.original == (24, 30)
    whole = filtering.read_photograph("stripes.png")
    np.testing.assert_array_equal(whole.pixels, stripes)
    expected = np.asarray(Image.fromarray(stripes).convert("L"), float)
    assert np.abs(whole.grey - expected).max() <= 1


def test_a_file_goes_before_a_photograph_of_the_same_name(stripes):
    Image.fromarray(stripes).save("china.png")
    (filtering.Path("china.png")).rename("china")
    np.testing.assert_array_equal(filtering.read_photograph("china").pixels, stripes)


def test_a_picture_has_room_for_twelve_rows(tmp_path):
    many = {str(n): kernels.extract(np.ones((4, 4)), LINES) for n in range(13)}
    with pytest.raises(InputError, match="room for 12 rows; these kernels make 13"):
        filtering.write_picture(tmp_path / "many.png", many)


# The command


def test_kernel_writes_the_picture_here_and_says_sizes_with_their_formula(stripes, capsys):
    assert main(["kernel", "stripes.png", "--stride", "2"]) == 0
    said = capsys.readouterr().out
    assert "stripes: 24 × 30 pixels" in said
    assert "height ⌈n / s⌉ = ⌈24 / 2⌉ = 12, width ⌈n / s⌉ = ⌈30 / 2⌉ = 15" in said
    assert "⌊(12 − 1·(2 − 1) − 1) / 2⌋ + 1 = 6" in said
    assert "Picture: stripes-kernel.png" in said
    with Image.open("stripes-kernel.png") as picture:
        assert picture.width > 1500


def test_json_holds_what_convolve_gives(stripes, capsys):
    value = result(
        capsys, "stripes.png", "--kernel", "horizontal-lines", "--kernel", "-1 0 1", "--pool", "3",
        "--padding", "valid", "--dilation", "2", "--out", "deep/picture.png",
    )  # fmt: skip
    image = filtering.read_photograph("stripes.png").grey
    way = {"padding": "valid", "dilation": 2, "pool": 3}
    for one, kernel in zip(value["kernels"], (LINES, [[-1, 0, 1]]), strict=True):
        expected = kernels.extract(image, kernel, **way)
        assert np.array_equal(one["kernel"], kernel)
        for step in ("filtered", "detected", "condensed"):
            values = getattr(expected, step)
            assert one[step] == {
                "rows": values.shape[0],
                "columns": values.shape[1],
                "low": values.min(),
                "high": values.max(),
            }
    assert filtering.Path(value["picture"]).is_file()


def test_settings_reach_the_kernels_that_have_them(stripes, capsys):
    value = result(
        capsys, "stripes.png", "-k", "box", "-k", "gaussian", "-k", "emboss", "--set", "size=5",
        "--set", "gaussian.sigma=2", "--set", "gaussian.size=7",
    )  # fmt: skip
    found = [np.array(one["kernel"], np.float32) for one in value["kernels"]]
    expected = [
        kernels.named("box", size=5),
        kernels.named("gaussian", sigma=2, size=7),
        kernels.named("emboss"),
    ]
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


def test_colour_filters_each_channel_for_itself(stripes, capsys):
    value = result(capsys, "stripes.png", "-k", "identity", "--colour")
    assert [one["name"] for one in value["kernels"]] == [
        "identity, red", "identity, green", "identity, blue",
    ]  # fmt: skip
    assert [one["filtered"]["high"] for one in value["kernels"]] == [200, 100, 50]


def test_a_pixel_is_written_out_beside_the_picture(stripes, capsys):
    value = result(capsys, "stripes.png", "--pixel", "3,0", "--out", "p.png")["sum"]
    image = filtering.read_photograph("stripes.png").grey
    assert value["value"] == kernels.convolve(image, LINES)[3, 0]
    assert np.sum(value["products"]) == value["value"]
    assert value["picture"] == "p-sum.png"
    assert filtering.Path("p-sum.png").is_file()
    assert main(["kernel", "stripes.png", "--pixel", "3,0"]) == 0
    assert "Sum of horizontal-lines at row 3, column 0: " in capsys.readouterr().out


def test_the_command_animates(stripes, capsys):
    value = result(capsys, "stripes.png", "--animate", "a/slide.webp")["animation"]
    assert (value["rows"], value["columns"]) == (24, 30)
    assert filtering.Path("a/slide.webp").is_file()
    assert main(["kernel", "stripes.png", "--animate", "slide.gif", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert "on the image at 24 × 30 pixels: slide.gif" in captured.out
    assert captured.err == ""


def test_a_large_photograph_is_shrunk_and_that_is_said(capsys):
    Image.fromarray(RNG.integers(0, 256, (700, 1300, 3), dtype=np.uint8)).save("large.png")
    assert main(["kernel", "large.png", "--out", "p.png"]) == 0
    said = capsys.readouterr().out
    assert "large: 345 × 640 pixels, cut or shrunk from 700 × 1300 (--crop, --size)" in said


def test_the_size_in_the_help_is_the_one_that_is_used():
    assert inspect.signature(command.kernel).parameters["size"].default == filtering.SIZE


def test_an_even_kernel_goes_with_a_stated_centre(stripes, capsys):
    image = filtering.read_photograph("stripes.png").grey
    for stated, centre in (("1,0", (1, 0)), ("keras", "keras")):
        value = result(capsys, "stripes.png", "-k", "1 2; 3 -5", "--centre", stated)
        expected = kernels.convolve(image, [[1, 2], [3, -5]], centre=centre)
        assert value["kernels"][0]["filtered"]["low"] == expected.min()
        assert value["kernels"][0]["filtered"]["high"] == expected.max()


def test_the_list_names_every_kernel_with_its_options(capsys):
    value = result(capsys, "--list")
    assert list(value) == list(kernels.KERNELS)
    assert value["gabor"]["options"] == {"angle": 0.0, "wavelength": 6.0, "size": None}
    assert main(["kernel", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(kernels.KERNELS) + 1


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.keras"
    keras.utils.set_random_seed(1)
    layers = [
        keras.Input((None, None, 3)),
        keras.layers.Conv2D(9, 3, name="first"),
        keras.layers.Conv2D(2, 3, name="second"),
    ]
    keras.Sequential(layers).save(path)
    return str(path)


def test_learned_kernels_are_those_that_answer_most(stripes, model, capsys):
    value = result(capsys, "stripes.png", "--run", model)
    weights = keras.saving.load_model(model).get_layer("first").get_weights()[0]
    image = stripes.astype(float)
    means = [
        kernels.relu(kernels.convolve(image, weights[..., number])).mean() for number in range(9)
    ]
    order = np.argsort(means)[::-1][:6]
    assert [one["name"] for one in value["kernels"]] == [f"first:{number}" for number in order]


def test_a_learned_kernel_of_one_channel_looks_at_the_brightness(stripes):
    photograph = filtering.read_photograph("stripes.png")
    kernel = RNG.normal(size=(3, 3, 1))
    found = filtering.extract_learned(photograph, kernel, stride=2)
    expected = kernels.convolve(photograph.grey, kernel[:, :, 0], stride=2)
    np.testing.assert_array_equal(found.filtered, expected)


def test_kernels_of_a_model_that_nobody_trained_say_so(stripes, capsys):
    value = result(capsys, "stripes.png", "-k", "learned:0", "--run", "resnet20")
    assert value["kernels"][0]["name"] == "stem_conv:0 (untrained)"


def test_a_flat_image_of_any_value_and_a_single_pixel_are_drawn():
    for image in (np.full((9, 9), -5.0), np.zeros((1, 1))):
        found = kernels.extract(image, LINES, pool=1)
        plots.filter_detect_condense({"flat": found}).canvas.draw()
        plots.written_out(kernels.contributions(image, LINES, (0, 0)), image).canvas.draw()


def test_a_learned_kernel_can_be_chosen(stripes, model, capsys):
    value = result(capsys, "stripes.png", "-k", "learned:7", "-k", "box", "--run", model)
    assert [one["name"] for one in value["kernels"]] == ["box", "first:7"]
    assert np.shape(value["kernels"][1]["kernel"]) == (3, 3, 3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["stripes.png", "-k", "sobel"], "Did you mean 'sobel-"),
        (["stripes.png", "-k", "gausian"], "Did you mean 'gaussian'?"),
        (["stripes.png", "-k", "1 2 3; 4 5"], "row 2 of '1 2 3; 4 5' has 2 numbers, row 1 has 3"),
        (["stripes.png", "-k", "1 nan 3"], "must hold finite numbers; there is nan at (0, 1)"),
        (["stripes.png", "-k", "1 x 3"], "holds 'x', which is not a number"),
        (["stripes.png", "-k", "1 2; 3 4"], "A kernel of 2 × 2 has no middle; say with `centre`"),
        (["stripes.png", "-k", "1 2; 3 4", "--centre", "2,0"], "must be a cell (row, column)"),
        (["stripes.png", "--centre", "middle"], "`--centre` must be ROW,COLUMN"),
        (["stripes.png", "--stride", "0"], "`stride` must be a whole number of at least 1"),
        (["stripes.png", "--dilation", "0"], "`dilation` must be a whole number of at least 1"),
        (["stripes.png", "--pool", "0"], "`pool` must be a whole number of at least 1"),
        (["stripes.png", "--pool", "25"], "does not fit into an image of 24"),
        (["stripes.png", "--padding", "zero"], "`padding` must be one of same, valid"),
        (
            ["stripes.png", "-k", "gabor", "--set", "size=29", "--padding", "valid"],
            "does not fit into an image of 24; make it smaller, or use padding 'same'",
        ),
        (["stripes.png", "--pixel", "24,0"], "The output has 24 × 30 pixels"),
        (["stripes.png", "--pixel", "1"], "`--pixel` must be ROW,COLUMN"),
        (["stripes.png", "--set", "sigma=2"], "none of the kernels horizontal-lines has this"),
        (["stripes.png", "--set", "length=4"], "`length` must be odd"),
        (["stripes.png", "--crop", "1:2"], "`crop` must be TOP:BOTTOM,LEFT:RIGHT"),
        (["stripes.png", "--crop", "90:,:"], "leaves nothing of an image of 24 × 30 pixels"),
        (["stripes.png", "--size", "0"], "`size` must be a whole number of at least 1"),
        (["stripes.png", "--animate", "a.mp4"], "`animation` must be one of .gif, .webp"),
        (["stripes.png", "--out", "a.xyz"], "`--out` must be a picture"),
        (["stripes.png", "--out", "stripes.png"], "is the image itself"),
        (["stripes.png", "--out", "a.webp", "--animate", "a.webp"], "both picture and animation"),
        (["stripes.png", "-k", "learned"], "say which with `--run`"),
        (["stripes.png", "-k", "box", "--run", "x.keras"], "`--run` is for learned kernels"),
        (["stripes.png", "--layer", "first"], "`--layer` is for learned kernels"),
        (["notes.txt"], "notes.txt cannot be read as an image"),
        (["missing.png"], "missing.png cannot be read as an image"),
        (["chna"], "There is no image chna; give an image file, or one of china, flower. Did"),
        ([], "Name an image"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(stripes, capsys, arguments, sentence):
    filtering.Path("notes.txt").write_text("no image at all\n" * 20)
    said = refused(capsys, *arguments)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    left = {path.name for path in filtering.Path().iterdir()}
    assert left == {"stripes.png", "notes.txt"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-k", "learned:9"], "first has the filters 0 to 8; received 'learned:9'"),
        (["-k", "learned:x"], "received 'learned:x'"),
        (["--layer", "frst"], "has no layer 'frst'. Nearest with kernels: first"),
        (["--layer", "second"], "These kernels look at 9 feature maps, not at an image"),
        (["--animate", "a.gif"], "An animation shows a kernel on a grey image"),
    ],
)
def test_bad_wishes_for_learned_kernels_get_one_sentence(
    stripes, model, capsys, arguments, sentence
):
    assert sentence in refused(capsys, "stripes.png", "--run", model, *arguments)
