"""Accuracy under corruption: counted as by hand, kept in the run, shown in the report."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from command_line import refused, result
from evrisim import _files, plots, robustness
from evrisim._validate import InputError
from evrisim.cli import main
from evrisim.corruptions import CORRUPTIONS, SEVERITIES, corrupt, display_names
from evrisim.data.dataset import DataSet, Split
from evrisim.data.source import Source
from evrisim.robustness import measure
from evrisim.statistics import wilson
from evrisim.training import Run


@pytest.fixture(scope="module")
def bright_or_dark():
    """Images of which the brighter half is of class 1, 12×12 in colour."""
    rng = np.random.default_rng(0)

    def split(count):
        labels = np.arange(count) % 2
        level = np.where(labels == 1, 150, 100) + rng.normal(0, 12, count)
        images = level[:, None, None, None] + rng.normal(0, 20, (count, 12, 12, 3))
        return Split(images.clip(0, 255).astype(np.uint8), labels)

    return DataSet("levels", split(8), split(8), split(90), ("dark", "bright"))


@pytest.fixture(scope="module")
def by_brightness():
    """A model that calls an image bright if its mean is above 125."""
    inputs = keras.Input((12, 12, 3))
    head = keras.layers.Dense(2)
    model = keras.Model(inputs, head(keras.layers.GlobalAveragePooling2D()(inputs)))
    head.set_weights([np.array([[0, 1], [0, 1], [0, 1.0]]), np.array([0, -375.0])])
    return model


@pytest.fixture(scope="module")
def found(by_brightness, bright_or_dark):
    return measure(by_brightness, bright_or_dark, images=40, seed=3)


def named_bright(images):
    return images.astype(np.float64).mean(axis=(1, 2, 3)) > 125


def test_every_cell_equals_a_count_by_hand(found, bright_or_dark):
    test = bright_or_dark.test
    images, labels = test.images[found.numbers], test.labels[found.numbers]
    assert np.array_equal(found.clean, named_bright(images) == labels)
    for row, name in enumerate(CORRUPTIONS):
        for column, severity in enumerate(SEVERITIES):
            # Each image corrupted alone, by its number in the test split.
            alone = [
                corrupt(image[None], name, severity, 3, numbers=[number])[0]
                for image, number in zip(images, found.numbers, strict=True)
            ]
            right = named_bright(np.stack(alone)) == labels
            assert np.array_equal(found.right[row, column], right)
            assert found.cells[name][column] == (wilson(int(right.sum()), 40))


def test_means_are_means_of_the_table(found):
    values = {name: [one.value for one in cells] for name, cells in found.cells.items()}
    table = np.array(list(values.values()))
    assert found.mean_top1.value == pytest.approx(table.mean())
    assert found.mean_top1.low < table.mean() < found.mean_top1.high
    assert found.relative_drop == pytest.approx(1 - table.mean() / found.clean.mean())
    assert found.by_corruption["fog"] == pytest.approx(np.mean(values["fog"]))
    noise = [values[name] for name in ("gaussian_noise", "shot_noise", "impulse_noise")]
    assert found.by_group["noise"] == pytest.approx(np.mean(noise))
    assert found.corrupted == 75 * 40


def test_a_classifier_by_brightness_stands_contrast_and_not_brightness(found):
    means = found.by_corruption
    assert means["contrast"] > found.clean.mean() - 0.03
    assert means["brightness"] < found.clean.mean() - 0.2


def test_the_sentence_says_what_was_counted(found):
    means, said = found.by_corruption, found.sentence.replace("\u00a0", " ")
    hardest = min(means, key=means.get)
    for part in (
        "Of 40 test images,",
        f"{100 * found.clean.mean():.1f} % are right as they are",
        f"and {100 * found.right.mean():.1f} % on average",
        f"Hardest is {display_names()[hardest]}, with {100 * means[hardest]:.1f} % right.",
    ):
        assert part in said


def test_more_images_hold_the_fewer_with_the_same_answers(found, by_brightness, bright_or_dark):
    more = measure(by_brightness, bright_or_dark, images=1000, seed=3)
    assert np.array_equal(more.numbers, np.arange(90))
    assert np.array_equal(more.right[:, :, found.numbers], found.right)
    other = measure(by_brightness, bright_or_dark, images=40, seed=4)
    assert not np.array_equal(other.numbers, found.numbers)


def test_progress_counts_every_image_once(by_brightness, bright_or_dark):
    seen = []

    def show(done, total):
        seen.append(done)
        assert total == 76 * 10

    measure(by_brightness, bright_or_dark, images=10, progress=show)
    assert seen == [10, *(10 + 50 * row for row in range(1, 16))]


def test_what_is_wrong_is_said_in_a_sentence(by_brightness, bright_or_dark):
    with pytest.raises(InputError, match="`images` must be a whole number of at least 1"):
        measure(by_brightness, bright_or_dark, images=0)
    three = DataSet("three", *bright_or_dark.splits.values(), ("a", "b", "c"))
    with pytest.raises(InputError, match="The model knows 2 classes, but the data has 3"):
        measure(by_brightness, three, images=10)


def test_nothing_right_at_all_has_no_relative_drop(found):
    from dataclasses import replace

    nothing = replace(found, clean=found.clean & False, right=found.right & False)
    assert np.isnan(nothing.relative_drop)
    written = nothing.to_json()
    assert written["relative_drop"] is None
    json.dumps(written, allow_nan=False)
    plots.robustness(written, [np.zeros((8, 8, 1), np.uint8)] * 16, 3)


@pytest.fixture
def a_small_run(tmp_path):
    """A run on the handwritten digits whose model has not been trained: what is on disk is real."""
    source = Source("digits")
    dataset = source.load()
    inputs = keras.Input(dataset.image_shape)
    hidden = keras.layers.Conv2D(4, 3, strides=2)(inputs)
    outputs = keras.layers.Dense(10)(keras.layers.Flatten()(hidden))
    folder = tmp_path / "run"
    folder.mkdir()
    keras.Model(inputs, outputs).save(folder / "model.keras")
    told = {
        "format": 1,
        "status": "done",
        "test_touches": 1,
        "source": source.to_json(),
        "data": {
            "name": "digits",
            "content_hash": dataset.content_hash(),
            "class_names": list(dataset.class_names),
            "image_shape": list(dataset.image_shape),
            "origin": {},
        },
    }
    _files.write_json(folder / "run.json", told)
    return folder


def test_a_run_is_judged_counted_and_drawn(a_small_run, capsys):
    found = result(capsys, "robustness", a_small_run, "--images", 12)
    assert found["test_images"] == 12
    assert found["corrupted_images"] == 900
    assert [row["name"] for row in found["corruptions"]] == list(CORRUPTIONS)
    for row in found["corruptions"]:
        assert len(row["top1"]) == 5
        assert all(one["low"] <= one["value"] <= one["high"] for one in row["top1"])
    run = Run.open(a_small_run)
    assert run.facts["test_touches"] == 2
    kept = robustness.saved(run)
    assert kept == {key: value for key, value in found.items() if key != "picture"}
    with Image.open(a_small_run / "figures" / "robustness.png") as picture:
        assert min(picture.size) > 600


def test_other_data_leaves_the_run_as_it_is(a_small_run, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = {path.name: path.read_bytes() for path in a_small_run.iterdir()}
    smaller = Source("digits").load().test.take(np.arange(20))
    whole = Source("digits").load()
    other = DataSet("other", smaller, smaller, smaller, whole.class_names)
    monkeypatch.setattr(Source, "load", lambda self, **how: other)
    assert main(["robustness", str(a_small_run), "--data", "digits", "-n", "11", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "Of 11 test images" in said
    assert "look at the test images" not in said
    assert (tmp_path / "robustness.png").is_file()
    assert {path.name: path.read_bytes() for path in a_small_run.iterdir()} == before


def test_an_interruption_leaves_nothing(a_small_run, monkeypatch, capsys):
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    before = sorted(path.name for path in a_small_run.iterdir())
    monkeypatch.setattr(robustness, "corrupt", interrupted)
    assert main(["robustness", str(a_small_run), "--quiet"]) == 130
    assert capsys.readouterr().out == ""
    assert sorted(path.name for path in a_small_run.iterdir()) == before
    assert Run.open(a_small_run).facts["test_touches"] == 1


def test_the_command_refuses_in_sentences(a_small_run, capsys):
    assert "`--images` must be" in refused(capsys, "robustness", a_small_run, "--images", "0")
    assert "`--seed` must be" in refused(capsys, "robustness", a_small_run, "--seed", "-1")
    assert "`--out` must be a picture" in refused(capsys, "robustness", a_small_run, "-o", "a.doc")
    (a_small_run / "robustness.json").write_text("{")
    with pytest.raises(InputError, match=r"its robustness.json cannot be read"):
        robustness.saved(Run.open(a_small_run))


def test_the_figure_writes_every_share_into_its_cell(found):
    written = found.to_json()
    axes = plots.corruption_scores(written).axes[0]
    texts = [text.get_text() for text in axes.texts]
    expected = [
        f"{100 * share:.1f}"
        for row in written["corruptions"]
        for share in (*(cell["value"] for cell in row["top1"]), row["mean"])
    ]
    assert texts == expected
    assert len(axes.get_yticklabels()) == 15
