"""Real handwriting that comes with scikit-learn: 1,797 digits, no download."""

import numpy as np

from evrisim.data.dataset import DataSet, Split, check_dataset
from evrisim.data.split import split_indices

_SIDE = 32
_TEST, _VALIDATION = 0.2, 0.1
# The test images are the same whatever the seed: studies over seeds judge on one set.
_TEST_SEED = 0


def load_digits_set(*, seed: int = 0) -> DataSet:
    """Load scikit-learn's handwritten digits as grey images of 32×32.

    The scans are 8×8 with 17 shades. They are scaled to 0–255 and enlarged smoothly (bilinear, in
    equal steps) to 32×32, the size of the other small sets, so that every model and augmentation
    fits unchanged: three poolings leave 4×4.

    The people who wrote the training digits also wrote test digits here, so the accuracy is that
    on new digits of known writers.

    Args:
        seed: Draws validation (a tenth) from what the fixed test (a fifth) leaves over; both have
            the same share of each class.

    Returns:
        Images `(count, 32, 32, 1)` uint8 in ten classes; names are positions in the original.

    Reference:
        Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI repository.

    Example:
        >>> digits = load_digits_set()
        >>> {name: len(split) for name, split in digits.splits.items()}
        {'train': 1259, 'validation': 179, 'test': 359}
    """
    from sklearn.datasets import load_digits  # slow to import

    bunch = load_digits()
    images = _enlarge(bunch.images * (255 / 16))[..., np.newaxis]
    labels = np.asarray(bunch.target, np.int64)
    every = Split(images, labels, names=tuple(str(i) for i in range(len(labels))))
    outer = split_indices(labels, validation=0, test=_TEST, seed=_TEST_SEED)
    rest = outer["train"]
    share = _VALIDATION * len(labels) / len(rest)
    inner = split_indices(labels[rest], validation=share, test=0, seed=seed)
    origin = {"source": "sklearn.datasets.load_digits", "seed": seed, "side": _SIDE}
    return check_dataset(
        DataSet(
            "digits",
            every.take(rest[inner["train"]]),
            every.take(rest[inner["validation"]]),
            every.take(outer["test"]),
            tuple("0123456789"),
            origin,
        )
    )


def _enlarge(images: np.ndarray) -> np.ndarray:
    """Enlarge `(count, rows, rows)` to `(count, 32, 32)` uint8, bilinear, centres aligned."""
    rows = images.shape[1]
    places = (np.arange(_SIDE) + 0.5) * rows / _SIDE - 0.5
    weights = np.array([np.interp(places, np.arange(rows), row) for row in np.eye(rows)])
    return np.rint(np.einsum("nij,iy,jx->nyx", images, weights, weights)).astype(np.uint8)
