import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import blocks, models
from evrisim._validate import InputError
from evrisim.cli.models import TRAINED, describe


def test_the_plain_names_of_the_command_line_are_those_of_the_table():
    assert list(TRAINED) == list(models.MODELS) == list(describe())


def test_resnet20_has_the_parameters_counted_by_hand():
    # 3×3 kernels: stem, 18 in blocks; two 1×1 shortcuts; 2 + 2 numbers a normalised channel; head.
    kernels = 9 * (3 * 16 + 6 * 16 * 16 + 16 * 32 + 5 * 32 * 32 + 32 * 64 + 5 * 64 * 64)
    shortcuts = 16 * 32 + 32 * 64
    norms = 4 * (7 * 16 + 7 * 32 + 7 * 64)
    assert models.build("resnet20", (32, 32, 3), 10).count_params() == (
        kernels + shortcuts + norms + 64 * 10 + 10
    )


def test_convnet_has_the_parameters_counted_by_hand():
    kernels = 9 * (3 * 8 + 8 * 16 + 16 * 16 + 16 * 32 + 32 * 32)
    norms = 4 * (8 + 2 * 16 + 2 * 32)
    built = models.build("convnet", (32, 32, 3), 10, {"width": 8})
    assert built.count_params() == kernels + norms + 32 * 10 + 10


@pytest.mark.parametrize("name", models.MODELS)
def test_takes_raw_images_and_is_blind_to_a_scaling_done_outside(name):
    model = models.build(name, (32, 32, 3), 4, {"width": 8})
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3))
    scale = model.get_layer("scale")
    scaled = numbers(scale(images.astype("float32")))
    np.testing.assert_allclose(scaled, images / 127.5 - 1, atol=1e-6)
    assert model(images.astype("uint8")).shape == (2, 4)


@pytest.mark.parametrize("name", models.MODELS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (17, 40, 3)])
def test_other_image_shapes_are_taken(name, shape):
    model = models.build(name, shape, 3, {"width": 4})
    assert model(np.zeros((1, *shape), "float32")).shape == (1, 3)


@pytest.mark.parametrize("name", models.MODELS)
def test_a_saved_model_gives_the_same_logits(name, tmp_path):
    model = models.build(name, (16, 16, 3), 3, {"width": 4, "dropout": 0.5})
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype("float32")
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_allclose(numbers(loaded(images)), numbers(model(images)), rtol=1e-5)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]


def test_dropout_acts_in_training_only():
    model = models.build("convnet", (8, 8, 3), 2, {"width": 4, "dropout": 0.9})
    images = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(numbers(model(images)), numbers(model(images)))
    head = model.get_layer("dropout")
    assert np.mean(numbers(head(np.ones((64, 16)), training=True)) == 0) > 0.8


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("resnet", (32, 32, 3), 10), "Did you mean 'resnet20'"),
        (("convnet", (7, 32, 3), 10), "at least 8×8 pixels; received 7×32"),
        (("convnet", (32, 32, 3), 1), "`num_classes` must be a whole number of at least 2"),
        (("convnet", (32, 32, 3), 10, {"widht": 3}), "Did you mean 'width'"),
        (("convnet", (32, 32, 3), 10, {"width": 0}), "`model.width` must be a whole number"),
        (("convnet", (32, 32, 3), 10, {"dropout": 1.5}), "`model.dropout` must lie between"),
    ],
)
def test_wrong_arguments_are_named(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        models.build(*arguments)


def test_pooling_before_or_after_detection_gives_the_same_numbers():
    features = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    pool, relu = keras.layers.MaxPooling2D(2), keras.layers.ReLU()
    np.testing.assert_array_equal(numbers(pool(relu(features))), numbers(relu(pool(features))))


def test_a_residual_block_with_silent_convolutions_is_its_input_detected():
    inputs = keras.Input((6, 6, 4))
    model = keras.Model(inputs, blocks.residual_block(inputs, 4, name="b"))
    for name in ("b_conv1", "b_conv2"):
        layer = model.get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    features = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    np.testing.assert_allclose(numbers(model(features)), np.maximum(features, 0), atol=1e-6)
