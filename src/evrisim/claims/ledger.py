"""What the ledger holds: 29 claims, how each is settled, and what a ruling on one is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from evrisim._validate import InputError
from evrisim.messages import translate as _

WAYS = ("arithmetic", "measurement", "study")
"""How a claim can be settled: computed, measured at one place, or by trainings compared."""

VERDICTS = ("true", "false", "partly", "supported", "refuted", "undecided", "not measured")
"""Computation makes a claim true or false; what was measured supports or refutes it. `partly`:
it holds under conditions the course does not name, or for some of the cases it names."""


@dataclass(frozen=True)
class Entry:
    """A claim of the course and how it is settled.

    Attributes:
        id: `C1` … `C29`.
        ways: Those of `WAYS` that have a say.
        study: Name of the study that settles it; empty where there is none (yet).
        arm, against: The study's comparison that counts.
        trainings: Name of a study whose trainings are measured in another way; else empty.
    """

    id: str
    ways: tuple[str, ...]
    study: str = ""
    arm: str = ""
    against: str = ""
    trainings: str = ""

    @property
    def runs(self) -> str:
        """Name of the study that has to be run; empty where none has."""
        return self.study or self.trainings

    @property
    def repeatable(self) -> bool:
        """Whether `evrisim claims ID --run` does something."""
        return bool(self.runs) or self.id in RERUN

    @property
    def commands(self) -> dict[str, str]:
        """Give the commands that settle it again, by what they are for."""
        plain = f"evrisim claims {self.id}"
        found = {"arithmetic": plain} if "arithmetic" in self.ways else {}
        if self.runs:
            found["quick"] = f"{plain} --run"
            found["full"] = f"{plain} --run --data cifar10 --budget full"
        elif self.id in RERUN:
            found["run"] = f"{plain} --run"
        elif "measurement" in self.ways:
            found["measurement"] = plain
        return found


@dataclass(frozen=True)
class Table:
    """Numbers behind a ruling, as text."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Ruling:
    """What one way of settling a claim says.

    Attributes:
        claim: Its id.
        way: One of `WAYS`.
        verdict: One of `VERDICTS`.
        evidence: A sentence with the numbers that decide.
        numbers: The same and more as plain JSON values.
        command: What repeats it; empty where nothing can yet.
        date: The day it was measured, ISO 8601; today for what is computed; empty if not measured.
        data: Name of the data set; empty for arithmetic.
        budget: Of a study; else empty.
        table: More numbers, where one sentence cannot hold them.
        notes: What else is worth knowing, in sentences.
    """

    claim: str
    way: str
    verdict: str
    evidence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    date: str = ""
    data: str = ""
    budget: str = ""
    table: Table | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the ruling as plain values."""
        return asdict(self)


def computed(claim: str, verdict: str, evidence: str, **more: Any) -> Ruling:
    """Make the ruling of a computation that was done just now; `more` is of `Ruling`."""
    given = {"way": "arithmetic", "command": f"evrisim claims {claim}", **more}
    return Ruling(claim, verdict=verdict, evidence=evidence, date=date.today().isoformat(), **given)


IDS = tuple(f"C{number}" for number in range(1, 30))

RERUN = ("C26", "C27", "C28", "C29")
"""Claims that no study settles, for which `--run` does more than is done at once."""

_COMPUTED = ("C2", "C3", "C4", "C7", "C8", "C14", "C23", "C24", "C25", "C26")
_MEASURED = ("C6", "C9", "C12", "C13", "C15", "C20", "C21", "C27", "C28", "C29")
_ALSO_BY_STUDY = ("C2", "C3", "C4", "C6", "C7", "C13", "C15")
_STUDIES = {
    "C1": ("stride-vs-pooling", "stride", "pool"),
    "C2": ("gap-vs-flatten", "gap", "flatten"),
    "C3": ("separable", "equal-width", "convolution"),
    "C4": ("bias-before-norm", "bias", "no-bias"),
    "C5": ("norm-at-small-batch", "group-4", "batch-4"),
    "C7": ("filters", "model.kernel_size=5", "model.kernel_size=3"),
    "C10": ("severity", "severity-1", "severity-0.25"),
    "C11": ("mixing", "cutmix", "standard"),
    "C13": ("depth", "resnet-56", "plain-56"),
    "C15": ("residual-blocks", "version-2-56", "basic-56"),
    "C16": ("squeeze-excite", "squeeze", "without"),
    "C17": ("transfer-or-scratch", "two-stage", "scratch"),
    "C18": ("stages-or-at-once", "at-once-1e-4", "two-stage"),
    "C19": ("norms-while-tuning", "trainable-8", "frozen-8"),
    "C22": ("schedules-while-tuning", "all-three", "constant"),
}
_TRAININGS = {"C9": "augmentation", "C12": "augmentation", "C21": "strategy-by-images"}


def _ways(claim: str) -> tuple[str, ...]:
    settled = {"arithmetic": claim in _COMPUTED, "measurement": claim in _MEASURED}
    settled["study"] = not any(settled.values()) or claim in _ALSO_BY_STUDY
    return tuple(way for way in WAYS if settled[way])


ENTRIES = {
    claim: Entry(claim, _ways(claim), *_STUDIES.get(claim, ("", "", "")), _TRAININGS.get(claim, ""))
    for claim in IDS
}
"""The claims by id, in order."""


def check_id(given: str) -> str:
    """Return the id of a claim, written as in the ledger: `c3` is C3.

    Raises:
        InputError: If there is no such claim.

    Example:
        >>> check_id("c3")
        'C3'
    """
    claim = given.strip().upper()
    claim = f"C{claim}" if claim.isdigit() else claim
    if claim in ENTRIES:
        return claim
    near = get_close_matches(claim, IDS, n=3, cutoff=0.5)
    hint = _(" Did you mean {near}?").format(near=", ".join(near)) if near else ""
    raise InputError(
        _("There is no claim {given!r}; the ledger has {first} to {last}.").format(
            given=given, first=IDS[0], last=IDS[-1]
        )
        + hint
    )
