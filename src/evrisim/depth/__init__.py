"""What depth does to a net: how signals and gradients pass its layers, how far its cells see."""

from evrisim.depth.flow import Flow, Watched
from evrisim.depth.growth import Field, growth
from evrisim.depth.survey import DEPTHS, NETS, Case, Plan, survey

__all__ = ["DEPTHS", "NETS", "Case", "Field", "Flow", "Plan", "Watched", "growth", "survey"]
