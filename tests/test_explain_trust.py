"""Scores of heat maps: what the model says as pixels go, and as its weights are shuffled."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from evrisim import explain
from evrisim._validate import InputError
from evrisim.explain import imputation, removal
from evrisim.explain.running import Runner
from evrisim.explain.trust import SCORES
from evrisim.images import upsample
from evrisim.inference import predict_logits
from evrisim.metrics import softmax
from test_explain import images_of, model_of

SIDE = 16
CORNER = np.zeros((SIDE, SIDE), bool)
CORNER[2:7, 3:9] = True


def looking_at_a_corner():
    """A model whose second logit is how bright the corner is, and nothing else."""
    weights = np.zeros((SIDE, SIDE, 1, 2), np.float32)
    weights[CORNER, 0, 1] = 8 / CORNER.sum() / 255
    inputs = keras.Input((SIDE, SIDE, 1))
    outputs = layers.Dense(2, use_bias=False)(layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    model.layers[-1].kernel.assign(weights.reshape(SIDE * SIDE, 2))
    return model


def bright_corners(count=6):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 60, (count, SIDE, SIDE, 1))
    images[:, CORNER] += 180
    return images.astype(np.uint8)


ONES = np.ones(6, int)
RIGHT = np.repeat(CORNER[None].astype(np.float32), 6, axis=0)


@pytest.mark.parametrize("score", SCORES)
def test_a_map_of_what_counts_beats_chance_and_one_of_what_does_not_fails(score):
    model, images = looking_at_a_corner(), bright_corners()
    right, wrong = (score(model, images, maps, ONES) for maps in (RIGHT, 1 - RIGHT))
    assert (right.against_chance, wrong.against_chance) == ("better", "worse")
    assert right.chance == pytest.approx(wrong.chance)
    assert right.score == pytest.approx(right.each.mean())
    assert right.each.shape == (6,)


def test_deletion_is_the_area_under_what_is_left():
    model, images = looking_at_a_corner(), bright_corners(1)
    heat = np.random.default_rng(0).uniform(size=(1, SIDE, SIDE)).astype(np.float32)
    found = explain.deletion(model, images, heat, np.array([1]))
    order = np.argsort(-heat[0].ravel())
    curve = []
    for share in np.linspace(0, 1, removal.STEPS + 1):
        gone = images[0].astype(np.float32).reshape(-1, 1).copy()
        gone[order[: round(share * len(order))]] = images[0].mean()
        logits = predict_logits(model, gone.reshape(1, SIDE, SIDE, 1))
        curve.append(softmax(logits)[0, 1])
    np.testing.assert_allclose(found.curve, curve, atol=1e-5)
    assert found.score == pytest.approx(np.trapezoid(curve, dx=1 / removal.STEPS), abs=1e-5)
    assert not found.higher_is_better


def test_insertion_ends_with_the_image_itself():
    model, images = looking_at_a_corner(), bright_corners()
    found = explain.insertion(model, images, RIGHT, ONES)
    whole = softmax(predict_logits(model, images))[:, 1].mean()
    assert found.curve[-1] == pytest.approx(whole, abs=1e-5)
    assert found.curve[0] < whole
    # The corner is two ninths of the image; with it all is there that counts.
    assert found.curve[round(0.25 * removal.STEPS)] == pytest.approx(whole, abs=0.01)


def test_road_of_an_even_map_says_nothing():
    model, images = looking_at_a_corner(), bright_corners()
    even = explain.road(model, images, np.ones((6, 4, 4), np.float32), ONES)
    assert abs(even.score) < 0.03
    assert explain.road(model, images, RIGHT, ONES).score > 0.1


def test_sensitivity_of_what_a_linear_model_adds_up_is_nearly_one():
    model, images = looking_at_a_corner(), bright_corners()
    adds = np.where(
        CORNER, images[..., 0].astype(np.float32) - images.mean(axis=(1, 2, 3))[:, None, None], 0
    )
    assert explain.sensitivity(model, images, np.maximum(adds, 0), ONES).score > 0.95


@pytest.mark.parametrize("score", SCORES)
def test_scores_need_a_map_and_a_class_for_each_image(score):
    model, images = looking_at_a_corner(), bright_corners()
    with pytest.raises(InputError, match="must be as many; received 6"):
        score(model, images, RIGHT[:5], ONES)
    with pytest.raises(InputError, match="must be as many; received 6"):
        score(model, images, RIGHT[0], ONES)


def test_what_is_filled_in_is_the_weighted_mean_of_its_neighbours(monkeypatch):
    monkeypatch.setattr(imputation, "NOISE", 0.0)
    rng = np.random.default_rng(5)
    image = rng.uniform(0, 255, (7, 6, 2)).astype(np.float32)
    order = rng.permutation(42).reshape(7, 6)
    filled = imputation.imputed(image, order, 0.5)
    removed = order < 21
    np.testing.assert_array_equal(filled[~removed], image[~removed])
    for row, column in zip(*np.nonzero(removed), strict=True):
        total, weight = np.zeros(2), 0.0
        for (down, right), part in imputation.WEIGHTS.items():
            if 0 <= row + down < 7 and 0 <= column + right < 6:
                total += part * filled[row + down, column + right]
                weight += part
        np.testing.assert_allclose(filled[row, column], total / weight, rtol=1e-4)


def test_an_even_image_stays_even_and_nothing_removed_is_nothing_changed(monkeypatch):
    monkeypatch.setattr(imputation, "NOISE", 0.0)
    order = np.arange(20).reshape(4, 5)
    image = np.full((4, 5, 1), 70.0)
    for share in (0.0, 0.3, 1.0):
        np.testing.assert_allclose(imputation.imputed(image, order, share), image, rtol=1e-5)


def test_the_overlap_is_that_of_as_many_pixels_as_the_object_has():
    rng = np.random.default_rng(2)
    maps = rng.uniform(size=(20, 8, 8))
    masks = rng.uniform(size=(20, 8, 8)) < rng.uniform(0.1, 0.6, (20, 1, 1))
    expected = []
    for heat, mask in zip(maps, masks, strict=True):
        hot = heat >= np.sort(heat.ravel())[-mask.sum()]
        expected.append((hot & mask).sum() / (hot | mask).sum())
    found = explain.overlap(maps, masks)
    np.testing.assert_allclose(found.each, expected)
    # Random maps are chance itself.
    assert found.score == pytest.approx(found.chance, abs=0.06)
    assert explain.overlap(masks.astype(float), masks).score == 1


@pytest.mark.parametrize("kind", ["functional", "nested", "branches"])
def test_weights_are_shuffled_from_the_end_and_put_back(kind):
    model, images = model_of(kind), images_of(12)
    before = [np.array(weight) for weight in model.weights]
    prepared = explain.prepare(model, method="saliency", image_shape=images.shape[1:])
    found = explain.sanity(prepared, images)
    assert found.layers[0] == 1
    assert list(found.layers) == sorted(found.layers)
    assert found.correlation[-1] < 0.9
    for weight, kept in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(np.array(weight), kept)


def test_weights_are_put_back_after_an_exception():
    model, images = model_of("functional"), images_of(4)
    before = [np.array(weight) for weight in model.weights]
    prepared, calls = explain.prepare(model), []

    def failing(batch, asked):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("in the middle")
        return prepared.runner.one(batch, asked)

    with pytest.raises(RuntimeError, match="in the middle"):
        explain.sanity(replace(prepared, runner=Runner(failing)), images)
    for weight, kept in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(np.array(weight), kept)


def test_a_method_that_draws_the_image_itself_does_not_pass():
    prepared = explain.prepare(model_of("functional"), method="saliency")

    def edges(batch, asked):
        maps = np.abs(np.diff(batch, axis=1, append=0)).sum(axis=-1)
        return maps, *prepared.runner.one(batch, asked)[1:]

    found = explain.sanity(replace(prepared, runner=Runner(edges)), images_of(12))
    assert found.correlation == pytest.approx((1,) * 5)
    assert found.other_class == pytest.approx(1)
    assert not found.passed


def test_all_scores_of_a_method_are_read_out():
    model, images = model_of("functional"), images_of(12)
    masks = upsample(np.eye(3, dtype=np.float32)[None].repeat(12, 0), (12, 12)) > 0.5
    labels = predict_logits(model, images).argmax(axis=1)
    labels[:4] = (labels[:4] + 1) % 4
    found = explain.trust(explain.prepare(model), images, labels, masks)
    assert (found.count, found.right.sum()) == (12, 8)
    assert [one.name for one in found.removals] == [
        "deletion",
        "insertion",
        "road",
        "sensitivity-n",
    ]
    good, bad = found.by_correctness("pointing-game")
    assert (8 * good + 4 * bad) / 12 == pytest.approx(found.masked["pointing-game"].score)
    assert len(found.reading()) == 3
    assert "of those named rightly" in found.reading()[-1]
    without = explain.trust(explain.prepare(model), images, labels)
    assert without.masked == {}
    assert len(without.reading()) == 2
