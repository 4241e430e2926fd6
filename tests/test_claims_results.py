"""Results the ledger keeps: recorded from finished studies and runs, sound, judged rightly."""

import json

import numpy as np
import pytest
from scipy import stats

from evrisim import InputError, claims
from evrisim.claims import judged, ledger, measuring, pointing, recording, rerunning, stored
from evrisim.study.design import Claim
from finished_work import DIFFERENCES, POINTED, facts, findings


def rederived(kept):
    """The verdict of a study result from its differences alone: interval against region."""
    low, high = Claim(kept.claimed.kind, kept.claimed.points).region
    mean, error = np.mean(kept.differences), stats.sem(kept.differences)
    ends = stats.t.interval(0.95, len(kept.differences) - 1, mean, error)
    assert kept.interval == pytest.approx(ends)
    if low <= ends[0] and ends[1] <= high:
        return "supported"
    return "refuted" if ends[1] < low or ends[0] > high else "undecided"


@pytest.mark.parametrize("verdict", DIFFERENCES)
def test_a_finished_study_is_recorded_with_what_its_verdict_follows_from(
    finished, tmp_path, verdict
):
    finished(findings(DIFFERENCES[verdict], verdict))
    path = claims.record(tmp_path, "C1", folder=tmp_path / "kept")
    assert path.name == "C1-shapes-quick.json"
    kept = stored.read(path)
    assert rederived(kept) == verdict == kept.verdict
    assert kept.arms["pool"].top1 == pytest.approx(0.805)
    assert (kept.seconds, kept.seeds) == (240.0, (0, 1, 2, 3, 4, 5))
    assert "somewhere" not in path.read_text("utf-8")
    shown = judged.rulings("C1", folder=tmp_path / "kept")
    assert [(one.verdict, one.data, one.budget) for one in shown] == [(verdict, "shapes", "quick")]
    assert shown[0].command == "evrisim claims C1 --run --data shapes --budget quick"
    assert shown[0].date == "2026-11-25"


def test_verdicts_on_other_data_stand_side_by_side(finished, tmp_path):
    for data, verdict in (("shapes", "supported"), ("cifar10", "refuted")):
        finished(findings(DIFFERENCES[verdict], verdict), facts(source={"name": data}))
        claims.record(tmp_path, "C1", folder=tmp_path / "kept")
    found = {one.data: one.verdict for one in judged.rulings("C1", folder=tmp_path / "kept")}
    assert found == {"shapes": "supported", "cifar10": "refuted"}


@pytest.mark.parametrize(
    ("claim", "changed", "said"),
    [
        ("C1", {"status": "running"}, "is not finished"),
        ("C1", {"source": {"name": "/home/someone/photographs"}}, "that everybody has"),
        ("C2", {}, "C2 is settled by gap-vs-flatten, gap against flatten"),
    ],
)
def test_a_study_that_does_not_settle_the_claim_for_all_is_not_recorded(
    finished, tmp_path, claim, changed, said
):
    finished(findings(DIFFERENCES["supported"], "supported"), facts(**changed))
    with pytest.raises(InputError, match=said):
        claims.record(tmp_path, claim, folder=tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_the_results_in_the_package_are_sound_and_their_verdicts_follow_from_their_numbers():
    kept = stored.read_all()
    assert {one.claim for one in kept} >= {"C27", "C28", "C29"}
    for one in kept:
        if isinstance(one, stored.StudyResult):
            assert one.verdict in (rederived(one), "undecided")
        else:
            assert measuring.RULES[one.claim](one.values)[0] in ledger.VERDICTS
        text = (stored.RESULTS / f"{one.stem}.json").read_text("utf-8")
        assert not any(place in text for place in ("/home", "/root", "/tmp", "/work", "\\\\"))


def test_the_stored_measurements_say_what_they_may():
    found = {one.claim: judged.of_result(one) for one in stored.read_all()}
    assert found["C27"].verdict == "undecided"
    assert found["C29"].verdict == "supported"
    # 748 of 1,000 by Wilson's formula, worked out apart.
    assert "72.0–77.4" in found["C29"].evidence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mean": 0.5}, "the mean is not that of the differences"),
        ({"differences": [0.1]}, "as many differences as seeds"),
        ({"claim": "C99"}, "there is no claim C99"),
        ({"claim": "C2"}, "C2 is settled by another comparison"),
        ({"verdict": "perhaps"}, "`verdict`.*supported, refuted, undecided"),
        ({"verdict": "supported", "missing": [3]}, "all its seeds"),
        ({"mood": "good"}, "`mood`"),
        ({"budget": "full"}, "should be called C1-shapes-full.json"),
    ],
)
def test_a_result_that_is_not_sound_is_refused_in_a_sentence(finished, tmp_path, change, said):
    finished(findings(DIFFERENCES["supported"], "supported"))
    path = claims.record(tmp_path, "C1", folder=tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}))
    with pytest.raises(InputError, match=f"C1-shapes-quick.json is not a result.*{said}"):
        judged.rulings("C1", folder=tmp_path)


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_a_result_that_is_no_json_object_is_refused(tmp_path, text):
    (tmp_path / "C1-shapes-quick.json").write_text(text)
    with pytest.raises(InputError, match="no JSON object"):
        stored.read_all(tmp_path)


