import keras
import numpy as np
import pytest
from keras import layers, ops

from evrisim import explain, taps
from evrisim._validate import InputError

# Keras 3.15 on JAX and PyTorch turns tensors to arrays in a way NumPy 2.4 announces the end of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SIZE = 12


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(11)


def images_of(count, size=SIZE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def trunk(x):
    x = layers.Rescaling(1 / 64, offset=-2)(x)
    x = layers.Conv2D(6, 3, activation="relu", name="first")(x)
    x = layers.BatchNormalization()(x)
    return layers.Conv2D(5, 3, strides=2, activation="relu", name="features")(x)


def functional(activation=None, pool=True, size=SIZE):
    inputs = keras.Input((size, size, 3))
    x = layers.GlobalAveragePooling2D()(trunk(inputs)) if pool else layers.Flatten()(trunk(inputs))
    x = layers.Dropout(0.5)(x)
    return keras.Model(inputs, layers.Dense(4, activation=activation, name="head")(x))


def sequential():
    return keras.Sequential(
        [
            layers.Rescaling(1 / 64, offset=-2),
            layers.Conv2D(6, 3, activation="relu"),
            layers.Conv2D(5, 3, strides=2, activation="relu", name="features"),
            layers.Flatten(),
            layers.Dense(4, activation="tanh"),
            layers.Dense(4),
        ]
    )


def nested():
    inner = keras.Input((SIZE, SIZE, 3))
    backbone = keras.Model(inner, trunk(inner), name="backbone")
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(backbone(inputs))
    x = layers.Dropout(0.5)(x)
    return keras.Model(inputs, layers.Dense(4, name="head")(x))


def twice_nested():
    inside = nested()
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, inside(inputs))


def bare_operations():
    inputs = keras.Input((SIZE, SIZE, 3))
    a, b = layers.Conv2D(4, 3)(inputs / 255), layers.Conv2D(4, 3)(inputs / 255)
    return keras.Model(inputs, layers.Dense(4)(ops.mean(ops.relu(a + b), axis=(1, 2))))


def branches():
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    left = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    right = layers.Conv2D(3, 5, padding="same", activation="relu")(x)
    joined = layers.Concatenate(name="joined")([left, right])
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(joined)
    gate = layers.Conv2D(7, 1, activation="sigmoid")(squeezed)
    x = layers.Multiply(name="gated")([joined, gate])
    return keras.Model(inputs, layers.Dense(4)(layers.GlobalMaxPooling2D()(x)))


