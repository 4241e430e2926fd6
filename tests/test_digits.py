"""The embedded handwriting comes whole, upright and well shared out."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from evrisim.data.digits import load_digits_set


def test_every_image_is_there_once_with_its_label() -> None:
    dataset, source = load_digits_set(), load_digits()
    names = [int(name) for split in dataset.splits.values() for name in split.names or ()]
    assert sorted(names) == list(range(1797))
    for split in dataset.splits.values():
        places = np.array(split.names, int)
        np.testing.assert_array_equal(split.labels, source.target[places])
        # Four by four pixels stand where one stood; their mean stays near it, as bilinear
        # enlarging smooths but moves nothing.
        means = split.images[..., 0].reshape(-1, 8, 4, 8, 4).mean(axis=(2, 4))
        expected = source.images[places] * 255 / 16
        assert np.corrcoef(means.ravel(), expected.ravel())[0, 1] > 0.97


def test_enlarging_equals_pillows_bilinear() -> None:
    dataset, source = load_digits_set(), load_digits()
    for image, name in zip(dataset.test.images[:50], dataset.test.names or (), strict=False):
        small = Image.fromarray((source.images[int(name)] * 255 / 16).astype(np.float32), mode=None)
        large = np.asarray(small.resize((32, 32), Image.Resampling.BILINEAR))
        np.testing.assert_allclose(image[..., 0], large, atol=0.51)


def test_the_full_range_is_used() -> None:
    images = load_digits_set().train.images
    assert images.dtype == np.uint8
    assert images.shape[1:] == (32, 32, 1)
    assert images.min() == 0
    assert images.max() == 255


def test_the_test_images_do_not_follow_the_seed_but_validation_does() -> None:
    first, again, other = load_digits_set(seed=0), load_digits_set(seed=0), load_digits_set(seed=1)
    assert first.content_hash() == again.content_hash()
    assert first.test.names == other.test.names
    assert first.validation.names != other.validation.names


def test_every_class_has_its_share_in_every_split() -> None:
    dataset = load_digits_set(seed=3)
    total = np.bincount(load_digits().target)
    for split, share in ((dataset.validation, 0.1), (dataset.test, 0.2)):
        assert np.abs(np.bincount(split.labels) - share * total).max() <= 1
