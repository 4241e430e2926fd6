"""The command line as a user types it: results, sentences, exit codes."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import evrisim
from command_line import refused, result
from evrisim import _files, messages
from evrisim.cli import main
from evrisim.training import Run

FAST = ["--set", "epochs=2", "--set", "model.width=4", "--set", "batch_size=8"]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of 2 × 20 pictures with Turkish class names: lying and standing stripes."""
    folder = tmp_path_factory.mktemp("fotoğraflar")
    rng = np.random.default_rng(0)
    for name in ("yatay çizgi", "dikey_ığdır"):
        (folder / name).mkdir()
        for number in range(20):
            wave = 60 * np.sign(np.sin((np.arange(16) + number % 4) * np.pi / 2 + 0.1))
            image = 127 + np.tile(wave, (16, 1)) + rng.integers(-30, 30, (16, 16))
            picture = Image.fromarray(
                image.astype(np.uint8).T if name[0] == "y" else image.astype(np.uint8)
            )
            picture.convert("RGB").save(folder / name / f"resim {number}.png")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Keep what is decoded away from the user's own cache."""
    before = os.environ.get("EVRISIM_CACHE")
    os.environ["EVRISIM_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    os.environ.pop("EVRISIM_CACHE")
    if before is not None:
        os.environ["EVRISIM_CACHE"] = before


@pytest.fixture(scope="module")
def run(photographs, cache, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", str(photographs), *FAST, "--out", str(out), "--quiet"]) == 0
    return out


def test_a_training_leaves_what_the_design_promises(run):
    left = {path.name for path in run.iterdir()}
    assert left == {
        ".lock",
        "run.json",
        "history.jsonl",
        "model.keras",
        "predictions.npz",
        "report.html",
        "figures",
    }
    facts = Run.open(run).facts
    assert facts["status"] == "done"
    assert facts["test_touches"] == 1
    assert facts["command"].startswith("evrisim")
    assert facts["data"]["class_names"] == ["dikey_ığdır", "yatay çizgi"]


def test_evaluating_again_does_not_touch_the_test_split(run, capsys):
    found = result(capsys, "evaluate", str(run))
    assert found["count"] == 6
    assert 0 <= found["top1"]["low"] <= found["top1"]["value"] <= found["top1"]["high"] <= 1
    assert Run.open(run).facts["test_touches"] == 1


def test_images_are_named_with_probabilities_that_add_up(run, photographs, capsys):
    found = result(capsys, "predict", str(run), str(photographs / "yatay çizgi"))["predictions"]
    assert len(found) == 20
    for prediction in found:
        assert sum(share for _name, share in prediction["ranking"]) == pytest.approx(1, abs=1e-5)
        assert prediction["class_name"] == prediction["ranking"][0][0]


def test_an_explanation_is_a_picture_and_names_its_layer(run, photographs, capsys, tmp_path):
    image = photographs / "yatay çizgi" / "resim 3.png"
    picture = tmp_path / "where.png"
    found = result(
        capsys, "explain", str(run), str(image), "--class", "yatay çizgi", "--out", str(picture)
    )
    assert found["methods"] == [{"method": "grad-cam", "layer": "stage3_block2_relu"}]
    assert found["images"][0]["class"] == "yatay çizgi"
    with Image.open(picture) as opened:
        assert min(opened.size) > 100


def test_methods_and_classes_are_explained_side_by_side(run, photographs, capsys, tmp_path):
    folder, picture = photographs / "yatay çizgi", tmp_path / "where.png"
    options = ["--method", "grad-cam, saliency,grad-cam", "--layer", "stage2_block2_relu"]
    names = result(capsys, "predict", str(run), str(folder))["predictions"][0]["ranking"]
    classes = [word for name, _share in names[:2] for word in ("--class", name)]
    found = result(
        capsys, "explain", str(run), str(folder), *options, *classes, "--out", str(picture)
    )
    assert found["methods"] == [
        {"method": "grad-cam", "layer": "stage2_block2_relu"},
        {"method": "saliency", "layer": None},
    ]
    assert [one["class"] for one in found["images"][:2]] == [name for name, _share in names[:2]]
    assert len(found["images"]) == 2 * 20
    with Image.open(picture) as opened:
        assert opened.height > 3 * opened.width  # twenty rows of five pictures
    assert "Did you mean 'saliency'" in refused(
        capsys, "explain", str(run), str(folder), "--method", "salience"
    )


def test_the_command_knows_every_method():
    from evrisim import explain
    from evrisim.cli.explain import METHODS

    assert tuple(explain.METHODS) == METHODS


def test_help_speaks_the_language_asked_for(capsys):
    messages.use("tr")
    assert main(["train", "--help"]) == 0
    assert "Bir modeli bir veri kümesiyle eğit" in capsys.readouterr().out
    assert main(["--help"]) == 0
    assert "Bir modeli bir veri kümesiyle eğit" in capsys.readouterr().out


def test_a_folder_that_moved_is_read_as_the_run_read_it(run, photographs, capsys, tmp_path):
    moved = tmp_path / "moved" / photographs.name
    shutil.copytree(photographs, moved)
    judged = result(capsys, "evaluate", str(run), "--data", str(moved))
    assert judged["top1"]["value"] == Run.open(run).facts["metrics"]["top1"]["value"]
    assert result(capsys, "report", str(run), "--data", str(moved))["report"].endswith(
        "report.html"
    )
    other = refused(capsys, "report", str(run), "--data", "digits")
    assert "is not what" in other
    assert "was trained on" in other


def test_a_report_is_written_in_the_language_asked_for(run, capsys):
    assert main(["report", str(run), "--lang", "tr", "--quiet"]) == 0
    assert '<html lang="tr"' in (run / "report.html").read_text("utf-8")
    capsys.readouterr()
    assert main(["report", str(run), "--lang", "en", "--quiet"]) == 0
    assert '<html lang="en"' in (run / "report.html").read_text("utf-8")


def test_a_broken_image_stops_a_prediction_unless_it_is_to_be_skipped(run, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "broken.png" in refused(capsys, "predict", str(run), str(tmp_path / "broken.png"))
    found = result(capsys, "predict", str(run), str(tmp_path), "--skip-broken")
    assert found["predictions"] == []
    assert "broken.png" in found["skipped"][0]


def test_data_are_listed_and_shown(capsys, photographs, cache, tmp_path):
    assert set(result(capsys, "data", "list")) >= {"shapes", "digits", "cifar10"}
    found = result(capsys, "data", "show", str(photographs), "--picture", str(tmp_path / "p.png"))
    assert found["classes"]["yatay çizgi"] == {"train": 14, "validation": 3, "test": 3}
    with Image.open(tmp_path / "p.png") as opened:
        assert opened.width >= 320


def test_a_sound_folder_passes_its_check_and_a_broken_one_does_not(capsys, photographs, cache):
    assert result(capsys, "data", "check", str(photographs))["ok"]
    broken = photographs / "yatay çizgi" / "empty.png"
    broken.touch()
    try:
        assert main(["data", "check", str(photographs), "--json"]) == 2
        captured = capsys.readouterr()
        assert not json.loads(captured.out)["ok"]
        assert "empty.png" in captured.out
        sentence = refused(capsys, "train", str(photographs), *FAST, "--quiet")
        assert "empty.png" in sentence
        assert "--skip-broken" in sentence
    finally:
        broken.unlink()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "nosuch"], "There is no data set or folder 'nosuch'"),
        (["train", "shape"], "Did you mean 'shapes'"),
        (["train", "shapes", "--model", "resnet2"], "Did you mean 'resnet20'"),
        (["train", "shapes", "--recipe", "curse"], "Did you mean 'course'"),
        (["train", "shapes", "--set", "epoch=3"], "Did you mean 'epochs'"),
        (["train", "shapes", "--set", "epochs=none"], "must be a whole number"),
        (["train", "shapes", "--set", "epochs"], "needs key=value"),
        (["train", "shapes", "--set", "model.depth=3"], "`model option` must be one of"),
        (["train", "shapes", "--size", "64"], "these options are for folders of images"),
        (["train", "shapes", "--size", "big"], "`--size` must be a number"),
        (["train", "shapes", "--lang", "de"], "`--lang` must be one of en, tr"),
        (["train", "shapes", "--resume", "--seed", "99"], "There is nothing to resume"),
        (["evaluate", "nosuch"], "nosuch is not a run"),
        (["report", "nosuch"], "nosuch is not a run"),
        (["frobnicate"], "frobnicate"),
        (["train"], "Missing argument"),
        (["train", "shapes", "--epochs", "3"], "--epochs"),
    ],
)
def test_wrong_input_gets_a_sentence_and_exit_code_2(
    arguments, sentence, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_odd_folders_are_refused_in_words(capsys, tmp_path, photographs, cache):
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(capsys, "train", str(tmp_path / "empty"), "--quiet")
    (tmp_path / "single" / "one").mkdir(parents=True)
    for number in range(5):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "single" / "one" / f"{number}.png")
    sentence = refused(capsys, "train", str(tmp_path / "single"), "--quiet")
    assert "at least 2 class" in sentence


