"""The fifteen common corruptions of Hendrycks and Dietterich, at five severities, in NumPy alone.

They are drawn by our own code from the published descriptions and constants; the frost is a
texture of our own and no photograph.
"""

from evrisim.corruptions.corrupting import corrupt
from evrisim.corruptions.table import CORRUPTIONS, GROUPS, SEVERITIES, Corruption, display_names

__all__ = ["CORRUPTIONS", "GROUPS", "SEVERITIES", "Corruption", "corrupt", "display_names"]
