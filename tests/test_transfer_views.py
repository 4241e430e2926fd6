"""Views of images that are kept as features: what each is, and in which turn it is shown."""

import numpy as np
import pytest

from evrisim import augment, transfer
from evrisim._validate import InputError
from evrisim.data.batches import Place, draw_batch
from evrisim.data.cache import ArrayCache
from evrisim.data.dataset import Split
from evrisim.transfer import training
from evrisim.transfer.views import views
from test_transfer_training import DATA, stages, trunk

IMAGES = DATA.train.images
SIZE = IMAGES.shape[1:3]
STANDARD = augment.policy("standard", 1.0)


def seen(kept, policy=None):
    found = views(kept, policy, seed=3, size=SIZE)
    return None if found is None else [view(IMAGES, 0) for view in found]


def test_without_augmentation_there_is_the_image_alone():
    (plain,) = seen(0)
    np.testing.assert_array_equal(plain, IMAGES)


def test_flip_is_the_image_and_its_mirror_image():
    plain, mirrored = seen("flip")
    np.testing.assert_array_equal(plain, IMAGES)
    np.testing.assert_array_equal(mirrored, IMAGES[:, :, ::-1])


def test_what_is_drawn_anew_each_epoch_is_not_kept():
    assert seen(0, STANDARD) is None


def test_draws_are_those_of_the_first_epochs_of_a_training():
    split = Split(IMAGES, DATA.train.labels)
    everything = np.arange(len(IMAGES))
    drawn = seen(3, STANDARD)
    for epoch, images in enumerate(drawn):
        expected, _labels = draw_batch(split, everything, STANDARD, Place(3, epoch))
        np.testing.assert_array_equal(images, expected)
    assert not np.array_equal(drawn[0], drawn[1])


def test_a_part_of_the_images_is_drawn_as_within_the_whole():
    (_first, second) = views(2, STANDARD, seed=3, size=SIZE)
    np.testing.assert_array_equal(second(IMAGES[40:60], 40), second(IMAGES, 0)[40:60])


@pytest.mark.parametrize(
    ("kept", "policy", "sentence"),
    [
        ("flip", "standard", "its `augmentation` must be none"),
        (2, "none", "augments nothing that could be drawn"),
        (2, "standard+mixup", "mixes images"),
        (-1, "standard", "`views` must be a whole number of at least 0"),
        ("flop", "none", "`views` must be 0, a number of draws, or flip; received 'flop'"),
        (True, "none", "received True"),
    ],
)
def test_what_cannot_be_kept_is_refused(kept, policy, sentence):
    with pytest.raises(InputError, match=sentence):
        views(kept, augment.policy(policy, 1.0) if policy != "none" else None, seed=0, size=SIZE)


def trained(folder, made):
    plan = transfer.Plan(trunk(), made, dropout=0.0)
    cache = ArrayCache(folder / "cache")
    return transfer.train(DATA, plan, directory=folder / "run", cache=cache)


def test_a_head_is_shown_all_views_in_turn(tmp_path, monkeypatch):
    given = []
    original = training.fit

    def watched(dataset, *args, **kwargs):
        given.append(dataset)
        return original(dataset, *args, **kwargs)

    monkeypatch.setattr(training, "fit", watched)
    (head,) = stages("frozen")
    run = trained(tmp_path, [head.shown("frozen", "flip")])
    (data,) = given
    assert len(data.train.views) == 1
    assert len(data.validation.views) == 0
    extractor = transfer.Extractor(trunk(), DATA.image_shape, precision="float32")
    np.testing.assert_allclose(data.train.images, extractor(IMAGES), rtol=1e-5, atol=1e-6)
    mirrored = extractor(np.ascontiguousarray(IMAGES[:, :, ::-1]))
    np.testing.assert_allclose(data.train.views[0], mirrored, rtol=1e-5, atol=1e-6)
    assert run.facts["transfer"]["stages"][0]["views"] == "flip"


def test_kept_draws_are_features_of_the_drawn_images_and_validation_is_left_plain(
    tmp_path, monkeypatch
):
    given = []
    original = training.fit

    def watched(dataset, model, recipe, **kwargs):
        given.append((dataset, recipe))
        return original(dataset, model, recipe, **kwargs)

    monkeypatch.setattr(training, "fit", watched)
    (head,) = stages("frozen")
    recipe = head.recipe.with_settings({"augmentation": "standard", "seed": 3})
    run = trained(tmp_path, [transfer.Stage("head", 0, recipe, views=2)])
    ((data, used),) = given
    extractor = transfer.Extractor(trunk(), DATA.image_shape, precision="float32")
    for found, images in zip(
        (data.train.images, *data.train.views), seen(2, STANDARD), strict=True
    ):
        np.testing.assert_allclose(found, extractor(images), rtol=1e-5, atol=1e-6)
    plain = extractor(DATA.validation.images)
    np.testing.assert_allclose(data.validation.images, plain, rtol=1e-5, atol=1e-6)
    assert used.augmentation == "none"  # it is in the views already
    assert run.facts["recipe"]["augmentation"] == "standard"
