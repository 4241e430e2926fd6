import gc
import tracemalloc

import keras
import numpy as np
import pytest
from keras import layers, ops

from evrisim import metrics
from evrisim._validate import InputError
from evrisim.inference import batches, ends_in_softmax, predict_logits

# Keras 3.15 on JAX and PyTorch turns tensors to arrays in a way NumPy 2.4 announces the end of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(5)


def images_of(count, size=6, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def small(*end, size=6, classes=4):
    """A model of raw images whose last layers are `end`."""
    end = end or (layers.Dense(classes),)
    start = [
        keras.Input((size, size, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(5, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
    ]
    return keras.Sequential([*start, *end])


class Counting(keras.layers.Layer):
    """Counts how often Python code runs, which in a compiled model is once a trace."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.shapes = []

    def call(self, inputs):
        self.shapes.append(tuple(inputs.shape))
        return inputs


class WrittenOutSoftmax(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, inputs):
        return ops.softmax(self.dense(ops.mean(inputs, axis=(1, 2)) / 255))


class Shown(WrittenOutSoftmax):
    def __init__(self):
        super().__init__()
        self.last = layers.Softmax()

    def call(self, inputs):
        return self.last(self.dense(ops.mean(inputs, axis=(1, 2)) / 255))


@pytest.mark.parametrize("count", [1, 5, 8, 21])
@pytest.mark.parametrize("batch_size", [1, 8, 256])
def test_equals_one_plain_pass_for_any_count_and_batch(count, batch_size):
    model, images = small(), images_of(count)
    found = predict_logits(model, images, batch_size=batch_size)
    expected = ops.convert_to_numpy(model(images.astype("float32"), training=False))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_runs_in_inference_mode():
    model = small(layers.BatchNormalization(), layers.Dropout(0.9), layers.Dense(4))
    images = images_of(9)
    np.testing.assert_array_equal(predict_logits(model, images), predict_logits(model, images))
    one_by_one = np.concatenate([predict_logits(model, images[i : i + 1]) for i in range(9)])
    np.testing.assert_allclose(predict_logits(model, images), one_by_one, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_any_number_type_in_0_to_255_means_the_same(dtype):
    model, images = small(), images_of(4)
    np.testing.assert_array_equal(
        predict_logits(model, images.astype(dtype)), predict_logits(model, images)
    )


def test_weights_changed_between_calls_count():
    model, images = small(), images_of(4)
    before = predict_logits(model, images)
    model.layers[-1].kernel.assign(np.zeros((5, 4)))
    assert np.abs(before).max() > 0
    np.testing.assert_array_equal(predict_logits(model, images), np.zeros((4, 4), np.float32))


def test_memory_mapped_images_are_read_batch_by_batch(tmp_path):
    images = images_of(20)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    model = small()
    np.testing.assert_array_equal(
        predict_logits(model, mapped, batch_size=8), predict_logits(model, images, batch_size=8)
    )
    read = batches(mapped, 8)
    next(read)
    tracemalloc.start()
    next(read)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 3 * 8 * images[0].size * 4


def test_batches_have_one_size_and_say_how_many_are_real():
    found = list(batches(images_of(21), 8))
    assert [(batch.shape[0], real) for batch, real in found] == [(8, 8), (8, 8), (8, 5)]
    joined = np.concatenate([batch[:real] for batch, real in found])
    np.testing.assert_array_equal(joined, images_of(21))
    assert [batch.shape[0] for batch, _ in batches(images_of(5), 256)] == [8]


def test_a_model_is_compiled_a_handful_of_times_for_a_hundred_counts():
    counting = Counting()
    model = small(counting, layers.Dense(4))
    predict_logits(model, images_of(3))
    counting.shapes.clear()
    for count in range(1, 101):
        predict_logits(model, images_of(count), batch_size=32)
    sizes = {shape[0] for shape in counting.shapes if shape[0] not in (None, 1)}
    assert sizes <= {2, 4, 8, 16, 32}
    if keras.backend.backend() != "torch":  # PyTorch runs the code each time
        # One run each time is the single black image that shows how the model ends.
        assert len(counting.shapes) <= 100 + 8


@pytest.mark.tensorflow
def test_a_loop_of_calls_keeps_no_memory():
    model, images = small(), images_of(16)
    for _ in range(3):
        predict_logits(model, images)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(60):
        predict_logits(model, images)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000


def test_progress_counts_to_the_end():
    told = []
    predict_logits(
        small(), images_of(21), batch_size=8, progress=lambda done, all_: told.append((done, all_))
    )
    assert told == [(8, 21), (16, 21), (21, 21)]


# ── softmax ──


def nested():
    inner = small(layers.Dense(4, activation="softmax"))
    inputs = keras.Input((6, 6, 3))
    return keras.Model(inputs, inner(inputs))


def bare_operation():
    inputs = keras.Input((6, 6, 3))
    return keras.Model(inputs, ops.softmax(layers.Dense(3)(layers.Flatten()(inputs) / 255)))


SOFTMAX = {
    "dense": lambda: small(layers.Dense(4, activation="softmax")),
    "activation layer": lambda: small(layers.Dense(4), layers.Activation("softmax")),
    "softmax layer": lambda: small(layers.Dense(4), layers.Softmax()),
    "followed by nothing": lambda: small(
        layers.Dense(4), layers.Softmax(), layers.Dropout(0.5), layers.Activation("linear")
    ),
    "nested": nested,
    "operation": bare_operation,
    "subclassed": Shown,
}
LOGITS = {
    "dense": small,
    "log softmax": lambda: small(layers.Dense(4, activation="log_softmax")),
    "softmax before the end": lambda: small(layers.Dense(4, activation="softmax"), layers.Dense(4)),
}


@pytest.mark.parametrize("kind", SOFTMAX)
def test_softmax_is_seen_and_gives_log_probabilities(kind):
    model, images = SOFTMAX[kind](), images_of(7)
    assert ends_in_softmax(model, (6, 6, 3))
    found = predict_logits(model, images)
    given = ops.convert_to_numpy(model(images.astype("float32"), training=False))
    np.testing.assert_allclose(np.exp(found), given, atol=1e-5)
    np.testing.assert_allclose(metrics.softmax(found), given, atol=1e-5)


def test_a_softmax_too_coarse_to_sum_to_one_is_still_a_softmax():
    model = small(layers.Dense(4), layers.Softmax(dtype="bfloat16"))
    found = predict_logits(model, images_of(64))
    assert np.abs(np.exp(found).sum(axis=1) - 1).max() > 1e-4
    assert (found < 0).all()


@pytest.mark.parametrize("kind", LOGITS)
def test_logits_are_left_alone(kind):
    model, images = LOGITS[kind](), images_of(7)
    assert not ends_in_softmax(model)
    given = ops.convert_to_numpy(model(images.astype("float32"), training=False))
    np.testing.assert_allclose(predict_logits(model, images), given, atol=1e-5)


def test_a_softmax_written_out_in_call_gives_log_probabilities_too():
    model, images = WrittenOutSoftmax(), images_of(7)
    found = predict_logits(model, images)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, atol=1e-5)
    assert (found < 0).all()


def test_a_probability_of_zero_stays_finite():
    model = small(layers.Dense(4, activation="softmax"))
    model.layers[-1].bias.assign([1e4, 0, 0, 0])
    found = predict_logits(model, images_of(2))
    assert np.isfinite(found).all()
    assert found.argmax(axis=1).tolist() == [0, 0]


# ── refusals ──


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 6, 6, 1), r"takes images .* = \(6, 6, 3\); received \(6, 6, 1\)"),
        ((2, 8, 6, 3), r"takes images .* = \(6, 6, 3\); received \(8, 6, 3\)"),
        ((6, 6, 3), r"Images must have shape .*; received \(6, 6, 3\)"),
        ((0, 6, 6, 3), r"at least one image; received \(0, 6, 6, 3\)"),
    ],
)
def test_images_the_model_does_not_take_are_refused_in_a_sentence(shape, words):
    with pytest.raises(InputError, match=words):
        predict_logits(small(), np.zeros(shape, np.uint8))


def test_a_model_of_any_size_takes_any_size():
    model = small(size=None)
    assert predict_logits(model, images_of(2, size=9)).shape == (2, 4)
    with pytest.raises(InputError, match=r"\(None, None, 3\); received \(9, 9, 1\)"):
        predict_logits(model, np.zeros((2, 9, 9, 1)))


def two_outputs():
    inputs = keras.Input((6, 6, 3))
    flat = layers.Flatten()(inputs)
    return keras.Model(inputs, [layers.Dense(2)(flat), layers.Dense(3)(flat)])


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (two_outputs, "one row of at least two numbers an image.*received list"),
        (lambda: small(layers.Dense(1)), r"received \(2, 1\)"),
        (lambda: small(layers.Reshape((5, 1))), r"received \(2, 5, 1\)"),
    ],
)
def test_a_model_that_is_no_classifier_is_refused_in_a_sentence(model, words):
    with pytest.raises(InputError, match=words):
        predict_logits(model(), images_of(2))


def test_a_batch_size_below_one_is_refused():
    with pytest.raises(InputError, match="`batch_size` must be at least 1; received 0"):
        predict_logits(small(), images_of(2), batch_size=0)


def test_an_unknown_image_size_is_asked_for():
    with pytest.raises(InputError, match="does not say how large its images are"):
        ends_in_softmax(Shown())
