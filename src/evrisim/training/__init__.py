"""Training: a recipe (frozen), and `fit`, which turns it into a run on disk."""

from evrisim._lazy import front

_MODULES = {
    "ModelChoice": "evrisim.training.workbench",
    "Progress": "evrisim.training.loop",
    "RECIPES": "evrisim.training.recipe",
    "Recipe": "evrisim.training.recipe",
    "Run": "evrisim.training.run",
    "TrainingDivergedError": "evrisim.training.loop",
    "Workbench": "evrisim.training.workbench",
    "fit": "evrisim.training.fitting",
}

__getattr__, __all__ = front(__name__, _MODULES)
