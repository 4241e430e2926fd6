"""Trained runs that come with evrisim: to take over, and to look into, without a network."""

from importlib import resources
from pathlib import Path

SHIPPED = ("condensed-cifar10",)
"""What `Run.open`, and commands that take a run or a model, know by name."""


def folder(name: str | Path) -> Path | None:
    """Give the folder of a shipped run; None where the name is none, or something lies there.

    Example:
        >>> folder("condensed-cifar10").name, folder("runs/mine")
        ('condensed-cifar10', None)
    """
    if str(name) not in SHIPPED or Path(name).exists():
        return None
    return _HOME / str(name)


def is_shipped(directory: Path) -> bool:
    """Tell whether a folder is one of those in the package, where nothing is written."""
    return directory.resolve().parent == _HOME.resolve()


_HOME = Path(str(resources.files(__package__) / "pretrained_runs"))
