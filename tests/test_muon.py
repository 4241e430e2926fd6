"""Muon for convolutions, against singular values and its published step written out in NumPy."""

import keras
import numpy as np
import pytest

from evrisim.training import ModelChoice, Recipe
from evrisim.training.muon import MOMENTUM, orthogonal
from evrisim.training.optimizers import optimizer
from killing import whole_and_resumed

L = keras.layers


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float64)


def as_rows(kernel):
    return np.moveaxis(kernel, -1, 0).reshape(kernel.shape[-1], -1)


@pytest.mark.parametrize("shape", [(3, 3, 8, 16), (1, 1, 4, 24), (3, 3, 2, 64)])
def test_singular_values_come_near_one_and_directions_stay(shape):
    kernel = np.random.default_rng(0).normal(size=shape).astype("float32")
    found = as_rows(numbers(orthogonal(keras.ops.convert_to_tensor(kernel))))
    left, values, right = np.linalg.svd(as_rows(kernel), full_matrices=False)
    turned = left.T @ found @ right.T
    assert np.diag(turned).min() > 0.3
    assert np.diag(turned).max() < 1.3
    np.testing.assert_allclose(turned - np.diag(np.diag(turned)), 0, atol=1e-4)
    # What was spread over a factor of several is not any more.
    assert np.ptp(np.log(np.diag(turned))) < 0.8 * np.ptp(np.log(values))


def published(gradient, kernel, momentum, rate):
    """One step as the source writes it, on matrices of a row an output map."""
    grad, weight = as_rows(gradient), as_rows(kernel)
    momentum = MOMENTUM * momentum + grad
    x = grad + MOMENTUM * momentum
    x = x / np.linalg.norm(x)
    if x.shape[0] > x.shape[1]:
        x = x.T
    for _round in range(3):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    x = x if x.shape == weight.shape else x.T
    weight = weight * len(weight) ** 0.5 / np.linalg.norm(weight)
    return weight - rate * x, momentum


def small():
    images = keras.Input((6, 6, 3))
    x = L.Conv2D(5, 3, use_bias=False, name="conv")(images)
    x = L.BatchNormalization(name="norm")(x)
    x = L.DepthwiseConv2D(3, use_bias=False, name="depthwise")(x)
    return keras.Model(images, L.Dense(2, name="logits")(L.Flatten()(x)))


def test_kernels_step_as_published_and_the_rest_as_sgd():
    keras.utils.set_random_seed(0)
    model, other = small(), small()
    other.set_weights(model.get_weights())
    settings = {"learning_rate": 0.1, "kernel_rate": 0.3, "offset_rate": 8.0, "weight_decay": 0.01}
    built = optimizer(Recipe(optimizer="muon", **settings), model, 0.1)
    plain = optimizer(Recipe(optimizer="sgd", **settings), other, 0.1)
    rng = np.random.default_rng(1)
    momentum, expected = 0.0, numbers(model.get_layer("conv").kernel)
    for _step in range(3):
        gradients = [
            rng.normal(size=tuple(v.shape)).astype("float32") for v in model.trainable_variables
        ]
        for one in (built, plain):
            one.apply([keras.ops.convert_to_tensor(g) for g in gradients])
        rows, momentum = published(gradients[0], expected, momentum, 0.3)
        expected = np.moveaxis(rows.reshape(5, 3, 3, 3), 0, -1)
    np.testing.assert_allclose(numbers(model.get_layer("conv").kernel), expected, atol=1e-4)
    for mine, sgd in zip(model.trainable_variables[1:], other.trainable_variables[1:], strict=True):
        np.testing.assert_allclose(numbers(mine), numbers(sgd), atol=1e-6, err_msg=mine.path)


def test_a_training_with_it_learns_and_goes_on_after_a_kill(stripes, tmp_path):
    recipe = Recipe(
        epochs=3, batch_size=32, optimizer="muon", learning_rate=0.05, precision="float32"
    )
    choice = ModelChoice("airbench", {"width": 4, "deep": 8})
    whole, resumed = whole_and_resumed(stripes, choice, recipe, tmp_path)
    assert resumed.facts["weights_sha256"] == whole.facts["weights_sha256"]
    assert whole.facts["validation"]["top1"] > 0.6
