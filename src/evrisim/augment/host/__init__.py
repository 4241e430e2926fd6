"""Steps carried out by compiled loops on NumPy arrays, an image at a time."""

from evrisim.augment.host.applying import apply

__all__ = ["apply"]