class Block(layers.Layer):
    """Adds outside any layer: what it gives differs from what its last layer gives."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = layers.Conv2D(3, 3, padding="same")

    def build(self, shape):
        self.inner.build(shape)

    def call(self, inputs):
        return ops.relu(inputs + self.inner(inputs))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Block(name="block"), Block(name="block")]
        self.head = layers.Dense(4)

    def call(self, inputs):
        x = inputs / 255
        for block in self.blocks:
            x = block(x)
        return self.head(ops.mean(x, axis=(1, 2)))


def shared():
    """One layer called on the images, then on what it gave, then on rows without positions."""
    layer, act = layers.Conv2D(3, 3, padding="same", name="conv"), layers.ReLU(name="act")
    inputs = keras.Input((SIZE, SIZE, 3))
    x = act(layer(act(layer(layers.Rescaling(1 / 255)(inputs)))))
    x = act(layers.Dense(6)(layers.Flatten()(x)))
    return keras.Model(inputs, layers.Dense(4)(x))


MODELS = {
    "functional": (functional, "features"),
    "flattened": (lambda: functional(pool=False), "features"),
    "sequential": (sequential, "features"),
    "nested": (nested, "backbone/features"),
    "twice nested": (twice_nested, None),
    "bare operations": (bare_operations, None),
    "branches": (branches, "gated"),
    "subclassed": (Subclassed, "block#2"),
    "shared": (shared, "act"),
}


def model_of(kind, shape=(SIZE, SIZE, 3)):
    """Build a model with the same weights on every backend, whose maps are not all empty."""
    model = MODELS[kind][0]()
    taps.record(model, shape)
    rng = np.random.default_rng(8)
    for layer in taps.steps(model).values():
        if isinstance(layer, layers.Conv2D | layers.Dense):
            fan_in = np.prod(layer.kernel.shape[:-1])
            layer.kernel.assign(rng.normal(0, fan_in**-0.5, layer.kernel.shape))
            layer.bias.assign(rng.normal(0, 0.1, layer.bias.shape))
    return model


def slow_grad_cam(model, image, class_index, path, call):
    """Grad-CAM by moving each feature a little: central differences, no automatic gradient."""
    step = taps.steps(model)[path]

    def run(delta=0.0):
        kept, calls = [], []

        def tap(output):
            calls.append(1)
            if len(calls) != call + 1:
                return output
            kept.append(output)
            return output + ops.convert_to_tensor(np.asarray(delta, np.float32))

        with taps.tapped([(step, tap)]):
            logits = model(ops.convert_to_tensor(image[None].astype(np.float32)), training=False)
        return ops.convert_to_numpy(kept[0])[0], ops.convert_to_numpy(logits)[0]

    features = run()[0].astype(np.float64)
    weights = np.zeros(features.shape[-1])
    for channel in range(features.shape[-1]):
        # The mean gradient of a channel: what moving all its positions at once does to the score.
        delta = np.zeros((1, *features.shape))
        delta[..., channel] = 2e-3
        rise = run(delta)[1][class_index] - run(-delta)[1][class_index]
        weights[channel] = rise / 4e-3 / (features.shape[0] * features.shape[1])
    return np.maximum((features * weights).sum(axis=-1), 0)


@pytest.mark.parametrize("kind", MODELS)
def test_equals_numerical_differences(kind):
    model, images = model_of(kind), images_of(2)
    found = explain.grad_cam(model, images, np.array([1, 3]))
    trace = taps.record(model, (SIZE, SIZE, 3))
    call = max(s.call for s in trace.seen if s.path == found.layer and len(s.shape) == 4)
    expected = [
        slow_grad_cam(model, image, c, found.layer, call)
        for image, c in zip(images, (1, 3), strict=True)
    ]
    assert np.max(expected) > 0
    np.testing.assert_allclose(found.maps, expected, atol=0.02 * np.max(expected))


@pytest.mark.parametrize("kind", MODELS)
def test_the_last_features_are_found_without_naming_a_layer(kind):
    model = MODELS[kind][0]()  # not built yet, where that can be
    found = explain.find_layer(model, (SIZE, SIZE, 3))
    assert MODELS[kind][1] in (None, found)
    assert explain.grad_cam(model, images_of(1)).layer == found


def test_a_layer_called_first_and_last_is_the_last():
    again = layers.Conv2D(3, 3, padding="same", name="again")
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(again(layers.ReLU()(again(inputs))))
    assert explain.find_layer(keras.Model(inputs, layers.Dense(4)(x))) == "again"


def test_a_bare_operation_can_be_the_last():
    assert explain.find_layer(bare_operations()).startswith("relu")


def test_layers_within_several_models_have_paths():
    path = explain.find_layer(twice_nested())
    assert path.split("/")[1:] == ["backbone", "features"]


@pytest.mark.parametrize("kind", ["functional", "nested"])
def test_equals_the_class_activation_map_when_the_head_is_pooling_and_dense(kind):
    model, images = model_of(kind), images_of(6)
    found = explain.grad_cam(model, images)
    kernel = model.get_layer("head").get_weights()[0]
    backbone = model.get_layer("backbone") if kind == "nested" else None
    inner = backbone or model
    read = keras.Model(inner.input, inner.get_layer("features").output)
    features = ops.convert_to_numpy(read(images.astype("float32"), training=False))
    by_hand = np.einsum("nrck,kn->nrc", features, kernel[:, found.classes])
    by_hand = np.maximum(by_hand, 0) / features[0, :, :, 0].size
    np.testing.assert_allclose(found.maps, by_hand, atol=1e-5 * by_hand.max())


def test_nested_and_flat_models_of_the_same_weights_have_the_same_maps():
    flat, inside, twice = model_of("functional"), nested(), twice_nested()
    inside.set_weights(flat.get_weights())
    twice.set_weights(flat.get_weights())
    images = images_of(5)
    maps = [explain.grad_cam(m, images, 2).maps for m in (flat, inside, twice)]
    assert maps[0].max() > 0
    np.testing.assert_allclose(maps[1], maps[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(maps[2], maps[0], rtol=1e-4, atol=1e-6)


def test_every_backend_gives_the_same_numbers():
    found = explain.grad_cam(model_of("nested"), images_of(1), 0)
    written_down = [
        [0.01754970, 0.04519564, 0.02341651, 0.05194496],
        [0.00000000, 0.04437684, 0.01439950, 0.00506673],
        [0.00000000, 0.05461520, 0.01838227, 0.03435425],
        [0.06288029, 0.12669739, 0.00000000, 0.00000000],
    ]
    np.testing.assert_allclose(found.maps[0], written_down, atol=1e-6)
    assert found.scores[0] == pytest.approx(0.45594496, abs=1e-5)


# ── the score ──


def with_end(*end):
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Dense(4, name="head")(layers.GlobalAveragePooling2D()(trunk(inputs)))
    for layer in end:
        x = layer(x)
    return keras.Model(inputs, x)


HEADS = {
    "dense softmax": lambda: functional("softmax"),
    "dense log softmax": lambda: functional("log_softmax"),
    "activation layer": lambda: with_end(layers.Activation("softmax")),
    "softmax layer": lambda: with_end(layers.Softmax()),
    "operation": lambda: with_end(ops.softmax),
    "half precision": lambda: with_end(layers.Softmax(dtype="float16")),
}


@pytest.mark.parametrize("kind", HEADS)
def test_a_softmax_at_the_end_changes_no_map_and_the_score_is_the_logit(kind):
    plain, softmax, images = model_of("functional"), HEADS[kind](), images_of(5)
    softmax.set_weights(plain.get_weights())
    plain.get_layer("head").kernel.assign(plain.get_layer("head").kernel * 20)
    softmax.get_layer("head").kernel.assign(softmax.get_layer("head").kernel * 20)
    expected, found = explain.grad_cam(plain, images), explain.grad_cam(softmax, images)
    near = (
        {"rtol": 2e-3, "atol": 1e-3} if kind == "half precision" else {"rtol": 1e-4, "atol": 1e-5}
    )
    np.testing.assert_allclose(found.maps, expected.maps, **near)
    logits = ops.convert_to_numpy(plain(images.astype("float32"), training=False))
    np.testing.assert_allclose(expected.scores, logits.max(axis=1), rtol=1e-4)
    np.testing.assert_allclose(found.scores, logits.max(axis=1), rtol=2e-3)
    given = ops.convert_to_numpy(softmax(images.astype("float32"), training=False))
    if kind != "dense log softmax":  # the softmax is back
        np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-2)


def test_the_gradient_of_the_probability_would_have_given_other_maps():
    model, images = functional("softmax"), images_of(5)
    model.set_weights(model_of("functional").get_weights())
    model.get_layer("head").kernel.assign(model.get_layer("head").kernel * 20)
    ours = explain.grad_cam(model, images, 1).maps
    by_probability = np.stack([slow_grad_cam(model, i, 1, "features", 0) for i in images])
    assert np.abs(ours - by_probability).max() > 0.1 * ours.max()


def test_each_image_has_the_map_of_its_own_class():
    model, images = model_of("functional"), images_of(4)
    each = [explain.grad_cam(model, images, c) for c in range(4)]
    assert not np.allclose(each[0].maps, each[1].maps)
    mixed = explain.grad_cam(model, images, np.array([3, 0, 2, 1]))
    assert mixed.classes.tolist() == [3, 0, 2, 1]
    for i, c in enumerate([3, 0, 2, 1]):
        np.testing.assert_allclose(mixed.maps[i], each[c].maps[i], rtol=1e-5, atol=1e-7)
        assert mixed.scores[i] == pytest.approx(each[c].scores[i], rel=1e-5)


def test_without_classes_the_predicted_one_is_explained():
    model, images = model_of("functional"), images_of(9)
    predicted = ops.convert_to_numpy(model(images.astype("float32"), training=False)).argmax(axis=1)
    found = explain.grad_cam(model, images)
    np.testing.assert_array_equal(found.classes, predicted)
    same = explain.grad_cam(model, images, predicted)
    np.testing.assert_allclose(found.maps, same.maps, atol=1e-7)


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_the_batch_size_changes_nothing(batch_size):
    model, images, told = model_of("functional"), images_of(9), []
    found = explain.grad_cam(
        model, images, batch_size=batch_size, progress=lambda *step: told.append(step)
    )
    expected = explain.grad_cam(model, images, batch_size=3)
    assert found.maps.shape == (9, 4, 4)
    assert found.maps.dtype == np.float32
    assert found.method == "grad-cam"
    np.testing.assert_allclose(found.maps, expected.maps, rtol=1e-4, atol=1e-6)
    assert told[-1] == (9, 9)


def test_another_layer_can_be_named():
    model, images = model_of("nested"), images_of(2)
    found = explain.grad_cam(model, images, 1, layer="backbone/first")
    assert found.layer == "backbone/first"
    assert found.maps.shape == (2, 10, 10)
    expected = slow_grad_cam(model, images[0], 1, "backbone/first", 0)
    np.testing.assert_allclose(found.maps[0], expected, atol=0.02 * expected.max())
    whole = explain.grad_cam(model, images, 1, layer="backbone")
    np.testing.assert_array_equal(whole.maps, explain.grad_cam(model, images, 1).maps)


def test_a_score_that_ignores_the_features_gives_zeros_and_no_nan():
    inputs = keras.Input((SIZE, SIZE, 3))
    features = layers.Conv2D(3, 3)(inputs)
    elsewhere = layers.Dense(4)(layers.GlobalAveragePooling2D()(inputs))
    nothing = layers.Dense(4, kernel_initializer="zeros")(layers.Flatten()(features))
    for output in (layers.Add()([elsewhere, nothing]), elsewhere + 0 * ops.stop_gradient(nothing)):
        found = explain.grad_cam(keras.Model(inputs, output), images_of(3))
        assert not found.maps.any()
        assert not explain.normalise(found.maps).any()


def test_noise_layers_are_at_rest():
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.GaussianNoise(1.0)(layers.RandomFlip(seed=1)(inputs))
    x = layers.SpatialDropout2D(0.5)(layers.Conv2D(4, 3)(x))
    x = layers.BatchNormalization()(x)
    model = keras.Model(inputs, layers.Dense(4)(layers.Flatten()(x)))
    before, images = model.get_weights(), images_of(3)
    first, second = (explain.grad_cam(model, images).maps for _ in range(2))
    np.testing.assert_array_equal(first, second)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_prepared_once_serves_many_calls_and_follows_the_weights():
    model, images = model_of("functional"), images_of(3)
    prepared = explain.prepare(model)
    np.testing.assert_allclose(
        prepared(images).maps, explain.grad_cam(model, images).maps, atol=1e-6
    )
    head = model.get_layer("head").kernel
    head.assign(np.flip(model.get_layer("head").get_weights()[0], axis=1))
    np.testing.assert_allclose(
        prepared(images, 1).maps, explain.grad_cam(model, images, 1).maps, atol=1e-6
    )


def test_a_model_of_any_size_can_be_explained_at_several():
    model = functional(size=None)
    prepared = explain.prepare(model, image_shape=(12, 12, 3))
    for size in (12, 17):
        images = images_of(2, size)
        np.testing.assert_allclose(
            prepared(images).maps, explain.grad_cam(model, images).maps, atol=1e-5
        )


# ── the model is left as it was ──


def traces_of(model):
    every = [model, *taps.steps(model).values()]
    return [(sorted(vars(step)), getattr(step, "activation", None)) for step in every]


@pytest.mark.parametrize("kind", MODELS)
def test_the_model_is_left_as_it_was(kind):
    model, images = model_of(kind), images_of(2).astype("float32")
    before = ops.convert_to_numpy(model(images, training=False))
    for part in model.layers[:2]:
        part.trainable = False
    state = traces_of(model), model.get_weights(), [w.trainable for w in model.weights]
    explain.grad_cam(model, images)
    assert traces_of(model) == state[0]
    assert [w.trainable for w in model.weights] == state[2]
    for old, new in zip(state[1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(ops.convert_to_numpy(model(images, training=False)), before)


class Breaking(layers.Layer):
    broken = False

    def call(self, inputs):
        if self.broken:
            raise RuntimeError("broken on purpose")
        return inputs * 1


def test_the_model_is_left_as_it_was_after_an_exception():
    inputs = keras.Input((SIZE, SIZE, 3))
    breaking = Breaking()
    x = layers.GlobalAveragePooling2D()(breaking(trunk(inputs)))
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(x))
    before, weights = traces_of(model), model.get_weights()
    prepared = explain.prepare(model)
    breaking.broken = True
    try:
        for call in (lambda: prepared(images_of(1)), lambda: explain.grad_cam(model, images_of(1))):
            with pytest.raises(RuntimeError, match="broken on purpose"):
                call()
    finally:
        breaking.broken = False
    after = traces_of(model)
    assert [a[1] for a in after] == [b[1] for b in before]
    assert not any("call" in names for names, _ in after)
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert explain.grad_cam(model, images_of(2)).maps.shape == (2, 4, 4)


def test_a_tap_already_there_is_put_back():
    layer = layers.ReLU()
    mine = layer.call
    with taps.overridden(layer, "call", mine):
        with taps.tapped([(layer, lambda output: output + 1)]):
            assert float(layer(np.ones((1, 1)))[0, 0]) == 2
        assert vars(layer)["call"] is mine
    assert "call" not in vars(layer)


# ── refusals ──


def without_maps():
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, layers.Dense(4)(layers.Flatten()(layers.Rescaling(1 / 255)(inputs))))


def one_pixel():
    inputs = keras.Input((1, 1, 3))
    return keras.Model(inputs, layers.Dense(4)(layers.Flatten()(layers.Conv2D(3, 1)(inputs))))


def test_a_model_without_feature_maps_is_refused_and_its_layers_listed():
    with pytest.raises(InputError, match=r"no layer .* rows and columns.*flatten.*\(432,\)"):
        explain.find_layer(without_maps())
    with pytest.raises(InputError, match=r"no layer .*conv2d.* \(1, 1, 3\)"):
        explain.grad_cam(one_pixel(), np.zeros((1, 1, 1, 3), np.uint8))


@pytest.mark.parametrize("layer", ["nope", "head", "features"])
def test_an_unknown_layer_is_refused_and_those_there_are_listed(layer):
    with pytest.raises(InputError, match=f"received '{layer}'.*backbone/first.*backbone/features"):
        explain.grad_cam(nested(), images_of(1), layer=layer)


@pytest.mark.parametrize("classes", [4, -1, 1.0, [0, 1, 2], [0, 9], "cat", [[0], [1]]])
def test_a_class_the_model_does_not_have_is_refused(classes):
    with pytest.raises(
        InputError, match=r"one whole number from 0 to 3, 2 of them, or .all.; received"
    ):
        explain.grad_cam(functional(), images_of(2), classes)


@pytest.mark.parametrize(
    "shape", [(2, SIZE, SIZE, 1), (2, 5, SIZE, 3), (SIZE, SIZE, 3), (0, 1, 1, 3)]
)
def test_images_the_model_does_not_take_are_refused(shape):
    with pytest.raises(InputError, match="received"):
        explain.grad_cam(functional(), np.zeros(shape, np.uint8))


def test_a_model_that_is_no_classifier_is_refused():
    inputs = keras.Input((SIZE, SIZE, 3))
    for output in (trunk(inputs), [layers.Flatten()(inputs)] * 2):
        with pytest.raises(InputError, match="one row of at least two numbers an image"):
            explain.grad_cam(keras.Model(inputs, output), images_of(1))


def test_an_unknown_image_size_is_asked_for():
    with pytest.raises(InputError, match="give `image_shape`"):
        explain.find_layer(Subclassed())
    with pytest.raises(InputError, match="give `image_shape`"):
        explain.find_layer(functional(size=None))


class WrittenOut(Subclassed):
    def call(self, inputs):
        return ops.softmax(super().call(inputs))


def test_a_softmax_that_cannot_be_taken_off_is_refused():
    with pytest.raises(InputError, match="not a layer that could be taken off"):
        explain.grad_cam(WrittenOut(), images_of(2))
