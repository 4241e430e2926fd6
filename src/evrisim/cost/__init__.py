"""What a model costs: parameters, MACs, memory, time; and how far its layers see."""

from evrisim.cost.field import Field
from evrisim.cost.grouping import Group, grouped
from evrisim.cost.latency import latencies
from evrisim.cost.measure import Cost, LayerCost, measure
from evrisim.cost.receptive_field import landmarks, receptive_fields

__all__ = [
    "Cost",
    "Field",
    "Group",
    "LayerCost",
    "grouped",
    "landmarks",
    "latencies",
    "measure",
    "receptive_fields",
]
