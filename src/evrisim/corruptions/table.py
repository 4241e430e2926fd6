"""The fifteen corruptions, by hand: group, function, five strengths.

The strengths are those of CIFAR-10-C, for images of 32×32 pixels.

Reference:
    Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to common corruptions
    and perturbations", https://arxiv.org/abs/1903.12261
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim.corruptions import blur, digital, noise, weather
from evrisim.corruptions.chance import Chance
from evrisim.corruptions.weather import Snow
from evrisim.messages import translate as _

SEVERITIES = (1, 2, 3, 4, 5)

GROUPS = ("noise", "blur", "weather", "digital")


@dataclass(frozen=True)
class Corruption:
    """One way in which images go bad.

    Attributes:
        group: one of `GROUPS`.
        apply: called with images `(count, rows, columns, channels)` float32 in 0–1, a strength and
            the images' chance; gives images of the same shape, not yet clipped.
        strengths: one a severity, in whatever unit `apply` takes.
    """

    group: str
    apply: Callable[[np.ndarray, Any, Chance], np.ndarray]
    strengths: tuple[Any, Any, Any, Any, Any]


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": Corruption("noise", noise.gaussian_noise, (0.04, 0.06, 0.08, 0.09, 0.10)),
    "shot_noise": Corruption("noise", noise.shot_noise, (500, 250, 100, 75, 50)),
    "impulse_noise": Corruption("noise", noise.impulse_noise, (0.01, 0.02, 0.03, 0.05, 0.07)),
    "defocus_blur": Corruption(
        "blur", blur.defocus_blur, ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1))
    ),
    "glass_blur": Corruption(
        "blur", blur.glass_blur, ((0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2))
    ),
    "motion_blur": Corruption(
        "blur", blur.motion_blur, ((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5))
    ),
    "zoom_blur": Corruption("blur", blur.zoom_blur, (1.06, 1.11, 1.15, 1.20, 1.25)),
    "snow": Corruption(
        "weather",
        weather.snow,
        (
            Snow(0.1, 0.2, 1.0, 0.6, (8, 3), 0.95),
            Snow(0.1, 0.2, 1.0, 0.5, (10, 4), 0.9),
            Snow(0.15, 0.3, 1.75, 0.55, (10, 4), 0.9),
            Snow(0.25, 0.3, 2.25, 0.6, (12, 6), 0.85),
            Snow(0.3, 0.3, 1.25, 0.65, (14, 12), 0.8),
        ),
    ),
    "frost": Corruption(
        "weather", weather.frost, ((1.0, 0.2), (1.0, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))
    ),
    "fog": Corruption(
        "weather", weather.fog, ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75))
    ),
    "brightness": Corruption("weather", weather.brightness, (0.05, 0.1, 0.15, 0.2, 0.3)),
    "contrast": Corruption("digital", digital.contrast, (0.75, 0.5, 0.4, 0.3, 0.15)),
    "elastic_transform": Corruption(
        "digital",
        digital.elastic_transform,
        (
            (0.0, 0.0, 0.08),
            (0.05, 0.2, 0.07),
            (0.08, 0.06, 0.06),
            (0.1, 0.04, 0.05),
            (0.1, 0.03, 0.03),
        ),
    ),
    "pixelate": Corruption("digital", digital.pixelate, (0.95, 0.9, 0.85, 0.75, 0.65)),
    "jpeg_compression": Corruption("digital", digital.jpeg_compression, (80, 65, 58, 50, 40)),
}


def display_names() -> dict[str, str]:
    """Name the corruptions and their groups in the reader's language."""
    return {
        "gaussian_noise": _("Gaussian noise"),
        "shot_noise": _("shot noise"),
        "impulse_noise": _("impulse noise"),
        "defocus_blur": _("defocus blur"),
        "glass_blur": _("glass blur"),
        "motion_blur": _("motion blur"),
        "zoom_blur": _("zoom blur"),
        "snow": _("snow"),
        "frost": _("frost"),
        "fog": _("fog"),
        "brightness": _("brightness"),
        "contrast": _("contrast"),
        "elastic_transform": _("elastic warping"),
        "pixelate": _("coarse pixels"),
        "jpeg_compression": _("JPEG compression"),
        "noise": _("noise"),
        "blur": _("blur"),
        "weather": _("weather"),
        "digital": _("digital"),
    }
