"""What training images go through. Each method draws per image, then applies the draw."""

from evrisim.augment.base import Augmentation, Composed
from evrisim.augment.move import Flip, PaddedCrop

__all__ = ["Augmentation", "Composed", "Flip", "PaddedCrop", "standard"]


def standard(image_size: int, *, severity: float = 1.0) -> Composed:
    """Give the standard augmentation for small images: horizontal flip and padded crop.

    At severity 1 half the images are mirrored and each moves by up to an eighth of its
    size (4 pixels of 32); at severity 0 nothing changes.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, section 4.2.
    """
    padding = round(severity * image_size / 8)
    return Composed((Flip(0.5 * severity), PaddedCrop(padding)))
