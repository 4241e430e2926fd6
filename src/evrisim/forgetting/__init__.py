"""Catastrophic forgetting: what a net loses of one task while it learns another, and remedies."""

from evrisim.forgetting.bases import bases, old_recipe
from evrisim.forgetting.course import RECIPE, Case, learn
from evrisim.forgetting.experiment import Summary, run, summaries
from evrisim.forgetting.on_disk import Record, opened, record
from evrisim.forgetting.remedies import PLAIN, RATES, REMEDIES, Remedy, rates, remedy
from evrisim.forgetting.tasks import TaskCrossEntropy, Tasks, halves, pair

__all__ = [
    "PLAIN",
    "RATES",
    "RECIPE",
    "REMEDIES",
    "Case",
    "Record",
    "Remedy",
    "Summary",
    "TaskCrossEntropy",
    "Tasks",
    "bases",
    "halves",
    "learn",
    "old_recipe",
    "opened",
    "pair",
    "rates",
    "record",
    "remedy",
    "run",
    "summaries",
]
