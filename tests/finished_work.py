"""Finished studies and runs for the tests of the claims ledger, without any training."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from evrisim import study
from evrisim.statistics import Interval
from evrisim.study.design import Claim
from evrisim.study.results import ArmResult, Comparison, Findings

DIFFERENCES = {
    "supported": [0.004, -0.002, 0.003, 0.001, 0.0, 0.002],
    "refuted": [-0.030, -0.028, -0.033, -0.031, -0.027, -0.030],
    "undecided": [-0.030, 0.020, 0.010, -0.040, 0.0, -0.010],
}


def findings(differences, verdict, *, arm="stride", against="pool", missing=()):
    """What a study found, as `study.verdict` would: two arms, one comparison."""
    differences = np.array(differences)
    seeds = tuple(range(len(differences)))
    low, high = stats.t.interval(0.95, len(seeds) - 1, differences.mean(), stats.sem(differences))
    plain = np.linspace(0.80, 0.81, len(seeds))

    def one(name, test):
        return ArmResult(
            name, {}, seeds, test, test, None, np.full(len(seeds), 20.0), 1000, 5000, 15000, {}
        )

    comparison = Comparison(
        arm=arm,
        against=against,
        kind="arm",
        seeds=seeds,
        differences=differences,
        interval=Interval(differences.mean(), low, high, 0.95, "t"),
        bootstrap=None,
        mcnemar=(),
        correlation=None,
        p=0.5,
        p_holm=0.5,
        claim=Claim("not-worse", 1.0),
        verdict=verdict,
        verdict_p=0.01,
        seeds_needed=None,
        visible=0.01,
        cost_ratio=1.0,
        missing=missing,
    )
    arms = (one("pool", plain), one("stride", plain + differences))
    return Findings(arms, (comparison,), ("pool",), 2000)


def facts(**changed):
    """What `study.json` holds."""
    return {
        "name": "stride-vs-pooling",
        "status": "done",
        "started": "2026-11-25T10:00:00+00:00",
        "source": {"name": "shapes", "seed": 0, "data_dir": "/somewhere", "reading": {}},
        "budget": "quick",
        "seconds": {"wall": 200.0, "training": 240.0},
        "command": "evrisim study run stride-vs-pooling --out /somewhere/else",
        "versions": {"evrisim": "0.1.0"},
        "machine": {"processor": "some", "cores": 2, "memory_gib": 8},
        **changed,
    }


@pytest.fixture
def finished(monkeypatch, tmp_path):
    """Make a study run that is found in a folder and is what `settle` gives back."""

    def make(found, said=None):
        run = SimpleNamespace(
            directory=tmp_path / "stride-vs-pooling-shapes-quick",
            facts=said or facts(),
            findings=lambda: found,
        )
        asked = []

        def settle(plan, source=None, **how):
            asked.append((plan, source, how))
            how["show"](SimpleNamespace(done=1, total=12, seconds_left=1.0, text=""))
            return run

        room = SimpleNamespace(StudyRun=SimpleNamespace(open=lambda directory: run), settle=settle)
        monkeypatch.setitem(sys.modules, "evrisim.experiments", room)
        plan = SimpleNamespace(name="stride-vs-pooling", data="shapes")
        monkeypatch.setattr(study, "named", lambda name: plan, raising=False)
        return asked

    return make


@pytest.fixture
def a_run(tmp_path):
    """Write what a finished run leaves in `run.json`."""
    from evrisim.training import Recipe

    def make(name, recipe="course", **changed):
        seed = changed.pop("seed", 0)
        settings = Recipe.load(recipe).with_settings({"seed": seed, **changed.pop("set", {})})
        known = {
            "format": 1,
            "status": "done",
            "started": "2026-11-24T23:00:00+00:00",
            "data": {"name": "cifar10", "content_hash": "a", "origin": {"official": False}},
            "model": {"name": "convnet", "options": {}},
            "recipe": settings.model_dump(),
            "seed": seed,
            "versions": {"evrisim": "0.1.0"},
            "machine": {"processor": "some", "cores": 2},
            "metrics": {"top1": {"value": 0.858 + seed / 1000}, "count": 10_000},
            "seconds": 100.0,
            **changed,
        }
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(known))
        return tmp_path / name

    return make


POINTED = {
    "pointing_game": 0.5,
    "pointing_game_chance": 0.142,
    "count": 1000,
}
