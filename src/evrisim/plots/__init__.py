"""A result in, a Matplotlib figure out: no window, no global state, nothing written.

Colours are those of Okabe and Ito, which people with and without colour vision deficiency tell
apart; a second sign (marker, line style, number) always says the same as the colour. Figures are
drawn for the width of a phone and have no background of their own.
"""

from evrisim.plots.agreement import agreement
from evrisim.plots.calibration import reliability_diagram
from evrisim.plots.classes import confusion_matrix, per_class
from evrisim.plots.cost import cost_by_layer
from evrisim.plots.courses import courses
from evrisim.plots.features import exciting_images, feature_maps, learned_kernels
from evrisim.plots.gallery import gallery
from evrisim.plots.heat_maps import heat_maps
from evrisim.plots.kernels import filter_detect_condense
from evrisim.plots.receptive_field import FieldView, receptive_fields
from evrisim.plots.robustness import corruption_scores, robustness
from evrisim.plots.saving import save
from evrisim.plots.scores import faithfulness, score
from evrisim.plots.study import arms, differences, effects, pareto
from evrisim.plots.training import learning_curves
from evrisim.plots.trust import trust
from evrisim.plots.written_out import written_out

__all__ = [
    "FieldView",
    "agreement",
    "arms",
    "confusion_matrix",
    "corruption_scores",
    "cost_by_layer",
    "courses",
    "differences",
    "effects",
    "exciting_images",
    "faithfulness",
    "feature_maps",
    "filter_detect_condense",
    "gallery",
    "heat_maps",
    "learned_kernels",
    "learning_curves",
    "pareto",
    "per_class",
    "receptive_fields",
    "reliability_diagram",
    "robustness",
    "save",
    "score",
    "trust",
    "written_out",
]
