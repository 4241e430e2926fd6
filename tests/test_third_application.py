"""Application 3: its parts, and the whole way as a script."""

import ast
from dataclasses import replace

import keras
import pytest

import application_script
from evrisim import applications, blocks, cost
from evrisim.applications import asked as asking
from evrisim.applications import by_hand, studies, third
from evrisim.applications.asked import Asked
from evrisim.applications.third import Chosen
from evrisim.plots.diagram import diagram
from evrisim.report.blocks import Code, Picture, Row, Table
from evrisim.study import shipped

FILE = applications.path(3)


def test_the_file_is_as_marimo_would_write_it():
    from marimo._convert.converters import MarimoConvert

    text = FILE.read_text("utf-8")
    written = MarimoConvert.from_py(text).to_py()
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(text))


@pytest.mark.parametrize("name", by_hand.BLOCKS)
def test_a_block_by_hand_gives_the_maps_of_the_library_s(name):
    difference, largest = third._difference(name)
    assert difference < 1e-5 * largest
    code, said = third.by_hand(name)
    assert isinstance(code, Code)
    assert code.text.startswith(f"def {name}(")
    assert "give the same maps" in said.text


def test_squeeze_and_excite_by_hand_has_the_library_s_parameters():
    inputs = keras.Input((8, 8, 32))
    theirs = keras.Model(inputs, by_hand.squeeze_excite(inputs, 4))
    plain, squeezed = (third.built(Chosen("basic", 32, 32, 1, ratio)) for ratio in (0, 4))
    assert theirs.count_params() == squeezed.count_params() - plain.count_params()


@pytest.mark.parametrize("name", third.block_names())
@pytest.mark.parametrize("stride", [1, 2])
def test_every_block_of_the_menu_is_drawn_with_all_its_layers(name, stride):
    chosen = Chosen(name, 64, 128, stride, 4)
    said, picture = third.block(chosen)
    assert isinstance(picture, Picture)
    model = third.built(chosen)
    assert f"{cost.measure(model).parameters:,}" in said.text
    (axes,) = diagram(model).axes
    kinds = [text.get_text() for text in axes.texts[::2]]
    assert len(kinds) == len(model.layers)
    assert kinds[0] == "what goes in"
    assert sum(kind.startswith("Conv2D") for kind in kinds) == sum(
        isinstance(layer, keras.layers.Conv2D) for layer in model.layers
    )


def test_arrows_join_each_layer_with_those_whose_maps_it_takes():
    from matplotlib.patches import FancyArrowPatch

    model = third.built(Chosen("basic", 32, 32))
    (axes,) = diagram(model).axes
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    takes = sum(
        len(layer.input) if isinstance(layer.input, list) else 1 for layer in model.layers[1:]
    )
    assert len(arrows) == takes == len(model.layers)  # the shortcut is one more


def test_maps_that_do_not_divide_into_groups_are_told_and_left_out():
    (said,) = third.block(Chosen("resnext", 16, 16))
    assert said.tone == "warning"
    assert "8 channels do not divide into 32 groups" in said.text
    (table,) = third.costs(Chosen("resnext", 16, 16))
    assert {row[0] for row in table.rows} == set(third.block_names()) - {"resnext"}


def test_the_cost_of_separable_is_that_of_the_formula():
    (table,) = third.costs(Chosen("basic", 64, 64))
    rows = {row[0]: row[1] for row in table.rows}
    # 9·64 + 64·64 weights, and two normalisations of 64 maps with four numbers each.
    assert rows["separable"] == f"{9 * 64 + 64 * 64 + 2 * 4 * 64:,}"
    assert "dense" not in rows
    assert set(blocks.BLOCKS) - set(third.block_names()) == {"dense"}


def test_every_claim_on_blocks_is_shown_with_its_verdict():
    (table,) = third.claims()
    assert isinstance(table, Table)
    assert {row[0] for row in table.rows} == set(third.CLAIMS)


def test_what_a_bottleneck_saves_is_told_for_each_comparison():
    said, table = third.ratios()
    assert "depends on the basic block" in said.text
    assert len(table.rows) == 3


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The script run once, in Turkish, with hardly any training and three nets in its study."""
    pareto = shipped.named("pareto")
    few = replace(pareto, arms=pareto.arms[:3])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(shipped._STUDIES, "pareto", lambda: few)
        yield application_script.run(3, tmp_path_factory.mktemp("application-3"), "tr")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_script_leaves_a_report_with_every_part_in_turkish(ran):
    _folder, _said, text = ran
    parts = "blocks ratio depth separable accuracy claims"
    assert all(f'<section id="{name}"' in text for name in parts.split())
    assert '<html lang="tr">' in text
    assert "Uygulama 3: artık ve verimli bloklar" in text
    assert "://" not in text.replace("http://www.w3.org", "")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_accuracy_is_drawn_against_every_cost_and_the_best_is_named(ran):
    folder, *_told = ran
    asked = asking.checked(Asked(budget="smoke", seeds=1, out=folder / "runs", number=3))
    found = studies.settled(studies.PARETO, asked)
    said, *rows = third.accuracy(found)
    drawn = [
        one.drawing.name
        for row in rows
        if isinstance(row, Row)
        for cell in row.cells
        for one in cell
    ]
    costs = ("macs", "parameters", "seconds", "latency_1", "latency_128")
    assert drawn == [f"pareto-{panel}" for panel in costs]
    best = max(found.findings().arms, key=lambda arm: arm.test.mean())
    assert f"Most accurate is {best.name}" in said.text
