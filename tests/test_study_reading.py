import pytest

from evrisim._validate import InputError
from evrisim.study import reading
from evrisim.study.design import Claim

GOOD = """\
question: Does a wider net do better?
data: digits
base:
  name: narrow
  model.width: 8
  batch_size: 64
arms:
  wide: {model.width: 16}
  wider: {model.width: 24, against: wide, claim: same, effect: 2}
  slow: {learning_rate: 0.01, claim: none}
claim: better
effect: 0.5
seeds: 4
budgets:
  quick: {epochs: 3}
"""


def refused(text, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        reading.load(path)
    told = str(caught.value)
    assert told.startswith(str(path))
    assert "\n" not in told
    return told.removeprefix(str(path))


def test_a_file_of_fifteen_lines_is_a_study(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, "utf-8")
    assert len(GOOD.splitlines()) == 15
    study = reading.load(path)
    assert (study.name, study.data, study.seeds) == ("mine", "digits", 4)
    assert study.base == {"model.width": 8, "batch_size": 64}
    assert [(arm.name, arm.settings, arm.against, arm.claim) for arm in study.arms] == [
        ("narrow", {}, None, None),
        ("wide", {"model.width": 16}, None, Claim("better", 0.5)),
        ("wider", {"model.width": 24}, "wide", Claim("same", 2.0)),
        ("slow", {"learning_rate": 0.01}, None, None),
    ]
    assert study.budgets == {"quick": {"epochs": 3}}


def test_factors_are_crossed_the_first_levels_being_the_base():
    study = reading.parse(
        "question: Which?\nbase: {}\n"
        "factors:\n  model.width: [8, 16]\n"
        "  model.kernel_size: {levels: [3, 5, 7], claim: not-better}\n"
    )
    assert len(study.arms) == 6
    assert study.arms[0].settings == {"model.width": 8, "model.kernel_size": 3}
    assert study.arms[-1].settings == {"model.width": 16, "model.kernel_size": 7}
    assert [factor.claim for factor in study.factors] == [None, Claim("not-better", 1.0)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "wide: {model.width: 16}",
            "wide: {model.widht: 16}",
            "line 8, `arms.wide`: `model option` must be one of width",
        ),
        (
            "wide: {model.width: 16}",
            "wide: {btach_size: 16}",
            "line 8, `arms.wide.btach_size`: `setting` must be one of",
        ),
        (
            "wide: {model.width: 16}",
            "wide: {batch_size: many}",
            "line 8, `arms.wide`: recipe: `batch_size` received 'many'",
        ),
        (
            "wide: {model.width: 16}",
            "wide: {model.width: 0}",
            "line 8, `arms.wide`: `model.width` must be a whole number of at least 1; received 0.",
        ),
        (
            "wide: {model.width: 16}",
            "wide: {seed: 3}",
            "line 8, `arms.wide.seed`: `seed` is not a setting of a study",
        ),
        (
            "wide: {model.width: 16}",
            "wide: 16",
            "line 8, `arms.wide`: must hold `setting: value` lines. Received: 16.",
        ),
        (
            "wide: {model.width: 16}",
            "wide: {model.width: 8}",
            "line 8, `arms.wide`: arms narrow and wide are the same training.",
        ),
        (
            "wide: {model.width: 16}",
            "wider: {model.width: 16}",
            "line 9, `arms.wider`: this name was given before, in line 8.",
        ),
        (
            "wide: {model.width: 16}",
            "narrow: {model.width: 16}",
            "line 8, `arms.narrow`: this is the name of the base",
        ),
        (
            "against: wide,",
            "against: nobody,",
            "line 9, `arms.wider.against`: `against` must be one of narrow, wide, slow",
        ),
        ("claim: better", "claim: best", "line 11, `claim`: `claim` must be one of better"),
        (
            "effect: 0.5",
            "effect: much",
            "line 12, `effect`: `effect` must lie between 0 and 100; received 'much'.",
        ),
        (
            "seeds: 4",
            "seeds: 0",
            "line 13, `seeds`: `seeds` must be a whole number of at least 1; received 0.",
        ),
        (
            "seeds: 4",
            "seeds: six",
            "line 13, `seeds`: `seeds` must be a whole number of at least 1; received 'six'.",
        ),
        (
            "quick: {epochs: 3}",
            "fast: {epochs: 3}",
            "line 15, `budgets.fast`: `budget` must be one of smoke, quick, full",
        ),
        (
            "quick: {epochs: 3}",
            "quick: {epochs: x}",
            "line 15, `budgets.quick`: recipe: `epochs` received 'x'",
        ),
        ("question:", "qestion:", "line 1, `qestion`: `field` must be one of name, question"),
        ("data: digits", "data: [digits]", "line 2, `data`: must be a text. Received: ['digits']."),
        ("  name: narrow", "  name: [narrow]", "line 4, `base.name`: must be a text."),
        ("seeds: 4", "seeds: [", "this is not valid YAML"),
        ("seeds: 4", "name: a/b", "line 13, `name`: must be made of letters, digits, - and _"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_with_its_line(old, new, told, tmp_path):
    assert told in refused(GOOD.replace(old, new), tmp_path)


def test_a_base_a_question_and_arms_are_needed(tmp_path):
    lines = GOOD.splitlines(keepends=True)
    assert "`base` is missing" in refused("".join(lines[:2] + lines[6:]), tmp_path)
    assert "`question` is missing" in refused("".join(lines[1:]), tmp_path)
    assert "nothing to compare" in refused("question: Why?\nbase: {}\n", tmp_path)
    assert "must hold `setting: value` lines" in refused("- a list\n", tmp_path)


@pytest.mark.parametrize(
    ("factors", "told"),
    [
        ("model.width: [8]", "line 4, `factors.model.width`: must be a list of at least two"),
        ("model.width: [8, 8]", "line 4, `factors.model.width`: holds a level twice"),
        ("model.width: {claim: same}", "`levels` is missing"),
        ("batch_size: [32, 64]", "`base` sets it, too"),
        ("widht: [8, 16]", "`setting` must be one of"),
    ],
)
def test_factors_that_make_no_sense_are_refused(factors, told, tmp_path):
    text = f"question: Which?\nbase: {{batch_size: 32}}\nfactors:\n  {factors}\n"
    assert told in refused(text, tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no study file .*none\.yaml"):
        reading.load(tmp_path / "none.yaml")
