"""What augmentations take: uint8 images, or others in 0–255; masks of the same size."""

from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.messages import translate as _


def as_bytes(images: Any) -> np.ndarray:
    """Give `(count, rows, columns, 1 or 3)` images in 0–255 as uint8, rounded.

    Raises:
        InputError: If they have another shape, or values outside 0–255, or none but 0–1.
    """
    found = np.asarray(images)
    if found.ndim != 4 or found.shape[-1] not in (1, 3):
        raise InputError(
            _(
                "Images to augment must have the shape (count, rows, columns, 1 or 3); "
                "received {shape}."
            ).format(shape=found.shape)
        )
    if found.dtype == np.uint8:
        return found
    if not (np.issubdtype(found.dtype, np.integer) or np.issubdtype(found.dtype, np.floating)):
        raise InputError(
            _("Images to augment must be numbers; received {dtype}.").format(dtype=found.dtype)
        )
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 0.0)
    if not (low >= 0 and high <= 255):  # NaN is refused too
        raise InputError(
            _("Images to augment must hold values from 0 to 255; received {low} to {high}.").format(
                low=low, high=high
            )
        )
    if 0 < high <= 1 and np.issubdtype(found.dtype, np.floating):
        raise InputError(
            _(
                "Images to augment must hold values from 0 to 255; received none above {high}: "
                "multiply images of 0 to 1 by 255."
            ).format(high=high)
        )
    return np.floor(found.astype(np.float32) + 0.5).astype(np.uint8)


def check_masks(masks: Any, images: np.ndarray) -> np.ndarray:
    """Give masks as uint8 `(count, rows, columns, channels)`, if they fit the images.

    Raises:
        InputError: If their number or size differs, or they hold other values than bytes.
    """
    found = np.asarray(masks)
    if found.shape[:3] != images.shape[:3] or found.ndim not in (3, 4):
        raise InputError(
            _("Masks of shape {masks} do not fit images of shape {images}.").format(
                masks=found.shape, images=images.shape
            )
        )
    if found.dtype not in (np.bool_, np.uint8):
        raise InputError(
            _("Masks must be bool or uint8; received {dtype}.").format(dtype=found.dtype)
        )
    found = found.astype(np.uint8)
    return found if found.ndim == 4 else found[..., None]
