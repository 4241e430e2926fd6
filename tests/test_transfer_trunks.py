"""Trunks: from a name, a file or a run to feature maps, with the weights they should have."""

import importlib
import warnings

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers
from keras.src.utils import file_utils

from evrisim import backbones, models
from evrisim._validate import InputError
from evrisim.transfer import trunk, without_head
from evrisim.transfer.trunks import weights_folder

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")


def module(name):
    builder = getattr(keras.applications, backbones.BACKBONES[name].keras_name)
    return importlib.import_module(builder.__module__)


@pytest.fixture
def given_out(monkeypatch, tmp_path):
    """Keras gives out the weights that `given_out(name)` draws, as if it had fetched them."""
    asked = []

    def publish(name):
        builder = getattr(keras.applications, backbones.BACKBONES[name].keras_name)
        size = max(backbones.BACKBONES[name].smallest, 32)
        model = builder(include_top=False, weights=None, input_shape=(size, size, 3))
        path, rng = tmp_path / f"{name}.weights.h5", np.random.default_rng(0)
        drawn = [
            w if w.dtype.kind in "iu" else rng.uniform(0.5, 1.5, w.shape) * 0.1
            for w in model.get_weights()
        ]
        model.set_weights(drawn)
        model.save_weights(path)

        def get_file(file, *_arguments, **_more):
            asked.append(file)
            return str(path)

        monkeypatch.setattr(file_utils, "get_file", get_file)
        return asked

    return publish


# Of each way of scaling images, and of those whose builders differ most.
SOME = ("vgg16", "resnet50_v2", "mobilenet_v2", "densenet121", "efficientnet_b0", "convnext_tiny")


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_a_pretrained_trunk_gives_the_maps_of_keras_own_on_images_scaled_as_it_says(
    name, given_out
):
    asked = given_out(name)
    size = max(backbones.BACKBONES[name].smallest, 32)
    images = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype("float32")
    ours = trunk(name, (size, size, 3)).model
    assert asked == [backbones.BACKBONES[name].weights_file.format(size=224)]
    builder = getattr(keras.applications, backbones.BACKBONES[name].keras_name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no weights for so small images
        theirs = builder(include_top=False, weights="imagenet", input_shape=(size, size, 3))
    expected = numbers(theirs(module(name).preprocess_input(images.copy()), training=False))
    atol = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(numbers(ours(images, training=False)), expected, atol=atol)


def test_an_efficientnet_from_scratch_scales_images_as_the_pretrained_one(given_out):
    given_out("efficientnet_b0")
    both = (
        trunk("efficientnet_b0", (32, 32, 3), weights="random").model,
        keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3)),
    )
    ours, keras_own = (
        numbers(keras.Model(one.input, layer.output)(IMAGES))
        for one in both
        for layer in one.layers
        if isinstance(layer, keras.layers.Normalization)
    )
    mean, deviation = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))
    np.testing.assert_allclose(ours, (IMAGES / 255 - mean) / deviation**1.5, atol=1e-4)
    assert not np.allclose(ours, keras_own)


def test_weights_that_are_not_here_are_named_with_their_place(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"efficientnetb0_notop\.h5 was looked for in") as told:
        trunk("efficientnet_b0", (32, 32, 3), offline=True)
    assert str(tmp_path / "models") in str(told.value)
    assert weights_folder() == tmp_path / "models"
    with pytest.raises(InputError, match=r"1\.0_96_no_top"):
        trunk("mobilenet_v2", (96, 96, 3), offline=True)


def test_what_cannot_be_fetched_is_one_sentence(monkeypatch):
    def get_file(*_arguments, **_more):
        raise Exception("URL fetch failure on https://nowhere/x.h5: None -- no route")

    monkeypatch.setattr(file_utils, "get_file", get_file)
    with pytest.raises(InputError, match=r"could not be fetched .*no route.* Put vgg16_weights"):
        trunk("vgg16", (32, 32, 3))


def test_weights_of_a_file_are_taken_and_others_refused(tmp_path):
    path = tmp_path / "mine.weights.h5"
    source = trunk("mobilenet_v2", (32, 32, 3), weights="random").model
    source.save_weights(path)
    ours = trunk("mobilenet_v2", (32, 32, 3), weights=path).model
    np.testing.assert_array_equal(numbers(ours(IMAGES)), numbers(source(IMAGES)))
    with pytest.raises(InputError, match="does not hold the weights of vgg16"):
        trunk("vgg16", (32, 32, 3), weights=path)
    with pytest.raises(InputError, match="There is no file of weights nosuch"):
        trunk("vgg16", (32, 32, 3), weights="nosuch")
    with pytest.raises(InputError, match="`weights` must be one of random"):
        trunk("resnet20", weights="imagenet")


def test_a_trained_model_is_cut_where_its_last_maps_are(tmp_path):
    model = models.build("resnet20", (32, 32, 3), 4, {"width": 4})
    model.save(tmp_path / "mine.keras")
    found = trunk(tmp_path / "mine.keras")
    assert found.model.output_shape == (None, 8, 8, 16)
    last = keras.Model(model.input, model.get_layer("pool").input)
    np.testing.assert_array_equal(numbers(found.model(IMAGES)), numbers(last(IMAGES)))


def test_a_model_without_maps_is_refused():
    inputs = keras.Input((8, 8, 3))
    dense = keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
    with pytest.raises(InputError, match="flat has no feature maps"):
        without_head(keras.Model(inputs, dense, name="flat"))
