"""Application 4: its parts, and the whole way as a script."""

import ast
import json
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import application_script
import chromium
from app_server import served
from evrisim import applications, transfer
from evrisim._validate import InputError
from evrisim.applications import asked as asking
from evrisim.applications import by_hand, data, forgotten, fourth, studies, taken
from evrisim.applications.asked import Asked
from evrisim.cli import application
from evrisim.data.source import Source
from evrisim.report.blocks import Code, Picture
from evrisim.study import settings
from evrisim.training import Run
from evrisim.transfer import Trunk
from reference import hostile

FILE = applications.path(4)
OURS = Asked(budget="smoke", seeds=1, number=4, backbone=taken.OWN)


def test_the_file_is_as_marimo_would_write_it():
    from marimo._convert.converters import MarimoConvert

    text = FILE.read_text("utf-8")
    written = MarimoConvert.from_py(text).to_py()
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(text))


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """An empty folder of Keras' weights, to put files into."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_the_best_net_whose_weights_are_here_is_taken(weights):
    assert taken.at_hand() == "condensed-cifar10"
    (weights / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5").touch()
    assert taken.at_hand() == "mobilenet_v2"
    (weights / "efficientnetb0_notop.h5").touch()
    assert taken.at_hand() == "efficientnet_b0"


def test_what_would_be_taken_with_a_network_is_said(weights):
    for name in ("condensed-cifar10", "mobilenet_v2"):
        said = taken.sentence(replace(OURS, backbone=name))
        assert said.startswith(f"{name} is taken over")
        assert "The course takes efficientnet_b0: once fetched (21 MB" in said
    said = taken.sentence(replace(OURS, backbone="efficientnet_b0"))
    assert said == "efficientnet_b0 is taken over with its ImageNet weights, as in the course."
    assert "efficientnet_b0 (is fetched first)" in fourth.backbones()
    assert "condensed-cifar10" in fourth.backbones()


def test_a_net_that_saw_these_images_is_warned_of():
    (_said, warning) = fourth.backbone(replace(OURS, data="cifar10"))
    assert warning.tone == "warning"
    assert "says nothing about transfer" in warning.text
    (_only,) = fourth.backbone(OURS)
    (_only,) = fourth.backbone(replace(OURS, data="cifar10", backbone="mobilenet_v2"))


def test_another_net_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="Did you mean 'mobilenet_v2'"):
        taken.chosen(replace(OURS, backbone="mobilenet_v3"))


def test_only_application_4_takes_a_net_over(monkeypatch):
    asked = application._read(["--backbone", "condensed-cifar10"], 4)
    assert asked.backbone == "condensed-cifar10"
    with pytest.raises(InputError, match="Application 3 takes no net over"):
        application._read(["--backbone", "condensed-cifar10"], 3)
    hook = sys.excepthook
    monkeypatch.setattr(sys, "argv", ["script", "--backbone", "condensed"])
    monkeypatch.setattr(sys, "excepthook", hook)
    with pytest.raises(InputError, match="--backbone"):
        application.begin("script", 4)


@pytest.mark.parametrize("name", taken.LAST)
def test_a_study_of_any_net_has_the_strategies_of_the_course(name):
    study = taken.study(replace(OURS, backbone=name))
    found = {
        arm.name: settings.training(settings.merged(study, arm, "quick")) for arm in study.arms
    }
    assert list(found) == ["head", "part", "all", "scratch"]
    weights = {arm: one.transfer.get("weights") for arm, one in found.items()}
    assert weights == {"head": None, "part": None, "all": None, "scratch": "random"}
    assert {one.transfer["size"][0] for one in found.values()} == {
        taken.side(replace(OURS, backbone=name))
    }


def test_from_the_start_the_same_net_is_trained():
    study = taken.study(OURS)
    arms = {arm.name: settings.merged(study, arm, "smoke") for arm in study.arms}
    trained, fresh = (
        transfer.Spec(arms[name]["transfer.backbone"], size=(32, 32), weights=weights).taken()
        for name, weights in (("head", None), ("scratch", "random"))
    )
    assert [one.shape for one in trained.model.weights] == [
        one.shape for one in fresh.model.weights
    ]
    names = [layer.name for layer in trained.model.layers]
    assert any(name.startswith(taken.LAST[taken.OWN]) for name in names)


def test_the_course_s_model_by_hand_is_the_library_s():
    inputs = keras.Input((32, 32, 3))
    base = keras.Model(inputs, keras.layers.Conv2D(6, 3, name="maps")(inputs))
    ours = transfer.classifier(
        Trunk("base", "random", base), 4, transfer.frozen(base), head="course"
    )
    theirs = by_hand.head_on(base, 32, 4)
    theirs.set_weights(ours.get_weights())
    images = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(theirs(images), ours(images), rtol=1e-5, atol=1e-5)


def test_two_stages_by_hand_train_what_the_course_says():
    base = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, name="early"),
            keras.layers.Conv2D(4, 3, name="late"),
            keras.layers.BatchNormalization(name="norm"),
        ]
    )
    model = by_hand.head_on(base, 8, 2)
    before = {one.path: np.array(one) for one in model.weights}
    rng = np.random.default_rng(0)
    images, labels = rng.uniform(0, 1, (8, 8, 8, 3)).astype("float32"), np.arange(8) % 2
    by_hand.in_two_stages(model, base, images, labels, last=2)
    changed = {one.path.split("/")[-2] for one in model.weights if (before[one.path] != one).any()}
    assert "late" in changed
    assert not changed & {"early", "norm"}


def test_the_code_is_shown_as_it_was_tested():
    first, second, _words, call = fourth.in_code()
    assert isinstance(first, Code)
    assert first.text.startswith("def head_on(")
    assert second.text.startswith("def in_two_stages(")
    assert call.text.startswith("evrisim transfer ")


def test_the_schedule_is_drawn_of_both_stages_and_nothing_is_fetched(weights):
    (drawn,) = fourth.schedule(replace(OURS, backbone="efficientnet_b0"))
    assert isinstance(drawn, Picture)
    assert taken.trained(replace(OURS, backbone="efficientnet_b0")) is None
    assert list(weights.iterdir()) == []


def test_two_tasks_cannot_be_made_of_three_classes(monkeypatch):
    shapes = data.loaded(Source("shapes"))
    keep = {
        name: split.take(np.flatnonzero(split.labels < 3)) for name, split in shapes.splits.items()
    }
    few = replace(shapes, **keep, class_names=shapes.class_names[:3])
    monkeypatch.setattr(data, "loaded", lambda _source: few)
    (said,) = fourth.forgetting(application.forgotten, OURS)
    assert said.tone == "warning"
    assert "has 3 classes; two tasks need at least 4" in said.text


@pytest.fixture(scope="module")
def net():
    return Run.open(taken.OWN)


@pytest.mark.parametrize("method", fourth.methods())
def test_heat_is_shown_for_the_likeliest_classes(net, method):
    given = next(iter(fourth.images(OURS).values()))
    said, drawn = fourth.heat(net, given, method)
    assert f"Shown: {given.name}." in said.text
    assert isinstance(drawn, Picture)


def test_any_file_is_seen_or_named_in_one_sentence(net, tmp_path):
    refused = 0
    for place, case in enumerate(hostile.all_cases()):
        path = tmp_path / f"{place}{Path(case.name).suffix}"
        case.make(path)
        if not path.is_file():  # a browser brings no folder
            continue
        given = fourth.Given(case.name, path.read_bytes())
        try:
            assert fourth.seen(net, given).shape == (32, 32, 3)
        except InputError:
            (said,) = fourth.heat(net, given, "grad-cam")
            assert said.tone == "warning"
            assert said.text.startswith(f"{case.name} cannot be read as an image: ")
            assert "\n" not in said.text
            refused += 1
    assert refused > 50


def test_a_picture_of_any_shape_is_shown_as_the_net_sees_it(net):
    for shape in ((1, 3000, 3), (3000, 1, 3), (1, 1, 3)):
        said, drawn = fourth.heat(net, fourth.Given("odd", np.zeros(shape, np.uint8)), "grad-cam")
        assert said.text.startswith("Shown: odd.")
        assert isinstance(drawn, Picture)


@pytest.fixture(scope="session")  # a minute: not again after tests of other modules
def ran(tmp_path_factory):
    """The script run once, in Turkish, with hardly any training, on the net that comes along."""
    folder = tmp_path_factory.mktemp("application-4")
    return application_script.run(4, folder, "tr", "--backbone", taken.OWN)


@pytest.fixture
def asked(ran):
    return asking.checked(replace(OURS, out=ran.folder / "runs"))


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_script_leaves_a_report_with_every_part_in_turkish(ran):
    _folder, _said, text = ran
    sections = "welcome strategies stages forgetting heat trust right-and-wrong claims"
    assert all(f'<section id="{name}"' in text for name in sections.split())
    assert '<html lang="tr">' in text
    assert "Uygulama 4: transfer öğrenme ve açıklama" in text
    assert "://" not in text.replace("http://www.w3.org", "")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_training_in_two_stages_is_the_study_s_and_its_test_split_was_opened_once(asked):
    found = studies.settled(studies.STRATEGIES, asked)
    run = taken.trained(asked)
    (arm,) = [arm for arm in found.facts["arms"] if arm["name"] == taken.ARM]
    assert (found.directory / arm["runs"]["0"]).resolve() == run.directory.resolve()
    assert run.facts["test_touches"] == 1
    assert len(list((asked.out / "trainings").iterdir())) == 4
    said, *_rest = fourth.two_stages(run)
    head, tuned = (stage["validation"]["top1"] for stage in run.facts["transfer"]["stages"])
    assert f"{100 * head:.1f}" in said.text
    assert f"{100 * tuned:.1f}" in said.text


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_study_of_other_images_or_another_net_is_not_taken_for_the_one_asked(asked):
    assert studies.settled(studies.STRATEGIES, asked) is not None
    assert studies.settled(studies.STRATEGIES, replace(asked, backbone="mobilenet_v2")) is None
    found = studies.settled(studies.STRATEGIES, asked)
    run = found.directory / found.facts["arms"][0]["runs"]["0"] / "run.json"
    facts = run.read_text("utf-8")
    other = json.loads(facts)
    other["data"]["content_hash"] = "0" * 64
    run.write_text(json.dumps(other), "utf-8")
    try:
        assert studies.settled(studies.STRATEGIES, asked) is None
    finally:
        run.write_text(facts, "utf-8")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_what_was_forgotten_is_measured_once(asked):
    found = forgotten.measured(asked)
    assert [case.remedy.name for case in found.cases] == ["plain", "small-rate"]
    assert forgotten.measure(asked, lambda *_told: pytest.fail("it is done")).cases == found.cases
    assert forgotten.measured(replace(asked, seeds=2)) is None
    assert forgotten.measured(replace(asked, budget="quick")) is None
    said, *_rest = fourth.forgetting(lambda _asked: found, asked)
    before = 100 * found.cases[0].old_test[0]
    assert f"in {before:.1f}" in said.text


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.skipif(chromium.PROGRAM is None, reason="needs Chromium or Chrome")
@pytest.mark.usefixtures("weights")
def test_on_the_page_a_number_of_the_matrix_leads_to_the_images_behind_it(ran, tmp_path):
    link = "document.querySelector('.evrisim table a[href^=\"#behind\"]')"
    there = f"document.querySelector({link}.getAttribute('href'))"
    in_view = f"(({{top}}) => top >= 0 && top < innerHeight)({there}.getBoundingClientRect())"
    with (
        served(ran.folder / "runs", "4") as url,
        closing(chromium.Chromium(tmp_path / "profile")) as browser,
    ):
        browser.call("Page.navigate", url=url)
        assert browser.wait(f"!!{link}")
        assert not browser.value(in_view)
        browser.value(f"{link}.click()")
        assert browser.wait(f"{there}.querySelectorAll('img').length > 0 && {in_view}")
        browser.value(f"{there}.querySelector(':scope > p > a').click()")
        assert browser.wait(f"!({in_view})")
