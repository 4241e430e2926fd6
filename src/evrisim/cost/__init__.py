"""What a model costs: parameters, multiply–accumulates, memory for activations."""

from evrisim.cost.grouping import Group, grouped
from evrisim.cost.measure import Cost, LayerCost, measure

__all__ = ["Cost", "Group", "LayerCost", "grouped", "measure"]
