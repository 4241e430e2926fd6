"""Which data a run was made of, in a form that run.json keeps and a later session loads again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evrisim.data import sources
from evrisim.data.dataset import DataSet
from evrisim.data.limiting import limit

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Source:
    """Which data a run was made of, as plain JSON values.

    Attributes:
        name, seed, data_dir, reading, counts: What `sources.load` is called with.
        limits: How many images of each split are kept, as in `limiting.limit`; empty for all.
    """

    name: str
    seed: int = 0
    data_dir: str | None = None
    reading: dict[str, Any] = field(default_factory=dict)
    counts: tuple[int, int, int] | None = None
    limits: dict[str, int] = field(default_factory=dict)

    def load(self, *, offline: bool = False, progress: Progress | None = None) -> DataSet:
        """Load the data set."""
        whole = sources.load(
            self.name,
            seed=self.seed,
            place=sources.Place(Path(self.data_dir) if self.data_dir else None, offline),
            progress=progress,
            reading=self.reading,
            counts=self.counts,
        )
        return limit(whole, self.limits)

    def to_json(self) -> dict[str, Any]:
        """Give the source as plain values, folders by their absolute path."""
        known = self.name in sources.DATA_SETS
        return {
            "name": self.name if known else str(Path(self.name).absolute()),
            "seed": self.seed,
            "data_dir": self.data_dir and str(Path(self.data_dir).absolute()),
            "reading": {
                key: list(value) if isinstance(value, tuple) else value
                for key, value in self.reading.items()
            },
            "counts": self.counts and list(self.counts),
            "limits": dict(self.limits),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "Source":
        """Read what `to_json` gave."""
        counts = saved["counts"]
        return cls(**{**saved, "counts": counts and tuple(counts)})
