"""Steps carried out on tensors of whole batches, for the device that trains: any Keras backend."""

from evrisim.augment.device.applying import apply, mixed_labels
from evrisim.augment.device.drawing import draw

__all__ = ["apply", "draw", "mixed_labels"]
