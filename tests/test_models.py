import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy as numbers

from evrisim import blocks, models
from evrisim._validate import InputError
from evrisim.cli.models import TRAINED, describe
from evrisim.cost import measure, receptive_fields
from evrisim.explain import grad_cam
from evrisim.features import feature_maps
from evrisim.models.staged import KINDS
from evrisim.training import precision

NARROW = {
    "convnet": {"width": 4},
    "condensed": {"width": 6, "blocks": 1},
    "airbench": {"width": 4, "deep": 8},
    "resnet20": {"width": 4},
    "plain": {"width": 4, "depth": 8},
    "resnet": {"width": 4, "depth": 8},
    "preact_resnet": {"width": 4, "depth": 8},
    "wide_resnet": {"width": 4, "depth": 10},
    "resnet_large": {"width": 4},
    "resnext": {"width": 4, "groups": 4},
    "mobilenet": {"scale": 0.1},
    "densenet": {"growth": 16, "depth": 10},
    "convnext": {"width": 4, "depth": 6},
    "staged": {"width": 4, "blocks": 1},
}
"""The smallest of each kind: what all models promise does not depend on size."""


DEEP = ("resnet20", "resnet_large", "resnext", "mobilenet", "densenet", "convnext")
"""Not compiled for every backend more often than once: that takes minutes."""

MOST = [
    pytest.param(name, marks=pytest.mark.tensorflow) if name in DEEP else name
    for name in models.MODELS
]


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


def test_airbench_has_the_parameters_and_maps_of_its_paper():
    built = models.build("airbench", (32, 32, 3), 10)
    kernels = 4 * 3 * 24 + 9 * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256)
    norms = 3 * (2 * 64 + 4 * 256)  # offsets, and running mean and variance
    assert built.count_params() == kernels + 24 + norms + 256 * 10
    sides = [built.get_layer(f"group{group}_norm2").output.shape[1] for group in (1, 2, 3)]
    assert (built.get_layer("whitening").output.shape[1], *sides) == (31, 15, 7, 3)
    bare = models.build("airbench", (32, 32, 3), 10, {"whitening_bias": False})
    assert bare.count_params() == built.count_params() - 24
    assert bare.trainable_variables[0].path == "group1_conv1/kernel"


def test_condensed_has_the_parameters_counted_by_hand_and_works_mostly_at_half_resolution():
    kernels = 9 * (3 * 16 + 16 * 48 + 4 * 48 * 48 + 48 * 64 + 4 * 64 * 64)
    norms = 4 * (16 + 5 * 48 + 5 * 64)
    built = models.build("condensed", (32, 32, 3), 10)
    assert built.count_params() == kernels + norms + 64 * 10 + 10 < 300_000
    measured = measure(built)
    half = [row.macs for row in measured.layers if row.output_shape[1:3] == (16, 16)]
    assert sum(half) > measured.macs / 2


def test_convnet_has_the_parameters_counted_by_hand():
    kernels = 9 * (3 * 8 + 8 * 16 + 16 * 16 + 16 * 32 + 32 * 32)
    norms = 4 * (8 + 2 * 16 + 2 * 32)
    built = models.build("convnet", (32, 32, 3), 10, {"width": 8})
    assert built.count_params() == kernels + norms + 32 * 10 + 10


@pytest.mark.parametrize("name", models.MODELS)
def test_takes_raw_images_and_is_blind_to_a_scaling_done_outside(name):
    model = models.build(name, (32, 32, 3), 4, NARROW[name])
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3))
    scale = model.get_layer("scale")
    scaled = numbers(scale(images.astype("float32")))
    np.testing.assert_allclose(scaled, images / 127.5 - 1, atol=1e-6)
    assert model(images.astype("uint8")).shape == (2, 4)


@pytest.mark.parametrize("name", MOST)
@pytest.mark.parametrize("shape", [(28, 28, 1), (17, 40, 3)])
def test_other_image_shapes_are_taken(name, shape):
    model = models.build(name, shape, 3, NARROW[name])
    assert model(np.zeros((1, *shape), "float32")).shape == (1, 3)


@pytest.mark.parametrize("name", MOST)
def test_a_saved_model_gives_the_same_logits(name, tmp_path):
    model = models.build(name, (16, 16, 3), 3, {**NARROW[name], "dropout": 0.5})
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype("float32")
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_allclose(numbers(loaded(images)), numbers(model(images)), rtol=1e-5)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]


