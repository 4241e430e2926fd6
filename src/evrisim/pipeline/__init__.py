"""The input pipeline, timed: what each stage takes, how long training waits, what to do first."""

from evrisim.pipeline.measuring import measure
from evrisim.pipeline.saying import sentence
from evrisim.pipeline.stages import Course, Moment, Stages
from evrisim.statistics import Spread

__all__ = ["Course", "Moment", "Spread", "Stages", "measure", "sentence"]
