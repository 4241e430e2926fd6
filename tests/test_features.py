"""Feature maps, learned kernels and exciting images, against loops, cut models and brute force."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from keras import layers, ops

from evrisim import InputError, cost, features, models, taps
from evrisim.features import watching

# Keras 3.15 on JAX and PyTorch turns tensors to arrays in a way NumPy 2.4 announces the end of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SIZE = 12


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(11)


def images_of(count, size=SIZE, channels=3, seed=0):
    shape = (count, size, size, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def trunk(x):
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(x)
    x = layers.Conv2D(6, 3, activation="relu", name="first")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dropout(0.5, name="drop")(x)
    return layers.Conv2D(5, 3, strides=2, activation="relu", name="second")(x)


def flat():
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D(name="pool")(trunk(inputs))
    return keras.Model(inputs, layers.Dense(4, name="head")(x), name="flat")


def nested():
    inner = keras.Input((SIZE, SIZE, 3))
    backbone = keras.Model(inner, trunk(inner), name="backbone")
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D(name="pool")(backbone(inputs))
    return keras.Model(inputs, layers.Dense(4, name="head")(x), name="nested")


def shared():
    """One layer called on the images, then on what it gave; one that ends on rows."""
    conv, act = layers.Conv2D(3, 3, padding="same", name="conv"), layers.ReLU(name="act")
    inputs = keras.Input((SIZE, SIZE, 3))
    x = act(conv(act(conv(layers.Rescaling(1 / 255)(inputs)))))
    x = act(layers.Dense(6)(layers.Flatten()(x)))
    return keras.Model(inputs, layers.Dense(4)(x), name="shared")


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.blocks = [layers.Conv2D(4, 3, name="conv"), layers.Conv2D(4, 3, name="conv")]
        self.head = layers.Dense(4, name="head")

    def call(self, inputs):
        x = inputs / 255
        for block in self.blocks:
            x = ops.relu(block(x))
        return self.head(ops.mean(x, axis=(1, 2)))


def convolved(image, kernel, bias):
    """Slide a kernel over an image, one product at a time."""
    rows, columns, _channels, filters = kernel.shape
    high, wide = image.shape[0] - rows + 1, image.shape[1] - columns + 1
    out = np.zeros((high, wide, filters))
    for r in range(high):
        for c in range(wide):
            for f in range(filters):
                patch = image[r : r + rows, c : c + columns]
                out[r, c, f] = (patch * kernel[..., f]).sum() + bias[f]
    return out


# --- maps


def test_maps_of_the_first_convolution_equal_one_written_as_a_loop():
    model, images = flat(), images_of(2)
    (found,) = features.feature_maps(model, images, ["first"])
    kernel, bias = (np.asarray(w) for w in model.get_layer("first").get_weights())
    for image, maps in zip(images / 64.0 - 2, found.maps, strict=True):
        np.testing.assert_allclose(maps, np.maximum(convolved(image, kernel, bias), 0), atol=1e-4)


@pytest.mark.parametrize("layer", ["first", "norm", "second"])
def test_maps_equal_a_model_cut_at_the_layer(layer):
    model, images = flat(), images_of(3)
    model.get_layer("norm").set_weights([np.full(6, x) for x in (2.0, 1.0, 0.3, 4.0)])
    cut = keras.Model(model.input, model.get_layer(layer).output)
    (found,) = features.feature_maps(model, images, [layer])
    expected = cut.predict_on_batch(images.astype(np.float32))
    np.testing.assert_allclose(found.maps, expected, rtol=1e-5, atol=1e-5)
    assert found.maps.dtype == np.float32
    assert found.shape == expected.shape[1:]
    assert found.range == (found.maps.min(), found.maps.max())


def test_a_nested_model_gives_the_maps_of_a_flat_one_with_its_weights():
    one, other, images = flat(), nested(), images_of(3)
    other.set_weights(one.get_weights())
    first = features.feature_maps(one, images, ["second", "first"])
    second = features.feature_maps(other, images, ["backbone/second", "backbone/first"])
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a.maps, b.maps, rtol=1e-5, atol=1e-6)
    assert [found.layer for found in second] == ["backbone/second", "backbone/first"]


def test_a_shared_layer_says_which_call_and_gives_each():
    model, images = shared(), images_of(2)
    last, first, second = features.feature_maps(model, images, ["conv", "conv@1", "conv@2"])
    assert [found.layer for found in (last, first, second)] == ["conv@2", "conv@1", "conv@2"]
    kernel, bias = (np.asarray(w) for w in model.get_layer("conv").get_weights())

    def same(x):
        return convolved(np.pad(x, ((1, 1), (1, 1), (0, 0))), kernel, bias)

    once = same(images[0] / 255.0)
    np.testing.assert_allclose(first.maps[0], once, atol=1e-5)
    np.testing.assert_allclose(second.maps[0], same(np.maximum(once, 0)), atol=1e-5)
    np.testing.assert_array_equal(last.maps, second.maps)
    (act,) = features.feature_maps(model, images, ["act"])  # its third call gives rows
    assert act.layer == "act@2"
    with pytest.raises(InputError, match=r"'act@3' gives \(batch, 6\), no feature maps"):
        features.feature_maps(model, images, ["act@3"])
    with pytest.raises(InputError, match="'conv@3': the layer conv runs 2 times"):
        features.feature_maps(model, images, ["conv@3"])


def test_layers_of_a_subclassed_model_are_reached():
    model, images = Subclassed(), images_of(2)
    found = features.feature_maps(model, images, ["conv", "conv#2"])
    first, second = model.blocks
    expected = ops.convert_to_numpy(first(images.astype("float32") / 255))
    np.testing.assert_allclose(found[0].maps, expected, rtol=1e-4, atol=1e-5)
    expected = ops.convert_to_numpy(second(np.maximum(expected, 0)))
    np.testing.assert_allclose(found[1].maps, expected, rtol=1e-4, atol=1e-5)


def test_the_model_runs_in_inference_mode_and_is_left_as_it_was():
    model, images = flat(), images_of(4)
    before = [np.array(w) for w in model.get_weights()]
    own = {path: set(vars(step)) for path, step in taps.steps(model).items()}
    outputs = model.predict_on_batch(images.astype(np.float32))
    drop, norm = features.feature_maps(model, images, ["drop", "norm"])
    np.testing.assert_array_equal(drop.maps, norm.maps)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert own == {path: set(vars(step)) for path, step in taps.steps(model).items()}
    np.testing.assert_array_equal(outputs, model.predict_on_batch(images.astype(np.float32)))


def test_the_model_is_left_as_it_was_after_an_exception(monkeypatch):
    model = flat()
    head = model.get_layer("head")
    layer = features.find_layers(model, ["first"])

    def fail(*args, **kwargs):
        raise RuntimeError("on purpose")

    monkeypatch.setattr(head, "call", fail)
    with pytest.raises(RuntimeError, match="on purpose"):
        next(watching.watched(model, layer, images_of(2), 2))
    monkeypatch.undo()
    assert "call" not in vars(model.get_layer("first"))
    features.feature_maps(model, images_of(2))


def test_one_pass_serves_all_layers(monkeypatch):
    model, images, runs = flat(), images_of(4), []
    wanted = features.find_layers(model, ["first", "norm", "second"])
    with taps.tapped([(model.get_layer("head"), lambda x: runs.append(1) or x)]):
        next(watching.watched(model, wanted, images, 4))
    assert len(runs) == 1


@pytest.mark.parametrize("eager", [0, 100])
def test_the_batch_size_changes_nothing_compiled_or_not(eager, monkeypatch):
    monkeypatch.setattr(watching, "_EAGER", eager)
    model, images, said = flat(), images_of(11), []
    (whole,) = features.feature_maps(model, images, ["second"], batch_size=64)
    (parts,) = features.feature_maps(
        model, images, ["second"], batch_size=4, progress=lambda *done: said.append(done)
    )
    np.testing.assert_allclose(parts.maps, whole.maps, rtol=1e-5, atol=1e-6)
    assert said == [(4, 11), (8, 11), (11, 11)]


def test_a_model_in_half_precision_gives_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = flat()
    finally:
        keras.config.set_dtype_policy("float32")
    (found,) = features.feature_maps(model, images_of(2), ["second"])
    assert found.maps.dtype == np.float32


def test_values_that_are_no_numbers_are_refused():
    model = flat()
    model.get_layer("second").set_weights([np.full((3, 3, 6, 5), np.nan), np.zeros(5)])
    with pytest.raises(InputError, match="The layer second gives values that are infinite or not"):
        features.feature_maps(model, images_of(1), ["second"])


# --- which layers


def test_by_default_the_first_convolution_and_the_end_of_each_stage():
    names = [one.name for one in features.default_layers(models.build("resnet20", (32, 32, 3), 10))]
    assert names == [
        "stem_conv",
        "stage1_block3_relu2",
        "stage2_block3_relu2",
        "stage3_block3_relu2",
    ]
    assert [one.name for one in features.default_layers(nested())] == [
        "backbone/first",
        "backbone/norm",
        "backbone/second",
    ]


def test_stages_of_models_made_elsewhere():
    model = keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), include_top=False, weights=None, alpha=0.35
    )
    inputs = keras.Input((96, 96, 3))
    outer = keras.Sequential([inputs, layers.Rescaling(1 / 127.5, -1), model, layers.Flatten()])
    found = features.default_layers(outer)
    # Padding to 97 × 97 makes no stage; those of TensorFlow's own segmentation examples do.
    assert [(one.path.rpartition("/")[2], one.shape[0]) for one in found] == [
        ("Conv1", 48),
        ("block_1_expand_relu", 48),
        ("block_3_expand_relu", 24),
        ("block_6_expand_relu", 12),
        ("block_13_expand_relu", 6),
        ("out_relu", 3),
    ]


def test_a_decoder_has_stages_of_its_own_and_a_squeeze_has_none():
    inputs = keras.Input((16, 16, 3))
    high = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    high = layers.Conv2D(4, 3, padding="same", name="encoder")(high)
    low = layers.Conv2D(4, 3, strides=2, padding="same", name="bottom")(high)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(low)
    low = layers.Multiply(name="gated")([low, layers.Conv2D(4, 1, name="squeezed")(gate)])
    up = layers.Conv2DTranspose(4, 2, strides=2, name="up")(low)
    out = layers.Conv2D(2, 3, padding="same", name="decoder")(layers.Add()([up, high]))
    names = [one.name for one in features.default_layers(keras.Model(inputs, out))]
    assert names == ["first", "encoder", "gated", "decoder"]


def test_a_shortcut_that_runs_early_does_not_end_a_stage():
    class Early(keras.Model):
        def __init__(self):
            super().__init__()
            self.stem = layers.Conv2D(4, 3, padding="same", name="stem")
            self.shortcut = layers.Conv2D(4, 1, strides=2, name="shortcut")
            self.inner = layers.Conv2D(4, 3, padding="same", name="inner")
            self.strided = layers.Conv2D(4, 3, strides=2, padding="same", name="strided")

        def call(self, x):
            x = self.stem(x)
            return self.shortcut(x) + self.strided(self.inner(x))

    names = [one.name for one in features.default_layers(Early(), (8, 8, 3))]
    assert names == ["stem", "inner", "strided"]


def test_all_layers_with_maps_are_listed_with_their_shapes():
    found = features.list_layers(nested())
    listed = {one.name: (one.kind, one.shape) for one in found}
    assert listed["backbone/second"] == ("Conv2D", (4, 4, 5))
    assert listed["backbone"] == ("Functional", (4, 4, 5))
    assert "pool" not in listed
    assert [one.name for one in features.list_layers(shared()) if one.path == "conv"] == [
        "conv@1",
        "conv@2",
    ]


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ("backbone/secnod", "nested has no layer 'backbone/secnod' with .*; nearest: backbone/sec"),
        ("second", "nearest: backbone/second"),
        ("zzz", "nearest: backbone/scale, backbone/first"),
        ("head", r"'head' gives \(batch, 4\), no feature maps .* can be used: backbone/scale, "),
        ("pool", r"'pool' gives \(batch, 5\)"),
    ],
)
def test_a_layer_that_gives_no_maps_is_said_with_what_can_be_used(layer, sentence):
    with pytest.raises(InputError, match=sentence):
        features.feature_maps(nested(), images_of(1), [layer])


def test_a_model_without_convolution_is_told_what_its_layers_give():
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), layers.Flatten(name="flat"), layers.Dense(2, name="soft")]
    )
    with pytest.raises(InputError, match=r"no convolution.*flat \(48,\), soft \(2,\)"):
        features.feature_maps(model, images_of(1, 4))
    with pytest.raises(InputError, match=r"can be used: none"):
        features.feature_maps(model, images_of(1, 4), ["soft"])


def test_images_of_another_size_and_no_layer_are_refused():
    with pytest.raises(InputError, match="takes images of shape"):
        features.feature_maps(flat(), images_of(1, 8))
    with pytest.raises(InputError, match="No layer was named"):
        features.feature_maps(flat(), images_of(1), [])
    with pytest.raises(InputError, match="does not say how large"):
        features.list_layers(Subclassed())


def test_one_layer_may_be_named_without_a_list():
    (found,) = features.feature_maps(flat(), images_of(1), "second")
    assert found.layer == "second"


# --- strength


def test_strength_is_what_paper_says():
    maps = np.zeros((2, 1, 2, 4))
    maps[..., 0] = [[[1, 3]], [[0, 0]]]  # mean of positive parts 1, largest 3
    maps[..., 1] = [[[-8, 5]], [[-8, 1]]]  # mean 1.5, largest 5
    maps[..., 2] = [[[-2, -1]], [[-1, -1]]]  # never positive, but not dead
    by_mean = features.strength(maps)
    assert by_mean.values.tolist() == [1.0, 1.5, 0.0, 0.0]
    assert by_mean.order.tolist() == [1, 0, 2, 3]
    assert by_mean.relative.tolist() == pytest.approx([2 / 3, 1, 0, 0])
    assert by_mean.dead.tolist() == [False, False, False, True]
    assert features.strength(maps, "max").values.tolist() == [3.0, 5.0, 0.0, 0.0]
    two = features.FeatureMaps("conv", "Conv2D", np.array([[[[4.0, 1.0], [0.0, 2.0]]]]))
    assert two.strength("mean").order.tolist() == [0, 1]
    three = features.FeatureMaps("conv", "Conv2D", np.array([[[[4.0, 3.0], [0.0, 3.0]]]]))
    assert (three.strength("mean").order[0], three.strength("max").order[0]) == (1, 0)
    with pytest.raises(InputError, match="`by` must be one of mean, max"):
        features.strength(maps, "median")


def test_a_layer_that_is_all_dead_has_no_strongest():
    found = features.strength(np.zeros((1, 2, 2, 3)))
    assert found.relative.tolist() == [0, 0, 0]
    assert found.dead.all()


@settings(max_examples=50, deadline=None)
@given(
    arrays.arrays(
        np.float32, st.tuples(*[st.integers(1, 4)] * 4), elements=st.floats(-9, 9, width=32)
    )
)
def test_strength_ignores_the_order_of_images_and_places(maps):
    turned = maps[::-1, ::-1, ::-1]
    for by in features.MEASURES:
        one, other = features.strength(maps, by), features.strength(turned, by)
        np.testing.assert_allclose(one.values, other.values, rtol=1e-6)
        assert (one.values >= 0).all()
        assert not one.values[one.dead].any()


# --- kernels


def test_learned_kernels_are_those_of_the_first_convolution_or_the_one_named():
    model = nested()
    backbone = model.get_layer("backbone")
    for layer, path in ((None, "backbone/first"), ("backbone/second", "backbone/second")):
        found = features.learned_kernels(model, layer)
        expected = backbone.get_layer(path.rpartition("/")[2]).get_weights()[0]
        np.testing.assert_array_equal(found.kernels, expected)
        assert found.layer == path
        assert found.scale == np.abs(expected).max()


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(4, 3, groups=2, use_bias=False),
        layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False),
        layers.SeparableConv2D(5, 3, depth_multiplier=2, use_bias=False),
        layers.Conv2DTranspose(5, 3, use_bias=False, padding="valid"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_kernels_of_other_convolutions_are_what_a_single_pixel_paints(layer):
    """One bright pixel in one channel shows that channel's kernels (mirrored, if correlated)."""
    inputs = keras.Input((5, 5, 4))
    model = keras.Model(inputs, layer(inputs))
    kernels = features.learned_kernels(model).kernels
    transposed = isinstance(layer, layers.Conv2DTranspose)
    for channel in range(4):
        image = np.zeros((1, 5, 5, 4), np.float32)
        image[0, 2, 2, channel] = 1
        given = ops.convert_to_numpy(layer(image))[0]
        painted = given[2:5, 2:5] if transposed else given[::-1, ::-1]
        if isinstance(layer, layers.DepthwiseConv2D):
            shown = np.zeros_like(painted)
            shown[..., 2 * channel : 2 * channel + 2] = kernels[:, :, 0, 2 * channel :][..., :2]
        elif kernels.shape[2] == 2:  # two groups, each of two channels and two filters
            shown, group = np.zeros_like(painted), slice(channel // 2 * 2, channel // 2 * 2 + 2)
            shown[..., group] = kernels[:, :, channel % 2, group]
        else:
            shown = kernels[:, :, channel]
        np.testing.assert_allclose(painted, shown, atol=1e-5)


def test_colour_kernels_share_one_scale_with_grey_for_zero():
    kernels = np.zeros((1, 2, 3, 2), np.float32)
    kernels[0, 0, :, 0] = [0.5, -0.5, 0.25]
    pictures = features.Kernels("conv", kernels).pictures()
    assert pictures.shape == (2, 1, 2, 3)
    assert pictures[0, 0, 0].tolist() == [255, 0, 191]
    assert set(pictures[1].ravel()) == {128}
    with pytest.raises(InputError, match="take 1 channels, not red, green, blue"):
        features.Kernels("conv", kernels[:, :, :1]).pictures()


def test_a_layer_without_kernels_is_said_with_those_that_have():
    with pytest.raises(InputError, match=r"'backbone/norm' \(BatchNormalization\) has no kernel.*"):
        features.learned_kernels(nested(), "backbone/norm")
    with pytest.raises(InputError, match=r"no layer 'first'. Nearest with kernels: backbone/first"):
        features.learned_kernels(nested(), "first")


# --- exciting images


def brute(model, images, layer, channel, count):
    """Rank all images by the maximum of one map, the slow way."""
    (found,) = features.feature_maps(model, images, [layer])
    maps = found.maps[..., channel]
    order = sorted(range(len(images)), key=lambda i: (-maps[i].max(), i))[:count]
    places = [np.unravel_index(maps[i].argmax(), maps[i].shape) for i in order]
    return order, [maps[i].max() for i in order], places


@pytest.mark.parametrize("batch_size", [5, 64])
def test_exciting_images_equal_brute_force_whatever_the_batch(batch_size):
    model, images = nested(), images_of(23)
    (found,) = features.most_exciting(
        model, images, ["backbone/first"], [4, 1], count=6, batch_size=batch_size
    )
    assert found.layer == "backbone/first"
    assert found.seen == 23
    for row, channel in enumerate((4, 1)):
        order, values, places = brute(model, images, "backbone/first", channel, 6)
        assert found.maps[row] == channel
        assert found.images[row].tolist() == order
        np.testing.assert_allclose(found.values[row], values, rtol=1e-5)
        assert [tuple(place) for place in found.places[row]] == places
    (all_maps,) = features.feature_maps(model, images, ["backbone/first"])
    for by in features.MEASURES:
        expected = all_maps.strength(by).values
        np.testing.assert_allclose(found.strengths[by].values, expected, rtol=1e-5)


def test_of_equally_exciting_images_the_earlier_ones_are_kept():
    model, images = flat(), np.tile(images_of(3), (30, 1, 1, 1))
    (found,) = features.most_exciting(model, images, ["first"], count=70, batch_size=32)
    for channel, kept in enumerate(found.images):
        assert kept.tolist() == brute(model, images, "first", channel, 70)[0]
    (few,) = features.most_exciting(flat(), images[:2], ["first"], count=5)
    assert few.images.shape == (6, 2)


def test_images_are_read_batch_by_batch_and_progress_is_told():
    class Counting:
        def __init__(self, images):
            self.images, self.shape, self.ndim, self.largest = images, images.shape, 4, 0

        def __len__(self):
            return len(self.images)

        def __getitem__(self, part):
            self.largest = max(self.largest, len(self.images[part]))
            return self.images[part]

    images, said = Counting(images_of(20)), []
    found = features.most_exciting(
        flat(), images, batch_size=4, progress=lambda *done: said.append(done)
    )
    assert images.largest == 4
    assert said[-1] == (20, 20)
    assert [one.layer for one in found] == ["first", "norm", "second"]


def test_the_exciting_place_is_found_where_it_was_put():
    """A bright dot; a kernel that is one pixel: the box is the dot."""
    images = np.zeros((3, 8, 8, 3), np.uint8)
    images[1, 6, 3] = 250
    inputs = keras.Input((8, 8, 3))
    pooled = layers.MaxPooling2D(2, name="pool")(layers.Conv2D(1, 1, name="dot")(inputs))
    model = keras.Model(inputs, pooled)
    model.get_layer("dot").set_weights([np.ones((1, 1, 3, 1)), np.zeros(1)])
    one, half = features.most_exciting(model, images, ["dot", "pool"], count=1)
    assert (one.images.item(), half.images.item()) == (1, 1)
    assert one.boxes().tolist() == [[[6, 3, 7, 4]]]
    assert half.boxes().tolist() == [[[6, 2, 8, 4]]]
    wide = half.boxes(lambda place, maps, image: (*place, *maps))
    assert wide.tolist() == [[[3, 1, 4, 4]]]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 9), st.integers(1, 30))
