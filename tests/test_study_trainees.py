"""What arms train: from the start, or taken over; with what they are told apart by."""

from pathlib import Path

import pytest

from evrisim._validate import InputError
from evrisim.claims import fine_tuning
from evrisim.study import pool, settings
from evrisim.study.design import Study
from evrisim.study.shipped import transferring
from evrisim.study.trainees import Fresh, TakenOver, trainee
from evrisim.training import Recipe
from evrisim.transfer import choose
from test_transfer_training import DATA

TRANSFER = {
    "transfer.backbone": "condensed",
    "transfer.size": 16,
    "transfer.strategy": "two-stage",
    "transfer.last": "stage2",
    "epochs": 2,
    "batch_size": 16,
    "head.learning_rate": 0.05,
    "data.train_images": 60,
}


def training(**changes):
    given = {key.replace("__", "."): value for key, value in changes.items()}
    return settings.training({**settings.DEFAULTS, **TRANSFER, **given})


def test_an_arm_with_a_backbone_takes_a_net_over():
    found = training()
    assert (found.model, found.options) == ("condensed", {})
    assert found.limits == {"train": 60}
    assert found.transfer == {
        "backbone": "condensed",
        "size": [16, 16],
        "strategy": "two-stage",
        "last": "stage2",
        "shared": {"epochs": 2, "batch_size": 16},
        "settings": {"head": {"learning_rate": 0.05}, "tune": {}},
    }
    spec = trainee({"transfer": found.transfer}, {}).spec
    head, tune = spec.stages(60)[0]
    assert (head.recipe.epochs, head.recipe.learning_rate) == (2, 0.05)
    assert (tune.recipe.epochs, tune.recipe.learning_rate) == (2, 1e-5)


def test_an_arm_without_one_trains_from_the_start():
    found = settings.training({**settings.DEFAULTS, "model.width": 8, "transfer.backbone": None})
    assert found.transfer is None
    kind = trainee({"transfer": None, "model": found.model, "options": found.options}, {})
    assert isinstance(kind, Fresh)


@pytest.mark.parametrize(
    ("changes", "shared"),
    [
        ({"augmentation": "none", "severity": 0.5, "test_views": "six", "lookahead": 5}, True),
        ({"augmentation": "mixup"}, False),  # its labels are shares of classes
        ({"learning_rate": 0.2}, False),
        ({"epochs": 3}, False),  # the rate falls otherwise
    ],
)
def test_arms_share_a_workbench_if_their_step_is_the_same(changes, shared):
    benches = {}

    def arm(changes, **task):
        recipe = Recipe.create({"augmentation": "standard", **changes}).model_dump()
        given = {"model": "convnet", "options": {"width": 4}, "source": {"name": "shapes"}}
        return trainee({**given, "recipe": recipe, **task}, benches)

    base = arm({})
    assert (arm(changes).bench is base.bench) == shared
    assert arm({}, options={"width": 8}).bench is not base.bench
    assert arm({}, source={"name": "digits"}).bench is not base.bench


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("transfer.trunk", "x", "Did you mean|must be one of backbone, weights"),
        ("head.epoch", 3, "Did you mean 'epochs'"),
        ("tune.epochs", 0, "tune: `epochs` received 0: must be at least 1"),
        ("transfer.size", 0, "`transfer.size` must be a whole number of at least 1"),
        ("tail.epochs", 1, "`setting` must be one of"),
    ],
)
def test_wrong_settings_of_a_transfer_are_named(key, value, sentence):
    with pytest.raises(InputError, match=sentence):
        training(**{key.replace(".", "__"): value})


@pytest.mark.parametrize("key", ["transfer.strategy", "head.epochs", "tune.seed"])
def test_settings_of_a_transfer_without_a_backbone_are_refused(key):
    with pytest.raises(InputError):
        settings.training({**settings.DEFAULTS, key: 3})


def prepared(**changes):
    return TakenOver(training(**changes).transfer).prepared(DATA)


def test_a_transfer_is_told_apart_by_all_that_changes_it():
    same, again = prepared(), prepared()
    others = [
        prepared(transfer__last="stage2_block2"),
        prepared(transfer__norm="trainable"),
        prepared(transfer__views="flip"),
        prepared(head__epochs=3),
        prepared(transfer__strategy="frozen", transfer__last=None),
    ]

    def place(found):
        return pool.place(
            Path("runs"), "content", "some/net.keras", found["options"], Recipe.create({"seed": 1})
        )

    assert place(same) == place(again)
    assert len({place(same), *map(place, others)}) == 6
    assert place(same).parent == Path("runs/trainings")
    assert place(same).name.startswith("net-")
    assert same["parameters"] > 200_000
    assert same["training_macs"] < 3 * same["macs"]


def test_it_trains_goes_on_and_says_what_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("EVRISIM_CACHE", str(tmp_path / "cache"))
    recipe = Recipe.create({"seed": 5})
    seen = []
    runs = [
        TakenOver(training().transfer).train(
            DATA, recipe, tmp_path / "run", seen.append, {"command": "x", "source": {}}
        )
        for _again in range(2)
    ]
    assert runs[0].status == "trained"
    assert runs[0].facts["command"] == "x"
    assert [stage["recipe"]["seed"] for stage in runs[0].facts["transfer"]["stages"]] == [5, 5]
    assert runs[0].facts["weights_sha256"] == runs[1].facts["weights_sha256"]
    assert seen
    warm = TakenOver(training().transfer).warm(DATA, recipe)
    assert warm["seconds"] > 0


@pytest.mark.parametrize("name", transferring.STUDIES)
def test_a_shipped_study_of_transfer_is_well_formed(name):
    study = transferring.STUDIES[name]()
    assert isinstance(study, Study)
    names = [arm.name for arm in study.arms]
    assert len(set(names)) == len(names)
    for budget in ("smoke", "quick", "full"):
        for arm in study.arms:
            assert arm.against is None or names.index(arm.against) < names.index(arm.name)
            found = settings.training(settings.merged(study, arm, budget))
            assert found.transfer is not None
            spec = TakenOver(found.transfer).spec
            stages, _reason = spec.stages(1000)
            assert stages[-1].recipe.batch_size in (8, 64)


def test_each_size_has_the_course_s_choice_as_its_reference():
    study = transferring.STUDIES["strategy-by-images"]()
    for arm in study.arms:
        name, _dash, images = arm.name.rpartition("-")
        choice = choose(int(images))
        opened = "all" if choice.trained == "all" else "part"
        ruled = "head" if choice.strategy == "frozen" else opened
        assert fine_tuning.RULED[int(images)] == ruled
        assert (arm.claim is None) == (name == ruled)
        assert arm.against in (None, f"{ruled}-{images}")
