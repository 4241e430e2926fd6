"""The report of a run: complete in itself, true to its numbers, readable by all."""

import base64
import errno
import io
import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from evrisim import _files, messages
from evrisim.corruptions import CORRUPTIONS
from evrisim.evaluate import evaluate_logits
from evrisim.report import Gallery, Shown, pictures, write_run_report
from evrisim.report.pictures import sized, with_heat
from pages import Reader, assert_complete_in_itself, assert_well_outlined, in_english

COMMAND = ["evrisim", "train", "my images", "--set", "epochs=4"]
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "$\\frac{$ & co",
    "a\x00b\u202e\udcff",
    "köpek 猫",
)


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setattr(messages, "_chosen", ["en"])


@pytest.fixture
def undrawn(monkeypatch):
    """Spare a test the drawing where only the words matter."""
    svg, png = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1" />', io.BytesIO()
    Image.new("L", (1, 1)).save(png, "PNG")
    blank = {"svg": svg, "png": png.getvalue()}
    monkeypatch.setattr(
        pictures, "_save", lambda figure, file, **how: file.write(blank[how["format"]])
    )


def evaluation(names=("cat", "dog", "bird"), count=240, sharpness=3.0, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, len(names), 2 * count)
    logits = generator.normal(size=(2 * count, len(names)))
    logits[np.arange(2 * count), labels] += sharpness
    half = slice(0, count), slice(count, None)
    return evaluate_logits(
        labels[half[0]],
        logits[half[0]],
        tuple(names),
        validation=(labels[half[1]], logits[half[1]]),
    )


def gallery(judged, right, count=3, *, size=(32, 32), heats=True, masks=False):
    index = np.flatnonzero((judged.predicted == judged.labels) == right)[:count]
    generator = np.random.default_rng(7)
    mask = np.zeros((len(index), *size), bool)
    mask[:, 8:20, 10:24] = True
    return Gallery(
        images=generator.integers(0, 256, (len(index), *size, 3)).astype(np.uint8),
        heats=generator.random((len(index), 4, 4)).astype(np.float32) if heats else None,
        true=judged.labels[index],
        predicted=judged.predicted[index],
        confidence=generator.random(len(index)),
        names=tuple(f"<i>{i}</i>.jpg" for i in index),
        masks=mask if masks else None,
    )


def history(count=4, training=0.95, validation=0.8):
    return [
        {
            "epoch": epoch,
            "loss": 2.0 / epoch,
            "accuracy": training,
            "val_loss": 2.2 / epoch,
            "val_accuracy": validation,
            "learning_rate": 0.1,
            "images_per_second": 1000.0 + epoch,
            "seconds": 2.5,
        }
        for epoch in range(1, count + 1)
    ]


def facts(names=("cat", "dog", "bird"), **changed):
    return {
        "format": 1,
        "status": "trained",
        "started": "2026-11-23T09:05:29+00:00",
        "data": {
            "name": "my images",
            "content_hash": "3e47" * 16,
            "splits": {"train": 61234, "validation": 5000, "test": 240},
            "class_names": list(names),
            "image_shape": [32, 32, 3],
            "origin": {
                "seed": 17,
                "policy": "pad",
                "skipped": [{"name": "cat/<b>broken</b>.jpg", "reason": "it ends too early"}],
            },
        },
        "model": {"name": "convnet", "options": {"width": 48, "dropout": 0.25}},
        "recipe": {"epochs": 4, "learning_rate": 0.125, "ema": None},
        "seed": 0,
        "versions": {"python": "3.12.9", "keras": "3.15.1"},
        "backend": "tensorflow",
        "machine": {"processor": "Some CPU", "cores": 6, "threads": {}},
        "test_touches": 1,
        "seconds": 192.0,
        "cost": {
            "parameters": 272474,
            "macs": 40552448,
            "flops": 81651338,
            "training_macs": 121657344,
        },
        "latency": {"1": [0.0042, 0.0039, 0.0055], "64": [0.0511, 0.05, 0.0623]},
        "precision": "bfloat16",
        "best_epoch": 3,
        "weights_sha256": "5709" * 16,
        "command": COMMAND,
        "explanation": {
            "method": "grad-cam",
            "layer": "stage3_relu",
            "pointing_game": 0.8125,
            "pointing_game_chance": 0.1375,
            "energy_inside": 0.4625,
            "energy_chance": 0.1375,
            "count": 240,
        },
        **changed,
    }