@pytest.mark.parametrize("name", MOST)
def test_every_model_learns_in_bfloat16(name):
    with precision.policy("bfloat16"):
        model = models.build(name, (16, 16, 3), 3, NARROW[name])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [numbers(weight) for weight in model.trainable_weights]
    loss = float(model.train_on_batch(np.full((4, 16, 16, 3), 9.0, "float32"), np.arange(4) % 3))
    assert np.isfinite(loss)
    after = [numbers(weight) for weight in model.trainable_weights]
    assert any((one != other).any() for one, other in zip(before, after, strict=True))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", models.MODELS)
def test_cost_and_receptive_field_of_every_layer_are_known(name):
    model = models.build(name, (32, 32, 3), 4, NARROW[name])
    found = measure(model)
    assert found.uncounted == ()
    assert found.parameters == model.count_params()
    assert [layer for layer, one in receptive_fields(model).items() if one.unknown] == []


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_can_be_explained_and_its_maps_looked_at(name):
    model = models.build(name, (32, 32, 3), 4, NARROW[name])
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    found = grad_cam(model, images)
    assert found.maps.shape[0] == 2
    assert np.isfinite(found.maps).all()
    maps = feature_maps(model, images[:1])
    assert len(maps) >= 3
    assert all(np.isfinite(one.maps).all() for one in maps)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", [name for name in models.MODELS if name != "resnet20"])
@pytest.mark.parametrize(("option", "value"), [("norm", "group"), ("norm", "none"), ("squeeze", 4)])
def test_norm_and_squeeze_and_excite_are_arguments_of_every_model_that_has_them(
    name, option, value
):
    known = models.complete(name, {})
    if option not in known:
        pytest.skip("left out on purpose: see the builder")
    model = models.build(name, (16, 16, 3), 3, {**NARROW[name], option: value})
    kinds = {type(layer).__name__ for layer in model.layers}
    expected = {"group": "GroupNormalization", "4": "Multiply"}.get(str(value))
    assert expected is None or expected in kinds
    assert value != "none" or not any("Normalization" in kind for kind in kinds)


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


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "options", "shape", "classes", "count"),
    [
        ("resnet_large", {"depth": 18, "stem": "large"}, (224, 224, 3), 1000, 11_689_512),
        ("resnet_large", {"depth": 34, "stem": "large"}, (224, 224, 3), 1000, 21_797_672),
        ("resnext", {"stem": "large"}, (224, 224, 3), 1000, 25_028_904),
        ("densenet", {"depth": 100}, (32, 32, 3), 10, 769_162),
    ],
)
def test_nets_have_as_many_parameters_as_their_published_weights(
    name, options, shape, classes, count
):
    """The numbers of torchvision's ResNets and ResNeXt-50 (32×4d); DenseNet-BC's is 0.8 M."""
    assert learnt(models.build(name, shape, classes, options)) == count


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
        ("resnet_large", {"depth": 20}, "`depth` must be one of 18, 34, 50, 101, 152; received 20"),
        ("resnext", {"depth": 18}, "`depth` must be one of 50, 101, 152; received 18"),
        ("resnext", {"groups": 48}, "128 channels do not divide into 48 groups"),
        ("mobilenet", {"scale": 9.0}, "`model.scale` must lie between 0.1 and 4"),
        ("convnext", {"depth": 20}, "must be a multiple of 6; received 20"),
        ("convnext", {"stem": "huge"}, "`model.stem` must be one of small, large"),
        ("densenet", {"depth": 41}, "4 more than a multiple of 6 .* such as 40 or 46"),
        ("staged", {"squeeze": -2}, "`model.squeeze` must be a whole number of at least 0"),
    ],
)
def test_a_net_that_cannot_be_is_refused_in_a_sentence(name, options, sentence):
    with pytest.raises(InputError, match=sentence):
        models.build(name, (32, 32, 3), 10, options)


@pytest.mark.parametrize(
    ("name", "options", "size", "least"),
    [
        ("convnet", {}, 7, 8),
        ("resnet_large", {"stem": "large"}, 31, 32),
        ("resnext", {"stem": "large"}, 24, 32),
        ("mobilenet", {"stem": "large"}, 31, 32),
        ("convnext", {}, 15, 16),
        ("convnext", {"stem": "large"}, 31, 32),
    ],
)
def test_images_smaller_than_what_a_net_condenses_by_are_refused(name, options, size, least):
    sentence = f"needs images of at least {least}×{least} pixels; received {size}×40"
    with pytest.raises(InputError, match=sentence):
        models.build(name, (size, 40, 3), 10, options)
