"""C9 and C12: what a study's trainings say beyond their test top-1."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from evrisim._validate import InputError
from evrisim.claims import augmenting, judged, recording


def arm(name, training, test):
    training = None if training is None else np.array(training)
    return SimpleNamespace(name=name, training=training, test=np.array(test))


def study(*arms, **facts):
    said = {"name": "augmentation", "budget": "quick", "seeds": [0, 1, 2], "official": False}
    said |= {"source": {"name": "cifar10"}, "machine": {"processor": "some", "cores": 2}}
    said |= {"versions": {}, "arms": [], **facts}
    return SimpleNamespace(directory="runs/it", facts=said, results=lambda: arms)


def gaps(change):
    """Two arms whose gaps differ by `change` points, a little more or less in each seed."""
    jitter = np.array([0.001, 0.0, -0.001])
    test = np.array([0.70, 0.71, 0.72])
    plain = arm("none", test + 0.2, test)
    return augmenting.gaps(study(plain, arm("standard", test + 0.2 + change / 100 + jitter, test)))


@pytest.mark.parametrize(
    ("change", "verdict"), [(-5.0, "supported"), (0.0, "undecided"), (5.0, "refuted")]
)
def test_c9_is_judged_by_whether_the_gap_closes(change, verdict):
    found, evidence = augmenting.judge_gap(gaps(change))
    assert found == verdict
    assert "20.0" in evidence
    if change < 0:
        assert f"−{-change:.1f}" in evidence


def test_a_study_without_training_accuracy_or_without_an_arm_does_not_settle_c9():
    known = arm("none", [0.9, 0.9], [0.8, 0.8])
    for arms in ([known], [known, arm("standard", None, [0.8, 0.8])]):
        with pytest.raises(InputError, match=r"runs/it does not tell how well its arm standard"):
            augmenting.gaps(study(*arms))
    with pytest.raises(InputError, match="lacks seeds"):
        augmenting.gaps(study(known, arm("standard", [0.9], [0.8])))


@pytest.mark.parametrize(
    ("augmented", "verdict"),
    [
        ([0.60, 0.615, 0.62], "supported"),
        ([0.7005, 0.7095, 0.7203], "refuted"),
        ([0.60, 0.72, 0.72], "undecided"),
    ],
)
def test_c12_is_judged_by_what_augmenting_changes_on_the_same_images(augmented, verdict):
    values = {"plain": (0.70, 0.71, 0.72), "augmented": augmented, "test": (0.65, 0.64, 0.69)}
    found, evidence = augmenting.judge_validation(values)
    assert found == verdict
    moved = np.subtract(augmented, values["plain"])
    low, high = stats.t.interval(0.95, 2, moved.mean(), stats.sem(moved))
    assert f"{100 * low:.1f} to {100 * high:.1f}".replace("-", "−") in evidence


def test_one_seed_settles_nothing():
    one = {"training_none": (0.9,), "test_none": (0.7,)}
    one |= {"training_standard": (0.8,), "test_standard": (0.7,)}
    assert augmenting.judge_gap(one)[0] == "undecided"
    assert augmenting.judge_validation({"plain": (1,), "augmented": (0,), "test": (1,)})[0] == (
        "undecided"
    )


def test_what_is_recorded_says_where_it_comes_from_and_how_to_repeat_it():
    test = [0.7, 0.71, 0.72]
    made = study(arm("none", [0.9] * 3, test), arm("standard", [0.8] * 3, test))
    kept = recording.of_trainings("C9", made)
    assert kept.stem == "C9-cifar10-augmentation-quick"
    assert kept.command == "evrisim claims C9 --run --data cifar10 --budget quick --seeds 3"
    ruling = judged.of_result(kept)
    assert (ruling.way, ruling.verdict) == ("measurement", "supported")
    assert "re-encoded copy of cifar10" in " ".join(ruling.notes)


def test_another_study_is_refused():
    with pytest.raises(InputError, match="C9 is settled by the study augmentation, not by mixing"):
        recording.of_trainings("C9", study(name="mixing"))
