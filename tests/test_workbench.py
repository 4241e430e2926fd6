import pytest

from evrisim.data import shapes
from evrisim.training import ModelChoice, Recipe, Workbench, fit
from evrisim.training import workbench as room

CHOICE = ModelChoice("convnet", {"width": 4, "dropout": 0.3})
RECIPE = Recipe(epochs=2, batch_size=32, warmup_epochs=0.5, ema=0.9)
UNTOLD = ("seconds", "images_per_second")


@pytest.fixture(scope="module")
def dataset():
    return shapes.generate((96, 40, 40))


def told(run):
    rows = [{k: v for k, v in row.items() if k not in UNTOLD} for row in run.history]
    return run.facts["weights_sha256"], rows


def test_seeds_and_augmentations_on_one_workbench_give_the_numbers_of_trainings_alone(
    dataset, tmp_path
):
    bench = Workbench(CHOICE)
    shared, alone = [], []
    for seed, augmentation in ((3, "standard"), (1, "none"), (3, "standard")):
        recipe = RECIPE.with_settings({"seed": seed, "augmentation": augmentation})
        name = f"{len(shared)}-{seed}"
        shared.append(told(fit(dataset, bench, recipe, directory=tmp_path / f"shared-{name}")))
        alone.append(told(fit(dataset, CHOICE, recipe, directory=tmp_path / f"alone-{name}")))
    assert shared == alone
    assert shared[0] == shared[2] != shared[1]


def test_a_workbench_keeps_its_model_for_other_seeds_and_builds_anew_for_another_recipe(dataset):
    bench = Workbench(CHOICE)
    first = bench.compiled(dataset, RECIPE)
    assert bench.compiled(dataset, RECIPE.with_settings({"seed": 5})) is first
    assert bench.compiled(dataset, RECIPE.with_settings({"augmentation": "none"})) is first
    assert bench.compiled(dataset, RECIPE.with_settings({"learning_rate": 0.01})) is not first


@pytest.mark.tensorflow
@pytest.mark.parametrize("augmentation", ["standard", "standard+mixup"])
def test_a_step_is_traced_once_and_a_kept_model_never_again(
    dataset, tmp_path, monkeypatch, augmentation
):
    traced = []
    original = room.SmoothedCrossEntropy.call

    def counted(self, labels, scores):
        traced.append(1)
        return original(self, labels, scores)

    monkeypatch.setattr(room.SmoothedCrossEntropy, "call", counted)
    bench = Workbench(CHOICE)
    for seed in (0, 1, 2):
        recipe = RECIPE.with_settings({"seed": seed, "augmentation": augmentation})
        fit(dataset, bench, recipe, directory=tmp_path / str(seed))
    assert len(traced) == 1
