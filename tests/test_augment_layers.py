"""Augmentations as Keras layers: spelled as Keras', drawn for each image, saved and loaded."""

import keras
import numpy as np
import pytest
from keras import ops

from evrisim._validate import InputError
from evrisim.augment import layers

IMAGES = np.random.default_rng(0).integers(0, 256, (16, 12, 12, 3)).astype("float32")
LABELS = np.eye(4, dtype="float32")[np.arange(16) % 4]

SPELLED = {
    "RandomFlip": ("horizontal",),
    "RandomRotation": (0.1,),
    "RandomZoom": (0.15,),
    "RandomTranslation": (0.2, 0.1),
    "RandomBrightness": (0.2,),
    "RandomContrast": (0.2,),
    "RandomHue": (0.3,),
    "RandomCrop": (8, 10),
}


def run(layer, images=IMAGES, **how):
    return ops.convert_to_numpy(layer(images, training=how.get("training", True)))


@pytest.mark.parametrize("name", SPELLED)
def test_the_course_s_spellings_work_as_given_and_draw_for_each_image(name):
    layer = getattr(layers, name)(*SPELLED[name], seed=1)
    same = np.repeat(IMAGES[:1], 16, axis=0)
    found = run(layer, same)
    assert found.shape == getattr(keras.layers, name)(*SPELLED[name])(same).shape
    assert len({image.tobytes() for image in found}) > (1 if name == "RandomFlip" else 8)


@pytest.mark.parametrize("name", [name for name in SPELLED if name != "RandomCrop"])
def test_nothing_happens_outside_training_and_each_call_draws_anew(name):
    layer = getattr(layers, name)(*SPELLED[name], seed=1)
    np.testing.assert_array_equal(run(layer, training=False), IMAGES)
    assert not np.array_equal(run(layer), run(layer))
    assert int(ops.convert_to_numpy(layer.calls)) == 2


def extremes(name, factor):
    """Keras' own layer made to do its utmost, and the same by ours."""
    theirs = getattr(keras.layers, name)(
        **(
            {"factor": (factor, factor)}
            if name != "RandomZoom"
            else {"height_factor": (factor,) * 2}
        )
    )
    return ops.convert_to_numpy(theirs(IMAGES, training=True))


@pytest.mark.parametrize("name", ["RandomRotation", "RandomZoom", "RandomBrightness"])
def test_factors_mean_what_they_mean_in_keras(name, monkeypatch):
    factor = 0.15
    layer = getattr(layers, name)(factor)
    for chance, sign in ((1.0, 1), (0.0, -1)):  # the ends of the range that is drawn from
        monkeypatch.setattr(
            layers,
            "draw",
            lambda chosen, places, size, chance=chance, **_key: chosen.draw(
                ops.full((len(places), chosen.needs), chance), size, ops
            ),
        )
        away = np.abs(run(layer)[:, 2:-2, 2:-2] - extremes(name, sign * factor)[:, 2:-2, 2:-2])
        assert away.mean() < 0.6
        assert np.quantile(away, 0.99) < 2


def test_a_crop_is_a_part_of_its_image():
    found = run(layers.RandomCrop(8, 10, seed=3)).astype(int)
    places = set()
    for image, part in zip(IMAGES.astype(int), found, strict=True):
        hits = [
            (top, left)
            for top in range(5)
            for left in range(3)
            if np.array_equal(image[top : top + 8, left : left + 10], part)
        ]
        assert len(hits) == 1
        places.update(hits)
    assert len(places) > 5
    middle = run(layers.RandomCrop(8, 10), training=False)
    np.testing.assert_array_equal(middle, IMAGES[:, 2:10, 1:11])


@pytest.mark.parametrize("kind", [layers.MixUp, layers.CutMix])
def test_mixing_takes_images_with_labels_and_shares_them(kind):
    white = np.where(LABELS[:, :1, None, None] > 0, 255.0, 0.0) * np.ones_like(IMAGES)
    found = kind(seed=2)({"images": white.astype("float32"), "labels": LABELS}, training=True)
    shares, images = (ops.convert_to_numpy(found[key]) for key in ("labels", "images"))
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(shares[:, 0], images.mean((1, 2, 3)) / 255, atol=2e-3)
    with pytest.raises(InputError, match="takes a mapping with `images` and `labels`"):
        kind()(IMAGES, training=True)
    with pytest.raises(InputError, match="must be one-hot"):
        kind()({"images": IMAGES, "labels": np.arange(16)}, training=True)


def test_images_of_0_to_1_are_taken_where_it_is_said():
    ours = layers.Augment("colour", seed=4)
    small = layers.Augment("colour", seed=4, value_range=(0, 1))
    np.testing.assert_allclose(run(small, IMAGES / 255) * 255, run(ours), atol=1e-3)
    with pytest.raises(InputError, match=r"`value_range` must be \(0, 255\) or \(0, 1\)"):
        layers.Augment(value_range=(-1, 1))


@pytest.mark.parametrize(
    "layer",
    [
        layers.Augment(["flip", {"rotation": 0.05}], severity=0.5, seed=9),
        layers.RandomZoom(0.1, seed=9),
        layers.RandomCrop(8, 8, seed=9),
    ],
)
def test_a_model_with_a_layer_is_saved_and_loaded_safely(layer, tmp_path):
    model = keras.Sequential([keras.Input((12, 12, 3)), layer, keras.layers.Flatten()])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.layers[0].get_config() == layer.get_config()
    first, second = (run(one.layers[0]) for one in (model, loaded))
    np.testing.assert_array_equal(first, second)


def test_wrong_settings_are_refused():
    with pytest.raises(InputError, match="Did you mean 'course'"):
        layers.Augment("corse")
    with pytest.raises(InputError, match="`severity` must lie between 0 and 1"):
        layers.Augment("course", severity=2)


@pytest.mark.parametrize("policy", ["course", ["rand-augment", "erase"]])
def test_a_model_with_a_layer_is_fitted(policy):
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Augment(policy, seed=1),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(4),
        ]
    )
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    model.fit(IMAGES, LABELS, batch_size=8, epochs=1, verbose=0)
    assert int(ops.convert_to_numpy(model.layers[0].calls)) == 2


def test_a_layer_refuses_a_flip_that_alternates_by_image():
    layer = layers.Augment([{"flip": {"alternating": True}}])
    with pytest.raises(InputError, match="must know which image comes"):
        layer(IMAGES, training=True)
