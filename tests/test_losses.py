import keras
import numpy as np
import pytest

from evrisim.training.losses import SmoothedCrossEntropy


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_equals_keras_loss_on_one_hot_labels(smoothing):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20, 7)).astype("float32")
    labels = rng.integers(0, 7, 20)
    reference = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    expected = reference(np.eye(7, dtype="float32")[labels], logits)
    assert float(SmoothedCrossEntropy(smoothing)(labels, logits)) == pytest.approx(
        float(expected), rel=1e-5
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_probabilities_give_the_loss_of_their_logits(smoothing):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20, 7)).astype("float32")
    labels = rng.integers(0, 7, 20)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    from_probabilities = SmoothedCrossEntropy(smoothing, from_logits=False)(labels, probabilities)
    assert float(from_probabilities) == pytest.approx(
        float(SmoothedCrossEntropy(smoothing)(labels, logits)), rel=1e-5
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_shares_of_classes_cost_what_keras_says(smoothing):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20, 7)).astype("float32")
    shares = rng.dirichlet(np.ones(7), 20).astype("float32")
    reference = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    found = SmoothedCrossEntropy(smoothing)(shares, logits)
    assert float(found) == pytest.approx(float(reference(shares, logits)), rel=1e-5)


def test_comes_back_from_its_configuration():
    loss = SmoothedCrossEntropy(0.3, from_logits=False)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert (again.label_smoothing, again.from_logits) == (0.3, False)
