"""Presets of KerasHub as trunks: by a library that stands in for it, and by itself where it is."""

import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import transfer
from evrisim._validate import InputError
from evrisim.transfer import hub

SCALE, OFFSET = [0.01, 0.02, 0.04], [-1.0, 0.0, 1.0]
IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 3)).astype("float32")


def two_ways(image_shape):
    """A net whose input goes two ways, so that both must be scaled."""
    inputs = keras.Input(image_shape)
    left = keras.layers.Conv2D(4, 3, 2, padding="same", name="left")(inputs)
    right = keras.layers.Conv2D(4, 1, 2, name="right")(inputs)
    maps = keras.layers.BatchNormalization(name="norm")(keras.layers.Add(name="sum")([left, right]))
    return keras.Model(inputs, maps, name="two_ways")


@pytest.fixture
def library(monkeypatch):
    """What of KerasHub is used, with one preset; `asked` are the calls."""
    asked = []

    def backbone(preset, *, load_weights=True, image_shape=(None, None, 3)):
        asked.append((preset, load_weights, image_shape))
        if preset != "two_ways":
            raise ValueError("Unknown preset identifier.\nA preset must be one of")
        keras.utils.set_random_seed(7 if load_weights else 8)
        return two_ways(image_shape)

    def converter(preset):
        return SimpleNamespace(scale=SCALE, offset=OFFSET)

    stand_in = SimpleNamespace(
        models=SimpleNamespace(Backbone=SimpleNamespace(from_preset=backbone)),
        layers=SimpleNamespace(ImageConverter=SimpleNamespace(from_preset=converter)),
        asked=asked,
    )
    monkeypatch.setitem(sys.modules, "keras_hub", stand_in)
    return stand_in


def test_a_preset_is_a_flat_trunk_that_scales_raw_images_as_its_weights_expect(library):
    found = transfer.trunk("hub:two_ways", (24, 24, 3))
    assert (found.name, found.weights) == ("hub:two_ways", "preset")
    names = {layer.name for layer in found.model.layers}
    assert {"scale", "left", "right", "norm"} <= names
    keras.utils.set_random_seed(7)
    theirs = two_ways((24, 24, 3))(IMAGES * SCALE + OFFSET)
    np.testing.assert_allclose(numbers(found.model(IMAGES)), numbers(theirs), rtol=1e-5, atol=1e-4)


def test_what_it_says_nothing_of_is_left_as_it_is(library, monkeypatch):
    def nothing(preset):
        raise ValueError("no image converter")

    library.layers.ImageConverter.from_preset = nothing
    found = transfer.trunk("hub:two_ways", (24, 24, 3))
    keras.utils.set_random_seed(7)
    theirs = two_ways((24, 24, 3))(IMAGES)
    np.testing.assert_allclose(numbers(found.model(IMAGES)), numbers(theirs), rtol=1e-5, atol=1e-3)


def test_random_weights_are_not_loaded_and_an_open_size_is_closed(library):
    found = transfer.trunk("hub:two_ways", weights="random")
    assert found.model.input_shape == (None, hub.SIZE, hub.SIZE, 3)
    assert library.asked[-1] == ("two_ways", False, (hub.SIZE, hub.SIZE, 3))


def test_a_head_is_trained_on_it_as_on_any_trunk(library):
    found = transfer.trunk("hub:two_ways", (24, 24, 3))
    model = transfer.classifier(found, 5, transfer.frozen(found.model))
    assert [one.path.split("/")[0] for one in model.trainable_variables] == ["logits", "logits"]


def test_what_is_wrong_is_said_in_a_sentence(library, monkeypatch):
    with pytest.raises(InputError, match=r"The preset ways cannot be loaded: Unknown preset ident"):
        transfer.trunk("hub:ways")
    with pytest.raises(InputError, match="would be fetched from a network"):
        transfer.trunk("hub:two_ways", offline=True)
    with pytest.raises(InputError, match="`weights`"):
        transfer.trunk("hub:two_ways", weights="imagenet")
    with pytest.raises(InputError, match="does not lead from colour images to feature maps"):
        transfer.trunk("hub:two_ways", (24, 24, 1))
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(InputError, match=r"pip install 'evrisim\[hub\]'"):
        transfer.trunk("hub:two_ways")


def test_the_library_itself_gives_the_same_maps(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    size = {"image_shape": (32, 32, 3)}
    net = keras_hub.models.ResNetBackbone(
        stackwise_num_filters=[64],
        stackwise_num_blocks=[1],
        stackwise_num_strides=[1],
        block_type="basic_block",
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        **size,
    )
    net.save_to_preset(str(tmp_path))
    converter = keras_hub.layers.ImageConverter(image_size=(32, 32), scale=SCALE, offset=OFFSET)
    converter.save_to_preset(str(tmp_path))
    found = transfer.trunk(f"hub:{tmp_path}", (32, 32, 3), offline=True)
    images = np.random.default_rng(1).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    expected = numbers(net(converter(images)))
    np.testing.assert_allclose(numbers(found.model(images)), expected, rtol=1e-5, atol=1e-5)
    found.model.save(tmp_path / "trunk.keras")
    again = transfer.trunk(tmp_path / "trunk.keras")
    np.testing.assert_allclose(numbers(again.model(images)), expected, rtol=1e-5, atol=1e-5)
