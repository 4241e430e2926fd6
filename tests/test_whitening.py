"""Whitening, against what the word means; identity kernels, against what goes in."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import InputError, Recipe, models
from evrisim.layers import Conv2D, Identity, Whitening
from evrisim.training import ModelChoice, fit


def smooth(count=200, channels=3, seed=0):
    """Images whose neighbouring pixels are alike, as in photographs."""
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(count, 9, 9, channels)).cumsum(axis=1).cumsum(axis=2)
    return (images / images.std()).astype("float32")


def test_what_comes_out_is_uncorrelated_and_equally_spread():
    layer = Whitening(epsilon=1e-9)
    images = smooth()
    before = numbers(Conv2D(12, 2, kernel_initializer="orthogonal")(images)).reshape(-1, 12)
    layer(images)
    layer.adapt(images)
    found = numbers(layer(images)).reshape(-1, 24)[:, :12]
    moments = found.T @ found / len(found)
    np.testing.assert_allclose(moments, np.eye(12), atol=0.02)
    raw = before.T @ before / len(before)
    assert np.abs(raw - np.diag(np.diag(raw))).max() > 0.1


def test_the_second_half_is_the_first_with_the_opposite_sign():
    layer = Whitening(channels=1, kernel_size=3)
    images = smooth(channels=1)
    layer(images)
    layer.adapt(images)
    found = numbers(layer(images))
    np.testing.assert_allclose(found[..., :9], -found[..., 9:], atol=1e-5)


def test_what_hardly_varies_is_not_blown_up():
    images = smooth()
    images[..., 2] = images[..., 1]  # a third of the axes has no spread at all
    spread = {}
    for epsilon in (1e-2, 1e-9):
        layer = Whitening(epsilon=epsilon)
        layer(images)
        layer.adapt(images)
        spread[epsilon] = float(np.abs(numbers(layer.kernel)).max())
    assert spread[1e-2] <= 1 / np.sqrt(1e-2)
    assert spread[1e-9] > 100


def test_its_kernels_are_not_trained_its_bias_is():
    layer = Whitening()
    layer.build((None, 9, 9, 3))
    layer.trainable = False
    layer.trainable = True
    assert [one.name for one in layer.trainable_variables] == ["bias"]
    assert [one.name for one in layer.non_trainable_variables] == ["kernel"]


def test_without_a_bias_nothing_is_trained_and_all_else_is_the_same():
    images = smooth()
    plain, bare = Whitening(), Whitening(use_bias=False)
    for layer in (plain, bare):
        layer(images)
        layer.adapt(images)
    assert bare.trainable_variables == []
    np.testing.assert_array_equal(numbers(bare(images)), numbers(plain(images)))
    again = Whitening.from_config(bare.get_config())
    again.build(images.shape)
    assert [one.name for one in again.variables] == ["kernel"]


def test_images_that_do_not_suit_are_refused():
    layer = Whitening()
    layer.build((None, 9, 9, 3))
    for shape in ((2, 9, 9, 1), (9, 9, 3), (2, 1, 9, 3)):
        with pytest.raises(InputError, match="Whitening takes images"):
            layer.adapt(np.zeros(shape))


@pytest.mark.parametrize("filters", [3, 5, 2])
def test_identity_kernels_pass_on_what_comes_in(filters):
    images = smooth(count=4)
    layer = keras.layers.Conv2D(filters, 3, padding="same", kernel_initializer=Identity())
    found, passed = numbers(layer(images)), min(filters, 3)
    np.testing.assert_array_equal(found[..., :passed], images[..., :passed])
    if filters > 3:
        assert np.abs(found[..., 3:]).max() > 0.1


def test_identity_kernels_are_made_again_from_their_configuration():
    one = Identity(keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed=3))
    other = keras.initializers.deserialize(keras.initializers.serialize(one))
    shape = (3, 3, 2, 6)
    np.testing.assert_array_equal(numbers(one(shape)), numbers(other(shape)))


def test_a_training_fits_it_to_the_training_images_and_it_is_kept(stripes, tmp_path):
    recipe = Recipe(
        epochs=2, batch_size=32, schedule="triangle", offset_rate=8, precision="float32"
    )
    choice = ModelChoice("airbench", {"width": 4, "deep": 8})
    run = fit(stripes, choice, recipe, directory=tmp_path / "run")
    built = models.build("airbench", stripes.image_shape, stripes.num_classes, choice.options)
    built.get_layer("whitening").adapt(stripes.train.images[:5000] / 127.5 - 1)
    model = run.model()
    kernel = numbers(model.get_layer("whitening").kernel)
    np.testing.assert_allclose(
        kernel, numbers(built.get_layer("whitening").kernel), rtol=1e-3, atol=1e-4
    )
    assert np.abs(numbers(model.get_layer("whitening").bias)).max() > 0
    # A model that has its kernels keeps them, whatever it is trained on.
    other = fit(stripes, model, recipe, directory=tmp_path / "again").model()
    np.testing.assert_array_equal(numbers(other.get_layer("whitening").kernel), kernel)


def test_without_whitening_and_identity_it_is_an_ordinary_net():
    options = {"width": 4, "deep": 8, "whitening": False, "identity": False}
    model = models.build("airbench", (16, 16, 3), 5, options)
    assert not any(isinstance(layer, Whitening) for layer in model.layers)
    kernel = numbers(model.get_layer("group1_conv1").kernel)
    assert (kernel[1, 1] != np.eye(24, 4)).any()
    assert len(model.get_layer("first_conv").trainable_variables) == 2
