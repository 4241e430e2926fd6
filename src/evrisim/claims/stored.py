"""Measured results that the ledger keeps: one JSON file for each claim, data set and budget."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from evrisim import _files
from evrisim._validate import InputError
from evrisim.claims.ledger import ENTRIES
from evrisim.messages import translate as _
from evrisim.study.design import BUDGETS, CLAIMS
from evrisim.study.results import VERDICTS

RESULTS = Path(__file__).parent / "results"
_CLOSE = 1e-9

Share = Annotated[float, Field(ge=0, le=1)]
Difference = Annotated[float, Field(ge=-1, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def checked(value: str) -> str:
        if value not in known:
            raise ValueError(f"one of {', '.join(known)} is expected")
        return value

    return checked


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(_Strict):
    """Where it was measured: no names, no paths."""

    processor: str
    cores: int = Field(ge=1)


class _Result(_Strict):
    """What both kinds of results hold."""

    format: Literal[1] = 1
    claim: str
    data: str = Field(min_length=1)
    date: date
    machine: Machine
    versions: dict[str, str]
    seeds: tuple[int, ...]
    seconds: Seconds | None
    command: str = Field(pattern="^evrisim ")

    @model_validator(mode="after")
    def _is_in_the_ledger(self) -> "_Result":
        if self.claim not in ENTRIES:
            raise ValueError(f"there is no claim {self.claim}")
        return self


class Claimed(_Strict):
    """What was claimed of the difference; as `study.Claim`."""

    kind: Annotated[str, AfterValidator(_one_of(CLAIMS))]
    points: float = Field(ge=0)


class Side(_Strict):
    """One arm of a study: its mean top-1 on the test images, and what it costs."""

    top1: Share
    parameters: int
    macs: int
    seconds: Seconds


class StudyResult(_Result):
    """What a study found on one comparison. Accuracies and differences are fractions of 1.

    Attributes:
        differences: Of the pairs, in the order of `seeds`.
        interval: Ends of the 95 % interval of the mean; None with fewer than two pairs.
        verdict_p: Corrected level at which it was decided; None where it could not be.
        missing: Seeds that failed.
        official: Whether the data were the published files; None for data that have none.
        arms: All arms of the study by name.
    """

    kind: Literal["study"] = "study"
    study: str
    arm: str
    against: str
    budget: Annotated[str, AfterValidator(_one_of(BUDGETS))]
    claimed: Claimed
    differences: tuple[Difference, ...]
    mean: Difference
    interval: tuple[float, float] | None
    verdict: Annotated[str, AfterValidator(_one_of(VERDICTS))]
    verdict_p: Share | None
    missing: tuple[int, ...] = ()
    official: bool | None = None
    arms: dict[str, Side]

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return f"{self.claim}-{self.data}-{self.budget}"

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "StudyResult":
        entry = ENTRIES[self.claim]
        if (self.study, self.arm, self.against) != (entry.study, entry.arm, entry.against):
            raise ValueError(f"{self.claim} is settled by another comparison")
        if not self.differences or len(self.differences) != len(self.seeds):
            raise ValueError("as many differences as seeds are needed, at least one")
        if abs(float(np.mean(self.differences)) - self.mean) > _CLOSE:
            raise ValueError("the mean is not that of the differences")
        if self.verdict != "undecided" and (self.interval is None or self.missing):
            raise ValueError("a verdict needs an interval and all its seeds")
        return self


class Measured(_Result):
    """What was measured without a study: the numbers, from which the verdict follows.

    Attributes:
        values: By name; which are needed, `measuring.RULES` says.
        recipe: Name of what was trained; part of the file's name.
    """

    kind: Literal["measurement"] = "measurement"
    recipe: str = Field(min_length=1)
    values: Mapping[str, float | tuple[float, ...]]

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return f"{self.claim}-{self.data}-{self.recipe}"


Result = StudyResult | Measured


def read_all(folder: Path = RESULTS) -> list[Result]:
    """Read all results of a folder, by claim, data set and budget.

    Raises:
        InputError: For the first file that is not a sound result.
    """
    found = [read(path) for path in sorted(folder.glob("*.json"))]
    return sorted(found, key=lambda result: (int(result.claim[1:]), result.stem))


def read(path: Path) -> Result:
    """Read one result.

    Raises:
        InputError: If the file is no JSON, lacks something, or contradicts itself.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        kind = Measured if values.get("kind") == "measurement" else StudyResult
        result: Result = kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise _unsound(path, first["loc"], str(first["msg"])) from None
    except (ValueError, AttributeError):
        raise _unsound(path, (), _("no JSON object")) from None
    if path.stem != result.stem:
        raise _unsound(path, (), _("it should be called {name}").format(name=f"{result.stem}.json"))
    return result


def write(result: Result, folder: Path = RESULTS) -> Path:
    """Write a result under its own name, whole or not at all, and give the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.stem}.json"
    _files.write_json(path, result.model_dump(mode="json"))
    return path


def _unsound(path: Path, place: tuple[Any, ...], reason: str) -> InputError:
    field = ".".join(map(str, place))
    return InputError(
        _("{path} is not a result the ledger can use: {reason}.").format(
            path=path.name, reason=f"`{field}`: {reason}" if field else reason
        )
    )
