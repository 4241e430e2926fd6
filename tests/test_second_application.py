"""Application 2: its parts, and the whole way as a script."""

import ast
import json
import signal
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import application_script
from evrisim import applications
from evrisim.applications import asked as asking
from evrisim.applications import model, second, studies
from evrisim.applications.asked import Asked
from evrisim.cli import application
from evrisim.report.blocks import Code, Picture, Table

FILE = applications.path(2)
ASKED = Asked(budget="smoke", number=2)


def test_the_file_is_as_marimo_would_write_it():
    from marimo._convert.converters import MarimoConvert

    text = FILE.read_text("utf-8")
    written = MarimoConvert.from_py(text).to_py()
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(text))


def test_the_policies_to_choose_from_change_one_image_at_a_time():
    names = second.policy_names()
    assert "course" in names
    assert not {"none", "mixup", "cutmix", "mixup-cutmix"} & set(names)


def drawn(blocks):
    return [block.drawing.png for block in blocks if isinstance(block, Picture)]


def test_draws_steps_and_ladder_follow_what_is_chosen():
    pictures = list(second.pictures(ASKED).values())
    assert pictures[:2] == ["china", "flower"]
    same = drawn(second.draws(ASKED, "china", "standard", 1.0, 3))
    assert same == drawn(second.draws(ASKED, "china", "standard", 1.0, 3))
    for other in (
        second.draws(ASKED, pictures[2], "standard", 1.0, 3),
        second.draws(ASKED, "china", "colour", 1.0, 3),
        second.draws(ASKED, "china", "standard", 0.5, 3),
        second.draws(ASKED, "china", "standard", 1.0, 4),
    ):
        assert drawn(other) != same
    assert len(drawn(second.steps(ASKED, "flower", "course", 0.5, 0))) == 1
    assert len(drawn(second.ladder(ASKED, "flower", "colour", 0))) == 1


def test_mixing_follows_what_is_chosen():
    few, much = (drawn(second.mixed(ASKED, "mixup", alpha, 0)) for alpha in (0.1, 5.0))
    assert few != much
    assert drawn(second.mixed(ASKED, "cutmix", 0.1, 0)) not in (few, much)


def test_mixed_images_say_whose_share_of_the_label_is_whose():
    (picture,) = second.mixed(ASKED, "cutmix", 1.0, 0)
    names = model.class_names(ASKED)
    texts = [one.text for one in ElementTree.fromstring(picture.drawing.svg).iter() if one.text]
    assert not any("original" in text for text in texts)  # all of them are mixed
    shares = [line for text in texts for line in text.split("\n") if line.strip().endswith("%")]
    named = [share.replace("\u00a0", " ").rsplit(" ", 2) for share in shares]
    assert {name for name, *_share in named} <= set(names)
    total = sum(float(number) for _name, number, _sign in named)
    assert total == pytest.approx(100 * second.MIXED, abs=0.1 * second.MIXED)


def test_a_label_is_written_by_its_largest_share_first():
    said = second._shares(np.array([0.25, 0, 0.75]), ("cat", "dog", "frog"))
    assert said.replace("\u00a0", " ").splitlines() == ["frog 75.0 %", "cat 25.0 %"]


def test_the_proof_is_of_the_policy_that_is_chosen():
    (said,) = (block.text for block in second.proof(ASKED, "course", 0.5))
    assert said.startswith("Augmentation course changes")
    nothing = second.proof(ASKED, "course", 0.0)[0].text
    assert nothing.startswith("No augmentation")


def test_layer_and_pipeline_are_compared_and_the_faster_one_is_named():
    same, where = (block.text for block in second.ways(ASKED, "course"))
    assert "the largest difference is" in same
    assert "a batch is augmented" in where


@pytest.mark.tensorflow
def test_the_three_ways_in_code_do_as_they_say():
    import keras
    import tensorflow as tf

    import evrisim.augment.layers

    words = {"keras": keras, "evrisim": evrisim}
    exec(second.COURSE, words)
    stored = np.random.default_rng(0).integers(0, 256, (96, 32, 32, 3), np.uint8)
    words["images"] = tf.data.Dataset.from_tensor_slices(stored)
    exec(second.IN_THE_PIPELINE, words)
    sizes = [batch.shape for batch in words["batches"]]
    assert sizes == [(64, 32, 32, 3), (32, 32, 32, 3)]
    words["model"] = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    exec(second.IN_THE_MODEL, words)
    once, again = (words["model"](stored, training=True) for _time in range(2))
    assert np.abs(np.subtract(once, again)).max() > 1
    outside = [words["augmenter"](stored, training=False) for _time in range(2)]
    assert np.array_equal(*outside)


