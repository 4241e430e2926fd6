import keras
import numpy as np
import pytest
from keras import layers

from evrisim import explain
from evrisim._validate import InputError

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def test_normalise_brings_each_map_to_one_and_leaves_zeros():
    maps = np.array([[[0, 2], [4, 1]], [[0, 0], [0, 0]]], np.float32)
    found = explain.normalise(maps)
    np.testing.assert_array_equal(found, [[[0, 0.5], [1, 0.25]], [[0, 0], [0, 0]]])
    assert maps.max() == 4


def test_the_pointing_game_finds_the_hottest_pixel_on_the_object():
    rng = np.random.default_rng(3)
    masks = np.zeros((40, 16, 16), bool)
    maps = rng.random((40, 4, 4)).astype(np.float32)
    maps[np.arange(40), rng.integers(0, 4, 40), rng.integers(0, 4, 40)] += 5
    for i, one in enumerate(maps):
        row, column = np.unravel_index(one.argmax(), one.shape)
        if i % 4:  # three of four: the object lies where the map is hottest
            masks[i, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = True
        else:
            masks[i, (4 * row + 8) % 16, (4 * column + 8) % 16] = True
    found = explain.pointing_game(maps, masks)
    assert found.score == 0.75
    assert found.chance == pytest.approx((30 * 16 + 10) / 40 / 256)
    np.testing.assert_array_equal(found.each, np.arange(40) % 4 > 0)


def test_heat_inside_equals_a_plain_sum_over_pixels():
    rng = np.random.default_rng(3)
    maps, masks = rng.random((5, 6, 7)).astype(np.float32), rng.random((5, 6, 7)) < 0.3
    found = explain.energy_inside(maps, masks)
    slow = [
        sum(m[r, c] for r in range(6) for c in range(7) if k[r, c]) / m.sum()
        for m, k in zip(maps, masks, strict=True)
    ]
    np.testing.assert_allclose(found.each, slow, rtol=1e-5)
    assert found.score == pytest.approx(np.mean(slow), rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 1 / 3, 7.1])
def test_an_even_map_scores_chance(value):
    masks = np.random.default_rng(0).random((30, 21, 17)) < 0.3
    maps = np.full((30, 4, 5), value, np.float32)
    for score in (explain.pointing_game, explain.energy_inside):
        found = score(maps, masks)
        assert found.score == pytest.approx(masks.mean(), rel=1e-5)
        assert found.chance == pytest.approx(masks.mean())


def test_random_maps_score_about_chance():
    rng = np.random.default_rng(1)
    masks = np.zeros((1500, 8, 8), bool)
    masks[:, 2:5, 1:7] = True
    found = explain.pointing_game(rng.random((1500, 8, 8)), masks)
    assert found.score == pytest.approx(found.chance, abs=0.04)


def test_images_without_an_object_are_left_out_and_named():
    masks = np.zeros((3, 4, 4), bool)
    masks[1, 0, 0] = True
    maps = np.zeros((3, 4, 4))
    maps[:, 0, 0] = 1
    for score in (explain.pointing_game, explain.energy_inside):
        found = score(maps, masks)
        assert found.used.tolist() == [False, True, False]
        assert found.each.tolist() == [1.0]
        assert found.chance == 1 / 16
        with pytest.raises(InputError, match="Every mask is empty"):
            score(maps, np.zeros((3, 4, 4), bool))
        with pytest.raises(
            InputError, match=r"as many; received shapes \(3, 4, 4\) and \(2, 4, 4\)"
        ):
            score(maps, masks[:2])


def test_a_planted_detector_is_caught_looking_at_the_object():
    """A model made by hand that counts red: its map must lie on the red square."""
    rng = np.random.default_rng(5)
    images = rng.integers(0, 120, (60, 24, 24, 3), dtype=np.uint8)
    masks = np.zeros((60, 24, 24), bool)
    for i, (row, column) in enumerate(rng.integers(0, 18, (60, 2))):
        masks[i, row : row + 6, column : column + 6] = True
    images[masks] = [255, 0, 0]
    inputs = keras.Input((24, 24, 3))
    x = layers.Conv2D(2, 3, strides=2, padding="same", activation="relu", name="red")(inputs)
    model = keras.Model(
        inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    )
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[:, :, 0, 0], kernel[:, :, 1:, 0], kernel[:, :, 1:, 1] = 1, -1, 1
    model.get_layer("red").set_weights([kernel, np.zeros(2, np.float32)])
    model.layers[-1].set_weights([np.eye(2, dtype=np.float32), np.zeros(2, np.float32)])
    maps = explain.grad_cam(model, images, 0).maps
    pointing, energy = explain.pointing_game(maps, masks), explain.energy_inside(maps, masks)
    assert pointing.chance == pytest.approx(36 / 576)
    assert pointing.score > 0.95
    assert energy.score > 10 * energy.chance


def test_with_a_tolerance_a_pixel_beside_the_object_counts_as_on_it():
    maps = np.zeros((1, 9, 9))
    maps[0, 4, 6] = 1
    masks = np.zeros((1, 9, 9), bool)
    masks[0, 2, 3:5] = True
    hits = [explain.pointing_game(maps, masks, tolerance=t) for t in (0, 1, 2, 3)]
    assert [one.score for one in hits] == [0, 0, 1, 1]
    # Rows 0 to 4 and columns 1 to 6 are within two pixels of it.
    assert hits[2].chance == pytest.approx(5 * 6 / 81)
    with pytest.raises(InputError, match="`tolerance` must be a whole number"):
        explain.pointing_game(maps, masks, tolerance=-1)
