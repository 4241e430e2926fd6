"""A study on disk: what was asked, which trainings answer it, what they gave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evrisim import _files
from evrisim._validate import InputError
from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Factor, Study
from evrisim.study.results import ArmResult, Findings
from evrisim.training.run import Run, read_facts

FORMAT = 1

TRAINED = ("trained", "done")
"""What a run's status is when its training is finished."""


@dataclass(frozen=True)
class StudyRun:
    """One study on disk.

    Attributes:
        directory: Where it is.
        facts: What `study.json` holds: the study, its data and budget, the trainings of each arm,
            what failed, seconds, how often the test split was opened.
    """

    directory: Path
    facts: dict[str, Any]

    @classmethod
    def open(cls, directory: str | Path) -> "StudyRun":
        """Read a study's directory.

        Raises:
            InputError: If it is not one.
        """
        directory = Path(directory)
        absent = _("{path} is not a study: it has no study.json. `evrisim study run` makes one.")
        return cls(directory, read_facts(directory / "study.json", FORMAT, absent))

    @property
    def study(self) -> Study:
        """The study as it was declared."""
        facts = self.facts
        return Study(
            name=facts["name"],
            question=facts["question"],
            data=facts["source"]["name"],
            base={},
            arms=tuple(
                Arm(arm["name"], arm["settings"], arm["against"], _claim(arm["claim"]))
                for arm in facts["arms"]
            ),
            factors=tuple(
                Factor(one["setting"], tuple(one["levels"]), _claim(one["claim"]))
                for one in facts["factors"]
            ),
            seeds=len(facts["seeds"]),
            timed=facts.get("timed", False),
        )

    def run_directory(self, arm: Mapping[str, Any], seed: int) -> Path:
        """Give the folder of one training."""
        return self.directory / arm["runs"][str(seed)]

    def trainings(self) -> Iterator[tuple[Mapping[str, Any], int, Path]]:
        """Give arm, seed and folder of every training, seed by seed: a stopped study has pairs."""
        for seed in self.facts["seeds"]:
            for arm in self.facts["arms"]:
                yield arm, seed, self.run_directory(arm, seed)

    def results(self) -> tuple[ArmResult, ...]:
        """Read what every arm's finished trainings gave, the base first."""
        return tuple(self._result(arm) for arm in self.facts["arms"])

    def courses(self) -> dict[str, tuple[list[dict[str, Any]], ...]]:
        """Give by arm how each of its finished trainings went, a row an epoch."""
        found = {}
        for arm in self.facts["arms"]:
            runs = [open_run(self.run_directory(arm, seed)) for seed in self.facts["seeds"]]
            found[arm["name"]] = tuple(
                run.history for run in runs if run and run.facts["status"] in TRAINED
            )
        return found

    def findings(self) -> Findings:
        """Judge the study.

        Raises:
            InputError: If its test split has not been opened: it was not reported yet.
        """
        from evrisim.study.verdict import judge

        if not self.facts["test_openings"]:
            raise InputError(
                _(
                    "{path} has no findings yet: its test split has not been opened. "
                    "`evrisim study report {path}` opens it."
                ).format(path=self.directory)
            )
        return judge(self.study, self.results())

    def updated(self, **facts: Any) -> "StudyRun":
        """Write `study.json` with some facts changed and give the study as it is then."""
        merged = {**self.facts, **facts}
        _files.write_json(self.directory / "study.json", merged)
        return StudyRun(self.directory, merged)

    def _result(self, arm: Mapping[str, Any]) -> ArmResult:
        opened = {seed: open_run(self.run_directory(arm, seed)) for seed in self.facts["seeds"]}
        runs = {seed: run for seed, run in opened.items() if run and run.facts["status"] in TRAINED}
        right = [one for one in map(_right, runs.values()) if one is not None]
        correct = np.stack(right) if right and len(right) == len(runs) else None
        facts = [run.facts for run in runs.values()]
        return ArmResult(
            name=arm["name"],
            settings=arm["settings"],
            seeds=tuple(runs),
            validation=np.array([one["validation"]["top1"] for one in facts], np.float64),
            test=correct.mean(axis=1) if correct is not None else None,
            correct=correct,
            seconds=np.array([one["seconds"] for one in facts], np.float64),
            parameters=arm["cost"]["parameters"],
            macs=arm["cost"]["macs"],
            training_macs=arm["cost"]["training_macs"],
            failed={int(seed): reason for seed, reason in arm["failed"].items()},
            runs=tuple(arm["runs"][str(seed)] for seed in runs),
            training=_training(facts),
            latency={int(size): tuple(seconds) for size, seconds in arm.get("latency", {}).items()},
        )


def _training(facts: Sequence[Mapping[str, Any]]) -> np.ndarray | None:
    """Give each run's top-1 on plain training images; None unless all have been judged on them."""
    found = [(one.get("metrics") or {}).get("training_top1") for one in facts]
    known = [one["value"] for one in found if one]
    return np.array(known, np.float64) if known and len(known) == len(found) else None


def open_run(directory: Path) -> Run | None:
    """Open a training's folder; None where there is no run that can be read."""
    try:
        return Run.open(directory)
    except InputError:
        return None


def claim_facts(claim: Claim | None) -> dict[str, Any] | None:
    """Give a claim as plain values."""
    return None if claim is None else {"kind": claim.kind, "points": claim.points}


def factor_facts(factors: Sequence[Factor]) -> list[dict[str, Any]]:
    """Give the factors of a study as plain values."""
    return [
        {
            "setting": factor.setting,
            "levels": list(factor.levels),
            "claim": claim_facts(factor.claim),
        }
        for factor in factors
    ]


def _claim(saved: Mapping[str, Any] | None) -> Claim | None:
    return Claim(**saved) if saved else None


def _right(run: Run) -> np.ndarray | None:
    """Tell of each test image whether the run's model named it right; None before it was asked."""
    try:
        saved = run.predictions()
    except InputError:
        return None
    return np.asarray(saved["logits"].argmax(axis=1) == saved["labels"])
