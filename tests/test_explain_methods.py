"""Every method of explaining, against the papers' equations, and what all of them promise."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from evrisim import explain, taps
from evrisim._validate import InputError
from evrisim.explain import covering, pixels, running
from reference import heat_maps
from test_explain import MODELS, images_of, model_of

WEIGHED = {
    "grad-cam": heat_maps.grad_cam,
    "grad-cam++": heat_maps.grad_cam_plus_plus,
    "hirescam": heat_maps.hirescam,
    "layer-cam": heat_maps.layer_cam,
    "xgrad-cam": heat_maps.xgrad_cam,
    "eigen-cam": heat_maps.eigen_cam,
    "score-cam": heat_maps.score_cam,
    "ablation-cam": heat_maps.ablation_cam,
}
KINDS = ("functional", "nested", "branches")


def watched(model, image, layer):
    last = [one for one in taps.record(model, image.shape).seen if one.path == layer][-1]
    return heat_maps.Watched(model, image, layer, last.call)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3 * max(expected.max(), 1e-6))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", WEIGHED)
def test_a_weighed_map_equals_the_paper_s_equations(kind, method):
    model, images = model_of(kind), images_of(2)
    found = explain.explain(model, images, np.array([1, 3]), method=method)
    for image, label, one in zip(images, (1, 3), found.maps, strict=True):
        close(one, WEIGHED[method](watched(model, image, found.layer), label))


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++", "hirescam", "layer-cam", "xgrad-cam"])
def test_a_gradient_that_changes_from_place_to_place_is_weighed_as_the_paper_says(method):
    keras.utils.set_random_seed(0)  # some nets have no gradient that a map could show
    inputs = keras.Input((12, 12, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(5, 3, strides=3, activation="gelu", name="maps")(x)
    x = layers.Dense(6, activation="tanh")(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(3)(x))
    image = images_of(1)[0]
    found = explain.explain(model, image[None], "all", method=method)
    assert found.maps.max() > 0
    for label, one in enumerate(found.maps[0]):
        expected = WEIGHED[method](watched(model, image, "maps"), label)
        np.testing.assert_allclose(one, expected, rtol=0, atol=2e-3 * found.maps.max())


@pytest.mark.parametrize("kind", ["functional", "nested"])
def test_the_gradient_at_the_pixels_equals_differences(kind, monkeypatch):
    monkeypatch.setattr(pixels, "DRAWS", 2)
    monkeypatch.setattr(pixels, "STEPS", 3)
    model, image = model_of(kind), images_of(1)[0]
    seen = watched(model, image, explain.find_layer(model))
    expected = {
        "saliency": heat_maps.saliency(seen, 1),
        "smooth-grad": heat_maps.smooth_grad(seen, 1, 2, pixels.NOISE),
        "integrated-gradients": heat_maps.integrated_gradients(seen, 1, 3),
    }
    for method, heat in expected.items():
        found = explain.explain(model, image[None], 1, method=method)
        assert (found.layer, found.maps.shape) == ("", (1, 12, 12))
        # A difference crosses a ReLU's bend here and there; the gradient does not.
        assert np.median(np.abs(found.maps[0] - heat)) < 2e-3 * heat.max()
        assert np.corrcoef(found.maps[0].ravel(), heat.ravel())[0, 1] > 0.98


def test_integrated_gradients_add_up_to_what_the_score_rises_by():
    model, images = model_of("nested"), images_of(3)
    subject = explain.prepare(model, method="saliency").subject
    found, logits, _classes = pixels.attributed(subject)(
        images.astype(np.float32), np.array([0, 1, 2])
    )
    black = ops.convert_to_numpy(model(np.zeros((1, 12, 12, 3), np.float32), training=False))[0]
    rise = logits[np.arange(3), np.arange(3)] - black[:3]
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), rise, atol=0.02 * np.abs(rise).max())


@pytest.mark.parametrize("kind", ["functional", "nested"])
def test_covering_equals_running_the_model_mask_by_mask(kind, monkeypatch):
    monkeypatch.setattr(covering, "CELLS", 4)
    monkeypatch.setattr(covering, "MASKS", 30)
    model, image = model_of(kind), images_of(1)[0]
    seen = watched(model, image, explain.find_layer(model))
    hidden = explain.explain(model, image[None], 2, method="occlusion")
    close(hidden.maps[0], heat_maps.occlusion(seen, 2, 4))
    random = explain.explain(model, image[None], 2, method="rise")
    close(random.maps[0], heat_maps.rise(seen, 2, covering.drawn((12, 12), 0)))


def guided_by_hand(image, first, second, weights):
    """Guided backpropagation of two 1×1 convolutions, averaged: each position by itself."""
    before = image @ first
    hidden = np.maximum(before, 0)
    after = hidden @ second
    slope = np.broadcast_to(weights / (image.shape[0] * image.shape[1]), after.shape)
    slope = np.where(after > 0, np.maximum(slope, 0), 0) @ second.T
    return np.where(before > 0, np.maximum(slope, 0), 0) @ first.T


@pytest.mark.parametrize("how", ["activation", "layer", "operation"])
def test_guided_backpropagation_lets_positive_gradients_of_positive_numbers_through(how):
    relu = {
        "activation": lambda x: layers.Activation("relu")(x),
        "layer": lambda x: layers.ReLU()(x),
        "operation": ops.relu,
    }[how]
    inputs = keras.Input((4, 4, 3))
    x = relu(layers.Conv2D(6, 1, use_bias=False, name="first")(inputs))
    x = relu(layers.Conv2D(5, 1, use_bias=False, name="second")(x))
    outputs = layers.Dense(3, use_bias=False, name="end")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, outputs)
    image = images_of(1, 4)[0].astype(np.float32)
    first, second = (
        np.array(model.get_layer(name).kernel)[0, 0].astype(np.float64)
        for name in ("first", "second")
    )
    expected = guided_by_hand(image, first, second, np.array(model.get_layer("end").kernel)[:, 1])
    subject = explain.prepare(model, method="saliency").subject
    found, _logits, _classes = pixels.guided(subject)(image[None], np.array([1]))
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    maps = explain.explain(model, image[None], 1, method="guided-grad-cam").maps
    coarse = explain.grad_cam(model, image[None], 1).maps
    np.testing.assert_allclose(maps[0], np.abs(expected).max(axis=-1) * coarse[0], atol=1e-4)


def test_guided_grad_cam_needs_a_relu():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="gelu")(inputs)
    model = keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    with pytest.raises(InputError, match=r"defined for ReLU, and the model .* has none"):
        explain.explain(model, images_of(1, 8), method="guided-grad-cam")


@pytest.mark.parametrize("kind", ["functional", "nested"])
def test_class_activation_mapping_is_grad_cam_where_it_is_defined(kind):
    model, images = model_of(kind), images_of(3)
    np.testing.assert_allclose(
        explain.explain(model, images, method="cam").maps,
        explain.grad_cam(model, images).maps,
        atol=1e-6,
    )


def test_class_activation_mapping_is_refused_where_the_head_is_another():
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    heads = {
        "flat": layers.Dense(3)(layers.Flatten()(x)),
        "two": layers.Dense(3)(layers.Dense(4)(layers.GlobalAveragePooling2D()(x))),
        "bent": layers.Dense(3)(ops.tanh(layers.GlobalAveragePooling2D()(x))),
        "clipped": layers.Dense(3)(ops.clip(layers.GlobalAveragePooling2D()(x), 0, 1e9)),
        "around": layers.Dense(3)(layers.GlobalAveragePooling2D()(x))
        + layers.GlobalMaxPooling2D()(inputs),
    }
    for outputs in heads.values():
        with pytest.raises(InputError, match=r"`cam` needs a model whose layer .* is averaged"):
            explain.explain(keras.Model(inputs, outputs), images_of(1), method="cam")


@pytest.mark.parametrize("method", explain.METHODS)
def test_maps_of_all_classes_are_those_of_each(method, monkeypatch):
    monkeypatch.setattr(covering, "MASKS", 20)
    monkeypatch.setattr(pixels, "DRAWS", 2)
    monkeypatch.setattr(running, "CHUNK", 7)
    model, images = model_of("nested"), images_of(3)
    prepared = explain.prepare(model, method=method)
    found = prepared(images, "all")
    assert found.maps.shape[:2] == found.classes.shape == found.scores.shape == (3, 4)
    for label in range(4):
        one = prepared(images, label)
        np.testing.assert_allclose(found.maps[:, label], one.maps, atol=1e-5)
        np.testing.assert_allclose(found.scores[:, label], one.scores, atol=1e-5)


@pytest.mark.parametrize("method", explain.METHODS)
def test_a_map_does_not_depend_on_what_stands_beside_the_image(method, monkeypatch):
    monkeypatch.setattr(covering, "MASKS", 20)
    monkeypatch.setattr(pixels, "DRAWS", 2)
    prepared = explain.prepare(model_of("functional"), method=method)
    images = images_of(5)
    together = prepared(images, batch_size=4)
    assert together.method == method
    assert together.maps.dtype == np.float32
    assert (together.maps >= 0).all()
    alone = prepared(images[3:4])
    np.testing.assert_allclose(alone.maps[0], together.maps[3], atol=1e-5)
    assert alone.classes[0] == together.classes[3]


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("method", ["hirescam", "ablation-cam", "saliency", "occlusion"])
def test_every_kind_of_model_is_explained_and_left_as_it_was(kind, method):
    model, images = model_of(kind), images_of(2)
    before = [np.array(weight) for weight in model.weights]
    logits = ops.convert_to_numpy(model(images.astype(np.float32), training=False))
    shape = images.shape[1:]
    found = explain.prepare(model, method=method, image_shape=shape)(images)
    np.testing.assert_allclose(found.scores, logits.max(axis=1), atol=1e-5)
    for weight, kept in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(np.array(weight), kept)
    after = ops.convert_to_numpy(model(images.astype(np.float32), training=False))
    np.testing.assert_array_equal(after, logits)


def test_a_softmax_changes_no_map_of_any_method(monkeypatch):
    monkeypatch.setattr(covering, "MASKS", 20)
    monkeypatch.setattr(pixels, "DRAWS", 2)
    plain = model_of("functional")
    softmax = keras.Model(plain.input, layers.Softmax()(plain.output))
    for method in explain.METHODS:
        one, other = (
            explain.explain(model, images_of(2), 1, method=method) for model in (plain, softmax)
        )
        np.testing.assert_allclose(one.maps, other.maps, atol=1e-5)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(InputError, match="`layer` has no meaning for rise"):
        explain.explain(model_of("functional"), images_of(1), method="rise", layer="features")
    with pytest.raises(InputError, match=r"`method` must be one of grad-cam, .* Did you mean"):
        explain.explain(model_of("functional"), images_of(1), method="gradcam")
