"""Strategies, spelled out as stages."""

import pytest

from evrisim import models, transfer
from evrisim._validate import InputError
from evrisim.transfer import strategies
from evrisim.transfer.freezing import with_weights

TUNE = strategies.TUNE.with_settings({"epochs": 31})


def told(strategy, **more):
    made = transfer.stages(strategy, tune=TUNE, **more)
    return [(stage.name, stage.trained, stage.recipe.epochs) for stage in made]


SPELLED = {
    "frozen": [("head", 0, 20)],
    "partial": [("tune", 30, 31)],
    "full": [("tune", "all", 31)],
    "two-stage": [("head", 0, 20), ("tune", 30, 31)],
    "gradual": [
        ("head", 0, 20),
        ("thaw1", 0.25, 10),
        ("thaw2", 0.5, 10),
        ("thaw3", "all", 10),
    ],
    "discriminative": [("head", 0, 20), ("tune", "all", 31)],
}


def test_every_strategy_is_spelled_out_here():
    assert set(SPELLED) == set(transfer.STRATEGIES)


@pytest.mark.parametrize("name", SPELLED)
def test_a_strategy_is_its_stages(name):
    assert told(name) == SPELLED[name]


def test_the_course_s_two_stages_have_its_rates_and_epochs():
    head, tune = transfer.stages("two-stage")
    assert (head.recipe.learning_rate, head.recipe.epochs) == (1e-3, 20)
    assert (tune.recipe.learning_rate, tune.recipe.epochs) == (1e-5, 30)
    assert (tune.recipe.schedule, tune.recipe.warmup_epochs, tune.norm) == ("cosine", 1.0, "frozen")
    assert tune.recipe.early_stopping
    with pytest.raises(InputError, match="Did you mean 'two-stage'"):
        transfer.stages("two-stages")


def test_what_trains_can_be_chosen_where_a_strategy_leaves_it_open():
    assert told("two-stage", trained="block_14")[1][1] == "block_14"
    assert told("gradual", trained=40)[-1][1] == 40
    for name in strategies.WHOLE:
        with pytest.raises(InputError, match=f"Strategy {name} says itself what trains"):
            told(name, trained=3)


def test_discriminative_lowers_the_rate_layer_by_layer():
    (_head, tune) = transfer.stages("discriminative")
    assert tune.recipe.layer_decay == strategies.LAYER_DECAY < 1
    own = strategies.TUNE.with_settings({"layer_decay": 0.8})
    assert transfer.stages("discriminative", tune=own)[1].recipe.layer_decay == 0.8
    others = [one for name in SPELLED if name != "discriminative" for one in transfer.stages(name)]
    assert {stage.recipe.layer_decay for stage in others} == {1.0}


def test_gradual_thaws_from_the_end_and_never_freezes_again():
    trunk = transfer.without_head(models.build("resnet20", (16, 16, 3), 2))
    before: set[str] = set()
    for stage in transfer.stages("gradual"):
        now = set(stage.freezing(trunk).trained)
        assert before <= now
        before = now
    assert before == {layer.name for layer in trunk.layers}
    (quarter,) = (s for s in transfer.stages("gradual") if s.name == "thaw1")
    names = quarter.freezing(trunk).trained
    assert len(names) == round(len(trunk.layers) / 4)
    assert names == tuple(layer.name for layer in trunk.layers[-len(names) :])
    assert with_weights(names, trunk)


def test_a_share_of_the_layers_above_one_is_refused():
    trunk = transfer.without_head(models.build("resnet20", (16, 16, 3), 2))
    with pytest.raises(InputError, match="`trained` must lie between 0 and 1"):
        transfer.Stage("tune", 1.5, strategies.TUNE).freezing(trunk)
