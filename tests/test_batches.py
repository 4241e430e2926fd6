import itertools
import time

import numpy as np
import pytest

from evrisim.augment import policy
from evrisim.augment.steps import Code, step
from evrisim.data.batches import Place, epoch_order, steps_per_epoch, training_batches
from evrisim.data.dataset import Split


def numbered(count=50):
    """Images whose every pixel is their number, so that one sees who came when."""
    images = np.broadcast_to(
        np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 8, 8, 3)
    )
    return Split(np.ascontiguousarray(images), np.arange(count) % 5)


def visited(split, augmentation=None, **place):
    return list(training_batches(split, 8, Place(**place), augmentation))


def test_an_epoch_visits_each_image_at_most_once_in_whole_batches():
    seen = np.concatenate(
        [images[:, 0, 0, 0] for images, _ in visited(numbered(), seed=1, epoch=0)]
    )
    assert len(seen) == 48
    assert len(set(seen)) == 48


def test_labels_stay_with_their_images():
    for images, labels in visited(numbered(), seed=1, epoch=0):
        np.testing.assert_array_equal(images[:, 0, 0, 0] % 5, labels)


def test_no_two_epochs_and_no_two_seeds_share_an_order():
    orders = [epoch_order(100, seed=s, epoch=e) for s in (0, 1) for e in range(4)]
    assert len({tuple(order) for order in orders}) == 8
    for order in orders:
        assert sorted(order) == list(range(100))


@pytest.mark.parametrize("augmentation", [None, policy("standard"), policy("course")])
def test_an_epoch_can_be_asked_for_again_without_the_ones_before(augmentation):
    first, again = (
        visited(numbered(), seed=3, epoch=5, augmentation=augmentation) for _ in range(2)
    )
    for (images, labels), (same, same_labels) in zip(first, again, strict=True):
        np.testing.assert_array_equal(images, same)
        np.testing.assert_array_equal(labels, same_labels)


def test_augmentation_draws_anew_each_epoch():
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 3), np.uint8)
    split = Split(noise, np.arange(8) % 2)
    pictures = []
    for epoch in range(3):
        ((images, _labels),) = visited(split, seed=0, epoch=epoch, augmentation=policy("standard"))
        order = epoch_order(8, seed=0, epoch=epoch)
        pictures.append(images[np.argsort(order)].tobytes())
    assert len(set(pictures)) == 3


def test_images_on_disk_are_read_as_those_in_memory(tmp_path):
    split = numbered()
    np.save(tmp_path / "images.npy", split.images)
    mapped = Split(np.load(tmp_path / "images.npy", mmap_mode="r"), split.labels)
    for (images, _), (same, _) in zip(
        visited(split, seed=0, epoch=0), visited(mapped, seed=0, epoch=0), strict=True
    ):
        np.testing.assert_array_equal(images, same)


def test_a_data_set_smaller_than_a_batch_is_one_batch():
    assert steps_per_epoch(5, 8) == 1
    ((images, _labels),) = visited(numbered(5), seed=0, epoch=0)
    assert len(images) == 5


@pytest.mark.parametrize(("ahead", "prepared"), [(0, 1), (3, 1 + 3)])
def test_as_many_batches_are_prepared_ahead_as_asked_for(ahead, prepared):
    drawn = []

    class Counting:
        needs = 1

        def draw(self, chance, size, xp):
            if size == (8, 8) and len(chance) == 8:  # and not while it is asked whether it mixes
                drawn.append(len(chance))
            return [step(xp, Code.KEEP, chance[:, 0])]

    batches = training_batches(numbered(100), 8, Place(seed=0), Counting(), ahead=ahead)
    next(batches)
    patience = time.monotonic() + (5 if ahead else 0.3)
    while len(drawn) < prepared + (not ahead) and time.monotonic() < patience:
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(drawn) == prepared


def test_mixed_images_bring_shares_of_the_classes():
    white = np.repeat(np.array([0, 255], np.uint8), 4)[:, None, None, None]
    split = Split(np.broadcast_to(white, (8, 8, 8, 3)).copy(), np.repeat([0, 1], 4))
    mixing = policy("cutmix")
    for epoch in range(5):
        ((images, labels),) = visited(split, seed=0, epoch=epoch, augmentation=mixing, classes=2)
        assert labels.dtype == np.float32
        np.testing.assert_allclose(labels[:, 1], (images == 255).mean((1, 2, 3)), atol=1e-6)
        np.testing.assert_allclose(labels.sum(1), 1, atol=1e-6)


def arrows(count=48):
    """Images that show which way they look, with their number as label."""
    images = np.zeros((count, 8, 8, 3), np.uint8)
    images[:, :, 0] = 255
    return Split(images, np.arange(count))


def mirrored(split, **place):
    """Which images of an epoch are mirrored, by their number."""
    flip = policy([{"flip": {"alternating": True}}])
    found = {}
    for images, labels in visited(split, flip, **place):
        found.update(zip(labels.tolist(), (images[:, 0, 0, 0] == 0).tolist(), strict=True))
    return np.array([found[number] for number in range(len(split))])


def test_a_flip_that_alternates_shows_both_views_in_any_two_epochs():
    epochs = [mirrored(arrows(), seed=0, epoch=epoch) for epoch in range(4)]
    for one, other in itertools.pairwise(epochs):
        np.testing.assert_array_equal(one, ~other)
    assert 12 < epochs[0].sum() < 36


def test_which_images_begin_mirrored_follows_from_the_seed():
    one, other = (mirrored(arrows(), seed=seed, epoch=0) for seed in (0, 1))
    assert (one != other).any()


def test_an_ordinary_flip_does_not_alternate():
    split, flip = arrows(), policy(["flip"])
    seen = []
    for epoch in range(2):
        found = {}
        for images, labels in visited(split, flip, seed=0, epoch=epoch):
            found.update(zip(labels.tolist(), (images[:, 0, 0, 0] == 0).tolist(), strict=True))
        seen.append([found[number] for number in range(48)])
    assert 0 < np.mean(np.equal(*seen)) < 1
