"""What a model costs: parameters, multiply–accumulates, memory for activations, receptive fields."""

from evrisim.cost.field import Field
from evrisim.cost.measure import Cost, LayerCost, measure
from evrisim.cost.receptive_field import receptive_fields

__all__ = ["Cost", "Field", "LayerCost", "measure", "receptive_fields"]
