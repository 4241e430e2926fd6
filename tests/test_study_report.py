"""The report of a study: the answer first, and every number recomputed from the findings."""

import html
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from evrisim import messages
from evrisim.report import pictures
from evrisim.report.study import write_study_report
from evrisim.study import Findings
from pages import Reader, assert_complete_in_itself, assert_well_outlined, in_english
from reference import findings as made

SENTENCES = ["stride does as well as pool: the claim is <supported>.", "Pairing helped."]


@pytest.fixture
def undrawn(monkeypatch):
    """Spare a test the drawing where only the words matter."""
    svg, png = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1" />', io.BytesIO()
    Image.new("L", (1, 1)).save(png, "PNG")
    blank = {"svg": svg, "png": png.getvalue()}
    monkeypatch.setattr(
        pictures, "_save", lambda figure, file, **how: file.write(blank[how["format"]])
    )


def facts(**changed):
    return {
        "format": 1,
        "name": "pooling",
        "status": "done",
        "source": {"name": "shapes", "seed": 17, "size": None},
        "budget": "quick",
        "seeds": [0, 1, 2, 3, 4, 5],
        "threads": 1,
        "jobs": 2,
        "arms": [],
        "factors": [],
        "seconds": {"wall": 3725.0, "training": 7200.0},
        "test_openings": 1,
        "command": "evrisim study run pooling --data 'my shapes'",
        "versions": {"python": "3.12.9", "keras": "3.15.1"},
        "machine": {"processor": "Some CPU", "cores": 6},
        **changed,
    }


def write(folder, case=made.three_verdicts, told=None, sentences=SENTENCES):
    plan, found = case() if callable(case) else case
    path = folder / "report.html"
    assert write_study_report(path, told or facts(), plan, found, sentences) == path
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with in_english():
        return write(tmp_path_factory.mktemp("study"))


