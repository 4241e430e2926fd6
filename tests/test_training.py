import json
import math
import re

import keras
import numpy as np
import pytest

from evrisim import inference
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet, Split
from evrisim.training import ModelChoice, Recipe, Run, TrainingDivergedError, fit, loop
from evrisim.training.state import State, evaluated_weights

SMALL = ModelChoice("convnet", {"width": 4})
RECIPE = Recipe(epochs=2, batch_size=32, learning_rate=0.05, warmup_epochs=0.5)


def silent(progress):
    """Show nothing."""


@pytest.fixture(scope="module")
def trained(stripes, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "run"
    seen = []
    run = fit(stripes, SMALL, RECIPE, directory=directory, show=seen.append, facts={"command": "x"})
    return run, seen


def test_learns_what_is_easy(stripes, tmp_path):
    recipe = RECIPE.with_settings({"epochs": 8})
    run = fit(stripes, SMALL, recipe, directory=tmp_path / "run")
    assert run.facts["validation"]["top1"] > 0.9


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(stripes, trained, tmp_path):
    again = fit(stripes, SMALL, RECIPE, directory=tmp_path / "again")
    other = fit(stripes, SMALL, RECIPE.with_settings({"seed": 1}), directory=tmp_path / "other")
    assert again.facts["weights_sha256"] == trained[0].facts["weights_sha256"]
    assert other.facts["weights_sha256"] != trained[0].facts["weights_sha256"]


@pytest.mark.tensorflow
def test_the_same_seed_gives_the_same_bits_where_convolutions_are_cut_into_tiles(stripes, tmp_path):
    wide = ModelChoice("convnet", {"width": 32})  # 64 and 128 feature maps
    recipe = RECIPE.with_settings({"epochs": 1})
    runs = [fit(stripes, wide, recipe, directory=tmp_path / name) for name in ("a", "b")]
    assert runs[0].facts["weights_sha256"] == runs[1].facts["weights_sha256"]


def test_a_run_says_what_it_was_made_of(stripes, trained):
    facts = Run.open(trained[0].directory).facts
    assert facts["status"] == "trained"
    assert facts["data"]["splits"] == {"train": 160, "validation": 48, "test": 48}
    assert facts["data"]["content_hash"] == stripes.content_hash()
    assert facts["recipe"] == RECIPE.model_dump()
    assert facts["model"] == {"name": "convnet", "options": {"width": 4}}
    assert facts["test_touches"] == 0
    assert facts["command"] == "x"
    assert {"keras", "numpy", "python"} <= set(facts["versions"])
    assert facts["cost"]["parameters"] == trained[0].model().count_params()


def test_the_saved_model_has_the_validation_result_the_run_claims(stripes, trained):
    run, _seen = trained
    logits = inference.predict_logits(run.model(), stripes.validation.images)
    share = (logits.argmax(axis=1) == stripes.validation.labels).mean()
    assert share == pytest.approx(run.facts["validation"]["top1"])
    best = max(run.history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))
    assert run.facts["best_epoch"] == best["epoch"]


def test_a_finished_run_leaves_no_checkpoint_and_the_model_no_optimizer(trained):
    left = {path.name for path in trained[0].directory.iterdir()}
    assert left == {".lock", "history.jsonl", "model.keras", "run.json"}
    assert not trained[0].model().compiled


def test_progress_counts_steps_and_ends_each_epoch_with_a_row(trained):
    _run, seen = trained
    steps = [(p.epoch, p.step) for p in seen if p.row is None]
    assert steps == [(e, s) for e in (1, 2) for s in range(1, 6)]
    assert [p.row["epoch"] for p in seen if p.row] == [1, 2]
    assert all(p.steps == 5 and p.images_per_second > 0 and p.seconds_left >= 0 for p in seen)


def test_a_model_of_ones_own_with_softmax_is_trained_from_its_weights(stripes, tmp_path):
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ],
        name="mine",
    )
    before = model.get_weights()
    run = fit(stripes, model, RECIPE, directory=tmp_path / "run")
    assert run.facts["model"]["name"] == "mine"
    loaded = run.model()
    rows = loaded.predict_on_batch(stripes.test.images[:4].astype("float32"))
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-5)
    assert not np.allclose(before[0], loaded.get_weights()[0])


