import dataclasses

import numpy as np
import pytest

from evrisim import judging, opening, workflow
from evrisim._validate import InputError
from evrisim.data import shapes
from evrisim.data.dataset import DataSet, Split
from evrisim.data.source import Source
from evrisim.training import ModelChoice, Recipe, Run

RECIPE = Recipe(epochs=1, batch_size=32, warmup_epochs=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    dataset = shapes.generate((96, 40, 40))
    directory = tmp_path_factory.mktemp("runs") / "run"
    source = Source("shapes", counts=(96, 40, 40))
    run = workflow.train_run(
        dataset,
        ModelChoice("convnet", {"width": 4}),
        RECIPE,
        directory=directory,
        facts={"source": source.to_json()},
    )
    return run, dataset


def test_the_whole_way_ends_in_a_measured_and_explained_run(trained):
    run, dataset = trained
    assert run.status == "done"
    saved = run.predictions()
    share = (saved["logits"].argmax(axis=1) == dataset.test.labels).mean()
    assert run.facts["metrics"]["top1"]["value"] == pytest.approx(share)
    explanation = run.facts["explanation"]
    assert explanation["count"] == 40
    assert explanation["pointing_game_chance"] == pytest.approx(dataset.test.masks.mean(), abs=1e-6)
    for median, low, high in (run.facts["latency"][size] for size in ("1", "64")):
        assert 0 < low <= median <= high
    assert (run.directory / "report.html").stat().st_size > 10_000


def test_a_run_is_timed_once(trained):
    run, dataset = trained
    before = Run.open(run.directory).facts["latency"]
    assert workflow.report_run(Run.open(run.directory), dataset).facts["latency"] == before


def test_the_test_split_is_read_once_however_often_one_asks(trained):
    run, dataset = trained
    for _ in range(2):
        judging.evaluate_run(run, dataset)
        workflow.report_run(Run.open(run.directory), dataset)
    assert Run.open(run.directory).facts["test_touches"] == 1


def test_a_kill_between_predictions_and_metrics_is_made_good(trained):
    run, dataset = trained
    facts = dict(Run.open(run.directory).facts)
    whole = facts.pop("metrics")
    Run(run.directory, {**facts, "test_touches": 0}).updated()
    judging.evaluate_run(Run.open(run.directory), dataset)
    mended = Run.open(run.directory).facts
    assert (mended["metrics"], mended["test_touches"]) == (whole, 1)


def test_the_source_of_a_run_gives_its_data_again(trained):
    run, dataset = trained
    assert opening.source_of(run).load().content_hash() == dataset.content_hash()


def test_data_that_have_changed_are_not_reported_on(trained):
    run, dataset = trained
    changed = dataclasses.replace(dataset, test=dataset.test.take(np.arange(39)))
    with pytest.raises(InputError, match=r"is not what .* was trained on"):
        workflow.report_run(run, changed)


def test_other_data_with_the_same_classes_are_judged_without_touching_the_run(trained):
    run, _dataset = trained
    before = (run.directory / "run.json").read_bytes()
    other = workflow.evaluate_other(run, shapes.generate((20, 20, 30), seed=5))
    assert other.count == 30
    assert (run.directory / "run.json").read_bytes() == before


def test_other_classes_are_refused(trained):
    run, _dataset = trained
    split = Split(np.zeros((2, 32, 32, 3), np.uint8), np.array([0, 1]))
    with pytest.raises(InputError, match="has the classes cat, dog, but"):
        workflow.evaluate_other(run, DataSet("pets", split, split, split, ("cat", "dog")))


def test_a_run_from_arrays_has_no_source(trained, tmp_path):
    run, _dataset = trained
    bare = Run(run.directory, {k: v for k, v in run.facts.items() if k != "source"})
    with pytest.raises(InputError, match="arrays given in Python"):
        opening.source_of(bare)
