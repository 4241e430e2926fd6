"""Where a trunk is cut: by the work saved and the memory taken."""

import math

import pytest

from evrisim import cost, transfer
from evrisim.graph import Graph
from evrisim.transfer.cutting import NEARLY, choose

MANY = 10**12


@pytest.fixture(scope="module")
def model():
    return transfer.trunk("mobilenet_v2", (96, 96, 3), weights="random").model


def test_the_cut_that_saves_most_for_its_memory_is_taken(model):
    freezing = transfer.partial(model, block="block_14")
    cut = choose(freezing, model, 1000, MANY)
    # Between blocks, where maps are narrow: 3 × 3 × 160, not the 576 or 960 within a block.
    assert cut.name == "block_13_project_BN"
    assert cut.bytes_an_image == 4 * 3 * 3 * 160
    assert 0.5 < cut.saved < 1


def test_what_is_saved_is_the_work_below(model):
    freezing = transfer.partial(model, block="block_7")
    cut = choose(freezing, model, 1, MANY)
    names = [operation.name for operation in Graph(model).order]
    below = set(names[: names.index(cut.name) + 1])
    measured = cost.measure(model)
    work = sum(row.macs for row in measured.layers if row.path in below)
    assert cut.saved == pytest.approx(work / measured.macs)
    every = [one for one in Graph(model).cuts() if names.index(one.name) <= names.index(cut.name)]
    assert cut.bytes_an_image == 4 * math.prod(every[-1].output.shape[1:])
    assert NEARLY < 0.05


def test_little_memory_takes_an_earlier_cut_or_none(model):
    freezing = transfer.partial(model, block="block_14")
    wanted = choose(freezing, model, 1000, MANY)
    less = choose(freezing, model, 1000, 1000 * wanted.bytes_an_image - 1)
    assert less is None or less.bytes_an_image < wanted.bytes_an_image
    assert choose(freezing, model, 1000, 10) is None


def test_where_all_of_it_trains_nothing_is_kept(model):
    assert choose(transfer.full(model), model, 1, MANY) is None
