"""A study on disk: what was asked, which trainings answer it, what they gave."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evrisim import _files
from evrisim._validate import InputError
from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Factor, Study
from evrisim.study.results import ArmResult, Findings
from evrisim.training.run import Run

FORMAT = 1


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
        try:
            facts = json.loads((directory / "study.json").read_text("utf-8"))
            newer = facts["format"] > FORMAT
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(
                _(
                    "{path} is not a study: it has no study.json. `evrisim study run` makes one."
                ).format(path=directory)
            ) from None
        except (ValueError, KeyError, TypeError):
            raise InputError(
                _("{path} is damaged: its study.json cannot be read.").format(path=directory)
            ) from None
        if newer:
            raise InputError(
                _("{path} was written by a newer evrisim; update to read it.").format(
                    path=directory
                )
            )
        return cls(directory, facts)

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
        )

    def run_directory(self, arm: Mapping[str, Any], seed: int) -> Path:
        """Give the folder of one training."""
        return self.directory / arm["runs"][str(seed)]

    def results(self) -> tuple[ArmResult, ...]:
        """Read what every arm's finished trainings gave, the base first."""
        return tuple(self._result(arm) for arm in self.facts["arms"])

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
        runs = {
            seed: Run.open(self.run_directory(arm, seed))
            for seed in self.facts["seeds"]
            if is_trained(self.run_directory(arm, seed))
        }
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
        )


def is_trained(directory: Path) -> bool:
    """Tell whether a training is done in this folder."""
    try:
        return Run.open(directory).facts["status"] in ("trained", "done")
    except InputError:
        return False


def claim_facts(claim: Claim | None) -> dict[str, Any] | None:
    """Give a claim as plain values."""
    return None if claim is None else {"kind": claim.kind, "points": claim.points}


def _claim(saved: Mapping[str, Any] | None) -> Claim | None:
    return Claim(**saved) if saved else None


def _right(run: Run) -> np.ndarray | None:
    """Tell of each test image whether the run's model named it right; None before it was asked."""
    try:
        saved = run.predictions()
    except InputError:
        return None
    return np.asarray(saved["logits"].argmax(axis=1) == saved["labels"])
