"""What a net forgets: two halves of the data's classes, learned one after the other, and kept."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from evrisim.applications import data
from evrisim.applications.asked import Asked

if TYPE_CHECKING:
    from pathlib import Path

    from evrisim.data.dataset import DataSet
    from evrisim.forgetting import Record, Tasks
    from evrisim.training import Recipe

Told = Callable[[float, int], None]


@dataclass(frozen=True)
class Size:
    """How much is learned.

    Attributes:
        images: Training images of each task; None for all.
        old: Epochs of the old task.
        new: Epochs of the new one.
        seeds: How often.
        remedies: Ways to learn the new task; none for all there are.
    """

    images: int | None
    old: int
    new: int
    seeds: int
    remedies: tuple[str, ...] = ()


SIZES = {
    "smoke": Size(200, 1, 1, 1, ("plain", "small-rate")),
    "quick": Size(2000, 6, 3, 3, ("plain", "small-rate", "frozen", "replay")),
    "full": Size(None, 20, 6, 3),
}
"""By budget."""


def tasks(asked: Asked) -> "Tasks":
    """Halve the classes of the data.

    Raises:
        InputError: If there are fewer than four.
    """
    from evrisim.data.source import Source

    return _halved(data.loaded(Source(asked.data)), SIZES[asked.budget].images)


@cache
def _halved(dataset: "DataSet", images: int | None) -> "Tasks":
    """Halve the classes once: a page asks at every turn, and the tasks' content is hashed."""
    from evrisim import forgetting

    found = forgetting.halves(dataset)
    return found if images is None else found.limited(images)


def directory(asked: Asked) -> "Path":
    """Give where what was measured lies."""
    return asked.out / f"forgetting-{asked.stem}-{asked.budget}"


def measured(asked: Asked) -> "Record | None":
    """Give what was forgotten if it has been measured as it is asked for, on this data."""
    from evrisim import forgetting
    from evrisim._validate import InputError

    try:
        found = forgetting.opened(directory(asked))
    except InputError:
        return None
    old, new = _recipes(asked)
    two = tasks(asked)
    same = (
        found.facts["recipes"] == {"old": old.model_dump(), "new": new.model_dump()}
        and [one["content_hash"] for one in found.facts["data"]]
        == [two.old.content_hash(), two.new.content_hash()]
        and len({case.seed for case in found.cases}) >= _seeds(asked)
    )
    return found if same else None


def measure(asked: Asked, told: Told) -> "Record":
    """Learn both tasks by every remedy, unless that is done; `told(done, total)` in epochs."""
    from evrisim import forgetting

    found = measured(asked)
    if found is not None:
        return found
    size, seeds = SIZES[asked.budget], _seeds(asked)
    two, (old, new) = tasks(asked), _recipes(asked)
    remedies = [forgetting.remedy(name) for name in size.remedies or forgetting.REMEDIES]
    before = seeds * size.old
    total = before + seeds * len(remedies) * size.new

    def learning(seed: int) -> Callable[[Any], None]:
        def show(progress: Any) -> None:
            share = progress.step / progress.steps
            told(seed * size.old + progress.epoch - 1 + share, total)

        return show

    place = directory(asked)
    bases = forgetting.bases(two, old, place, seeds=seeds, show=learning)
    cases = forgetting.run(
        two,
        bases,
        remedies,
        new,
        directory=place / "cases",
        progress=lambda done, _all: told(before + done, total),
    )
    command = f"evrisim app 4 --data {asked.data} --budget {asked.budget}"
    forgetting.record(place, two, cases, old, new, command=command)
    return forgetting.opened(place)


def _recipes(asked: Asked) -> "tuple[Recipe, Recipe]":
    from evrisim import forgetting

    size = SIZES[asked.budget]
    new = forgetting.RECIPE.with_settings({"epochs": size.new})
    return forgetting.old_recipe(epochs=size.old), new


def _seeds(asked: Asked) -> int:
    return asked.seeds or SIZES[asked.budget].seeds
