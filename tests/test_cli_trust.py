"""`evrisim trust` as a user types it, and its picture."""

import pytest
from PIL import Image

from command_line import refused, result
from evrisim import Recipe, workflow
from evrisim.cli import main
from evrisim.data.source import Source
from evrisim.training import ModelChoice

SOURCE = Source("shapes", counts=(120, 60, 60))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    recipe = Recipe(epochs=1, batch_size=32, precision="float32")
    return workflow.train_run(
        SOURCE.load(),
        ModelChoice("convnet", {"width": 4}),
        recipe,
        directory=tmp_path_factory.mktemp("trust") / "run",
        facts={"source": SOURCE.to_json()},
    )


def test_methods_are_scored_beside_random_maps_and_read_out(run, capsys, tmp_path):
    picture = tmp_path / "trust.png"
    openings = run.facts["test_touches"]
    words = ["trust", run.directory, "--images", "24", "--out", picture]
    found = result(capsys, *words, "--method", "layer-cam,saliency")
    one, other = found["methods"]
    assert (one["method"], one["layer"]) == ("layer-cam", "stage3_block2_relu")
    assert (other["method"], other["layer"]) == ("saliency", None)
    assert one["images"] == 24
    for name in ("deletion", "insertion", "road", "sensitivity-n", "pointing-game", "overlap"):
        assert set(one[name]) == {"score", "chance"}
    assert len(one["reading"]) == 3
    with Image.open(picture) as opened:
        assert opened.width > 800
    assert type(run).open(run.directory).facts["test_touches"] == openings
    assert main([*map(str, words), "--method", "layer-cam"]) == 0
    shown = capsys.readouterr().out
    assert "deletion ↓" in shown
    assert "In brackets: random maps" in shown
    assert "layer-cam: With all weights shuffled" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "gradcam"), "Did you mean 'grad-cam'"),
        (("--images", "3"), "`--images` must be a whole number of at least 10"),
        (("--method", "saliency", "--layer", "logits"), "`layer` has no meaning for saliency"),
        (("--layer", "nope"), "`layer` must name a layer"),
        (("--out", "here.exe"), "`--out`"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(run, capsys, words, said):
    assert said in refused(capsys, "trust", run.directory, *words)
