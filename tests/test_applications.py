"""The course's applications: their file, their parts, and the whole way as a script."""

import ast
import json
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import application_script
from evrisim import applications, cost, messages
from evrisim._validate import InputError
from evrisim.applications import asked as asking
from evrisim.applications import first, model, page, report, studies, work
from evrisim.applications.asked import Asked
from evrisim.applications.layer import Layer
from evrisim.cli import application
from evrisim.report.blocks import Picture, Row, Section, Table, Text
from evrisim.study import named, settings

ROOT = Path(__file__).parent.parent
FILE = applications.path(1)


def script(*words, cwd, **more):
    """The application as a user runs it."""
    return subprocess.run(
        [sys.executable, FILE, *words], cwd=cwd, capture_output=True, text=True, check=False, **more
    )


def test_a_wheel_has_every_application_beside_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    wanted = {
        f"applications/{name}": f"evrisim/applications/{name}"
        for name in applications.FILES.values()
    }
    assert shipped == wanted
    assert all((ROOT / source).is_file() for source in shipped)


def test_an_installed_file_goes_before_that_of_a_checkout(tmp_path, monkeypatch):
    assert FILE == ROOT / "applications" / "uygulama_01_cnn_temelleri.py"
    (tmp_path / FILE.name).touch()
    monkeypatch.setattr(applications, "_PLACES", (tmp_path, FILE.parent))
    assert applications.path(1) == tmp_path / FILE.name
    monkeypatch.setattr(applications, "_PLACES", (tmp_path / "nowhere",))
    with pytest.raises(InputError, match="install evrisim again"):
        applications.path(1)


def test_the_file_is_as_marimo_would_write_it():
    from marimo._convert.converters import MarimoConvert

    def same(text):
        written = MarimoConvert.from_py(text).to_py()
        return ast.dump(ast.parse(written)) == ast.dump(ast.parse(text))  # but for line breaks

    text = FILE.read_text("utf-8")
    assert same(text)
    assert not same(text.replace("    return (asked,)\n", "    return\n"))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kernel_size", "stride"), [(1, 1), (3, 1), (3, 2), (5, 3), (11, 4)])
def test_the_cost_by_hand_is_the_cost_of_the_layer_in_keras(kernel_size, stride, bias):
    layer = Layer(15, 7, 24, kernel_size, stride, bias)
    built = keras.Sequential(
        [
            keras.Input((15, 15, 7)),
            keras.layers.Conv2D(24, kernel_size, stride, padding="same", use_bias=bias),
        ]
    )
    measured = cost.measure(built)
    assert layer.output == built.output_shape[1] == built.output_shape[2]
    assert layer.parameters == measured.parameters
    assert layer.macs == measured.macs


def test_the_calculation_of_the_course_is_put_right():
    assert Layer(kernel_size=5).formulas[1] == "(5 × 5 × 32 + 1) × 64 = 51,264"
    assert Layer(kernel_size=3).formulas[1] == "(3 × 3 × 32 + 1) × 64 = 18,496"
    assert Layer(kernel_size=3, bias=False).formulas[1] == "3 × 3 × 32 × 64 = 18,432"


def pictures(blocks):
    found = []
    for block in blocks:
        if isinstance(block, Picture):
            found.append(block)
        elif isinstance(block, Row):
            found += [one for cell in block.cells for one in pictures(cell)]
    return found


@pytest.mark.parametrize("name", first.kernel_names())
def test_every_kernel_of_the_menu_can_be_looked_through(name):
    (picture,) = pictures(first.kernel("china", name))
    assert name in picture.drawing.svg
    assert picture.drawing.png != pictures(first.kernel("flower", name))[0].drawing.png


