"""A trunk trained stage by stage: cached or not the same, killed and resumed the same."""

import keras
import numpy as np
import pytest

from evrisim import models, transfer
from evrisim._validate import InputError
from evrisim.data.cache import ArrayCache
from evrisim.data.dataset import DataSet, Split, check_dataset
from evrisim.evaluate import evaluate
from evrisim.training import Run, fit
from evrisim.transfer import strategies, training

RNG = np.random.default_rng(0)


def split(count):
    """Images whose brightness is their class, among noise."""
    labels = np.arange(count) % 3
    images = RNG.integers(0, 90, (count, 16, 16, 3)) + 80 * labels[:, None, None, None]
    return Split(images.astype("uint8"), labels.astype("int64"))


DATA = DataSet("bright", split(96), split(30), split(30), ("dark", "middling", "bright"))
SHORT = {"epochs": 3, "batch_size": 16, "precision": "float32"}


def trunk():
    keras.utils.set_random_seed(0)
    model = models.build("condensed", (16, 16, 3), 4, {"width": 6, "blocks": 1})
    return transfer.Trunk("condensed", "random", transfer.without_head(model))


def stages(strategy, **more):
    return transfer.stages(
        strategy,
        head=strategies.HEAD.with_settings({**SHORT, "learning_rate": 0.1}),
        tune=strategies.TUNE.with_settings(SHORT),
        **more,
    )


