"""`evrisim study agree`, as a user types it."""

from types import SimpleNamespace

import pytest
from PIL import Image

from command_line import refused, result
from evrisim.cli import main
from evrisim.study.record import StudyRun
from reference import findings as made

SHORT = [(200, 204), (210, 212), (220, 221), (240, 238), (230, 233), (190, 195)]
LONG = [(300, 302), (310, 315), (330, 331), (340, 341), (360, 361), (290, 294)]


@pytest.fixture
def studies(monkeypatch, tmp_path):
    """Two folders that hold studies of these arms, judged."""
    kept = {"short": SHORT, "long": LONG}

    def findings(folder):
        arms = [made.arm(f"arm-{place}", pair) for place, pair in enumerate(kept[folder.name])]
        return SimpleNamespace(findings=lambda: SimpleNamespace(arms=arms))

    monkeypatch.setattr(StudyRun, "open", findings)
    return kept, tmp_path


def test_it_is_told_drawn_and_given_as_json(capsys, studies):
    _kept, folder = studies
    asked = ["study", "agree", str(folder / "short"), str(folder / "long")]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "Only the long one has arm-4 above arm-3." in told
    assert [line.split()[0] for line in told.splitlines() if line.startswith("arm-")] == [
        f"arm-{place}" for place in (4, 3, 2, 1, 0, 5)
    ]
    found = result(capsys, *asked)
    assert (len(found["designs"]), found["turned"]) == (6, 1)
    assert found["tau"]["low"] < found["tau"]["value"] <= found["tau"]["high"]
    with Image.open(folder / "long" / "figures" / "agreement.png") as picture:
        assert min(picture.size) > 300


def test_too_few_arms_in_common_are_said(capsys, studies):
    kept, folder = studies
    kept["long"] = LONG[:3]
    sentence = refused(capsys, "study", "agree", folder / "short", folder / "long")
    assert "same 5 things" in sentence


def test_a_folder_without_a_study_is_said(capsys, tmp_path):
    assert "is not a study" in refused(capsys, "study", "agree", tmp_path, tmp_path)
