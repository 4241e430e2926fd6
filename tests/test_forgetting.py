"""Forgetting, against what follows from its definition."""

import keras
import numpy as np
import pytest

from evrisim import forgetting, load
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet, Split, check_dataset
from evrisim.forgetting import anchors, course, experiment
from evrisim.training import ModelChoice, Recipe, fit

RNG = np.random.default_rng(0)
NAMES = ("dark", "middling", "bright", "white")
RECIPE = forgetting.RECIPE.with_settings({"epochs": 2, "batch_size": 16})


def split(count):
    """Images whose brightness is their class, among noise."""
    labels = np.arange(count) % 4
    images = RNG.integers(0, 60, (count, 16, 16, 3)) + 64 * labels[:, None, None, None]
    return Split(images.astype("uint8"), labels.astype("int64"))


DATA = DataSet("bright", split(128), split(40), split(40), NAMES)
TASKS = forgetting.halves(DATA)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small net that knows the old task."""
    recipe = Recipe(epochs=6, batch_size=16, precision="float32", augmentation="none")
    place = tmp_path_factory.mktemp("old") / "run"
    return fit(TASKS.old, ModelChoice("convnet", {"width": 4}), recipe, directory=place).model()


def test_halves_part_the_classes_and_keep_their_labels():
    assert TASKS.groups == (0, 0, 1, 1)
    for name in ("train", "validation", "test"):
        old, new = TASKS.old.splits[name], TASKS.new.splits[name]
        assert set(old.labels) == {0, 1}
        assert set(new.labels) == {2, 3}
        assert len(old) + len(new) == len(DATA.splits[name])
    assert TASKS.old.class_names == TASKS.new.class_names == NAMES
    check_dataset(TASKS.new)
    few = DataSet("few", DATA.train, DATA.train, DATA.train, NAMES[:3])
    with pytest.raises(InputError, match="few has 3 classes; two tasks need at least 4"):
        forgetting.halves(few)


def test_a_pair_has_the_first_one_s_shape_and_labels_that_go_on():
    digits = load("digits")
    tasks = forgetting.pair(DATA, digits)
    assert tasks.groups == (0,) * 4 + (1,) * 10
    assert tasks.new.image_shape == DATA.image_shape
    np.testing.assert_array_equal(tasks.new.train.labels, digits.train.labels + 4)
    assert tasks.old.train.images is DATA.train.images
    grey = tasks.new.train.images
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])
    check_dataset(tasks.new)


def test_the_loss_is_that_of_a_head_for_each_task():
    logits = RNG.normal(size=(6, 4)).astype("float32")
    labels = np.array([0, 1, 2, 3, 1, 2])
    found = forgetting.TaskCrossEntropy(TASKS.groups, reduction="none")(labels, logits)
    for label, row, loss in zip(labels, logits.astype("float64"), np.array(found), strict=True):
        own = row[:2] if label < 2 else row[2:]
        expected = np.log(np.exp(own).sum()) - row[label]
        assert loss == pytest.approx(expected, rel=1e-5)


def test_of_each_task_its_own_classes_are_chosen():
    scores = np.array([[1.0, 2.0, 9.0, 8.0]])
    assert TASKS.logits(scores, 0).argmax() == 1
    assert TASKS.logits(scores, 1).argmax() == 2


def anchored():
    inputs = keras.Input((3,))
    return anchors.Anchored(inputs, keras.layers.Dense(2, name="logits")(inputs))


def test_what_is_held_is_pulled_back_by_how_far_it_is():
    model = anchored()
    share = [RNG.random(tuple(v.shape)).astype("float32") for v in model.trainable_variables]
    model.hold(3.0, share)
    model.compile(keras.optimizers.SGD(0.1), loss=lambda y, s: 0.0 * keras.ops.sum(s, axis=-1))
    start = [np.array(v) for v in model.trainable_variables]
    for variable in model.trainable_variables:
        variable.assign(variable + 1.0)
    loss = model.train_on_batch(np.ones((4, 3)), np.zeros(4))
    assert float(np.ravel(loss)[0]) == pytest.approx(
        0.5 * 3 * sum(s.sum() for s in share), rel=1e-5
    )
    for variable, old, weight in zip(model.trainable_variables, start, share, strict=True):
        np.testing.assert_allclose(np.array(variable), old + 1 - 0.1 * 3 * weight, rtol=1e-4)


def test_fisher_of_a_linear_net_is_its_closed_form(monkeypatch):
    monkeypatch.setattr(anchors, "SAMPLES", 5)
    inputs = keras.Input((1, 1, 3))
    x = keras.layers.Dense(2, name="logits")(keras.layers.Flatten()(inputs))
    model = anchors.Anchored(inputs, x)
    images = RNG.integers(0, 3, (5, 1, 1, 3)).astype("uint8")
    labels = np.array([0, 1, 1, 0, 1])
    part = Split(images, labels)
    data = DataSet("tiny", part, part, part, ("a", "b"))
    kernel, bias = model.get_weights()
    flat = images.reshape(5, 3).astype("float64")
    logits = flat @ kernel + bias
    wrong = np.exp(logits) / np.exp(logits).sum(1, keepdims=True) - np.eye(2)[labels]
    squares = [
        ((flat[:, :, None] * wrong[:, None, :]) ** 2).sum(0),
        (wrong**2).sum(0),
    ]
    mean = np.concatenate([one.ravel() for one in squares]).mean()
    model.strength = 0.0
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = anchors.fisher(model, data, loss, seed=0)
    for one, expected in zip(found, squares, strict=True):
        np.testing.assert_allclose(one, expected / mean, rtol=1e-3, atol=1e-5)
    for before, after in zip((kernel, bias), model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def learned(base, name, **more):
    return forgetting.learn(TASKS, base, forgetting.remedy(name), RECIPE.with_settings(more))


def test_with_a_frozen_trunk_nothing_at_all_is_forgotten(base):
    before = base.get_weights()
    case = learned(base, "frozen")
    assert case.forgetting == case.transfer == 0
    assert len(set(case.old)) == 1
    assert case.old[0] > 0.8
    assert len(case.old) == len(case.new) == RECIPE.epochs + 1
    for old, new in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)  # the base is left as it is


def test_a_high_rate_forgets_and_replay_keeps(base):
    plain = learned(base, "plain", learning_rate=0.01, epochs=3)
    replay = learned(base, "replay", learning_rate=0.01, epochs=3)
    assert plain.forgetting > 0.1
    assert replay.forgetting < plain.forgetting


@pytest.mark.parametrize("name", ["near-start", "ewc"])
def test_what_is_held_for_good_forgets_nothing(base, name):
    strong = {"near-start": {"near": 1e6}, "ewc": {"important": 1e6}}[name]
    remedy = forgetting.Remedy(name, rate=1e-6, **strong)
    case = forgetting.learn(TASKS, base, remedy, RECIPE)
    assert case.forgetting == pytest.approx(0, abs=0.06)


def test_the_head_is_probed_before_the_trunk_moves(base):
    case = learned(base, "probe-first", learning_rate=0.05, epochs=4)
    assert len(set(case.old[:3])) == 1  # before, and after two epochs of the head alone
    assert case.new[2] >= case.new[0]


def test_the_same_seed_gives_the_same_course(base):
    assert learned(base, "plain") == learned(base, "plain")
    assert learned(base, "plain") != learned(base, "plain", seed=1)


def test_a_model_of_other_classes_is_refused(base):
    other = forgetting.Tasks(TASKS.old, TASKS.new, (0, 1))
    with pytest.raises(InputError, match="has no layer `logits` with a logit for each of 2"):
        forgetting.learn(other, base, forgetting.PLAIN, RECIPE)
    with pytest.raises(InputError, match="Did you mean 'replay'"):
        forgetting.remedy("reply")


def test_cases_are_kept_and_what_is_done_is_not_done_again(base, tmp_path, monkeypatch):
    remedies = [forgetting.remedy(name) for name in ("frozen", "plain")]
    told = []

    def run():
        return forgetting.run(
            TASKS,
            [base],
            remedies,
            RECIPE,
            directory=tmp_path,
            progress=lambda *at: told.append(at),
        )

    first = run()
    assert told[-1] == (4, 4)
    done = []
    original = course.learn
    monkeypatch.setattr(
        experiment, "learn", lambda *a, **k: done.append(a[2].name) or original(*a, **k)
    )
    assert run() == first
    assert done == []
    torn = next(tmp_path.glob("plain-*.json"))
    torn.write_text(torn.read_text()[:40])
    assert run() == first
    assert done == ["plain"]


def case(name, seed, before, after, new):
    remedy = forgetting.Remedy(name)
    return forgetting.Case(remedy, seed, (before, after), (0.1, new), (before, after), (0.1, new))


def test_summaries_are_means_over_seeds_with_their_intervals():
    cases = [
        case("plain", 0, 0.9, 0.5, 0.8),
        case("frozen", 0, 0.9, 0.9, 0.6),
        case("plain", 1, 0.8, 0.5, 0.7),
        case("frozen", 1, 0.8, 0.8, 0.6),
    ]
    plain, frozen = forgetting.summaries(cases)
    assert (plain.name, plain.seeds) == ("plain", 2)
    assert plain.forgetting.value == pytest.approx(0.35)
    half = 12.706 * np.std([0.4, 0.3], ddof=1) / np.sqrt(2)  # t of one degree of freedom
    assert plain.forgetting.high == pytest.approx(0.35 + half, rel=1e-3)
    assert frozen.forgetting.value == frozen.forgetting.low == 0
    (single,) = forgetting.summaries(cases[:1])
    assert (single.forgetting.method, single.plasticity.value) == ("none", 0.8)