def test_runs_of_the_course_s_recipe_are_recorded_for_c27(a_run, tmp_path):
    runs = [a_run(f"s{seed}", seed=seed) for seed in range(3)]
    path = claims.record(runs, "C27", folder=tmp_path / "kept")
    kept = stored.read(path)
    assert path.name == "C27-cifar10-course.json"
    assert kept.values["top1"] == pytest.approx((0.858, 0.859, 0.860))
    assert (kept.seeds, kept.seconds) == ((0, 1, 2), 300.0)
    (shown,) = judged.rulings("C27", folder=tmp_path / "kept")
    assert shown.verdict == "supported"
    assert "re-encoded copy" in shown.notes[0]


@pytest.mark.parametrize(
    ("claim", "runs", "said"),
    [
        ("C27", [{"status": "trained"}], "is not finished"),
        ("C27", [{}, {}], "same seed"),
        ("C27", [{}, {"model": {"name": "resnet20", "options": {}}, "seed": 1}], "one model"),
        ("C27", [{"set": {"epochs": 3}}], "`evrisim train cifar10 --recipe course`, unchanged"),
        ("C29", [{"explanation": POINTED}], "`evrisim demo`, unchanged"),
        ("C29", [{}], "without object masks"),
        ("C29", [{"explanation": POINTED}, {"explanation": POINTED}], "on one run"),
        ("C6", [{}], "runs for C27 and C29"),
        ("C27", [], "runs for C27 and C29"),
    ],
)
def test_runs_that_do_not_settle_a_claim_are_not_recorded(a_run, tmp_path, claim, runs, said):
    places = [a_run(f"r{number}", **changed) for number, changed in enumerate(runs)]
    with pytest.raises(InputError, match=said):
        claims.record(places, claim, folder=tmp_path / "kept")


def test_recording_keeps_the_commands_it_knows(a_run):
    wide = {"name": "convnet", "options": {"width": 32}}
    run = rerunning.Run.open(a_run("demo", recipe="demo", model=wide, explanation=POINTED))
    assert recording.of_runs("C29", [run]).command == "evrisim demo"


def test_pointing_is_told_by_method_and_by_whether_the_model_was_right():
    values = {"right": 493.0, "wrong": 7.0, "right_saliency": 0.43, "wrong_saliency": 0.857}
    assert pointing.told(values) == (
        "By method, of 493 validation images named rightly / of 7 named wrongly: saliency "
        "43\u00a0% / 86\u00a0%."
    )
    assert pointing.told({"pointing_game": 0.7, "chance": 0.1}) == ""
    found = next(one for one in stored.read_all() if one.claim == "C29").values
    assert {key.removeprefix("right_") for key in found if key.startswith("right_")} == {
        *pointing.METHODS
    }