def tables(page):
    """Each table of a page by its caption: the header's cells, then those of each row."""
    found = {}
    for table in re.findall(r"<table[^>]*>(.*?)</table>", page, re.DOTALL):
        rows = [
            [
                Reader(f"<p>{cell}</p>").text.strip()
                for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
            ]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        found[html.unescape(re.search(r"<caption>(.*?)</caption>", table)[1])] = rows
    return found


def test_the_page_is_complete_in_itself_and_well_outlined(page):
    assert_complete_in_itself(page)
    assert_well_outlined(page)
    drawings = Reader(page).all("svg")
    assert len(drawings) == 5
    assert all(one["role"] == "img" and one["aria-label"].strip() for one in drawings)


def test_the_answer_comes_first_below_the_question(page):
    reader = Reader(page)
    names = [section["id"] for section in reader.all("section")]
    assert names == [*("answer", "arms", "comparisons", "cost", "seeds", "done", "repeat", "words")]
    text = reader.text
    question = "Does it matter how a map is <condensed>?"
    assert text.index(question) < text.index(SENTENCES[0]) < text.index(SENTENCES[1])
    assert text.index(SENTENCES[1]) < text.index("Top-1 on test")


def points(difference):
    text = f"{100 * difference:.2f}"
    return ("+" if float(text) > 0 else "") + text.replace("-", "−")


def spread(shares):
    return f"{100 * np.mean(shares):.2f} ± {100 * np.std(shares, ddof=1):.2f} %"


def test_accuracy_and_cost_of_every_arm_are_those_of_the_findings(page):
    found, shown = made.three_verdicts()[1], tables(page)
    accuracy = shown["Accuracy: mean ± standard deviation over the seeds"][1:]
    cost = shown["Cost, and top-1 on test for it"][1:]
    for arm, row, spent in zip(found.arms, accuracy, cost, strict=True):
        seconds = round(float(np.median(arm.seconds)))
        assert row == [
            arm.name,
            spread(arm.test),
            spread(arm.validation),
            "n/a" if arm.training is None else spread(arm.training),
            str(len(arm.seeds)),
            str(6 - len(arm.seeds)),
            f"{seconds // 60} min {seconds % 60} s",
        ]
        ratio = arm.macs / found.arms[0].macs
        mean = 100 * arm.test.mean()
        assert spent == [
            arm.name,
            f"{arm.parameters:,}",
            f"{arm.macs:,}",
            f"{ratio:.2f} ×" + (", unequal" if not 1 / 1.1 <= ratio <= 1.1 else ""),
            f"{mean / (arm.parameters / 1e6):.1f}",
            f"{mean / (arm.macs / 1e6):.2f}",
        ]
    assert [row[3].endswith("unequal") for row in cost] == [False, True, True, False, False]


def interval(one):
    return "n/a" if one is None else f"{points(one.low)} … {points(one.high)}"


def small(p):
    return "n/a" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def test_every_comparison_has_its_numbers(page):
    found, shown = made.three_verdicts()[1], tables(page)
    differences = shown["Differences in top-1 on test, in percentage points"][1:]
    certainty = shown["How sure the differences are"][1:]
    words = {
        "supported": "✓ supported",
        "refuted": "✗ refuted",
        "undecided": "? undecided",
        None: "–",
    }
    claims = ["at most 1.0 points worse", "the same within 2.0 points"]
    claims += ["at least 1.0 points better", "–"]
    for one, claim, row, sure in zip(
        found.comparisons, claims, differences, certainty, strict=True
    ):
        assert row == [
            f"{one.arm} − {one.against}",
            str(len(one.seeds)),
            points(one.differences.mean()),
            interval(one.interval),
            interval(one.bootstrap),
            claim,
            words[one.verdict],
        ]
        assert sure == [
            f"{one.arm} − {one.against}",
            small(one.p),
            small(one.p_holm),
            small(one.verdict_p) if one.claim else "–",
            f"{one.correlation:.2f}".replace("-", "−"),
            f"{100 * one.visible:.2f}",
            str(one.seeds_needed) if one.seeds_needed else "–",
            f"{one.cost_ratio:.2f} ×",
        ]


def test_every_pair_of_models_has_its_mcnemar_test(page):
    found = made.three_verdicts()[1]
    shown = tables(page)["Pairs of models on the same images (McNemar's exact test)"]
    assert shown[1:] == [
        [
            f"{one.arm} − {one.against}",
            *(str(pair.seed), str(pair.only_arm), str(pair.only_against), small(pair.p)),
        ]
        for one in found.comparisons
        for pair in one.mcnemar
    ]
    assert len(shown) == 1 + 6 + 6 + 3 + 6


def test_every_training_is_listed_and_every_failure_with_its_reason(page):
    found, shown = made.three_verdicts()[1], tables(page)
    for caption, kind in (
        ("Top-1 on test of every training", "test"),
        ("Best top-1 on validation of every training", "validation"),
    ):
        head, *rows = shown[caption]
        assert head == ["Arm", *(f"seed {seed}" for seed in range(6))]
        for arm, row in zip(found.arms, rows, strict=True):
            values = dict(zip(arm.seeds, getattr(arm, kind), strict=True))
            assert row == [
                arm.name,
                *(
                    f"{100 * values[seed]:.2f} %" if seed in values else "failed"
                    for seed in range(6)
                ),
            ]
    assert shown["Trainings that failed"][1:] == [
        ["blur", str(seed), f"out of memory <{seed}>"] for seed in (2, 3, 5)
    ]
    assert "Trainings that failed: 3." in Reader(page).text


def test_what_was_done_is_said(page):
    shown, text = tables(page), Reader(page).text
    assert "The test split was opened once" in text
    assert ["name", "shapes"] in shown["Data set"]
    effort = dict(shown["Effort"][1:])
    assert effort == {
        "budget": "quick",
        "seeds": "0, 1, 2, 3, 4, 5",
        "trainings at once": "2",
        "threads of each": "1",
        "training time, all together": "2 h",
        "time on the clock": "1 h 2 min",
    }
    assert shown["In what the arms differ"][0] == ["Arm", "blur"]
    assert dict(shown["In what the arms differ"][1:])["blur"] == "yes"
    common = {row[0]: row[1:] for row in shown["What all arms have in common"][1:]}
    assert common["learning_rate"] == ["0.125", "size of the steps at its highest"]
    assert set(common) == {"model", "epochs", "model.width", "learning_rate"}
    assert ["stride", "pool", "at most 1.0 points worse"] in shown["Claims"]
    for said in ("Some CPU", "keras 3.15.1", "evrisim study run pooling --data 'my shapes'"):
        assert said in text


def test_the_words_are_explained(page):
    text = Reader(page).text
    for word in ("Seed", "Paired difference", "95 % interval", "Verdict", "Smallest visible"):
        assert word in text[text.index("The words") :]


def test_the_same_study_gives_the_same_bytes_and_its_pictures_lie_beside(tmp_path, page):
    assert write(tmp_path, told=json.loads(json.dumps(facts()))) == page
    files = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    assert set(files) == {
        *("differences.png", "arms.png", "pareto.png"),
        *(f"pareto_{panel}.png" for panel in ("macs", "parameters", "seconds")),
    }
    assert all(Image.open(io.BytesIO(content)).width > 500 for content in files.values())


def test_a_factorial_study_shows_how_its_factors_act_together(tmp_path):
    page = write(tmp_path, made.factorial)
    reader, shown = Reader(page), tables(page)
    assert "effects" in [section["id"] for section in reader.all("section")]
    assert (tmp_path / "figures" / "effects.png").exists()
    assert len(reader.all("svg")) == 6
    rows = shown["Differences in top-1 on test, in percentage points"][1:]
    assert [row[0] for row in rows] == [
        *("kernel_size: 5 − 3", "width: 32 − 16", "kernel_size × width")
    ]
    assert rows[2][4] == "n/a"
    assert shown["Claims"][1:] == [
        ["model.kernel_size", "3 · 5", "at most 1.0 points better"],
        ["model.width", "16 · 32", "at least 1.0 points better"],
    ]
    assert "McNemar" not in reader.text
    assert "more than a tenth in their work (MACs)" in reader.text
    assert_well_outlined(page)


def test_one_pair_has_no_interval_and_says_so(tmp_path):
    page = write(tmp_path, made.one_pair)
    shown = tables(page)
    row = shown["Differences in top-1 on test, in percentage points"][1]
    assert row == [
        *("stride − pool", "1", "−1.00", "n/a", "n/a", "at most 1.0 points worse", "? undecided")
    ]
    assert shown["How sure the differences are"][1] == [
        *("stride − pool", "n/a", "n/a", "n/a", "n/a", "n/a", "n/a", "1.00 ×")
    ]
    assert shown["Accuracy: mean ± standard deviation over the seeds"][1][1] == "90.00 %"
    assert "The arms have the same settings." in Reader(page).text


def test_a_study_without_results_still_has_a_report(tmp_path):
    page = write(tmp_path, made.unopened, facts(test_openings=0))
    text, shown = Reader(page).text, tables(page)
    assert "only results on validation are known yet" in text
    assert "has not been opened in this study" in text
    assert "Top-1 on test of every training" not in shown
    row = shown["Differences in top-1 on test, in percentage points"][1]
    assert row[1:5] == ["0", "n/a", "n/a", "n/a"]
    assert shown["Accuracy: mean ± standard deviation over the seeds"][2][1:5] == [
        *("n/a", "n/a", "n/a", "0")
    ]
    assert not list((tmp_path / "figures").glob("pareto*"))


@pytest.mark.usefixtures("undrawn")
def test_bare_facts_suffice(tmp_path):
    text = Reader(write(tmp_path, told={"format": 1})).text
    assert "started from Python" in text
    assert "has not been opened in this study" in text


@pytest.mark.usefixtures("undrawn")
def test_a_study_in_which_nothing_was_compared(tmp_path):
    plan, found = made.one_pair()
    text = Reader(write(tmp_path, (plan, Findings(found.arms[:1], (), (), 400)))).text
    assert "Nothing was compared." in text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"budget": "smoke"}, "says nothing about the question"),
        ({"test_openings": 3}, "has been opened 3 times"),
    ],
)
def test_what_the_reader_should_know_is_said(tmp_path, changed, said):
    assert said in Reader(write(tmp_path, told=facts(**changed))).text


@pytest.mark.usefixtures("undrawn")
def test_turkish_pages_have_turkish_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "_chosen", ["tr"])
    page = write(tmp_path)
    assert Reader(page).all("html") == [{"lang": "tr"}]
    arm = made.three_verdicts()[1].arms[0]
    assert "%" + spread(arm.test).removesuffix(" %").replace(".", ",") in Reader(page).text
    assert f"{arm.macs:,}".replace(",", ".") in page
    assert not re.search(r'class="number">[^<]*\d\.\d\d(?!\d)', page)


def test_how_each_arm_learned_is_drawn_where_its_histories_are_known(tmp_path, page):
    plan, found = made.three_verdicts()
    rows = [{"epoch": 1, "accuracy": 0.2, "val_accuracy": 0.3}]
    courses = {arm.name: (rows,) for arm in found.arms}
    path = write_study_report(
        tmp_path / "report.html", facts(), plan, found, SENTENCES, courses=courses
    )
    assert "How each arm learned" in path.read_text("utf-8")
    assert (tmp_path / "figures" / "courses.png").exists()
    assert "How each arm learned" not in page