def write(folder, judged=None, told=None, rows=None, robustness=None, **galleries):
    judged = judged or evaluation()
    shown = {"right": gallery(judged, True), "wrong": gallery(judged, False), **galleries}
    path = write_run_report(
        folder / "report.html",
        facts() if told is None else told,
        history() if rows is None else rows,
        judged,
        Shown(**shown),
        robustness=robustness,
    )
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with in_english():
        return write(tmp_path_factory.mktemp("run"))


def test_the_page_refers_to_nothing_outside_itself(page):
    assert_complete_in_itself(page)


def test_cells_of_the_confusion_matrix_lead_to_the_images_behind_them(tmp_path, undrawn):
    judged = evaluation(sharpness=1.0)
    counted = judged.confusion[0, 1]
    some = np.flatnonzero((judged.labels == 0) & (judged.predicted == 1))[:2]
    behind = gallery(judged, False)
    behind = replace(
        behind.take([0, 1]),
        true=judged.labels[some],
        predicted=judged.predicted[some],
        true_heats=np.ones((2, 4, 4), np.float32),
    )
    text = write(tmp_path, judged, behind={(0, 1): behind})
    reader = Reader(text)
    (link,) = [one for one in reader.all("a") if one["href"].startswith("#behind")]
    assert link["aria-label"] == f"“cat” taken for “dog”: {counted}"
    (shown,) = [one for one in reader.all("div") if one.get("class") == "behind"]
    assert link["href"] == f"#{shown['id']}"
    inside = text.partition('<div class="behind"')[2].partition("Back to the matrix")[0]
    assert inside.count('<li class="card">') == 2
    assert inside.count('class="heat"') == 4  # for what it said, and for what is true
    numbers = [int(n) for n in re.findall(r"<(?:span|a) [^>]*title=[^>]*>(\d+)</", text)]
    assert sum(numbers) == judged.count
    assert "<script" not in text


def test_the_page_can_be_read_by_everyone(page):
    reader = Reader(page)
    assert reader.all("html") == [{"lang": "en"}]
    images = reader.all("img")
    assert len(images) == 12
    assert all(image["alt"].strip() for image in images)
    drawings = reader.all("svg")
    assert len(drawings) == 7
    assert all(one["role"] == "img" and one["aria-label"].strip() for one in drawings)
    assert {header.get("scope") for header in reader.all("th")} == {"col", "row"}
    assert_well_outlined(page)


def test_every_part_comes_in_its_order(page):
    names = [section["id"] for section in Reader(page).all("section")]
    assert names == [
        *("answer", "learning", "classes", "confusion", "calibration"),
        *("examples", "explanation", "cost", "done", "repeat"),
    ]


def test_latency_is_told_for_one_image_and_for_many(page):
    kind = re.escape("median (fastest to slowest round)")
    for name, shown in (("one image", "4.2 (3.9–5.5)"), ("64 images at once", "51.1 (50.0–62.3)")):
        cells = rf"milliseconds for {name}, {kind}</t[dh]>\s*<td[^>]*>{re.escape(shown)}<"
        assert re.search(cells, page)


def percent(share):
    return f"{100 * share:.1f} %"


