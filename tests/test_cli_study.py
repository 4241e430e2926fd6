"""`evrisim study`, as a user types it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command_line import refused, result
from evrisim.cli import main
from evrisim.study import NAMES

STUDY = """\
question: Does a wider net do better?
base: {name: narrow, model.width: 4, batch_size: 32, learning_rate: 0.05}
arms:
  wide: {model.width: 8}
claim: better
budgets:
  smoke: {epochs: 2, data.train_images: 320, data.validation_images: 50, data.test_images: 100}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    (folder / "width.yaml").write_text(STUDY, "utf-8")
    return folder


def told(capsys, *arguments):
    """What a command prints for people."""
    assert main(["study", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_every_study_is_listed_with_its_question(capsys):
    found = result(capsys, "study", "list")
    assert [one["name"] for one in found] == list(NAMES)
    table = told(capsys, "list", "--lang", "tr")
    assert "stride-vs-pooling" in table
    assert "Adımı 2 olan bir evrişim" in table


def test_a_study_is_shown_with_what_its_arms_change(capsys):
    found = result(capsys, "study", "show", "stride-vs-pooling")
    assert [arm["settings"] for arm in found["arms"]] == [
        {"model.condense": "pool"},
        {"model.condense": "stride"},
    ]
    assert found["arms"][1]["claim"] == {"kind": "not-worse", "points": 1.0}
    assert found["common"]["data.train_images"] == 5000
    assert "stride, against pool: model.condense=stride" in told(
        capsys, "show", "stride-vs-pooling"
    )


def test_a_file_is_shown_like_a_study_that_comes_along(capsys, folder):
    shown = told(capsys, "show", folder / "width.yaml", "--budget", "smoke")
    assert "narrow (the base): model.width=4" in shown
    assert "epochs=2" in shown


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "strid-vs-pooling"), "Did you mean 'stride-vs-pooling'?"),
        (("show", "none.yaml"), "There is no study file none.yaml."),
        (("run", "filters", "--data", "shappes"), "Did you mean 'shapes'?"),
        (("run", "filters", "--budget", "fast"), "`budget` must be one of smoke, quick, full"),
        (("run", "filters", "--seeds", "0"), "`seeds` must be a whole number of at least 1"),
        (("run", "filters", "--jobs", "0"), "`jobs` must be a whole number of at least 1"),
        (("report", "nowhere"), "nowhere is not a study: it has no study.json."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(capsys, monkeypatch, tmp_path, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(capsys, "study", *arguments)
    assert not list(tmp_path.rglob("*"))


def evrisim(folder, *arguments, **options):
    command = [sys.executable, "-m", "evrisim", "study", *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **options,
    )


@pytest.mark.slow
def test_a_wrong_option_of_a_model_is_all_that_is_said(folder):
    (folder / "bad.yaml").write_text(STUDY.replace("wide: {model.width", "wide: {model.widht"))
    out, err = evrisim(folder, "show", "bad.yaml").communicate()
    assert out == ""
    assert err.startswith("bad.yaml, line 4, `arms.wide`: `model option` must be one of width")
    assert err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_study_runs_to_a_report_and_is_reported_anew(folder):
    running = evrisim(folder, "run", "width.yaml", "--budget", "smoke", "--seeds", "2", "--json")
    out, err = running.communicate()
    assert running.returncode == 0, err
    found = json.loads(out)
    assert found["directory"] == "runs/width-shapes-smoke"
    assert "4 trainings to do (0 done already)" in err
    directory = folder / found["directory"]
    assert found["study"]["status"] == "done"
    assert json.loads((directory / "study.json").read_text())["status"] == "done"
    assert json.loads((directory / "results.json").read_text()) == found["findings"]
    page = (directory / "report.html").read_text("utf-8")
    assert "Does a wider net do better?" in page
    (directory / "report.html").unlink()
    again = evrisim(folder, "report", found["directory"], "--lang", "tr")
    out, err = again.communicate()
    assert again.returncode == 0, err
    assert "kol" in out
    assert '<html lang="tr"' in (directory / "report.html").read_text("utf-8")
    assert json.loads((directory / "study.json").read_text())["test_openings"] == 1


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_an_interrupted_study_ends_its_workers_and_tells_how_to_go_on(folder):
    command = ("run", "width.yaml", "--budget", "full", "--out", "runs/stopped")
    # A shell that runs the tests in the background has its children ignore Ctrl-C.
    running = evrisim(
        folder, *command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    study = folder / "runs" / "stopped"
    deadline = time.monotonic() + 120
    while not (study / "study.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    assert children
    os.kill(running.pid, signal.SIGINT)
    _out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Interrupted. What was finished is kept; the same command goes on" in err
    assert "Traceback" not in err
    assert not any(Path(f"/proc/{child}").exists() for child in children)
