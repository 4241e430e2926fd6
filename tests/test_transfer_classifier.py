"""The course's way, functional model around a nested one, as one call."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import cost, explain, transfer
from evrisim._validate import InputError

L = keras.layers


@pytest.fixture(scope="module")
def trunk():
    return transfer.trunk("efficientnet_b0", (96, 96, 3), weights="random")


@pytest.fixture(scope="module")
def slide(trunk):
    return transfer.classifier(
        trunk, 10, transfer.partial(trunk.model, 30), image_shape=(32, 32, 3), head="course"
    )


def test_the_slide_s_layers_are_there(slide, trunk):
    kinds = [type(layer).__name__ for layer in slide.layers]
    assert kinds == [
        "InputLayer",
        "Resizing",
        "Functional",
        "GlobalAveragePooling2D",
        "Dropout",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert slide.get_layer("efficientnet_b0") is trunk.model
    assert [slide.layers[4].rate, slide.layers[6].rate] == [0.3, 0.2]
    assert slide.output_shape == (None, 10)
    assert not any(
        layer.trainable for layer in trunk.model.layers if isinstance(layer, L.BatchNormalization)
    )


def test_the_trunk_is_in_inference_mode_while_the_head_trains(slide, trunk):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    maps = keras.Model(slide.input, slide.get_layer("pool").input)
    np.testing.assert_array_equal(
        numbers(maps(images, training=True)), numbers(maps(images, training=False))
    )
    bare = keras.Model(slide.input, slide.get_layer("resize").output)
    expected = numbers(trunk.model(bare(images), training=False))
    np.testing.assert_allclose(numbers(maps(images)), expected, atol=1e-5)


def test_it_can_be_costed_explained_saved(slide, tmp_path):
    measured = cost.measure(slide)
    alone = cost.measure(
        keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(96, 96, 3))
    )
    assert measured.macs == alone.macs + 1280 * 256 + 256 * 10
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    seen = explain.grad_cam(slide, images)
    assert seen.maps.shape == (2, 3, 3)
    assert np.isfinite(seen.maps).all()
    slide.save(tmp_path / "slide.keras")
    loaded = keras.saving.load_model(tmp_path / "slide.keras", safe_mode=True)
    np.testing.assert_allclose(numbers(loaded(images)), numbers(slide(images)), atol=1e-5)


def test_images_of_the_trunk_s_size_are_not_resized(trunk):
    built = transfer.classifier(trunk, 3, transfer.frozen(trunk.model))
    assert [type(layer).__name__ for layer in built.layers][:2] == ["InputLayer", "Functional"]
    assert built.input_shape == (None, 96, 96, 3)


def test_what_is_no_head_is_refused(trunk):
    with pytest.raises(InputError, match="`head` must be one of linear, course"):
        transfer.classifier(trunk, 3, transfer.frozen(trunk.model), head="long")
    with pytest.raises(InputError, match="`num_classes` must be a whole number of at least 2"):
        transfer.classifier(trunk, 1, transfer.frozen(trunk.model))
