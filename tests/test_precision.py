"""Which number format a net is trained in."""

import keras
import pytest

from evrisim import machine, models
from evrisim.training import ModelChoice, Recipe
from evrisim.training.precision import suits_bfloat16
from evrisim.training.workbench import compiled

# As measured on a processor with bfloat16: seconds of float32 over those of bfloat16.
FASTER = {
    "condensed": {},
    "resnet20": {},
    "convnet": {"width": 16},
    "resnet": {"depth": 8, "width": 16},
}
SLOWER = [
    ("resnet", {"depth": 20, "width": 8}),
    ("staged", {"block": "separable", "blocks": 2, "width": 45}),
    ("staged", {"block": "separable", "blocks": 2, "width": 48}),
    ("staged", {"block": "inverted", "blocks": 2, "width": 8}),
    ("densenet", {"depth": 22, "growth": 8}),
    ("convnet", {"width": 8}),
]


@pytest.mark.parametrize("name", FASTER)
def test_nets_that_were_faster_in_bfloat16_suit_it(name):
    assert suits_bfloat16(models.build(name, (32, 32, 3), 10, FASTER[name]))


@pytest.mark.parametrize(("name", "options"), SLOWER)
def test_nets_that_were_slower_do_not(name, options):
    assert not suits_bfloat16(models.build(name, (32, 32, 3), 10, options))


def test_a_net_within_a_net_is_looked_into_and_one_without_convolutions_is_not_suited():
    inner = models.build("resnet20", (32, 32, 3), 10)
    images = keras.Input((32, 32, 3))
    assert suits_bfloat16(keras.Model(images, keras.layers.Dense(2)(inner(images))))
    flat = keras.layers.Flatten()(images)
    assert not suits_bfloat16(keras.Model(images, keras.layers.Dense(2)(flat)))


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(("width", "suited"), [(16, "bfloat16"), (8, "float32")])
def test_auto_takes_what_suits_net_and_machine(stripes, monkeypatch, native, width, suited):
    monkeypatch.setattr(machine, "has_fast_bfloat16", lambda: native)
    choice = ModelChoice("convnet", {"width": width})
    used = {
        layer.compute_dtype
        for layer in compiled(stripes, choice, Recipe()).layers
        if layer.name.startswith("stage1") and layer.weights
    }
    assert used == {suited if native else "float32"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_is_asked_for_is_taken_whatever_suits(stripes, precision):
    choice = ModelChoice("convnet", {"width": 8})
    model = compiled(stripes, choice, Recipe(precision=precision))
    assert any(layer.compute_dtype == precision for layer in model.layers if layer.weights)


def test_looking_at_the_net_first_does_not_change_its_first_weights(stripes, monkeypatch):
    monkeypatch.setattr(machine, "has_fast_bfloat16", lambda: True)
    choice = ModelChoice("convnet", {"width": 16})
    one, other = (
        compiled(stripes, choice, Recipe(precision=precision)).get_weights()
        for precision in ("auto", "float32")
    )
    assert all((a == b).all() for a, b in zip(one, other, strict=True))
