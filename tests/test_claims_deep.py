"""C13 and C15: what follows from what was seen of gradients in deep nets."""

import numpy as np
import pytest

from evrisim import depth
from evrisim.claims import deep, judged, ledger, recording, stored
from evrisim.data.dataset import Split

NEAR = np.array([-0.02, -0.01, 0, 0.01, 0.02])


def vanishing(plain=1.0, gained=0.0):
    """Five seeds: how much of the gradient reaches plain nets' first layers, what shortcuts add."""
    return {
        "reach_start_plain": tuple(100 + NEAR),
        "reach_start_resnet": tuple(2 + NEAR),
        "reach_plain": tuple(plain * np.exp(NEAR)),
        "reach_resnet": tuple(1 + NEAR),
        "agreement_plain": tuple(0.1 + NEAR),
        "agreement_resnet": tuple(0.1 + gained - NEAR),
    }


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (vanishing(plain=0.01), "supported"),
        (vanishing(plain=0.5), "refuted"),
        (vanishing(plain=200.0, gained=0.3), "refuted"),
        (vanishing(plain=0.1), "undecided"),
        ({**vanishing(), "reach_plain": (0.5, 0.0, 0.5, 0.5, 0.5)}, "undecided"),
        ({**vanishing(), "reach_plain": (0.5,)}, "undecided"),
    ],
)
def test_a_gradient_is_lost_if_little_of_it_arrives(values, verdict):
    found, said = deep.judge_vanishing(values)
    assert found == verdict
    assert "At 110 layers" in said


def version_2(unrest=0.0, gained=0.0):
    return {
        "unrest_resnet": tuple(0.4 + NEAR),
        "unrest_preact_resnet": tuple(0.4 + unrest - NEAR),
        "agreement_resnet": tuple(0.2 + NEAR),
        "agreement_preact_resnet": tuple(0.2 + gained - NEAR),
    }


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (version_2(-0.2, 0.2), "supported"),
        (version_2(-0.2, 0.0), "partly"),
        (version_2(0.2, 0.2), "partly"),
        (version_2(0.2, 0.0), "refuted"),
        (version_2(0.0, -0.2), "refuted"),
        (version_2(0.0, 0.0), "undecided"),
    ],
)
def test_version_2_is_steadier_and_cleaner_or_one_of_them_or_neither(values, verdict):
    found, said = deep.judge_version_2(values)
    assert found == verdict
    assert "with version 2" in said


@pytest.mark.tensorflow
def test_what_was_watched_is_kept_by_seed_and_judged_again(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (256, 16, 16, 3), np.uint8), rng.integers(0, 3, 256))
    monkeypatch.setitem(deep.DEPTHS, "C15", 8)
    monkeypatch.setattr(deep, "STEPS", 2)
    monkeypatch.setattr(deep, "SEEDS", 2)
    values = deep.measure("C15", split, 3)
    assert set(values) == {
        f"{name}_{net}"
        for net in deep.NETS["C15"]
        for name in ("reach_start", "reach", "agreement_start", "agreement", "unrest")
    }
    assert all(len(one) == 2 for one in values.values())
    plan = depth.Plan(nets=("preact_resnet",), depths=(8,), steps=2, seeds=1)
    (first,) = depth.survey(split, 3, plan)
    assert values["agreement_preact_resnet"][0] == first.end.early_agreement
    kept = recording.stored.Measured(
        claim="C15",
        data="cifar10",
        date="2026-01-01",
        machine={"processor": "any", "cores": 2},
        versions={},
        seeds=(0, 1),
        seconds=None,
        command=deep.command("C15"),
        recipe="depth-56",
        values=values,
    )
    stored.write(kept, tmp_path)
    shown = next(one for one in judged.rulings("C15", folder=tmp_path) if one.way == "measurement")
    assert shown.verdict in ledger.VERDICTS
    assert shown.command == "evrisim depth cifar10 --nets resnet,preact_resnet --depths 8 " + (
        "--steps 2 --seeds 2"
    )


def test_before_it_is_measured_the_ledger_says_how(tmp_path):
    shown = {one.way: one for one in judged.rulings("C13", folder=tmp_path)}
    assert shown["measurement"].verdict == "not measured"
    assert shown["measurement"].command.startswith("evrisim depth cifar10 --nets plain,resnet")
    assert shown["study"].command == "evrisim claims C13 --run"
