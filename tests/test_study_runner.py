"""The runner with real workers; the study is tiny, its processes are not."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from evrisim import experiments, models
from evrisim._validate import InputError
from evrisim.data.source import Source
from evrisim.study import reading, runner
from evrisim.study.plan import Order
from evrisim.study.record import StudyRun
from evrisim.training import Run

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]

STUDY = """\
question: Does a wider net do better?
base: {name: narrow, model.width: 4, batch_size: 32, learning_rate: 0.05}
arms:
  wide: {model.width: 8}
claim: better
budgets:
  smoke: {epochs: 4, data.train_images: 640, data.validation_images: 50, data.test_images: 200}
"""
SEEDS = 3
UNTOLD = ("seconds", "images_per_second")


def order(text=STUDY, seeds=SEEDS):
    return Order(reading.parse(text, name="width"), Source("shapes"), "smoke", seeds)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The study in one go."""
    directory = tmp_path_factory.mktemp("whole") / "runs" / "width"
    notes = []
    study = runner.run(order(), directory, jobs=2, show=notes.append, then_open_test=True)
    return study, notes


def trainings(study):
    return {
        (arm["name"], seed): Run.open(study.run_directory(arm, seed))
        for arm in study.facts["arms"]
        for seed in study.facts["seeds"]
    }


def told(study):
    """What a study's trainings gave, without what a clock adds."""
    return {
        key: (
            run.facts["weights_sha256"],
            run.facts["metrics"]["top1"]["value"],
            [{k: v for k, v in row.items() if k not in UNTOLD} for row in run.history],
        )
        for key, run in trainings(study).items()
    }


def test_every_arm_has_every_seed_and_the_test_split_was_opened_once(whole):
    study, notes = whole
    assert study.facts["status"] == "trained"
    assert study.facts["test_openings"] == 1
    runs = trainings(study)
    assert len(runs) == 2 * SEEDS
    assert {run.facts["test_touches"] for run in runs.values()} == {1}
    assert {run.facts["seed"] for run in runs.values()} == set(range(SEEDS))
    assert any(note.note and "6 trainings to do" in note.note for note in notes)
    assert notes[-1].done == notes[-1].total


def test_an_arm_changes_what_it_says_and_nothing_else(whole):
    study, _notes = whole
    runs = trainings(study)
    narrow, wide = runs["narrow", 1].facts, runs["wide", 1].facts
    assert narrow["recipe"] == wide["recipe"]
    assert narrow["data"] == wide["data"]
    options = narrow["model"]["options"]
    assert options == models.complete("convnet", {"width": 4})
    assert {**options, "width": 8} == wide["model"]["options"]


def test_the_numbers_are_those_of_a_training_alone(whole, tmp_path):
    study, _notes = whole
    shared = trainings(study)["wide", 2]
    dataset = Source.from_json(shared.facts["source"]).load()
    script = (
        "import sys; from pathlib import Path; from evrisim.data.source import Source\n"
        "from evrisim.training import ModelChoice, Recipe, fit; import json\n"
        "facts = json.loads(Path(sys.argv[1]).read_text())\n"
        "fit(Source.from_json(facts['source']).load(), ModelChoice(**facts['model']),\n"
        "    Recipe(**facts['recipe']), directory=sys.argv[2])\n"
    )
    threads = shared.facts["machine"]["threads"]
    subprocess.run(
        [sys.executable, "-c", script, str(shared.directory / "run.json"), str(tmp_path / "alone")],
        check=True,
        capture_output=True,
        env={**os.environ, **threads},
    )
    alone = Run.open(tmp_path / "alone")
    assert len(dataset.train) == 640
    assert alone.facts["weights_sha256"] == shared.facts["weights_sha256"]


def test_the_findings_follow_from_the_run_directories(whole):
    study, _notes = whole
    accuracy = {}
    for (arm, seed), run in trainings(study).items():
        with np.load(run.directory / "predictions.npz") as saved:
            accuracy[arm, seed] = (saved["logits"].argmax(axis=1) == saved["labels"]).mean()
    narrow, wide = ([accuracy[arm, seed] for seed in range(SEEDS)] for arm in ("narrow", "wide"))
    (found,) = study.findings().comparisons
    test = stats.ttest_rel(wide, narrow)
    low, high = test.confidence_interval(0.95)
    assert found.differences == pytest.approx(np.subtract(wide, narrow))
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))
    assert found.p == pytest.approx(test.pvalue)
    expected = "supported" if low >= 0.01 else "refuted" if high < 0.01 else "undecided"
    assert found.verdict == expected