def test_feature_maps_are_of_the_image_and_the_layer_asked_for():
    built = keras.Sequential(
        [keras.Input((12, 12, 3)), keras.layers.Conv2D(5, 3, name="one"), keras.layers.ReLU()]
    )
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 12, 3), np.uint8)
    names = first.layers(built)
    assert names == ["one", built.layers[1].name]
    drawn = {
        pictures(first.feature_maps(built, image, name))[0].drawing.png
        for image in images
        for name in names
    }
    assert len(drawn) == 4
    texts = [
        block.text
        for block in first.feature_maps(built, images[0], "one")
        if isinstance(block, Text)
    ]
    assert texts == ["one gives 5 maps of 10 × 10."]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--budget", "huge"], "`--budget` must be one of smoke, quick, full; received 'huge'."),
        (["--data", "shape"], "There is no data set or folder 'shape'."),
        (["--seeds", "0"], "`--seeds` must be a whole number of at least 1; received 0."),
        (["--jobs", "0"], "`--jobs` must be a whole number of at least 1; received 0."),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(words, said):
    with pytest.raises(InputError) as refused:
        asking.checked(application._read(words))
    assert str(refused.value).startswith(said)


def test_an_unknown_option_is_refused_as_by_any_command(capsys):
    with pytest.raises(SystemExit) as ended:
        application._read(["--nosuch"])
    assert ended.value.code == 2
    assert "--nosuch" in capsys.readouterr().err


def test_arguments_mean_what_they_say(tmp_path):
    words = ["--data", "digits", "--budget", "full", "--seeds", "3", "--out", str(tmp_path)]
    found = application._read([*words, "--jobs", "2", "--lang", "tr"])
    assert found == Asked("digits", "full", 3, tmp_path, 2, script=True)
    assert messages.language() == "tr"


@pytest.mark.slow
def test_a_script_refuses_with_exit_code_2_and_leaves_nothing(tmp_path):
    ended = script("--data", "nosuch", "--lang", "tr", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "nosuch" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (InputError("No."), 2), (OSError(28, "x"), 2)]
)
def test_a_script_ends_as_a_command_does(error, code, capsys):
    with pytest.raises(SystemExit) as ended:
        application._end(type(error), error, None)
    assert ended.value.code == code
    assert capsys.readouterr().err.count("\n") == 1


def test_a_defect_keeps_its_traceback(capsys):
    application._end(ZeroDivisionError, ZeroDivisionError("ours"), None)
    assert "ZeroDivisionError: ours" in capsys.readouterr().err


@pytest.fixture(scope="session")  # a minute: not again after tests of other modules
def ran(tmp_path_factory):
    """The script run once, with hardly any training: its folder, its words, its report."""
    return application_script.run(1, tmp_path_factory.mktemp("application-1"), "en")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_script_leaves_a_report_with_every_part(ran):
    folder, said, text = ran
    directory = folder / "runs" / "application-1-shapes-smoke"
    for name in ("kernel", "one-layer", "model", "filters", "stride", "maps", "whole"):
        assert f'<section id="{name}"' in text
    assert "http" not in text.replace("http://www.w3.org", "").replace("http-equiv", "")
    drawn = {path.stem for path in (directory / "figures").iterdir()}
    assert {"kernel", "one-layer", "curves", "maps", "learned", "cost"} <= drawn
    assert {"filters-differences", "filters-effects", "stride-vs-pooling-differences"} <= drawn
    assert said.rstrip().endswith(f"Report: {directory / 'report.html'}")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_what_a_script_says_is_what_its_runs_hold(ran):
    folder, said, text = ran
    asked = asking.checked(Asked(budget="smoke", out=folder / "runs"))
    run = model.trained(asked)
    assert run.facts["metrics"]["sentence"] in said
    for name in (studies.FILTERS, studies.CONDENSING):
        found = studies.settled(name, asked)
        assert found.facts["question"] in text
        for one in found.findings().comparisons:
            assert f"{100 * one.differences.mean():.2f}".lstrip("-") in said


