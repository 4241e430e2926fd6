"""What a model costs: parameters, multiply–accumulates, memory for activations."""

from evrisim.cost.measure import Cost, LayerCost, measure

__all__ = ["Cost", "LayerCost", "measure"]
