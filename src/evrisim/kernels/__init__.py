"""Filter, detect, condense: kernels, and what a layer does with one, in NumPy alone."""

from evrisim.kernels.convolution import Contributions, contributions, convolve
from evrisim.kernels.extraction import Extraction, extract, relu
from evrisim.kernels.geometry import PADDINGS, OutputSize, output_size
from evrisim.kernels.named import KERNELS, describe, named, options_of
from evrisim.kernels.own import Centre, check_kernel, parse

__all__ = [
    "KERNELS",
    "PADDINGS",
    "Centre",
    "Contributions",
    "Extraction",
    "OutputSize",
    "check_kernel",
    "contributions",
    "convolve",
    "describe",
    "extract",
    "named",
    "options_of",
    "output_size",
    "parse",
    "relu",
]
