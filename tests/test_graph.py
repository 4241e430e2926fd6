"""What comes before what in a functional model, and where one tensor alone goes on."""

import keras
import pytest

from evrisim import models
from evrisim._validate import InputError
from evrisim.graph import Graph

L = keras.layers


def branching():
    """A → b → (c, d) → sum → e, with a way around all of it from b."""
    inputs = keras.Input((8, 8, 3), name="inputs")
    a = L.Conv2D(4, 3, padding="same", name="a")(inputs)
    b = L.ReLU(name="b")(a)
    c, d = L.Conv2D(4, 3, padding="same", name="c")(b), L.Conv2D(4, 1, name="d")(b)
    joined = L.Add(name="joined")([c, d, b])
    return keras.Model(inputs, L.Conv2D(2, 1, name="e")(joined), name="branching")


def test_an_operation_comes_after_all_it_takes():
    graph = Graph(branching())
    names = [operation.name for operation in graph.order]
    assert sorted(names) == ["a", "b", "c", "d", "e", "inputs", "joined"]
    for operation in graph.order:
        for earlier in graph.before(operation):
            assert names.index(earlier.name) < names.index(operation.name)


def test_what_takes_an_operation_is_told():
    after = Graph(branching()).after()
    assert {one.name for one in after["b"]} == {"c", "d", "joined"}
    assert after["e"] == []


def test_a_model_can_be_cut_only_where_nothing_goes_around():
    assert [cut.name for cut in Graph(branching()).cuts()] == ["inputs", "a", "b", "joined", "e"]


@pytest.mark.parametrize("name", ["resnet20", "densenet", "mobilenet", "convnext"])
def test_from_every_cut_the_output_can_be_had(name):
    options = {"resnet20": {"width": 4}, "densenet": {"growth": 8, "depth": 10}}
    options |= {"mobilenet": {"scale": 0.1}, "convnext": {"width": 4, "depth": 6}}
    model = models.build(name, (32, 32, 3), 3, options[name])
    cuts = Graph(model).cuts()
    assert cuts[0].name == "images"
    assert cuts[-1].name == "logits"
    for cut in cuts[:-1]:
        keras.Model(cut.output, model.output)  # Keras itself says if the graph is disconnected


def test_what_has_no_graph_is_said():
    class Coded(keras.Model):
        def call(self, images):
            return images

    with pytest.raises(InputError, match="coded cannot be taken apart"):
        Graph(Coded(name="coded"))
    inputs = keras.Input((8, 8, 3))
    twice = L.Conv2D(3, 1, name="twice")
    shared = keras.Model(inputs, twice(twice(inputs)), name="shared")
    with pytest.raises(InputError, match="shared cannot be taken apart"):
        Graph(shared)
