"""A result in, a Matplotlib figure out: no window, no global state, nothing written.

Colours are those of Okabe and Ito, which people with and without colour vision deficiency tell
apart; a second sign (marker, line style, number) always says the same as the colour. Figures are
drawn for the width of a phone and have no background of their own.
"""

from evrisim.plots.calibration import reliability_diagram
from evrisim.plots.classes import confusion_matrix, per_class
from evrisim.plots.features import exciting_images, feature_maps, learned_kernels
from evrisim.plots.gallery import gallery
from evrisim.plots.scores import faithfulness, score
from evrisim.plots.training import learning_curves

__all__ = [
    "confusion_matrix",
    "exciting_images",
    "faithfulness",
    "feature_maps",
    "gallery",
    "learned_kernels",
    "learning_curves",
    "per_class",
    "reliability_diagram",
    "score",
]