def test_the_cells_of_a_map_cover_the_image(cells, pixels):
    covered = np.zeros(pixels, int)
    for cell in range(cells):
        top, _left, bottom, _right = features.cell_share((cell, 0), (cells, 1), (pixels, 1))
        assert top < bottom
        covered[top:bottom] += 1
    assert covered.min() >= 1
    if pixels % cells == 0:
        assert covered.max() == 1


@pytest.mark.parametrize("maps", [[6], [-1], [], [0.5], [[1]]])
def test_maps_a_layer_does_not_have_are_refused(maps):
    with pytest.raises(InputError, match="`maps` must be whole numbers from 0 to 5 for first"):
        features.most_exciting(flat(), images_of(2), ["first"], maps)


def test_no_image_wanted_is_refused():
    with pytest.raises(InputError, match="`count` must be a whole number of at least 1"):
        features.most_exciting(flat(), images_of(2), ["first"], count=0)


def test_the_box_can_be_what_the_exciting_cell_sees():
    """Two 3×3 kernels over a bright dot: the strongest cell sees 5×5 pixels, less at the border."""
    layers = [keras.layers.Conv2D(1, 3, padding="same", name=name) for name in ("a", "b")]
    model = keras.Sequential([keras.Input((9, 12, 1)), *layers])
    for layer in layers:
        kernel = np.zeros((3, 3, 1, 1))
        kernel[1, 1] = 1
        layer.set_weights([kernel, np.zeros(1)])
    images = np.zeros((2, 9, 12, 1), np.uint8)
    images[0, 4, 6] = images[1, 0, 11] = 200
    (one,) = features.most_exciting(model, images, "b", count=2)
    field = cost.receptive_fields(model)["b"]
    assert one.boxes(features.seen_by(field)).tolist() == [[[2, 4, 7, 9], [0, 9, 3, 12]]]