def test_every_number_appears(page):
    judged, text = evaluation(), Reader(page).text
    top = judged.top1
    assert (
        f"Of 240 test images it never saw, the model names {percent(top.value)} rightly "
        f"(95 % interval {100 * top.low:.1f}–{100 * top.high:.1f} %)."
    ) in text
    for row in judged.per_class:
        cells = (row.name, row.support, *map(percent, (row.precision, row.recall, row.f1)))
        assert " ".join(map(str, cells)) in text
    before, after = judged.calibration, judged.calibrated
    assert f"{percent(before.ece)} {percent(after.ece)}" in text
    assert f"{before.nll:.3f} {after.nll:.3f}" in text
    assert f"{before.brier:.3f} {after.brier:.3f}" in text
    assert f"the temperature {judged.temperature:.2f}," in text
    for said in (
        *("272 thousand (272,474)", "40.6 million (40,552,448)", "81.7 million (81,651,338)"),
        *("122 million (121,657,344)", "61,234", "3e47" * 16, "5709" * 16, "bfloat16"),
        *("81.2 %", "13.8 %", "46.2 %", "stage3_relu", "32 × 32 × 3", "width 48", "dropout 0.25"),
        *("learning_rate 0.125", "ema –", "keras 3.15.1", "Some CPU", "3 min 12 s", "1,002"),
        *("evrisim train 'my images' --set epochs=4", "my images × convnet", "23 November 2026"),
    ):
        assert said in text, said
    assert "cat/<b>broken</b>.jpg: it ends too early" in text


def test_the_commonest_mistakes_are_said_in_words(page):
    confusion = evaluation().confusion
    mistakes = confusion - np.diag(np.diag(confusion))
    row, column = np.unravel_index(mistakes.argmax(), mistakes.shape)
    names, count, whole = ("cat", "dog", "bird"), mistakes[row, column], confusion[row].sum()
    said = f"“{names[row]}” taken for “{names[column]}”: {count} of {whole} images"
    assert said in Reader(page).text


def test_a_command_kept_as_one_line_is_shown_as_it_was_typed(tmp_path):
    told = {**facts(), "command": "evrisim train 'my images' --set epochs=4"}
    judged = evaluation()
    reader = Reader(write(tmp_path, judged, told, right=gallery(judged, True, 12)))
    assert told["command"] in reader.text


def test_hostile_names_stay_text(tmp_path):
    told = facts(HOSTILE)
    told["data"]["name"] = "<script>x</script>"
    told["model"] = {"name": "</title><script>", "options": {"<k>": "</td><script>"}}
    told["command"] = ["evrisim", "train", "</code><script>"]
    judged = evaluation(HOSTILE, sharpness=1.0)
    reader = Reader(write(tmp_path, judged, told, right=gallery(judged, True, 12)))
    assert not reader.all("script", "b", "i", "k")
    assert all(image["src"].startswith("data:") for image in reader.all("img"))
    for name in HOSTILE[:3]:
        assert name in reader.text
    assert "a�b��" in reader.text
    assert "\x00" not in reader.text


def test_turkish_pages_have_turkish_numbers(tmp_path, monkeypatch, page):
    monkeypatch.setattr(messages, "_chosen", ["tr"])
    turkish = write(tmp_path)
    reader = Reader(turkish)
    assert reader.all("html") == [{"lang": "tr"}]
    share = evaluation().top1.value
    assert f"%{100 * share:.1f}".replace(".", ",") in reader.text
    assert percent(share) not in reader.text
    assert "61.234" in reader.text
    assert "%20" in reader.text  # at the axes of the figures
    assert turkish != page


def corrupted():
    """What `robustness.json` holds: one accuracy a corruption, falling from 80 to 52 %."""
    rows = [
        {
            "name": name,
            "group": one.group,
            "top1": [{"value": 0.8 - 0.02 * place, "low": 0.0, "high": 1.0}] * 5,
            "mean": 0.8 - 0.02 * place,
        }
        for place, (name, one) in enumerate(CORRUPTIONS.items())
    ]
    return {
        "test_images": 1234,
        "clean_top1": {"value": 0.91},
        "mean_top1": {"value": 0.66, "low": 0.641, "high": 0.683},
        "relative_drop": 0.2747,
        "by_group": {"noise": 0.78, "blur": 0.71, "weather": 0.63, "digital": 0.55},
        "corruptions": rows,
    }


