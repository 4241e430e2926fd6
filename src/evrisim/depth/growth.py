"""How far the cells of a net's first stage see as it becomes deeper, and from where most comes."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from evrisim import cost, models
from evrisim.depth.survey import Plan
from evrisim.explain import EffectiveField, effective_field
from evrisim.training.precision import seeded

STAGE = "stage1_"
"""Up to its end nothing condenses, so that all sizes are in the image's pixels."""

CLASSES = 10
MARGIN = 2
"""Pixels around the largest field, so that its edge is seen."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Field:
    """What a cell at the end of the first stage sees.

    Attributes:
        net: One of `survey.NETS`.
        depth: Layers with weights of the whole net.
        theoretical: Rows and columns of the receptive field.
        effective: Where what the cell sees comes from, at random weights.
    """

    net: str
    depth: int
    theoretical: int
    effective: EffectiveField


def growth(plan: Plan, *, progress: Progress = lambda done, total: None) -> tuple[Field, ...]:
    """Measure theoretical and effective receptive fields of every net of a plan, untrained.

    All are measured on noise of one size, in which the largest field lies whole.

    Reference:
        Luo et al. 2016, https://arxiv.org/abs/1701.04128: the effective field grows with the root
        of the number of layers only.
    """
    plan.check()
    wanted = [(net, depth) for net in plan.nets for depth in plan.depths]
    sizes = [_theoretical(net, depth, plan) for net, depth in wanted]
    size = max(sizes) + 2 * MARGIN
    found = []
    for done, ((net, depth), theoretical) in enumerate(zip(wanted, sizes, strict=True)):
        progress(done, len(wanted))
        with seeded(0):
            model = models.build(net, (size, size, 3), CLASSES, plan.options(net, depth))
        field = effective_field(model, _last(model))
        found.append(Field(net, depth, theoretical, field))
        del model
        keras.utils.clear_session(free_memory=True)
    progress(len(wanted), len(wanted))
    return tuple(found)


def _theoretical(net: str, depth: int, plan: Plan) -> int:
    model = models.build(net, (32, 32, 3), CLASSES, plan.options(net, depth))
    size = cost.receptive_fields(model)[_last(model)].size[0]
    assert size is not None, "a stage of convolutions has a bounded field"
    return size


def _last(model: keras.Model) -> str:
    """Name the last layer of the first stage."""
    return [layer.name for layer in model.layers if layer.name.startswith(STAGE)][-1]
