"""Training batches as a data set of TensorFlow: the same batches, and another epoch each time."""

import keras
import numpy as np
import pytest

from evrisim import load
from evrisim.augment import policy
from evrisim.data.batches import Place, training_batches
from evrisim.data.tensors import training_dataset

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def split():
    return load("shapes", counts=(40, 20, 20)).train


@pytest.mark.parametrize("augmentation", [None, policy("standard"), policy("mixup-cutmix")])
def test_each_time_through_is_the_next_epoch_as_training_makes_it(split, augmentation):
    dataset = training_dataset(split, 16, Place(3, 5, classes=10), augmentation)
    assert len(dataset) == 2
    for epoch in (5, 6):
        expected = training_batches(split, 16, Place(3, epoch, classes=10), augmentation)
        for found, batch in zip(dataset.as_numpy_iterator(), expected, strict=True):
            for one, other in zip(found, batch, strict=True):
                assert one.dtype == other.dtype
                np.testing.assert_array_equal(one, other)


def test_keras_fits_a_model_on_it(split):
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    dataset = training_dataset(split, 16, Place(0, classes=10), policy("standard+cutmix"))
    history = model.fit(dataset, epochs=2, shuffle=False, verbose=0)
    assert len(history.history["loss"]) == 2
