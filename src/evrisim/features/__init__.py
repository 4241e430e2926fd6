"""What the layers of a convnet make of images: feature maps, learned kernels, exciting images."""

from evrisim.features.exciting import Exciting, cell_share, most_exciting, seen_by
from evrisim.features.kernels import Kernels, learned_kernels
from evrisim.features.layers import LayerCall, default_layers, find_layers, list_layers
from evrisim.features.maps import FeatureMaps, feature_maps
from evrisim.features.strength import MEASURES, Strength, strength

__all__ = [
    "MEASURES",
    "Exciting",
    "FeatureMaps",
    "Kernels",
    "LayerCall",
    "Strength",
    "cell_share",
    "default_layers",
    "feature_maps",
    "find_layers",
    "learned_kernels",
    "list_layers",
    "most_exciting",
    "seen_by",
    "strength",
]