def test_the_layers_of_the_course_can_be_copied_and_run():
    import keras

    import evrisim.augment.layers

    code = second.in_code()[0]
    assert isinstance(code, Code)
    names = {"keras": keras, "evrisim": evrisim}
    assigned = ast.parse(code.text).body[0]
    layer = ast.unparse(assigned.value.args[0].elts[1])
    assert layer == "evrisim.augment.layers.RandomRotation(0.1)"
    calls = [ast.unparse(one.func) for one in assigned.value.args[0].elts]
    for call in calls:
        found = names[call.split(".", 1)[0]]
        for part in call.split(".")[1:]:
            found = getattr(found, part)
        assert issubclass(found, keras.layers.Layer)


def test_every_claim_on_augmentation_is_shown_with_its_verdict():
    (table,) = second.claims()
    assert isinstance(table, Table)
    assert {row[0] for row in table.rows} == set(second.CLAIMS)
    assert "not measured yet" not in {row[2] for row in table.rows}


def test_three_seeds_are_taken_at_the_quick_budget_unless_others_are_asked_for(monkeypatch):
    monkeypatch.setattr(application.heavy, "load", lambda: None)
    hook, handler = sys.excepthook, signal.getsignal(signal.SIGTERM)
    try:
        for words, seeds in (([], 3), (["--seeds", "5"], 5), (["--budget", "smoke"], None)):
            monkeypatch.setattr(sys, "argv", ["application", *words])
            assert application.begin("script", 2).seeds == seeds
        monkeypatch.setattr(sys, "argv", ["application"])
        assert application.begin("script", 1).seeds is None
    finally:
        sys.excepthook = hook
        signal.signal(signal.SIGTERM, handler)


@pytest.fixture(scope="session")  # a minute: not again after tests of other modules
def ran(tmp_path_factory):
    """The script run once, with hardly any training, in Turkish: its folder, words, report."""
    return application_script.run(2, tmp_path_factory.mktemp("application-2"), "tr")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_script_leaves_a_report_with_every_part_in_turkish(ran):
    _folder, said, text = ran
    parts = "pipeline layers ways mixing severity policies claims"
    assert all(f'<section id="{name}"' in text for name in parts.split())
    assert '<html lang="tr">' in text
    assert "Uygulama 2: veri artırma" in text
    assert "://" not in text.replace("http://www.w3.org", "")
    assert "veri artırması görüntülerin" in said


def test_the_help_of_seeds_says_what_is_taken(capsys):
    for number, told in ((1, "default 6."), (2, "default 6, 3 at the budget quick.")):
        with pytest.raises(SystemExit):
            application._read(["--help"], number)
        said = " ".join(capsys.readouterr().out.split())
        assert f"Paired seeds of each study; {told}" in said


@pytest.mark.slow
@pytest.mark.tensorflow
def test_identical_trainings_of_its_three_studies_are_done_once(ran):
    folder, *_told = ran
    runs = [
        json.loads(path.read_text("utf-8"))["recipe"]
        for path in (folder / "runs" / "trainings").glob("*/run.json")
    ]
    settings = {(json.dumps(one["augmentation"]), one["severity"]) for one in runs}
    # Five policies, five severities, four mixings; three arms are in two studies.
    assert len(runs) == len(settings) == 11


@pytest.mark.slow
@pytest.mark.tensorflow
def test_severity_and_gap_are_those_of_the_study(ran):
    folder, *_told = ran
    asked = asking.checked(Asked(budget="smoke", seeds=1, out=folder / "runs", number=2))
    found = studies.settled(studies.SEVERITY, asked)
    said, _picture = second.severities(found)
    assert len(drawn(second.severities(found))) == 1
    best = max(found.findings().arms, key=lambda arm: arm.validation.mean())
    assert f"{100 * best.validation.mean():.1f}" in said.text
    at = [second._severity_of(arm.settings) for arm in found.findings().arms]
    assert at == [0.0, 0.25, 0.5, 0.75, 1.0]
    said, picture, table = second.gaps(studies.settled(studies.POLICIES, asked))
    assert picture.drawing.name == "augmentation-gap"
    arms = studies.settled(studies.POLICIES, asked).findings().arms
    assert max(arms, key=lambda arm: arm.gap.mean()).name in said.text.split(",")[0]
    for row, arm in zip(table.rows, arms, strict=True):
        gap = 100 * float(np.mean(arm.training - arm.test))
        assert row[3].replace("\u00a0", " ") == f"{gap:.1f} points".replace("-", "−")
