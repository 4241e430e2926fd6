"""Where trainings lie: one place for each, so that what is done is never done again."""

import hashlib
import json
from pathlib import Path

from evrisim import models
from evrisim.training import ModelChoice, Recipe

POOL = "trainings"


def place(runs: Path, content_hash: str, model: ModelChoice, recipe: Recipe) -> Path:
    """Give the folder of a training: the same for the same data, model and recipe with its seed.

    Studies that share an arm share its trainings. Options at their defaults count like options
    given, so a base that spells one out is the same base.

    Args:
        runs: The folder all runs lie in.
        content_hash: Of the data set.
        model: What is trained.
        recipe: How, with the seed.
    """
    identity = {
        "data": content_hash,
        "model": {"name": model.name, "options": models.complete(model.name, model.options)},
        "recipe": recipe.model_dump(),
    }
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return runs / POOL / f"{model.name}-{digest[:12]}-s{recipe.seed}"
