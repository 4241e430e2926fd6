"""Where trainings lie: one place for each, so that what is done is never done again."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evrisim.training.recipe import Recipe

POOL = "trainings"


def place(
    runs: Path, content_hash: str, model: str, options: Mapping[str, Any], recipe: Recipe
) -> Path:
    """Give the folder of a training: the same for the same data, model and recipe with its seed.

    Studies that share an arm share its trainings.

    Args:
        runs: The folder all runs lie in.
        content_hash: Of the data set.
        model: Name of the model, or of what is taken over, a path perhaps.
        options: All of its options (`models.complete`), so that one at its default counts like
            one given.
        recipe: How it is trained, with the seed.
    """
    identity = {
        "data": content_hash,
        "model": {"name": model, "options": dict(options)},
        "recipe": recipe.model_dump(),
    }
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return runs / POOL / f"{Path(model).stem}-{digest[:12]}-s{recipe.seed}"
