"""A net that learned shuffled labels: its maps beside those of the net that was taught."""

from dataclasses import replace

import numpy as np
import pytest

from evrisim import InputError, Recipe, explain, relearning
from evrisim.data.limiting import limit
from evrisim.data.source import Source
from evrisim.explain.sanity import alike
from evrisim.relearning import Relearned
from evrisim.training import ModelChoice, fit


@pytest.fixture(scope="module")
def data():
    return Source("shapes", counts=(160, 80, 20)).load()


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    recipe = Recipe(epochs=2, batch_size=32, precision="float32")
    place = tmp_path_factory.mktemp("relearning") / "run"
    return fit(data, ModelChoice("convnet", {"width": 4}), recipe, directory=place)


@pytest.mark.slow
def test_maps_are_those_of_a_net_that_learned_other_labels_from_new_weights(run, data):
    (found,) = relearning.relearned(run, data, methods=["saliency"], epochs=1)
    place = run.directory / relearning.FOLDER / "s0-e1"
    other = type(run).open(place)
    assert other.facts["data"]["content_hash"] != run.facts["data"]["content_hash"]
    assert other.facts["recipe"]["epochs"] == 1
    assert found.by_heart == other.facts["validation"]["top1"]
    images = limit(data, {"validation": 64}).validation.images
    first = explain.explain(run.model(), images, method="saliency")
    second = explain.explain(other.model(), images, first.classes, method="saliency")
    assert found.correlation == pytest.approx(alike(first.maps, second.maps), abs=1e-4)
    before = (place / "model.keras").stat().st_mtime_ns
    assert relearning.relearned(run, data, methods=["saliency"], epochs=1) == [found]
    assert (place / "model.keras").stat().st_mtime_ns == before  # it was not trained again


def test_labels_are_shuffled_as_a_whole_and_only_those_of_training(run, data, monkeypatch):
    seen = {}

    def caught(dataset, model, recipe, **_how):
        seen.update(data=dataset, weights=model.get_weights())
        raise InterruptedError

    monkeypatch.setattr(relearning, "fit", caught)
    with pytest.raises(InterruptedError):
        relearning.relearned(run, data, methods=["saliency"], epochs=1, seed=3)
    train = seen["data"].train
    assert (np.bincount(train.labels) == np.bincount(data.train.labels)).all()
    assert (train.labels != data.train.labels).mean() > 0.5
    np.testing.assert_array_equal(train.images, data.train.images)
    trained = run.model().get_weights()
    assert any((one != other).any() for one, other in zip(seen["weights"], trained, strict=True))


def test_other_data_is_refused(run, data):
    other = replace(data, train=data.train.take(range(100)))
    with pytest.raises(InputError):
        relearning.relearned(run, other, methods=["saliency"], epochs=1)


def test_what_it_means_is_said():
    assert Relearned("cam", 0.1, 20, 0.98).sentence == (
        "Beside a net that learned shuffled labels for 20 epochs (98\u00a0% by heart) its maps "
        "have a rank correlation of 0.10: they show what the labels taught."
    )
    assert "show the image more" in Relearned("cam", 0.9, 20, 0.98).sentence