def go(folder, strategy="frozen", **more):
    made = stages(strategy, **({"trained": "stage2"} if strategy == "two-stage" else {}))
    plan = transfer.Plan(trunk(), made)
    return plan, transfer.train(
        DATA, plan, directory=folder / "run", cache=ArrayCache(folder / "cache"), **more
    )


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two stages trained in one go: the plan and its run."""
    return go(tmp_path_factory.mktemp("two"), "two-stage")


def test_a_head_on_a_frozen_trunk_learns_and_leaves_the_trunk_as_it_is(tmp_path):
    before = trunk().model.get_weights()
    plan, run = go(tmp_path)
    for old, new in zip(before, plan.trunk.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert evaluate(run.model(), DATA).top1.value > 0.6
    assert run.status == "trained"
    assert [row["epoch"] for row in run.history] == [1, 2, 3]


def test_the_run_says_what_was_done(two):
    _plan, run = two
    told = run.facts["transfer"]
    assert (told["trunk"], told["weights"], told["size"]) == ("condensed", "random", [16, 16])
    assert [stage["name"] for stage in told["stages"]] == ["head", "tune"]
    assert [stage["trained"] for stage in told["stages"]] == [0, "stage2"]
    assert [row["stage"] for row in run.history] == ["head"] * 3 + ["tune"] * 3
    assert [row["epoch"] for row in run.history] == [1, 2, 3, 4, 5, 6]
    assert run.facts["data"]["content_hash"] == DATA.content_hash()
    assert run.facts["cost"]["parameters"] == run.model().count_params()
    assert run.facts["test_touches"] == 0
    assert run.facts["best_epoch"] in (4, 5, 6)


def test_the_saved_model_takes_raw_images_in_plain_keras(two):
    _plan, run = two
    model = keras.saving.load_model(run.model_path, safe_mode=True)
    assert model.input_shape == (None, 16, 16, 3)
    logits = model.predict(DATA.test.images, verbose=0)
    best = run.history[run.facts["best_epoch"] - 1]
    validation = model.predict(DATA.validation.images, verbose=0).argmax(1)
    found = float((validation == DATA.validation.labels).mean())
    assert found == pytest.approx(best["val_accuracy"])
    assert logits.shape == (30, 3)


def test_the_second_stage_changes_the_named_layers_alone(two):
    plan, _run = two
    for old, new in zip(trunk().model.layers, plan.trunk.model.layers, strict=True):
        kernels = [w for w in old.weights if w.path.endswith("kernel")]
        if not kernels:
            continue
        same = all(
            np.array_equal(a, b) for a, b in zip(old.get_weights(), new.get_weights(), strict=True)
        )
        assert same is not old.name.startswith("stage2"), old.name


def test_from_kept_features_a_head_learns_as_on_the_whole_model(tmp_path):
    recipe = stages("frozen")[0].recipe
    plan = transfer.Plan(trunk(), stages("frozen"), dropout=0.0)
    run = transfer.train(
        DATA, plan, directory=tmp_path / "kept", cache=ArrayCache(tmp_path / "cache")
    )
    other = trunk()
    keras.utils.set_random_seed(recipe.seed)
    whole = transfer.classifier(
        other, 3, transfer.frozen(other.model), image_shape=(16, 16, 3), dropout=0.0
    )
    straight = fit(DATA, whole, recipe, directory=tmp_path / "straight")
    for kept, computed in zip(run.history, straight.history, strict=True):
        for name in ("loss", "val_loss"):
            assert kept[name] == pytest.approx(computed[name], rel=1e-5)


def test_above_a_cut_the_rest_learns_as_in_the_whole_model(tmp_path, monkeypatch):
    recipe = strategies.TUNE.with_settings({**SHORT, "learning_rate": 1e-3})

    def tuned(name):
        plan = transfer.Plan(trunk(), [transfer.Stage("tune", "stage2", recipe)], dropout=0.0)
        place = {"directory": tmp_path / name, "cache": ArrayCache(tmp_path / "cache")}
        return transfer.train(DATA, plan, **place)

    kept = tuned("kept")
    told = DATA.content_hash()
    first = Run.open(tmp_path / "kept" / "stages" / "1-tune")
    assert first.facts["data"]["content_hash"] != told  # it was trained from maps
    assert first.model().input_shape == (None, 8, 8, 6)
    monkeypatch.setattr(training, "MEMORY", 0.0)
    whole = tuned("whole")
    assert Run.open(tmp_path / "whole" / "stages" / "1-tune").facts["data"]["content_hash"] == told
    for one, other in zip(kept.history, whole.history, strict=True):
        for name in ("loss", "val_loss"):
            assert one[name] == pytest.approx(other[name], rel=1e-4)


class Stop(Exception):
    """What interrupts a training, as a kill would."""


@pytest.mark.parametrize("at", [("head", 2), ("tune", 2)])
def test_a_killed_training_goes_on_to_the_same_model(two, tmp_path, at):
    _plan, whole = two
    told = []

    def show(progress):
        told.append(progress.step)
        stage, epoch = at
        begun = (tmp_path / "run" / "stages" / "2-tune" / "history.jsonl").exists()
        if progress.epoch == epoch and begun == (stage == "tune"):
            raise Stop

    with pytest.raises(Stop):
        go(tmp_path, "two-stage", watch=transfer.Watch(show))
    with pytest.raises(InputError, match="already holds a run"):
        go(tmp_path, "two-stage")
    _plan, again = go(tmp_path, "two-stage", resume=True)
    assert again.facts["weights_sha256"] == whole.facts["weights_sha256"]


def test_views_are_shown_in_turn_each_as_often():
    drawn = Split(DATA.train.images, DATA.train.labels, views=(DATA.train.images + 1,))
    from evrisim.data.batches import Place, training_batches

    seen = []
    for epoch in range(2):
        batches = list(training_batches(drawn, 16, Place(0, epoch)))
        images = np.concatenate([images for images, _labels in batches])
        order = np.concatenate([labels for _images, labels in batches])
        assert len(order) == 96
        plain = {image.tobytes() for image in DATA.train.images}
        seen.append({image.tobytes() in plain for image in images})
    assert seen == [{True, False}, {True, False}]


def test_floats_are_refused_unless_they_are_features():
    floats = Split(DATA.train.images.astype("float32"), DATA.train.labels)
    data = DataSet("floats", floats, floats, floats, DATA.class_names)
    with pytest.raises(InputError, match="images must be uint8"):
        check_dataset(data)
    check_dataset(DataSet("maps", floats, floats, floats, DATA.class_names, features=True))
