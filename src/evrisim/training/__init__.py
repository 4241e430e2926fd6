"""Training: a recipe (frozen), and `fit`, which turns it into a run on disk."""

from evrisim.training.fit import ModelChoice, fit
from evrisim.training.loop import Progress, TrainingDivergedError
from evrisim.training.recipe import RECIPES, Recipe
from evrisim.training.run import Run

__all__ = ["RECIPES", "ModelChoice", "Progress", "Recipe", "Run", "TrainingDivergedError", "fit"]
