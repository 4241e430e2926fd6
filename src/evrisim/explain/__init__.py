"""Where a model looks for a class or from a layer, as heat maps; how far they can be trusted."""

import numpy as np

from evrisim.explain.effective_field import EffectiveField, effective_field
from evrisim.explain.explanation import Explanation
from evrisim.explain.faithfulness import Faithfulness, energy_inside, overlap, pointing_game
from evrisim.explain.finding import find_layer
from evrisim.explain.methods import METHODS, Method, Prepared, explain, grad_cam, prepare
from evrisim.explain.removal import Removal, deletion, insertion, road, sensitivity
from evrisim.explain.sanity import Sanity, sanity
from evrisim.explain.shortcuts import Place, shortcuts
from evrisim.explain.trust import Trust, trust
from evrisim.images import upsample

__all__ = [
    "METHODS",
    "EffectiveField",
    "Explanation",
    "Faithfulness",
    "Method",
    "Place",
    "Prepared",
    "Removal",
    "Sanity",
    "Trust",
    "deletion",
    "effective_field",
    "energy_inside",
    "explain",
    "find_layer",
    "grad_cam",
    "insertion",
    "normalise",
    "overlap",
    "pointing_game",
    "prepare",
    "road",
    "sanity",
    "sensitivity",
    "shortcuts",
    "trust",
    "upsample",
]


def normalise(maps: np.ndarray) -> np.ndarray:
    """Divide each map by its maximum, for display: 0–1, float32; an empty map stays 0.

    Example:
        >>> normalise(np.array([[[0.0, 2], [1, 0]], [[0, 0], [0, 0]]])).max(axis=(1, 2)).tolist()
        [1.0, 0.0]
    """
    maps = np.asarray(maps, dtype=np.float32)
    top = maps.max(axis=(-2, -1), keepdims=True)
    return np.divide(maps, top, out=np.zeros_like(maps), where=top > 0)
