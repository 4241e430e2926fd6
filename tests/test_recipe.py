import keras
import numpy as np
import pytest
import yaml

from evrisim import models
from evrisim._validate import InputError
from evrisim.training import RECIPES, Recipe
from evrisim.training.optimizers import optimizer
from evrisim.training.schedules import Cosine, learning_rate


@pytest.mark.parametrize("name", RECIPES)
def test_a_shipped_recipe_is_read_and_survives_yaml(name):
    recipe = Recipe.load(name)
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe


def test_a_recipe_file_is_read(tmp_path):
    Recipe(epochs=3, ema=0.9).save(tmp_path / "mine.yaml")
    assert Recipe.load(tmp_path / "mine.yaml") == Recipe(epochs=3, ema=0.9)
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["ema"] == 0.9


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"epoch": 3}, "Did you mean 'epochs'"),
        ({"epochs": 0}, "`epochs` received 0: must be at least 1"),
        ({"epochs": 2.5}, "`epochs` received 2.5: must be a whole number"),
        ({"epochs": "many"}, "`epochs` received 'many': must be a whole number"),
        (
            {"optimizer": "adam"},
            "`optimizer` received 'adam': must be one of 'sgd', 'adamw' or 'muon'",
        ),
        ({"learning_rate": 0}, "`learning_rate` received 0: must be greater than 0"),
        ({"learning_rate": float("nan")}, "`learning_rate` received nan"),
        ({"label_smoothing": 1}, "`label_smoothing` received 1: must be less than 1"),
        ({"severity": 2}, "`severity` received 2: must be at most 1"),
        ({"seed": -1}, "`seed` received -1: must be at least 0"),
        ({"augmentation": "standart"}, "`augmentation` must be .* Did you mean 'standard'"),
        ({"augmentation": [{"flip": 3}]}, "recipe: policy, step 1: `mode` must be one of"),
        ({"augmentation": "none.yaml"}, r"There is no policy file none\.yaml"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_what_is_allowed(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        Recipe().with_settings(settings)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("- a", "must hold `setting: value` lines"), ("a: [", "is not valid YAML")],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path, text, sentence):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(InputError, match=sentence):
        Recipe.load(tmp_path / "r.yaml")


def test_a_policy_file_is_kept_as_the_steps_it_lists(tmp_path):
    (tmp_path / "mine.yaml").write_text("steps:\n  - flip: horizontal\n  - cutout\n")
    recipe = Recipe().with_settings({"augmentation": str(tmp_path / "mine.yaml")})
    assert recipe.augmentation == [{"flip": "horizontal"}, "cutout"]
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    assert [type(part).__name__ for part in recipe.policy.parts] == ["Flip", "Cutout"]


@pytest.mark.parametrize("settings", [{"augmentation": "none"}, {"severity": 0}])
def test_a_recipe_that_changes_nothing_has_no_policy(settings):
    assert Recipe().policy is not None
    assert Recipe().with_settings(settings).policy is None


def test_an_unknown_name_and_a_missing_file_are_told_apart():
    with pytest.raises(InputError, match="`recipe` must be one of course, condensed, demo"):
        Recipe.load("curse")
    with pytest.raises(InputError, match=r"There is no recipe file nosuch\.yaml"):
        Recipe.load("nosuch.yaml")


def test_the_rate_climbs_then_falls_along_a_cosine():
    rate = learning_rate(Recipe(epochs=10, learning_rate=0.4, warmup_epochs=2), 5)
    found = [float(rate(step)) for step in range(51)]
    np.testing.assert_allclose(found[:11], np.arange(11) / 10 * 0.4, atol=1e-6)
    falling = 0.2 * (1 + np.cos(np.pi * np.arange(41) / 40))
    np.testing.assert_allclose(found[10:], falling, atol=1e-6)


@pytest.mark.parametrize("last", [0.0, 1.0])
@pytest.mark.parametrize("warmup", [0, 7])
def test_the_cosine_is_that_of_keras_to_the_last_bit(warmup, last):
    ours = Cosine(0.3, warmup, 50, last)
    warm = {"warmup_target": 0.3, "warmup_steps": warmup} if warmup else {}
    start = 0.0 if warmup else 0.3
    theirs = keras.optimizers.schedules.CosineDecay(start, 50 - warmup, alpha=last, **warm)
    found = [float(ours(step)) for step in range(60)]
    assert found == [float(theirs(step)) for step in range(60)]
    again = Cosine.from_config(ours.get_config())
    assert [float(again(step)) for step in range(60)] == found


def test_a_constant_rate_stays_after_the_warm_up():
    recipe = Recipe(epochs=4, learning_rate=0.4, warmup_epochs=1, schedule="constant")
    rate = learning_rate(recipe, 5)
    np.testing.assert_allclose([float(rate(step)) for step in (5, 10, 19)], 0.4, rtol=1e-6)


def test_a_triangle_climbs_from_a_fifth_and_falls_straight_to_seven_hundredths():
    recipe = Recipe(epochs=10, learning_rate=0.4, warmup_epochs=2, schedule="triangle")
    rate = learning_rate(recipe, 5)
    found = [float(rate(step)) for step in range(52)]
    np.testing.assert_allclose(found[:11], np.linspace(0.08, 0.4, 11), rtol=1e-5)
    np.testing.assert_allclose(found[10:51], np.linspace(0.4, 0.028, 41), rtol=1e-5)
    assert found[51] == pytest.approx(0.028)
    again = type(rate).from_config(rate.get_config())
    assert [float(again(step)) for step in range(52)] == found


def test_a_triangle_without_warm_up_begins_at_its_highest():
    recipe = Recipe(epochs=1, learning_rate=0.4, warmup_epochs=0, schedule="triangle")
    assert float(learning_rate(recipe, 5)(0)) == pytest.approx(0.4)


def test_without_warm_up_the_first_step_has_the_full_rate():
    assert float(learning_rate(Recipe(warmup_epochs=0, learning_rate=0.3), 5)(0)) == (
        pytest.approx(0.3)
    )


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_kernels_decay_and_norms_and_biases_do_not(kind):
    model = models.build("convnet", (8, 8, 3), 2, {"width": 4})
    recipe = Recipe(
        optimizer=kind, weight_decay=0.5, learning_rate=0.1, warmup_epochs=0, schedule="constant"
    )
    built = optimizer(recipe, model, learning_rate(recipe, 10))
    before = [np.array(variable) for variable in model.trainable_variables]
    built.apply([np.zeros(v.shape, "float32") for v in model.trainable_variables])
    for variable, old in zip(model.trainable_variables, before, strict=True):
        factor = 0.95 if len(variable.shape) > 1 else 1.0  # 1 − rate · decay
        np.testing.assert_allclose(
            np.array(variable), factor * old, rtol=1e-5, err_msg=variable.path
        )


def test_clipping_bounds_the_whole_gradient():
    model = models.build("convnet", (8, 8, 3), 2, {"width": 4})
    recipe = Recipe(clip_norm=1e-3, weight_decay=0, momentum=0, learning_rate=1, warmup_epochs=0)
    built = optimizer(recipe, model, learning_rate(recipe, 10))
    before = [np.array(variable) for variable in model.trainable_variables]
    built.apply([np.ones(v.shape, "float32") for v in model.trainable_variables])
    moved = sum(
        float(np.sum((np.array(v) - old) ** 2))
        for v, old in zip(model.trainable_variables, before, strict=True)
    )
    assert np.sqrt(moved) == pytest.approx(1e-3, rel=0.01)
