"""Averages over views, against each view predicted by itself."""

import keras
import numpy as np
import pytest

from evrisim import viewing
from evrisim._validate import InputError
from evrisim.inference import predict_logits
from evrisim.training import ModelChoice, Recipe
from evrisim.workflow import evaluate_other, predict, train_run


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    images = keras.Input((7, 6, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(keras.layers.Rescaling(1 / 255)(images))
    return keras.Model(images, keras.layers.Dense(4)(keras.layers.Flatten()(x)))


IMAGES = np.random.default_rng(0).integers(0, 256, (10, 7, 6, 3), dtype=np.uint8)


def by_hand(model, images):
    """The six views one at a time, image by image, pixel by pixel."""

    def at(image, row, column):
        rows, columns = image.shape[:2]
        row = -row if row < 0 else row if row < rows else 2 * rows - 2 - row
        column = -column if column < 0 else column if column < columns else 2 * columns - 2 - column
        return image[row, column]

    def moved(image, by):
        rows, columns = image.shape[:2]
        return np.array(
            [[at(image, r + by, c + by) for c in range(columns)] for r in range(rows)], np.uint8
        )

    total = np.zeros((len(images), 4))
    for by, weight in ((0, 0.5), (-1, 0.25), (1, 0.25)):
        for mirrored in (False, True):
            seen = np.stack([moved(one, by) for one in images])
            seen = seen[:, :, ::-1] if mirrored else seen
            total += weight / 2 * predict_logits(model, seen)
    return total


def test_one_view_is_the_prediction(model):
    np.testing.assert_array_equal(
        viewing.predict_logits(model, IMAGES, "one"), predict_logits(model, IMAGES)
    )


def test_a_mirror_image_is_half_of_it(model):
    both = predict_logits(model, IMAGES) + predict_logits(model, IMAGES[:, :, ::-1])
    np.testing.assert_allclose(viewing.predict_logits(model, IMAGES, "mirror"), both / 2, atol=1e-5)
    mirrored = viewing.predict_logits(model, IMAGES[:, :, ::-1], "mirror")
    np.testing.assert_allclose(mirrored, both / 2, atol=1e-5)


def test_six_views_as_the_source_has_them(model):
    found = viewing.predict_logits(model, IMAGES, "six", batch_size=4)
    np.testing.assert_allclose(found, by_hand(model, IMAGES), atol=1e-5)


def test_only_the_unsure_quarter_is_looked_at_again(model):
    plain = predict_logits(model, IMAGES)
    found = viewing.predict_logits(model, IMAGES, "unsure")
    margins = np.diff(np.sort(plain, axis=1)[:, -2:]).ravel()
    again = margins <= np.sort(margins)[2]
    assert again.sum() == 3
    np.testing.assert_array_equal(found[~again], plain[~again])
    np.testing.assert_allclose(found[again], by_hand(model, IMAGES)[again], atol=1e-5)


@pytest.mark.parametrize("views", viewing.VIEWS)
def test_progress_ends_where_it_says(model, views):
    seen = []
    viewing.predict_logits(
        model, IMAGES, views, batch_size=4, progress=lambda *where: seen.append(where)
    )
    assert seen[-1][0] == seen[-1][1] > 0
    assert [done for done, _total in seen] == sorted(done for done, _total in seen)
    assert len({total for _done, total in seen}) == 1


def test_views_that_are_not_there_are_refused(model):
    with pytest.raises(InputError, match="views"):
        viewing.predict_logits(model, IMAGES, "seven")


def test_a_run_is_judged_and_used_with_the_views_of_its_recipe(stripes, tmp_path):
    recipe = Recipe(epochs=1, batch_size=32, test_views="mirror", precision="float32")
    run = train_run(stripes, ModelChoice("convnet", {"width": 4}), recipe, directory=tmp_path / "r")
    model, test = run.model(), stripes.test.images
    expected = (predict_logits(model, test) + predict_logits(model, test[:, :, ::-1])) / 2
    np.testing.assert_allclose(run.predictions()["logits"], expected, atol=1e-4)
    judged = evaluate_other(run, stripes)
    np.testing.assert_allclose(judged.logits, expected, atol=1e-4)
    names = [prediction.class_name for prediction in predict(run, test, range(len(test)))]
    assert names == [stripes.class_names[place] for place in expected.argmax(axis=1)]