@pytest.mark.usefixtures("undrawn")
def test_corruptions_are_a_section_where_they_were_measured(tmp_path):
    reader = Reader(write(tmp_path, robustness=corrupted()))
    names = [section["id"] for section in reader.all("section")]
    assert names.index("corruptions") == names.index("explanation") + 1
    for said in (
        "in 66.0 % of cases on average (95 % interval 64.1–68.3 %), against 91.0 % as they are",
        "27.5 % of the accuracy is lost",
        "Hardest is JPEG compression (52.0 % right), easiest Gaussian noise (80.0 %)",
        "1,234 of the run's test images",
        "noise 78.0 % blur 71.0 % weather 63.0 % digital 55.0 % mean 66.0 %",
    ):
        assert said in reader.text, said
    assert (tmp_path / "figures" / "corruptions.png").is_file()


@pytest.mark.usefixtures("undrawn")
def test_the_class_names_of_the_embedded_data_are_shown_in_the_readers_language(
    tmp_path, monkeypatch
):
    from evrisim.data import shapes

    translated = tuple(f"form-{name}" for name in shapes.CLASS_NAMES)
    monkeypatch.setattr(shapes, "display_names", lambda: translated)
    told = facts(shapes.CLASS_NAMES)
    told["data"]["name"] = "shapes"
    text = Reader(write(tmp_path, evaluation(shapes.CLASS_NAMES), told)).text
    assert all(name in text for name in translated)


def test_the_same_run_gives_the_same_bytes_and_its_pictures_lie_beside(tmp_path, page):
    assert write(tmp_path, told=json.loads(json.dumps(facts()))) == page
    files = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    found = {name: Image.open(io.BytesIO(content)).size for name, content in files.items()}
    assert set(found) == {
        *("score.png", "loss.png", "accuracy.png", "learning_rate.png", "learning_curves.png"),
        *("per_class.png", "confusion.png", "calibration.png", "explanation.png"),
        *("gallery_right.png", "gallery_wrong.png"),
    }
    assert min(width for width, _ in found.values()) > 500


def picture(address):
    head, content = address.split(",")
    return head, np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


@pytest.mark.usefixtures("undrawn")
def test_small_images_are_shown_pixel_for_pixel_and_photographs_as_jpeg(tmp_path):
    judged = evaluation()
    small, large = gallery(judged, True), gallery(judged, False, size=(300, 500))
    images = Reader(write(tmp_path, judged, right=small, wrong=large)).all("img")
    head, shown = picture(images[0]["src"])
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(shown, small.images[0])
    head, shown = picture(images[-1]["src"])
    assert head == "data:image/jpeg;base64"
    assert shown.shape == (154, 256, 3)


def test_heat_is_brightest_where_the_map_is_and_the_outline_follows_the_mask():
    image = np.full((32, 32, 3), 100, np.uint8)
    heat = np.zeros((4, 4), np.float32)
    heat[0, 3] = 5.0
    mask = np.zeros((32, 32), bool)
    mask[10:20, 4:12] = True
    shown = with_heat(image, heat, mask)
    assert shown.shape == (128, 128, 3)
    white = (shown == 255).all(axis=-1)
    rim = np.zeros((128, 128), bool)
    rim[40:80, 16:48] = True
    rim[41:79, 17:47] = False
    np.testing.assert_array_equal(white, rim)
    red = with_heat(image, heat)[..., 0].astype(int)
    assert np.unravel_index(red.argmax(), red.shape) in [
        (r, c) for r in range(17) for c in range(111, 128)
    ]
    steps = np.abs(np.diff(red, axis=0)).max()
    assert steps < 16  # smooth, though the map has only 4 by 4 cells


def test_an_even_map_and_a_grey_image_are_shown_too():
    shown = with_heat(np.full((300, 20, 1), 9, np.uint8), np.zeros((2, 2), np.float32))
    assert shown.shape == (256, 17, 3)
    assert (shown == shown[0, 0]).all()
    assert sized(np.zeros((50, 30, 1), np.uint8)).shape == (100, 60, 1)


