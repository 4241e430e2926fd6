"""`evrisim claims`: what it shows, what it runs again, what it refuses."""

import math

import pytest

from command_line import refused, result
from evrisim.claims import rerunning, stored
from evrisim.cli import main
from evrisim.messages import use
from finished_work import DIFFERENCES, POINTED, facts, findings

ALL = [f"C{number}" for number in range(1, 30)]


@pytest.fixture
def unmeasured(monkeypatch):
    """A ledger that has not measured C17, whatever the package keeps."""
    kept = [one for one in stored.read_all() if one.claim != "C17"]
    monkeypatch.setattr(stored, "read_all", lambda *_folder: kept)


def test_the_command_shows_all_claims_as_json_with_rulings_that_can_be_read(capsys, unmeasured):
    found = result(capsys, "claims")["claims"]
    assert [one["id"] for one in found] == ALL
    by_id = {one["id"]: one for one in found}
    assert by_id["C23"]["rulings"][0]["verdict"] == "false"
    assert by_id["C17"]["rulings"][0]["verdict"] == "not measured"
    assert by_id["C1"]["commands"]["full"].endswith("--data cifar10 --budget full")
    assert not any(math.isnan(value) for value in by_id["C4"]["rulings"][0]["numbers"].values())


def test_the_table_names_each_claim_its_verdict_and_its_evidence(capsys, unmeasured):
    assert main(["claims", "C23", "C24", "C17"]) == 0
    shown = capsys.readouterr().out
    first = [line.split()[0] for line in shown.splitlines() if line.startswith(" C")]
    assert first == ["C23", "C24", "C17"]
    assert "51,264" in shown
    assert shown.count("false (arithmetic)") == 2
    assert "not measured yet (study)" in shown
    assert "2 of 3 claims have a verdict" in shown


def test_one_claim_is_shown_whole_with_its_table_and_its_commands(capsys):
    assert main(["claims", "c8"]) == 0
    shown = capsys.readouterr().out
    assert "arithmetic: true" in shown
    assert [line.split() for line in shown.splitlines() if line.startswith("3×3 ")][1] == (
        ["3×3", "2", "5×5", "5×5", "5×5", "9"]
    )
    assert "Repeat: evrisim claims C8" in shown
    assert main(["claims", "C7"]) == 0
    assert "Full budget: evrisim claims C7 --run --data cifar10 --budget full" in (
        capsys.readouterr().out
    )


def test_the_ledger_speaks_turkish(capsys, unmeasured):
    assert main(["claims", "C23", "C17", "--lang", "tr"]) == 0
    shown = capsys.readouterr().out
    assert "yanlış (aritmetik)" in shown
    assert "51.264" in shown
    assert "henüz ölçülmedi" in shown
    use("en")


def test_the_numbers_of_json_do_not_depend_on_the_language(capsys):
    english = result(capsys, "claims", "C3", "C14")["claims"]
    turkish = result(capsys, "claims", "C3", "C14", "--lang", "tr")["claims"]
    for one, other in zip(english, turkish, strict=True):
        assert one["says"] != other["says"]
        for key in ("verdict", "numbers", "command", "way"):
            assert [r[key] for r in one["rulings"]] == [r[key] for r in other["rulings"]]
    use("en")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["C30"], "no claim 'C30'"),
        (["C1", "--budget", "quick"], "add --run"),
        (["--run"], "Say which claims"),
        (["C20", "--run"], "C20 is measured by another command"),
        (["C1", "--run", "--budget", "huge"], "`--budget` must be one of smoke, quick, full"),
        (["C1", "--run", "--seeds", "0"], "`--seeds` must be a whole number of at least 1"),
        (["C8", "--run", "--data", "digits"], "`--data` has no meaning for C8"),
        (["C27", "--run", "--budget", "full"], "`--budget` has no meaning for C27"),
        (["C1", "--run", "--of", "runs/x"], "`--of` has no meaning for C1"),
        (["C27", "--run", "--of", "x", "--seeds", "2"], "`--seeds` has no meaning for C27"),
        (["C29", "--run", "--of", "nowhere"], "nowhere is not a run"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(capsys, words, said):
    assert said in refused(capsys, "claims", *words)


def test_run_settles_a_study_with_all_that_was_asked_and_leaves_the_ledger_alone(
    finished, capsys, monkeypatch
):
    asked = finished(findings(DIFFERENCES["refuted"], "refuted"), facts(source={"name": "digits"}))
    monkeypatch.setattr(stored, "write", None)
    options = ["--data", "digits", "--budget", "smoke", "--seeds", "3", "--jobs", "2"]
    ((one,)) = result(capsys, "claims", "C1", "--run", *options)["claims"]
    ((plan, source, how),) = asked
    assert (plan.name, source.name) == ("stride-vs-pooling", "digits")
    assert (how["budget"], how["seeds"], how["jobs"]) == ("smoke", 3, 2)
    assert one["rulings"][0]["verdict"] == "refuted"
    assert one["directory"].endswith("stride-vs-pooling-shapes-quick")


def test_run_says_the_verdict_and_where_the_results_are(finished, capsys):
    finished(findings(DIFFERENCES["supported"], "supported"))
    assert main(["claims", "C1", "--run"]) == 0
    shown = capsys.readouterr().out
    assert "study: supported (shapes, quick)" in shown
    assert "stride is not more than 1.0\u00a0points worse than pool" in shown
    assert "stride-vs-pooling-shapes-quick" in shown


def test_run_of_c29_takes_a_run_that_is_there(a_run, capsys):
    run = a_run("mine", explanation=POINTED)
    ((one,)) = result(capsys, "claims", "C29", "--run", "--of", run)["claims"]
    assert one["rulings"][0]["verdict"] == "supported"
    assert one["directory"] == str(run)


def test_run_of_c27_and_c29_trains_what_they_are_about(monkeypatch, tmp_path, a_run):
    """The trainings themselves are `train_run`'s, which has its own tests."""
    from evrisim import workflow
    from evrisim.data.source import Source

    made = []

    def train_run(dataset, model, recipe, *, directory, resume, **_how):
        made.append((dataset, model.options, recipe.epochs, recipe.seed, resume))
        return rerunning.Run.open(a_run(directory.name, seed=recipe.seed, explanation=POINTED))

    monkeypatch.setattr(workflow, "train_run", train_run)
    monkeypatch.setattr(Source, "load", lambda source: source.name)
    wanted = rerunning.Wanted(directory=tmp_path)
    assert rerunning.rerun("C27", wanted).ruling.verdict == "supported"
    assert made == [("cifar10", {}, 12, seed, True) for seed in range(3)]
    made.clear()
    assert rerunning.rerun("C29", wanted).directory == tmp_path / "claim-C29-s0"
    assert made == [("shapes", {"width": 32}, 3, 0, True)]


def test_run_of_an_arithmetic_claim_computes_it_again():
    assert rerunning.rerun("C23", rerunning.Wanted()).ruling.verdict == "false"
