"""The known architectures: they build without a network, and scale raw images as Keras does."""

import importlib
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import backbones, cost, models
from evrisim._validate import InputError
from evrisim.cli.models import NAMES, OWN, TRAINED
from evrisim.opening import open_model

SMALL = ("mobilenet_v2", "efficientnet_b0")


def test_the_plain_names_of_the_command_line_are_those_of_the_tables():
    assert list(NAMES) == [*models.MODELS, *backbones.BACKBONES]
    assert list(TRAINED) == list(OWN) == list(models.MODELS)
    assert list(backbones.when_to_choose()) == list(backbones.BACKBONES)


@pytest.mark.parametrize("name", OWN)
def test_our_own_models_are_listed_as_they_count(name):
    listed = OWN[name]
    shape = (listed.size, listed.size, 3)
    measured = cost.measure(models.build(name, shape, listed.num_classes))
    assert measured.macs == listed.macs
    assert measured.parameters == listed.parameters
    assert measured.trainable_parameters == listed.trainable_parameters


def test_every_architecture_of_keras_has_a_name():
    builders = {name for name in dir(keras.applications) if name[0].isupper()}
    assert {known.keras_name for known in backbones.BACKBONES.values()} == builders
    assert len(backbones.BACKBONES) == len(builders)
    assert set(backbones.WELL_KNOWN) <= set(backbones.BACKBONES)
    assert not set(backbones.BACKBONES) & set(models.MODELS)


def test_every_accuracy_has_its_source():
    for known in backbones.BACKBONES.values():
        assert known.paper.startswith("https://arxiv.org/abs/")
        assert 2014 <= known.year <= 2022
        assert 0.67 < known.keras_top1 < 0.87
        assert (known.paper_top1 is None) == (known.protocol == "")
        assert abs(known.keras_top1 - (known.paper_top1 or known.keras_top1)) < 0.04


def test_the_page_lists_every_architecture_as_it_counts():
    page = (Path(__file__).parent.parent / "docs" / "choose-an-architecture.md").read_text("utf-8")
    for name, known in {**OWN, **backbones.BACKBONES}.items():
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        assert f"| {known.size}×{known.size} | {known.parameters:,} |" in line


@pytest.mark.parametrize("name", SMALL)
def test_takes_raw_images_and_gives_as_many_logits_as_classes(name):
    model = backbones.build(name, (32, 48, 3), 7)
    assert model.name == name
    assert (model.input_shape, model.output_shape) == ((None, 32, 48, 3), (None, 7))
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3)).astype("uint8")
    logits = numbers(model(images))
    assert not np.allclose(logits.sum(axis=1), 1)  # no softmax


@pytest.mark.parametrize("name", backbones.BACKBONES)
def test_scales_as_the_weights_of_keras_expect(name):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    inputs = keras.Input((32, 32, 3))
    scaled = backbones.SCALINGS[backbones.BACKBONES[name].scaling](inputs)
    ours = numbers(keras.Model(inputs, scaled)(images))
    builder = getattr(keras.applications, backbones.BACKBONES[name].keras_name)
    theirs = importlib.import_module(builder.__module__).preprocess_input(images.copy())
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_the_scaling_is_saved_with_the_model(tmp_path):
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, backbones._caffe(inputs))
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_array_equal(numbers(loaded(images)), numbers(model(images)))


def test_the_scaling_is_the_first_thing_in_the_architectures_that_lack_one():
    names = [layer.name for layer in backbones.build("resnet50", (32, 32, 3), 3).layers]
    assert names.index("scale") < names.index("conv1_conv")


def test_what_cannot_be_built_is_said_in_a_sentence():
    with pytest.raises(InputError, match="Did you mean 'resnet50'"):
        backbones.build("resnet5")
    with pytest.raises(InputError, match="resnet50 needs images of at least 32×32 pixels"):
        backbones.build("resnet50", (31, 64, 3))
    with pytest.raises(InputError, match="inception_v3 needs images of at least 75×75 pixels"):
        backbones.build("inception_v3", (74, 75, 3))
    with pytest.raises(InputError, match="takes colour images of 3 channels; received 1"):
        backbones.build("resnet50", (64, 64, 1))
    with pytest.raises(InputError, match="`num_classes` must be a whole number of at least 2"):
        backbones.build("resnet50", num_classes=1)


def test_an_architecture_opens_by_its_name_at_its_own_size_or_the_one_asked_for():
    opened = open_model("mobilenet_v2")
    assert opened.name == "mobilenet_v2"
    assert opened.run is None
    assert opened.model.input_shape == (None, 224, 224, 3)
    assert opened.model.output_shape == (None, 1000)
    small = open_model("mobilenet_v2", image_shape=(64, 32, 3), num_classes=5).model
    assert (small.input_shape, small.output_shape) == ((None, 64, 32, 3), (None, 5))
    with pytest.raises(InputError, match="Did you mean 'convnext_tiny'"):
        open_model("convnext_tni")
