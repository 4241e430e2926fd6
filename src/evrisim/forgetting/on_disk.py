"""A measured forgetting on disk: what was asked, on what, and what came out."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evrisim import _files, machine
from evrisim._validate import InputError
from evrisim.forgetting.course import Case
from evrisim.forgetting.experiment import case_of
from evrisim.forgetting.tasks import Tasks
from evrisim.messages import translate as _
from evrisim.training.recipe import Recipe

NAME, FORMAT = "forgetting.json", 1


@dataclass(frozen=True)
class Record:
    """What a folder of `evrisim forgetting` holds.

    Attributes:
        facts: Data, images, machine, versions, command, day, and both recipes.
        cases: Seed by seed, remedy by remedy.
    """

    facts: dict[str, Any]
    cases: tuple[Case, ...]


def record(
    directory: Path,
    tasks: Tasks,
    cases: Sequence[Case],
    old: Recipe,
    new: Recipe,
    *,
    command: str,
) -> Path:
    """Write what came out beside the cases, whole or not at all, and give the path.

    Args:
        directory: Of the cases' folder and the picture.
        tasks: What was learned.
        cases: What came out.
        old: How the old task was learned.
        new: How the new one was, but for what a remedy changes.
        command: What makes it again.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / NAME
    facts = {
        "format": FORMAT,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "data": [_facts_of(task) for task in (tasks.old, tasks.new)],
        "classes": [tasks.groups.count(task) for task in (0, 1)],
        "recipes": {"old": old.model_dump(), "new": new.model_dump()},
        "machine": machine.describe(),
        "versions": machine.versions(),
        "cases": [asdict(case) for case in cases],
    }
    _files.write_json(path, facts)
    return path


def _facts_of(task: Any) -> dict[str, Any]:
    return {
        "name": Path(task.name).name,
        "content_hash": task.content_hash(),
        "images": {name: len(split) for name, split in task.splits.items()},
        "official": task.origin.get("official"),
    }


def opened(directory: str | Path) -> Record:
    """Read what `record` wrote.

    Raises:
        InputError: If there is none, or it is torn.
    """
    path = Path(directory) / NAME
    try:
        facts = json.loads(path.read_text("utf-8"))
        cases = tuple(case_of(saved) for saved in facts.pop("cases"))
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            _("{path} holds no measured forgetting; `evrisim forgetting` makes one.").format(
                path=directory
            )
        ) from None
    return Record(facts, cases)