@pytest.mark.usefixtures("undrawn")
def test_a_bare_run_still_has_a_report(tmp_path):
    judged = evaluation(count=20)
    told = facts(status="interrupted", best_epoch=None, test_touches=0, stopped=None, seconds=None)
    for key in ("explanation", "command", "cost", "weights_sha256", "precision", "machine"):
        told.pop(key)
    none = gallery(judged, True, count=0, heats=False)
    reader = Reader(write(tmp_path, judged, told, rows=[], right=none, wrong=none))
    for said in ("was interrupted", "With only 20 test images", "cannot be scored", "from Python"):
        assert said in reader.text
    assert "No epoch was recorded" in reader.text
    assert not reader.all("img")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("count", [2, 100])
def test_few_and_many_classes_both_fit(tmp_path, count):
    names = tuple(f"class {i}" for i in range(count))
    reader = Reader(write(tmp_path, evaluation(names, count=400), facts(names)))
    assert ("first five guesses" in reader.text) == (count == 100)
    assert all(name in reader.text for name in names)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("training", "validation", "said"),
    [
        (0.99, 0.80, "The gap of 19.0 points is overfitting"),
        (0.85, 0.80, "A gap of 5.0 points is mild overfitting"),
        (0.70, 0.80, "There is no sign of overfitting"),
    ],
)
def test_the_curves_are_read_for_the_reader(tmp_path, training, validation, said):
    rows = history(training=training, validation=validation)
    assert said in Reader(write(tmp_path, rows=rows)).text.replace("\u00a0", " ")


@pytest.mark.usefixtures("undrawn")
def test_epochs_on_smaller_images_are_told_apart(tmp_path):
    rows = history()
    assert "saw images shrunk" not in Reader(write(tmp_path, rows=rows)).text
    for row in rows[:2]:
        row["image_size"] = [16, 16]
    text = Reader(write(tmp_path, rows=rows)).text.replace("\u00a0", " ")
    assert "The first epochs, 2 of 4, saw images shrunk" in text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"test_touches": 1}, "were looked at once"),
        ({"test_touches": 3}, "have been looked at 3 times"),
        ({"test_touches": 0}, "was not recorded"),
        ({"status": "diverged"}, "The training diverged"),
        ({"best_epoch": 4}, "The last epoch was the best"),
        ({"best_epoch": 1}, "After epoch 1 of 4 validation did not improve"),
    ],
)
def test_what_the_reader_should_know_is_said(tmp_path, changed, said):
    assert said in Reader(write(tmp_path, told=facts(**changed))).text


@pytest.mark.usefixtures("undrawn")
def test_images_that_cross_the_split_are_warned_of(tmp_path):
    told = facts()
    told["data"]["origin"]["copies"] = {"across_splits": 12}
    assert "12 groups of identical images lie in more than one split" in (
        Reader(write(tmp_path, told=told)).text
    )


@pytest.mark.usefixtures("undrawn")
def test_maps_no_better_than_chance_are_called_so(tmp_path):
    told = facts()
    told["explanation"] |= {"pointing_game": 0.15}
    text = Reader(write(tmp_path, told=told)).text
    assert "no more than chance" in text
    assert "the model does look at the object" not in text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("factor", "said"), [(6.0, "is too sure of itself"), (0.2, "is not sure enough of itself")]
)
def test_false_confidence_is_named(tmp_path, factor, said):
    judged = evaluation(sharpness=1.5)
    skewed = evaluate_logits(judged.labels, judged.logits * factor, judged.class_names)
    reader = Reader(write(tmp_path, skewed))
    assert said in reader.text
    assert "temperature" not in reader.text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("nth", [1, 5, 12])
def test_a_full_disk_leaves_the_old_report_and_no_half_file(tmp_path, monkeypatch, nth):
    (tmp_path / "report.html").write_text("the old one")
    real, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) >= 2 * nth - 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor)

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path)
    assert (tmp_path / "report.html").read_text() == "the old one"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix not in (".png", ".html")]
    for path in (tmp_path / "figures").glob("*.png"):
        Image.open(io.BytesIO(path.read_bytes())).verify()
