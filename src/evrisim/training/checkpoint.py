"""What resuming needs, as folders that are whole or not there, each with a manifest of hashes."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from evrisim import _files

KEPT = 2


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a training after a whole number of epochs.

    Attributes:
        epoch: Epochs completed.
        variables: every variable of model and optimizer, by position (`model/0`, `optimizer/0`);
            dropout's random state, momentum, averages and the step counter among them.
        best: the best weights by validation so far, by position.
        progress: history, best result, early stopping; plain JSON values.
    """

    epoch: int
    variables: dict[str, np.ndarray]
    best: dict[str, np.ndarray]
    progress: dict[str, Any]


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Put a checkpoint into `folder` as `epoch-NNNNN/` and keep the newest `KEPT`.

    The folder is written beside its place, flushed and renamed, so a kill at any moment leaves
    either the new checkpoint or the ones before it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"epoch-{checkpoint.epoch:05d}"
    with _files.written_beside(target) as temporary:
        temporary.mkdir()
        np.savez(temporary / "variables.npz", **checkpoint.variables)  # type: ignore[arg-type]
        np.savez(temporary / "best.npz", **checkpoint.best)  # type: ignore[arg-type]
        (temporary / "progress.json").write_text(json.dumps(checkpoint.progress), "utf-8")
        manifest = {path.name: _files.sha256(path) for path in sorted(temporary.iterdir())}
        (temporary / "manifest.json").write_text(
            json.dumps({"epoch": checkpoint.epoch, "sha256": manifest}), "utf-8"
        )
    for old in _folders(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def load(folder: Path) -> tuple[Checkpoint | None, tuple[str, ...]]:
    """Read the newest checkpoint whose hashes agree.

    Returns:
        The checkpoint, or None if there is none that can be trusted, and the names of the
        newer ones that were passed over because they are damaged.
    """
    damaged: list[str] = []
    for path in reversed(_folders(folder)):
        try:
            return _read(path), tuple(damaged)
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
            damaged.append(path.name)
    return None, tuple(damaged)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("epoch-*") if path.is_dir())


def _read(path: Path) -> Checkpoint:
    manifest = json.loads((path / "manifest.json").read_text("utf-8"))
    for name in ("variables.npz", "best.npz", "progress.json"):
        if _files.sha256(path / name) != manifest["sha256"][name]:
            raise ValueError(f"{path / name} is damaged")
    return Checkpoint(
        epoch=int(manifest["epoch"]),
        variables=_arrays(path / "variables.npz"),
        best=_arrays(path / "best.npz"),
        progress=json.loads((path / "progress.json").read_text("utf-8")),
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