def test_what_is_done_is_not_done_again_and_more_seeds_are_added(whole, tmp_path):
    study, _notes = whole
    before = {key: (run.facts["started"], told) for key, run, told in _with_told(study)}
    grown = runner.run(order(seeds=SEEDS + 1), study.directory, jobs=2, then_open_test=True)
    after = {key: (run.facts["started"], told) for key, run, told in _with_told(grown)}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2
    assert grown.facts["test_openings"] == 2
    with pytest.raises(InputError, match="already has 4 seeds, and 2 are asked for"):
        runner.run(order(seeds=2), study.directory, jobs=1)
    # Another study finds the trainings it shares.
    other = STUDY.replace("{model.width: 8}", "{learning_rate: 0.01}")
    notes = []
    runner.run(order(other), study.directory.with_name("other"), jobs=1, show=notes.append)
    assert any(note.note and "3 trainings to do (3 done already)" in note.note for note in notes)
    with pytest.raises(InputError, match="holds a study with other arms"):
        runner.run(order(other, seeds=4), study.directory, jobs=1)


def _with_told(study):
    results = told(study)
    return [(key, run, results[key]) for key, run in trainings(study).items()]


SCRIPT = """\
import sys
from pathlib import Path
from evrisim.data.source import Source
from evrisim.study import reading, runner
from evrisim.study.plan import Order
order = Order(reading.parse(sys.argv[1], name="width"), Source("shapes"), "smoke", int(sys.argv[2]))
runner.run(order, Path(sys.argv[3]), jobs=2, then_open_test=True)
"""


def started(directory):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, STUDY, str(SEEDS), str(directory)],
        stderr=subprocess.DEVNULL,
    )


def epochs_done(directory):
    pool = directory.parent / "trainings"
    return sum(len(path.read_text().splitlines()) for path in pool.glob("*/history.jsonl"))


def wait_for_epochs(process, directory, count):
    while process.poll() is None and epochs_done(directory) < count:
        time.sleep(0.02)


def children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_a_study_killed_at_random_moments_ends_like_one_that_was_not(whole, tmp_path):
    """Also its workers: one is killed while the runner lives, the others die with the runner."""
    directory = tmp_path / "runs" / "width"
    moments = random.Random(os.urandom(4).hex())
    count = SEEDS * 2 * 4  # epochs of the whole study
    first = started(directory)
    wait_for_epochs(first, directory, moments.randint(1, count // 3))
    workers = children(first.pid)
    if workers:
        os.kill(moments.choice(workers), signal.SIGKILL)
    wait_for_epochs(first, directory, moments.randint(count // 3, 2 * count // 3))
    workers = children(first.pid)
    first.kill()
    first.wait()
    done = {
        path.parent.name: path.read_text()
        for path in (directory.parent / "trainings").glob("*/run.json")
        if json.loads(path.read_text())["status"] == "trained"
    }
    deadline = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, workers))
    assert started(directory).wait() == 0
    study, _notes = whole
    ended = StudyRun.open(directory)
    everything = told(study)
    assert told(ended) == {key: everything[key] for key in told(ended)}
    assert len(told(ended)) == 2 * SEEDS
    for run in trainings(ended).values():
        if run.directory.name in done:
            before = json.loads(done[run.directory.name])
            assert run.facts["started"] == before["started"]
            assert run.facts["resumed"] == before["resumed"]


def test_a_failed_arm_is_reported_with_its_reason_and_the_others_finish(tmp_path):
    text = STUDY.replace("wide: {model.width: 8}", "wild: {learning_rate: 1.0e+30}")
    notes = []
    study = runner.run(
        order(text, seeds=1), tmp_path / "width", jobs=1, show=notes.append, then_open_test=True
    )
    narrow, wild = study.facts["arms"]
    assert not narrow["failed"]
    assert "The loss or a weight became" in wild["failed"]["0"]
    assert any(note.note and note.note.startswith("wild, seed 0 failed:") for note in notes)
    (found,) = study.findings().comparisons
    assert found.missing == (0,)
    assert found.verdict == "undecided"


def test_a_setting_the_model_does_not_have_is_refused_with_the_arm(tmp_path):
    study = reading.parse(STUDY, name="width")
    arm = study.arms[1].__class__("wide", {"model.widht": 8})
    broken = study.__class__(**{**study.__dict__, "arms": (study.arms[0], arm)})
    with pytest.raises(InputError, match=r"Arm wide: `model option` must be one of width"):
        runner.run(Order(broken, Source("shapes"), "smoke", 1), tmp_path / "width", jobs=1)
    assert not (tmp_path / "width" / "study.json").exists()


def test_a_timed_study_measures_latency_once_and_keeps_it(whole, tmp_path):
    shutil.copytree(whole[0].directory.parent, tmp_path / "runs")
    study = StudyRun.open(tmp_path / "runs" / "width").updated(timed=True)
    first = experiments.report(study)
    assert first.study.timed
    for arm in first.results():
        assert set(arm.latency) == {1, 128}
        assert all(0 < low <= median <= high for median, low, high in arm.latency.values())
    assert "latency_128" in (first.directory / "report.html").read_text("utf-8")
    again = experiments.report(StudyRun.open(first.directory))
    assert [arm.latency for arm in again.results()] == [arm.latency for arm in first.results()]
