"""Which views of a training image are kept as features: itself, mirrored, or drawn."""

from collections.abc import Callable, Sequence

import numpy as np

from evrisim import augment
from evrisim._validate import InputError, check_whole
from evrisim.augment import Augmentation
from evrisim.augment.host import apply
from evrisim.messages import translate as _

FLIP = "flip"

View = Callable[[np.ndarray, int], np.ndarray]
"""Makes of `(count, rows, columns, channels)` images, the first of which has a place, a view."""


def views(
    kept: int | str, policy: Augmentation | None, *, seed: int, size: tuple[int, int]
) -> Sequence[View] | None:
    """Give what a training is shown from kept features, one view of each image in an epoch.

    Args:
        kept: `flip` for an image and its mirror image; a number for so many draws of the policy;
            0 for the image alone, or with a policy nothing, since it is drawn anew each epoch.
        policy: What a recipe augments by; None for nothing.
        seed: Of the draws: the first is what epoch 0 of a training would see, and so on.
        size: Rows and columns.

    Returns:
        Functions from images to a view; None where no features can be kept.

    Raises:
        InputError: If `kept` is neither, a number comes without a policy or `flip` with one, or
            the policy mixes images, whose labels no view can keep.
    """
    if kept == FLIP:
        if policy is not None:
            raise _unfit(kept, _("the recipe augments; its `augmentation` must be none"))
        return [_plain, _mirrored]
    if not isinstance(kept, int) or isinstance(kept, bool):
        raise InputError(
            _("`views` must be 0, a number of draws, or flip; received {kept!r}.").format(kept=kept)
        )
    if check_whole("views", kept, 0) and policy is None:
        raise _unfit(kept, _("the recipe augments nothing that could be drawn"))
    if policy is None:
        return [_plain]
    if not kept:
        return None
    if augment.mixing(augment.draw(policy, np.arange(2), size, seed=seed, epoch=0)):
        raise _unfit(kept, _("its augmentation mixes images"))
    return [_drawn(policy, seed, epoch) for epoch in range(kept)]


def _plain(images: np.ndarray, first: int) -> np.ndarray:
    return images


def _mirrored(images: np.ndarray, first: int) -> np.ndarray:
    return np.ascontiguousarray(images[:, :, ::-1])


def _drawn(policy: Augmentation, seed: int, epoch: int) -> View:
    def view(images: np.ndarray, first: int) -> np.ndarray:
        places = np.arange(first, first + len(images))
        size = (int(images.shape[1]), int(images.shape[2]))
        steps = augment.draw(policy, places, size, seed=seed, epoch=epoch)
        return apply(steps, images, index=np.arange(len(images)))

    return view


def _unfit(kept: int | str, reason: str) -> InputError:
    return InputError(
        _("`views` {kept} cannot be kept: {reason}.").format(kept=kept, reason=reason)
    )
