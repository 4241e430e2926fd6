"""C20 and C21: what follows from what was forgotten, and from what was opened."""

from dataclasses import replace

import numpy as np
import pytest

from evrisim import forgetting
from evrisim._validate import InputError
from evrisim.claims import fine_tuning, judged, recording, stored
from test_claims_augmenting import arm, study
from test_forgetting import case

KNOWN = {"before": (0.9, 0.9, 0.9), "chance": 0.2}
JITTER = np.array([-0.01, 0.0, 0.01])


def rates(*lost):
    """Values of C20 in which so large a part of 70 points is forgotten at the five rates."""
    values = {"rates": (1.0, 0.3, 0.1, 0.03, 0.01), **KNOWN}
    for place, part in enumerate(lost):
        values[f"forgotten_{place}"] = tuple(0.7 * (part + JITTER))
        values[f"learned_{place}"] = (0.8, 0.8, 0.8)
    return values


@pytest.mark.parametrize(
    ("lost", "verdict"),
    [
        ((0.9, 0.8, 0.2, 0.1, 0.0), "supported"),
        ((0.9, 0.3, 0.2, 0.1, 0.0), "partly"),
        ((0.9, 0.8, 0.7, 0.1, 0.0), "partly"),
        ((0.9, 0.8, 0.7, 0.5, 0.0), "partly"),
        ((0.3, 0.2, 0.1, 0.1, 0.0), "refuted"),
        ((0.5, 0.2, 0.1, 0.1, 0.0), "undecided"),
        ((0.9, 0.5, 0.1, 0.1, 0.0), "undecided"),
    ],
)
def test_c20_is_judged_by_the_part_of_what_was_known_that_each_rate_takes(lost, verdict):
    found, evidence = fine_tuning.judge_rates(rates(*lost))
    assert found == verdict
    assert "top-1 90.0" in evidence
    assert f"at 0.03 of the rate it was trained at, {100 * lost[3]:.0f}" in evidence


RATED = tuple(
    replace(
        case("rate", seed, 0.8, 0.8 - lost, 0.7),
        remedy=forgetting.Remedy(f"rate-{rate:g}", rate=rate / 0.02),
    )
    for seed in (0, 1)
    for rate, lost in ((0.2, 0.5), (0.02, 0.1))
)


def record(cases=RATED):
    """A measured forgetting of halves of ten classes, the old one learned at 0.2."""
    recipes = {"old": {"learning_rate": 0.2}, "new": {"learning_rate": 0.02}}
    return forgetting.Record({"recipes": recipes, "classes": [5, 5]}, tuple(cases))


def test_rates_are_told_as_parts_of_the_one_the_old_task_was_learned_at():
    values = fine_tuning.rates(record())
    assert values["rates"] == (1.0, 0.1)
    assert values["chance"] == 0.2
    assert values["forgotten_0"] == pytest.approx((0.5, 0.5))
    assert values["forgotten_1"] == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ([case("replay", 0, 0.9, 0.8, 0.7)], "several rates"),
        (RATED[:3], "same seeds at every rate"),
        (RATED[1::2], "same seeds at every rate"),
    ],
)
def test_another_forgetting_does_not_settle_c20(cases, said):
    with pytest.raises(InputError, match=said):
        fine_tuning.rates(record(cases))


def test_a_measured_forgetting_goes_into_the_ledger(tmp_path):
    from evrisim import Recipe, load

    old, new = Recipe(learning_rate=0.2), Recipe(learning_rate=0.02)
    tasks = forgetting.halves(load("digits"))
    command = "evrisim forgetting digits --remedies rates"
    forgetting.record(tmp_path / "run", tasks, RATED, old, new, command=command)
    path = recording.record(tmp_path / "run", "C20", folder=tmp_path / "kept")
    assert path.name == "C20-digits-rates.json"
    kept = stored.read(path)
    assert (kept.seeds, kept.command) == ((0, 1), command)
    (shown,) = judged.rulings("C20", folder=tmp_path / "kept")
    assert shown.verdict == "supported"
    with pytest.raises(InputError, match="holds no measured forgetting"):
        recording.record(tmp_path, "C20")
    with pytest.raises(InputError, match="by one folder"):
        recording.record([tmp_path, tmp_path], "C20")


def test_c20_names_the_command_that_measures_it(tmp_path):
    (shown,) = judged.rulings("C20", folder=tmp_path)
    assert shown.command == fine_tuning.COMMANDS["C20"]


def opened(gains):
    """Values of C21 in which the other choices gain so many points on the rule's."""
    values = {}
    for images, ruled in fine_tuning.RULED.items():
        values[f"test_{ruled}-{images}"] = (0.7, 0.7, 0.7)
        for other in set(fine_tuning.OPENED) - {ruled}:
            values[f"test_{other}-{images}"] = tuple(0.7 + gains[images] / 100 + JITTER / 10)
    return values


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ({300: -2, 3000: 0, 10_500: -5}, "supported"),
        ({300: -2, 3000: 3, 10_500: -5}, "partly"),
        ({300: 3, 3000: 3, 10_500: 3}, "refuted"),
        ({300: -2, 3000: 1, 10_500: -5}, "undecided"),
    ],
)
def test_c21_holds_where_nothing_else_is_better_by_more_than_a_point(gains, verdict):
    found, evidence = fine_tuning.judge_by_images(opened(gains))
    assert found == verdict
    assert "With 3,000 images part gets 70.0" in evidence


def test_c21_is_taken_from_the_trainings_of_its_study():
    values = opened({300: -2, 3000: 0, 10_500: -5})
    arms = [arm(name.removeprefix("test_"), None, test) for name, test in values.items()]
    taken = fine_tuning.by_images(study(*arms))
    assert taken.keys() == values.keys()
    assert all(taken[name] == pytest.approx(values[name]) for name in values)
    with pytest.raises(InputError, match="no tested arm"):
        fine_tuning.by_images(study(*arms[1:]))
    kept = recording.of_trainings("C21", study(*arms, name="strategy-by-images"))
    assert (kept.stem, kept.values["official"]) == ("C21-cifar10-strategy-by-images-quick", 0.0)
