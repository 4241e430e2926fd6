"""The shortcut finder: a planted mark is found, and where there is none nothing is claimed."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from command_line import refused, result
from evrisim import Recipe, explain, load
from evrisim._validate import InputError
from evrisim.cli import main
from evrisim.data.dataset import Split
from evrisim.explain.shortcuts import FEWEST
from evrisim.training import ModelChoice, fit

MARKED = 2
CORNER = np.s_[:, -7:-1, -7:-1]
MARK = np.kron(np.indices((3, 3)).sum(axis=0) % 2, np.ones((2, 2)))[..., None] * 255


def marked(split):
    images = np.array(split.images)
    own = split.labels == MARKED
    images[CORNER] = np.where(own[:, None, None, None], MARK, images[CORNER]).astype(np.uint8)
    return Split(images, split.labels, split.masks)


def trained(data, folder):
    recipe = Recipe.load("demo").with_settings({"epochs": 4, "precision": "float32"})
    return fit(data, ModelChoice("convnet", {"width": 16}), recipe, directory=folder).model()


@pytest.mark.slow
def test_a_watermark_is_found_and_no_class_without_one(tmp_path):
    plain = load("shapes", counts=(1400, 300, 50))
    with_mark = replace(plain, train=marked(plain.train), validation=marked(plain.validation))
    judged = with_mark.validation
    prepared = explain.prepare(trained(with_mark, tmp_path / "marked"))
    first, *others = explain.shortcuts(prepared, judged.images, judged.labels)
    assert first.label == MARKED
    assert first.is_shortcut
    assert first.mask[CORNER[1:]].mean() > 0.3  # by chance 0.08
    assert first.turned.value > 0.8
    assert not any(place.is_shortcut for place in others)


def model_of_a_corner():
    """Logits: class 1 by how bright the corner is, class 0 by how bright the rest is."""
    inputs = keras.Input((12, 12, 1))
    x = layers.Conv2D(1, 1, use_bias=False, name="maps")(inputs)
    outputs = layers.Dense(2, use_bias=False)(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.get_layer("maps").kernel.assign(np.ones((1, 1, 1, 1)))
    corner = np.zeros((12, 12), bool)
    corner[-3:, -4:] = True
    weights = np.stack([~corner / 255 / 8, corner / 255], axis=-1).reshape(144, 2)
    model.layers[-1].kernel.assign(weights)
    return model, corner


def test_a_place_is_tried_by_copying_it_into_other_images():
    model, corner = model_of_a_corner()
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    images = rng.integers(80, 120, (60, 12, 12, 1))
    images[:, corner] = np.where(labels[:, None, None] == 1, 250, 5)
    prepared = explain.prepare(model, method="hirescam")
    found = {one.label: one for one in explain.shortcuts(prepared, images, labels)}
    assert found[1].is_shortcut
    np.testing.assert_array_equal(found[1].mask, corner)
    assert (found[1].turned.value, found[1].control.value, found[1].kept) == (1, 0, 0)
    assert found[1].heat > 0.9


@pytest.mark.slow
def test_the_command_finds_the_mark_in_a_folder_of_images(tmp_path, capsys):
    data = load("shapes", counts=(800, 50, 50))
    split = marked(data.train)
    for number, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
        folder = tmp_path / "images" / data.class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.squeeze(image)).save(folder / f"{number}.png")
    options = ["--recipe", "demo", "--set", "epochs=5", "--set", "model.width=16", "--size", "32"]
    run = tmp_path / "run"
    result(capsys, "train", tmp_path / "images", *options, "--out", run)
    found = result(capsys, "shortcuts", run)
    (known,) = [one["class"] for one in found["classes"] if one["shortcut"]]
    assert known == data.class_names[MARKED]
    assert (run / "figures" / "shortcuts.png").is_file()
    assert main(["shortcuts", str(run)]) == 0
    assert f"{known} is known by one place" in capsys.readouterr().out
    assert "`--images` must be" in refused(capsys, "shortcuts", run, "--images", "2")


def test_too_few_images_are_refused():
    model, _corner = model_of_a_corner()
    labels = np.array([0] * FEWEST + [1] * (FEWEST - 1))
    with pytest.raises(InputError, match="Two classes with at least 8 images each"):
        explain.shortcuts(explain.prepare(model), np.zeros((15, 12, 12, 1)), labels)