def test_a_model_with_another_number_of_classes_is_refused(stripes, tmp_path):
    model = keras.Sequential(
        [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    with pytest.raises(InputError, match="gives 3 scores, but stripes has 2 classes"):
        fit(stripes, model, RECIPE, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_for_other_images_is_refused(stripes, tmp_path):
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    with pytest.raises(InputError, match=r"takes images of shape .* received \(16, 16, 3\)"):
        fit(stripes, model, RECIPE, directory=tmp_path / "run")


def with_labels(stripes, labels):
    return DataSet(
        "wrong", Split(stripes.train.images, labels), stripes.validation, stripes.test, ("a", "b")
    )


@pytest.mark.parametrize(
    ("spoil", "received"),
    [
        (lambda labels: np.where(np.arange(160) == 5, -1, labels), "-1"),
        (lambda labels: np.where(np.arange(160) == 5, 2, labels), "2"),
        (lambda labels: labels.astype(float), "0.0"),
        (lambda labels: np.where(np.arange(160) == 5, math.nan, labels), "0.0"),
        (lambda labels: labels.astype(str), "'0'"),
    ],
)
def test_a_wrong_label_is_named_before_the_first_step(stripes, tmp_path, spoil, received):
    with pytest.raises(
        InputError, match=f"must be a whole number from 0 to 1; received {received}"
    ):
        fit(
            with_labels(stripes, spoil(stripes.train.labels)),
            SMALL,
            RECIPE,
            directory=tmp_path / "r",
        )
    assert not (tmp_path / "r").exists()


def test_one_hot_labels_are_refused(stripes, tmp_path):
    with pytest.raises(
        InputError, match=r"160 images need as many labels; received shape \(160, 2\)"
    ):
        fit(
            with_labels(stripes, np.eye(2, dtype=int)[stripes.train.labels]),
            SMALL,
            RECIPE,
            directory=tmp_path / "r",
        )


def test_a_taken_folder_is_not_overwritten(stripes, trained, tmp_path):
    with pytest.raises(InputError, match="already holds a run"):
        fit(stripes, SMALL, RECIPE, directory=trained[0].directory)
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no run"):
        fit(stripes, SMALL, RECIPE, directory=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_resuming_with_other_settings_names_the_difference(stripes, trained):
    other = RECIPE.with_settings({"learning_rate": 0.01})
    with pytest.raises(InputError, match=r"its recipe.learning_rate was 0.05, and now it is 0.01"):
        fit(stripes, SMALL, other, directory=trained[0].directory, resume=True)


def test_resuming_a_finished_run_changes_nothing(stripes, trained):
    before = (trained[0].directory / "run.json").read_bytes()
    fit(stripes, SMALL, RECIPE, directory=trained[0].directory, resume=True)
    assert (trained[0].directory / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("layer", "moment"),
    [(-1, "epoch 2, step 4"), (0, "epoch 2, step [45]")],
    ids=["seen in the loss", "hidden by ReLU, seen in the weights"],
)
def test_a_nan_stops_the_run_with_the_last_good_weights(
    stripes, tmp_path, monkeypatch, layer, moment
):
    models = []
    train = loop.train

    def remember(model, *args, **kwargs):
        models.append(model)
        return train(model, *args, **kwargs)

    def poison(progress):
        if (progress.epoch, progress.step, progress.row) == (2, 3, None):
            weight = models[0].trainable_variables[layer]
            weight.assign(np.full(weight.shape, np.nan, "float32"))

    monkeypatch.setattr(loop, "train", remember)
    recipe = RECIPE.with_settings({"epochs": 3})
    with pytest.raises(TrainingDivergedError, match=f"became nan in {moment}; .*learning_rate"):
        fit(stripes, SMALL, recipe, directory=tmp_path / "run", show=poison)
    run = Run.open(tmp_path / "run")
    assert run.status == "diverged"
    assert re.search(moment, run.facts["reason"])
    assert run.facts["best_epoch"] == 1
    assert all(np.isfinite(weight).all() for weight in run.model().get_weights())


def test_ctrl_c_keeps_the_best_model_and_the_way_back(stripes, tmp_path):
    def show(progress):
        if (progress.epoch, progress.step, progress.row) == (2, 2, None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(stripes, SMALL, RECIPE, directory=tmp_path / "run", show=show)
    run = Run.open(tmp_path / "run")
    assert run.status == "interrupted"
    assert run.model_path.exists()
    resumed = fit(stripes, SMALL, RECIPE, directory=tmp_path / "run", resume=True)
    straight = fit(stripes, SMALL, RECIPE, directory=tmp_path / "straight")
    assert resumed.facts["weights_sha256"] == straight.facts["weights_sha256"]
    assert straight.facts["resumed"] == []
    (again,) = resumed.facts["resumed"]
    assert (again["after_epoch"], again["damaged_checkpoints"]) == (1, [])
    assert again["machine"] == resumed.facts["machine"]
    assert (run.directory / "history.jsonl").read_text().count("\n") == 2


def test_a_run_says_which_damaged_checkpoints_it_passed_over(stripes, tmp_path):
    def stop_in_the_third_epoch(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    recipe = RECIPE.with_settings({"epochs": 3})
    with pytest.raises(KeyboardInterrupt):
        fit(stripes, SMALL, recipe, directory=tmp_path / "run", show=stop_in_the_third_epoch)
    (tmp_path / "run" / "checkpoint" / "epoch-00002" / "variables.npz").write_bytes(b"")
    run = fit(stripes, SMALL, recipe, directory=tmp_path / "run", resume=True)
    (again,) = run.facts["resumed"]
    assert (again["after_epoch"], again["damaged_checkpoints"]) == (1, ["epoch-00002"])
    assert len(run.history) == 3


def test_early_stopping_ends_after_its_patience(stripes, tmp_path):
    recipe = RECIPE.with_settings({"epochs": 30, "learning_rate": 1e-9, "early_stopping": 2})
    run = fit(stripes, SMALL, recipe, directory=tmp_path / "run")
    assert run.facts["epochs"] == run.facts["best_epoch"] + 2 < 30


def test_the_best_epoch_is_by_accuracy_then_loss():
    state = State()
    for epoch, (accuracy, loss) in enumerate([(0.5, 1.0), (0.7, 0.9), (0.7, 0.8), (0.6, 0.1)], 1):
        row = {"epoch": epoch, "val_accuracy": accuracy, "val_loss": loss}
        state.record(row, [np.array(epoch)])
    assert (state.best["epoch"], state.waited, int(state.best_weights[0])) == (3, 1, 3)


def test_the_average_of_weights_is_evaluated_and_the_training_weights_come_back(stripes):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5), "mse")
    (kernel,) = model.trainable_variables
    expected = None
    for _ in range(3):
        model.train_on_batch(np.ones((4, 2)), np.zeros((4, 1)))
        now = np.array(kernel)
        expected = now if expected is None else 0.5 * expected + 0.5 * now
    with evaluated_weights(model):
        np.testing.assert_allclose(np.array(kernel), expected, rtol=1e-5)
    np.testing.assert_array_equal(np.array(kernel), now)


def test_a_history_line_torn_by_a_kill_is_dropped(trained, tmp_path):
    from evrisim.training.run import read_history

    whole = (trained[0].directory / "history.jsonl").read_text()
    (tmp_path / "history.jsonl").write_text(whole + whole[:20])
    assert read_history(tmp_path / "history.jsonl") == [json.loads(x) for x in whole.splitlines()]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "is not a run"), ("{", "is damaged"), ('{"format": 99}', "newer evrisim")],
)
def test_what_is_no_run_is_said_so(tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=sentence):
        Run.open(tmp_path)


def test_a_model_that_was_tampered_with_is_not_loaded(stripes, tmp_path):
    run = fit(stripes, SMALL, RECIPE.with_settings({"epochs": 1}), directory=tmp_path / "run")
    content = bytearray(run.model_path.read_bytes())
    content[len(content) // 2] ^= 1
    run.model_path.write_bytes(content)
    with pytest.raises(InputError, match="is not the file that was saved"):
        run.model()


def test_a_run_nobody_works_on_any_more_counts_as_killed(trained):
    run = Run(trained[0].directory, {**trained[0].facts, "status": "running"})
    assert run.status == "killed"