@pytest.mark.slow
@pytest.mark.tensorflow
def test_nothing_is_trained_twice(ran):
    folder, *_told = ran
    runs = [
        json.loads(path.read_text("utf-8"))
        for path in (folder / "runs" / "trainings").glob("*/run.json")
    ]
    settings = [json.dumps([run["model"], run["recipe"]], sort_keys=True) for run in runs]
    # Two arms and four; the first of each and the whole model are one and the same.
    assert len(settings) == len(set(settings)) == 5


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_second_run_in_turkish_trains_nothing_and_says_the_same(ran):
    folder, *_told = ran
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("model.keras")}
    ended = script(*application_script.TASTE, "--lang", "tr", "--out", "runs", cwd=folder)
    assert (ended.returncode, ended.stderr.count("Traceback")) == (0, 0), ended.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("model.keras")} == before
    text = (folder / "runs" / "application-1-shapes-smoke" / "report.html").read_text("utf-8")
    assert '<html lang="tr">' in text
    assert "Özellik haritaları: katmanlar ne görüyor" in text
    assert "Özellik haritaları: katmanlar ne görüyor" in ended.stdout
    messages.use("tr")
    for name in (studies.FILTERS, studies.CONDENSING):  # though they were run in English
        assert named(name).question in text


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_page_shows_what_a_script_has_found(ran):
    folder, *_told = ran
    asked = asking.checked(Asked(budget="smoke", out=folder / "runs"))
    found = application.trained(asked)
    assert isinstance(first.result(found, asked)[0], Row)
    assert list(first.models(asked, found)) == ["trained", "untrained"]
    assert application.settled(studies.FILTERS, asked) is not None
    elsewhere = asking.checked(Asked(budget="smoke", out=folder / "elsewhere"))
    assert application.trained(elsewhere) is None
    assert application.settled(studies.FILTERS, elsewhere) is None
    assert list(first.models(elsewhere, None)) == ["untrained"]
    assert not (folder / "elsewhere").exists()


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_study_of_other_data_settings_or_seeds_is_not_the_one_asked_for(ran, monkeypatch):
    folder, *_told = ran
    asked = asking.checked(Asked(budget="smoke", out=folder / "runs"))
    found = studies.settled(studies.CONDENSING, asked)
    assert studies.is_complete(found, asked)
    assert studies.is_complete(found, replace(asked, seeds=1))
    assert not studies.is_complete(found, replace(asked, seeds=2))
    with monkeypatch.context() as changed:
        changed.setattr("evrisim.data.dataset.DataSet.content_hash", lambda _data: "other")
        assert studies.settled(studies.CONDENSING, asked) is None
    with monkeypatch.context() as changed:
        smoke = {**settings.BUDGET_SETTINGS["smoke"], "batch_size": 32}
        changed.setitem(settings.BUDGET_SETTINGS, "smoke", smoke)
        assert studies.settled(studies.CONDENSING, asked) is None
    assert studies.settled(studies.CONDENSING, asked) is not None


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_button_starts_a_training_that_says_how_far_it_is(tmp_path):
    asked = asking.checked(Asked(budget="smoke", out=tmp_path / "runs"))
    assert work.asked_for(work.MODEL, asked, start=False) is None
    ended = work.ended()
    job = work.asked_for(work.MODEL, asked, start=True)
    assert work.asked_for(work.MODEL, asked, start=True) is job  # pressed twice
    seen = set()
    while job.running:
        seen.add(page.progress(job).text)
        time.sleep(0.1)
    assert not job.failed, job.errors
    assert len(seen) > 2
    assert job.done == job.total
    assert work.ended() == ended + 1
    assert model.trained(asked) is not None


def test_a_training_that_fails_says_why(tmp_path):
    asked = Asked(data=str(tmp_path / "gone"), budget="smoke", out=tmp_path)
    job = work.begin(studies.FILTERS, asked)
    job.process.wait(600)
    assert job.failed
    while not job.errors:
        time.sleep(0.05)
    assert "gone" in page.progress(job).text
    assert "Traceback" not in page.progress(job).text


def test_a_job_ends_with_the_server(tmp_path):
    job = work.begin(work.MODEL, Asked(budget="full", out=tmp_path))
    work.stop([job])
    assert not job.running
    assert job.failed


def test_the_summary_has_the_findings_only():
    table = Table("t", ("a",), (("b",),))
    part = Section(
        "x",
        "Title",
        [Text("plain"), Text("found", "reading"), table, Row([[Text("beside", "reading")], []])],
    )
    assert report.summary([part]) == ["Title", "  found", "  beside", ""]
