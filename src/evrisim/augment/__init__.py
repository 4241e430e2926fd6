"""What training images go through: each change is drawn for each image, then applied."""

from evrisim.augment.augmenting import Batch, augmented
from evrisim.augment.base import Augmentation, Chain, draw
from evrisim.augment.choose import AugMix, RandAugment, TrivialAugment
from evrisim.augment.colour import (
    AutoContrast,
    Brightness,
    Contrast,
    Equalise,
    Grey,
    Hue,
    Invert,
    Posterise,
    Saturation,
    Sharpness,
    Solarise,
)
from evrisim.augment.labels import mixed_labels, mixes, mixing
from evrisim.augment.mix import CutMix, Either, MixUp
from evrisim.augment.move import (
    Crop,
    Flip,
    PaddedCrop,
    ResizedCrop,
    Rotation,
    Shear,
    Translation,
    Zoom,
)
from evrisim.augment.policies import METHODS, POLICIES, named, policy, written_out
from evrisim.augment.steps import Code, Step
from evrisim.augment.texture import Blur, Cutout, Erase, Jpeg, Noise

__all__ = [
    "METHODS",
    "POLICIES",
    "AugMix",
    "Augmentation",
    "AutoContrast",
    "Batch",
    "Blur",
    "Brightness",
    "Chain",
    "Code",
    "Contrast",
    "Crop",
    "CutMix",
    "Cutout",
    "Either",
    "Equalise",
    "Erase",
    "Flip",
    "Grey",
    "Hue",
    "Invert",
    "Jpeg",
    "MixUp",
    "Noise",
    "PaddedCrop",
    "Posterise",
    "RandAugment",
    "ResizedCrop",
    "Rotation",
    "Saturation",
    "Sharpness",
    "Shear",
    "Solarise",
    "Step",
    "Translation",
    "TrivialAugment",
    "Zoom",
    "augmented",
    "draw",
    "mixed_labels",
    "mixes",
    "mixing",
    "named",
    "policy",
    "written_out",
]
