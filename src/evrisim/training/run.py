"""A run: one training, as a directory that scripts, reports and later sessions read."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evrisim import _files, pretrained
from evrisim._validate import InputError
from evrisim.messages import translate as _

FORMAT = 1


@dataclass(frozen=True)
class Run:
    """One training on disk.

    Attributes:
        directory: Where it is.
        facts: What `run.json` holds: status, data, model, recipe, seed, versions, machine,
            metrics, cost, seconds, test-set touches.
    """

    directory: Path
    facts: dict[str, Any]

    @classmethod
    def open(cls, directory: str | Path) -> "Run":
        """Read a run's directory, or a run that comes with evrisim by its name.

        Raises:
            InputError: If it is not one.
        """
        directory = pretrained.folder(directory) or Path(directory)
        absent = _("{path} is not a run: it has no run.json. Runs lie under runs/ by default.")
        return cls(directory, read_facts(directory / "run.json", FORMAT, absent))

    @property
    def status(self) -> str:
        """Say where it is: `running`, `trained`, `done`, `interrupted`, `diverged` or `killed`."""
        status = self.facts["status"]
        return "killed" if status == "running" and not _is_locked(self.directory) else status

    @property
    def model_path(self) -> Path:
        """Where the trained model is."""
        return self.directory / "model.keras"

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row an epoch; a line torn by a kill is dropped."""
        return read_history(self.directory / "history.jsonl")

    def model(self) -> Any:
        """Load the trained model (no code from the file is ever run).

        Raises:
            InputError: If there is none yet, or the file is damaged or not the one that was saved.
        """
        import keras

        import evrisim.layers
        import evrisim.training.losses  # noqa: F401  registered for loading

        return keras.saving.load_model(self.checked_model_path(), safe_mode=True, compile=False)

    def checked_model_path(self) -> Path:
        """Give where the trained model is, if it is there and as it was saved.

        Raises:
            InputError: If not.
        """
        if not self.model_path.is_file():
            raise InputError(
                _("{path} has no model yet: the run is {status}. Finish it with --resume.").format(
                    path=self.directory, status=self.status
                )
            )
        expected = self.facts.get("model_sha256")
        if expected and _files.sha256(self.model_path) != expected:
            raise InputError(
                _("{path} is damaged: it is not the file that was saved.").format(
                    path=self.model_path
                )
            )
        return self.model_path

    def predictions(self) -> dict[str, np.ndarray]:
        """Read the saved test logits and labels (and those of validation).

        Raises:
            InputError: If the run has none: it is not done.
        """
        path = self.directory / "predictions.npz"
        if not path.is_file():
            raise InputError(
                _("{path} has no predictions yet: the run is {status}.").format(
                    path=self.directory, status=self.status
                )
            )
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}

    @property
    def figures(self) -> Path:
        """Where pictures of it go unless told otherwise: here for a run that comes along."""
        return Path() if pretrained.is_shipped(self.directory) else self.directory / "figures"

    def check_own(self) -> None:
        """Pass if something may be written into the run.

        Raises:
            InputError: If it comes with evrisim, where nothing is written.
        """
        if pretrained.is_shipped(self.directory):
            raise InputError(
                _(
                    "{name} comes with evrisim and stays as it is; train one like it: {command}"
                ).format(name=self.directory.name, command=self.facts["command"])
            )

    def updated(self, **facts: Any) -> "Run":
        """Write `run.json` with some facts changed and give the run as it is then."""
        self.check_own()
        merged = {**self.facts, **facts}
        _files.write_json(self.directory / "run.json", merged)
        return Run(self.directory, merged)


def read_facts(path: Path, newest: int, absent: str) -> dict[str, Any]:
    """Read the facts of a run or a study.

    Args:
        path: The JSON file, in the directory that messages name.
        newest: The newest format that can be read.
        absent: The sentence for a directory without the file, with `{path}` for the directory.

    Raises:
        InputError: If the file is not there, damaged, or of a newer format.
    """
    directory = path.parent
    try:
        facts = json.loads(path.read_text("utf-8"))
        newer = facts["format"] > newest
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(absent.format(path=directory)) from None
    except (ValueError, KeyError, TypeError):
        raise InputError(
            _("{path} is damaged: its {file} cannot be read.").format(
                path=directory, file=path.name
            )
        ) from None
    if newer:
        raise InputError(
            _("{path} was written by a newer evrisim; update to read it.").format(path=directory)
        )
    return dict(facts)


def read_history(path: Path) -> list[dict[str, Any]]:
    """Read a history file, up to a torn last line."""
    rows = []
    if path.is_file():
        for line in path.read_text("utf-8", errors="replace").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                break
    return rows


def write_history(path: Path, rows: list[dict[str, Any]]) -> None:
    """Replace a history file by `rows`, whole or not at all."""
    _files.write_text(path, "".join(json.dumps(row) + "\n" for row in rows))


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the run for this process; the lock goes with the process, however it ends.

    Raises:
        InputError: If another process is at work on it.
    """
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _lock(descriptor):
            raise InputError(
                _(
                    "Another process is training {path}; wait for it or choose another --out."
                ).format(path=directory)
            )
        yield
    finally:
        os.close(descriptor)


def _is_locked(directory: Path) -> bool:
    try:
        descriptor = os.open(directory / ".lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: two trainings of one run are the user's to avoid
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
