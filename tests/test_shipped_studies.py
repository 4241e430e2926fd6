"""The studies that come along: what they promise of their arms is counted again."""

import pytest

from evrisim import cost, models, study
from evrisim.study import settings
from evrisim.study.shipped import NAMES

SHAPE = (32, 32, 3)


def counted(name):
    """Parameters and MACs of each arm's model."""
    plan = study.named(name)
    found = {}
    for arm in plan.arms:
        wanted = settings.training(settings.merged(plan, arm, "quick"))
        measured = cost.measure(models.build(wanted.model, SHAPE, 10, wanted.options))
        found[arm.name] = measured.parameters, measured.macs
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_arm_can_be_trained_at_every_budget(name):
    plan = study.named(name)
    for arm in plan.arms:
        for budget in ("smoke", "quick", "full"):
            settings.check_model(settings.training(settings.merged(plan, arm, budget)))


def nearest(widths, wanted, what):
    """The separable net of these widths that comes nearest in parameters (0) or MACs (1)."""
    options = {"block": "separable", "blocks": 2}

    def off(width):
        measured = cost.measure(models.build("staged", SHAPE, 10, {**options, "width": width}))
        return abs((measured.parameters, measured.macs)[what] - wanted)

    return min(widths, key=off)


@pytest.mark.tensorflow
def test_the_separable_nets_have_the_width_that_is_nearest_in_parameters_and_in_macs():
    found = counted("separable")
    parameters, macs = found["convolution"]
    assert nearest((44, 45, 46), parameters, 0) == 45
    assert nearest((43, 44, 45), macs, 1) == 44
    assert found["equal-parameters"][0] == pytest.approx(parameters, rel=0.02)
    assert found["equal-macs"][1] == pytest.approx(macs, rel=0.02)


@pytest.mark.tensorflow
def test_the_wider_net_has_no_fewer_parameters_than_squeeze_and_excite_adds():
    found = counted("squeeze-excite")
    assert found["without"][0] < found["squeeze"][0] < found["wider"][0]
