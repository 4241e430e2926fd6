"""Progressive resizing, against training by hand on images shrunk by hand."""

import keras
import numpy as np
import pytest

from evrisim._validate import InputError
from evrisim.training import ModelChoice, Recipe, Workbench, fit, growing
from evrisim.training.loop import batches
from evrisim.training.state import State
from evrisim.training.workbench import compiled
from killing import whole_and_resumed

AIRBENCH = ModelChoice("airbench", {"width": 4, "deep": 8})
SIZES = {"epochs": 3, "batch_size": 32, "image_sizes": [10, 12], "precision": "float32"}


@pytest.mark.parametrize(
    ("epochs", "sides"),
    [
        (1, [32]),
        (2, [16, 32]),
        (3, [16, 20, 32]),
        (6, [16, 16, 20, 20, 32, 32]),
        (7, [16, 16, 16, 20, 20, 32, 32]),
    ],
)
def test_each_size_has_an_equal_part_and_the_last_epoch_whole_images(epochs, sides):
    recipe = Recipe(epochs=epochs, image_sizes=[16, 20])
    found = [growing.size_in(recipe, epoch, (32, 32, 3)) for epoch in range(epochs)]
    assert found == [(side, side) for side in sides]


def test_the_shorter_side_is_meant_and_nothing_is_enlarged():
    recipe = Recipe(epochs=2, image_sizes=[16])
    assert growing.size_in(recipe, 0, (32, 48, 3)) == (16, 24)
    assert growing.size_in(recipe, 0, (12, 48, 3)) == (12, 48)
    assert growing.size_in(Recipe(epochs=2), 0, (32, 48, 3)) == (32, 48)


def test_half_the_size_is_the_weighted_mean_of_pixels_around():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 12, 8, 3)).astype("uint8")
    found = keras.ops.convert_to_numpy(growing.shrunk(images, (6, 4)))
    # A triangle twice as wide as when enlarging: four pixels each way, 1, 3, 3 and 1 eighths.
    weight = np.array([1, 3, 3, 1]) / 8
    window = np.lib.stride_tricks.sliding_window_view(images, (4, 4), axis=(1, 2))[:, 1::2, 1::2]
    inner = np.einsum("nijcab,a,b->nijc", window, weight, weight)
    np.testing.assert_allclose(found[:, 1:-1, 1:-1], inner, atol=1e-3)


def test_it_trains_what_plain_keras_trains_on_shrunk_images(stripes, tmp_path):
    plain = {"schedule": "constant", "warmup_epochs": 0, "weight_decay": 0, "augmentation": "none"}
    recipe = Recipe(**{**SIZES, "epochs": 2, "image_sizes": [10]}, **plain)
    run = fit(stripes, AIRBENCH, recipe, directory=tmp_path / "run")

    whole = compiled(stripes, AIRBENCH, recipe)
    small = keras.models.clone_model(whole, input_tensors=keras.Input((10, 10, 3)))
    small.set_weights(whole.get_weights())
    losses, judged = [], []
    for epoch, net in enumerate((small, whole)):
        sgd = keras.optimizers.SGD(recipe.learning_rate, momentum=0.9, nesterov=True)
        sgd.build(net.trainable_variables)
        if net is whole:
            net.set_weights(small.get_weights())
            for one, other in zip(sgd.variables, small.optimizer.variables, strict=True):
                one.assign(np.array(other))
        net.compile(sgd, whole.loss)
        some = []
        for images, labels in batches(stripes, recipe, epoch):
            seen = images if net is whole else by_hand(images)
            some.append(net.train_on_batch(seen, labels, return_dict=True)["loss"])
        losses.append(np.mean(some))
        seen = stripes.validation.images if net is whole else by_hand(stripes.validation.images)
        judged.append(net.loss(stripes.validation.labels, net.predict(seen, verbose=0)))
    np.testing.assert_allclose([row["loss"] for row in run.history], losses, rtol=1e-3)
    np.testing.assert_allclose([row["val_loss"] for row in run.history], judged, rtol=1e-2)
    assert [row.get("image_size") for row in run.history] == [[10, 10], None]


def by_hand(images):
    """Shrunk as plain Keras' layer does it."""
    return keras.layers.Resizing(10, 10, antialias=True)(np.asarray(images, "float32"))


def test_a_killed_training_goes_on_to_the_same_weights(stripes, tmp_path):
    recipe = Recipe(**SIZES, lookahead=2)

    whole, resumed = whole_and_resumed(
        stripes,
        AIRBENCH,
        recipe,
        tmp_path,
        at=lambda progress: progress.epoch == 2 and progress.step == 2 and not progress.row,
    )
    assert resumed.facts["weights_sha256"] == whole.facts["weights_sha256"]


def test_no_result_on_smaller_images_beats_one_on_whole_ones_or_ends_a_training():
    state = State()

    def epoch(accuracy, **more):
        state.record({"val_accuracy": accuracy, "val_loss": 1.0, **more}, [np.array(accuracy)])
        return state.best["val_accuracy"], state.waited

    assert epoch(0.7, image_size=[8, 8]) == (0.7, 0)
    assert epoch(0.6, image_size=[8, 8]) == (0.7, 0)
    assert epoch(0.5) == (0.5, 0)
    assert epoch(0.4) == (0.5, 1)
    assert state.best_weights == [0.5]


def test_the_time_left_goes_with_the_pixels_to_come(stripes, tmp_path):
    seen = []
    recipe = Recipe(**{**SIZES, "image_sizes": [10]})  # twice 10×10, then 16×16
    fit(stripes, AIRBENCH, recipe, directory=tmp_path / "run", show=seen.append)
    after = [progress for progress in seen if progress.row]
    assert [round(one.seconds_left / one.row["seconds"], 3) for one in after] == [3.56, 2.56, 0]


@pytest.mark.tensorflow  # on JAX these four trainings compile for a quarter of a minute
def test_on_a_workbench_seeds_come_out_as_alone(stripes, tmp_path):
    bench = Workbench(AIRBENCH)
    for seed in (0, 1):
        recipe = Recipe(**SIZES, seed=seed)
        alone = fit(stripes, AIRBENCH, recipe, directory=tmp_path / f"alone{seed}")
        shared = fit(stripes, bench, recipe, directory=tmp_path / f"shared{seed}")
        assert shared.facts["weights_sha256"] == alone.facts["weights_sha256"]


def test_weights_that_depend_on_the_size_are_refused_before_anything_is_written(stripes, tmp_path):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)]
    )
    with pytest.raises(InputError, match=r"10×10.*Flatten.*null"):
        fit(stripes, model, Recipe(**SIZES), directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_net_that_cannot_be_built_so_small_is_refused(stripes, tmp_path):
    recipe = Recipe(**{**SIZES, "image_sizes": [1]})
    with pytest.raises(InputError, match="1×1"):
        fit(stripes, AIRBENCH, recipe, directory=tmp_path / "run")


@pytest.mark.parametrize("sizes", [[0], ["small"], [16.5]])
def test_a_size_is_a_whole_number_above_zero(sizes):
    with pytest.raises(InputError, match="image_sizes"):
        Recipe.create({"image_sizes": sizes})


def test_sizes_that_are_no_list_are_told_what_one_looks_like():
    with pytest.raises(InputError, match=r"'small': must be a list, such as \[16, 24\]"):
        Recipe.create({"image_sizes": "small"})
