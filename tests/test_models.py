import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import blocks, models
from evrisim._validate import InputError
from evrisim.cli.models import TRAINED, describe
from evrisim.models.staged import KINDS


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
        (("resnt", (32, 32, 3), 10), "Did you mean 'resnet'"),
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
    model = keras.Model(inputs, blocks.basic(inputs, 4, name="b"))
    for name in ("b_conv1", "b_conv2"):
        layer = model.get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    features = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    np.testing.assert_allclose(numbers(model(features)), np.maximum(features, 0), atol=1e-6)


def learnt(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "depth", "width", "millions"),
    [
        ("resnet", 20, 16, 0.27),
        ("resnet", 32, 16, 0.46),
        ("resnet", 44, 16, 0.66),
        ("resnet", 56, 16, 0.85),
        ("resnet", 110, 16, 1.73),
        ("wide_resnet", 16, 64, 2.75),
        ("wide_resnet", 40, 64, 8.95),
        ("wide_resnet", 28, 160, 36.48),
    ],
)
def test_residual_nets_have_as_many_parameters_as_published(name, depth, width, millions):
    """He et al. 2016, table 6, with padded shortcuts; Zagoruyko and Komodakis 2016, table 4."""
    options = {"depth": depth, "width": width}
    if name == "resnet":
        options["shortcut"] = "padded"
    built = models.build(name, (32, 32, 3), 10, options)
    assert learnt(built) / 1e6 == pytest.approx(millions, abs=0.005)


def layers_along(model, kinds):
    """Layers with kernels along the way, without those of shortcuts."""
    return [
        layer for layer in model.layers if isinstance(layer, kinds) and "shortcut" not in layer.name
    ]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain", {"depth": 56}),
        ("resnet", {"depth": 56}),
        ("resnet", {"depth": 29, "block": "bottleneck"}),
        ("preact_resnet", {"depth": 110}),
        ("preact_resnet", {"depth": 29, "block": "bottleneck"}),
    ],
)
def test_depth_counts_the_layers_with_weights_along_the_way(name, options):
    built = models.build(name, (32, 32, 3), 10, {"width": 4, **options})
    kinds = (keras.layers.Conv2D, keras.layers.Dense)
    assert len(layers_along(built, kinds)) == options["depth"]


@pytest.mark.tensorflow
@pytest.mark.parametrize("block", KINDS)
def test_every_kind_of_block_makes_a_net_that_learns(block):
    model = models.build("staged", (16, 16, 3), 2, {"block": block, "blocks": 1, "width": 32})
    assert model.name == block
    images = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 3)).astype("float32")
    images[::2, :, ::2] = 0
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    labels = np.arange(16) % 2
    losses = [float(model.train_on_batch(images, labels)) for _step in range(12)]
    assert min(losses[-3:]) < losses[0]


def test_later_blocks_are_left_out_more_often():
    model = models.build("resnet", (16, 16, 3), 2, {"width": 4, "drop_path": 0.4})
    rates = [layer.rate for layer in model.layers if layer.name.endswith("drop_path")]
    np.testing.assert_allclose(rates, 0.4 * np.arange(1, 9) / 8)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("resnet", {"depth": 21}, "2 more than a multiple of 6 .* such as 20 or 26; received 21"),
        ("resnet", {"depth": 5}, "such as 8 or 14; received 5"),
        ("resnet", {"depth": 22, "block": "bottleneck"}, "such as 20 or 29"),
        ("wide_resnet", {"depth": 20}, "4 more than a multiple of 6 .* such as 16 or 22"),
        ("resnet", {"block": "inverted"}, "`block` must be one of basic, bottleneck"),
        ("staged", {"block": "desne"}, "`model.block` must be one of plain"),
        ("staged", {"block": "resnext", "width": 12}, "24 channels do not divide into 32 groups"),
        ("staged", {"norm": "grup"}, "Did you mean 'group'"),
        ("staged", {"zero_init": 1}, "`model.zero_init` must be"),
        ("staged", {"squeeze": -2}, "`model.squeeze` must be a whole number of at least 0"),
    ],
)
def test_a_net_that_cannot_be_is_refused_in_a_sentence(name, options, sentence):
    with pytest.raises(InputError, match=sentence):
        models.build(name, (32, 32, 3), 10, options)
