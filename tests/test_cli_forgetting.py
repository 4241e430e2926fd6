"""`evrisim forgetting` as a user types it, and its picture."""

import numpy as np
import pytest

from command_line import refused, result
from evrisim import forgetting
from evrisim._plain import plain
from evrisim.cli import main
from evrisim.plots.forgetting import forgetting as picture
from test_forgetting import case

SHORT = (
    "--images",
    "200",
    "--seeds",
    "1",
    "--set",
    "old.epochs=2",
    "--set",
    "new.epochs=1",
    "--model",
    "convnet",
)


@pytest.mark.slow
def test_forgetting_is_measured_drawn_and_goes_on(capsys, tmp_path):
    command = ("forgetting", "digits", *SHORT, "--remedies", "frozen,plain", "--out", tmp_path)
    found = result(capsys, *command)
    assert [one["name"] for one in found["summaries"]] == ["frozen", "plain"]
    assert found["summaries"][0]["forgetting"]["value"] == 0
    assert (tmp_path / "forgetting.png").is_file()
    kept = forgetting.opened(tmp_path)
    assert [plain(case) for case in kept.cases] == found["cases"]
    assert kept.facts["data"][0]["images"]["train"] == 200
    assert result(capsys, *command) == found
    assert main([*map(str, command)]) == 0
    out = capsys.readouterr().out
    assert "Old task before: " in out
    assert "forgotten, points" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--remedies", "reply"), "Did you mean 'replay'"),
        (("--remedies", ","), "`--remedies` names none"),
        (("--set", "epochs=3"), "needs old.SETTING=VALUE or new.SETTING=VALUE"),
        (("--set", "new.epochs=0"), "must be at least 1"),
        (("--images", "0"), "`--images` must be a whole number"),
        (("--images", "3"), "keep at least one image of each"),
        (("--seeds", "0"), "`--seeds` must be a whole number"),
        (("--then", "no-such"), "There is no data set or folder 'no-such'"),
        (("--model", "convnt"), "Did you mean 'convnet'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(capsys, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, "forgetting", "digits", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_picture_shows_each_remedy_s_course_and_place():
    cases = [
        case("plain", 0, 0.9, 0.5, 0.8),
        case("frozen", 0, 0.9, 0.9, 0.6),
        case("plain", 1, 0.8, 0.5, 0.7),
        case("frozen", 1, 0.8, 0.8, 0.6),
    ]
    above, below = picture(cases, forgetting.summaries(cases)).axes
    drawn = {line.get_label(): line.get_ydata() for line in above.get_lines()}
    np.testing.assert_allclose(drawn["plain"], [0.85, 0.5])
    np.testing.assert_allclose(drawn["frozen"], [0.85, 0.85])
    dots = [line.get_xydata()[0] for line in below.get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose(dots, [[0.75, 0.35], [0.6, 0.0]])
    assert {"plain", "frozen"} <= {text.get_text() for text in below.texts}