def test_an_out_folder_that_cannot_be_made_is_named(capsys, photographs, cache, tmp_path):
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "run"
    assert str(tmp_path / "file") in refused(
        capsys, "train", str(photographs), *FAST, "--out", str(out), "--quiet"
    )


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full: "),
        (errno.EROFS, "lies on a read-only disk"),
        (errno.EACCES, "No permission for "),
    ],
)
def test_a_disk_that_refuses_is_named_and_nothing_half_written(
    capsys, photographs, cache, tmp_path, monkeypatch, number, sentence
):
    out = tmp_path / "run"

    def refuse(path):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(_files, "flush", refuse)
    assert sentence in refused(
        capsys, "train", str(photographs), *FAST, "--out", str(out), "--quiet"
    )
    assert [path.name for path in out.rglob("*") if "partial" in path.name] == []
    assert not (out / "run.json").exists()


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"evrisim {evrisim.__version__}\n"


def test_quiet_prints_the_result_only(run, capsys):
    assert main(["evaluate", str(run), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "test images are right" in captured.out


def test_the_same_sentence_in_turkish(run, capsys):
    assert main(["train", "nosuch", "--lang", "tr"]) == 2
    turkish = capsys.readouterr().err
    assert turkish.startswith("'nosuch' adlı")


@pytest.mark.slow
def test_ctrl_c_ends_a_training_with_130_and_it_can_go_on(photographs, cache, tmp_path):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "evrisim", "train", str(photographs), "--out", str(out)]
    command += ["--set", "epochs=500", "--set", "model.width=4", "--set", "batch_size=8"]
    # A shell that runs the tests in the background has its children ignore Ctrl-C.
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not list(out.glob("checkpoint/epoch-*")):
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted." in errors
    assert "Traceback" not in errors
    assert Run.open(out).status == "interrupted"
    assert (out / "model.keras").exists()
