"""The images that applications show and train on: loaded once, their classes named for people."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet
    from evrisim.data.source import Source


def loaded(source: "Source") -> "DataSet":
    """Load the data of a source; each part of it is loaded once, and hashed once."""
    return _loaded(json.dumps(source.to_json(), sort_keys=True))


@cache
def _loaded(saved: str) -> "DataSet":
    from evrisim.data.source import Source

    return Source.from_json(json.loads(saved)).load()


def names_of(dataset: "DataSet") -> Sequence[str]:
    """Name the classes of data; those of the drawn shapes in the language in use."""
    return shown_names({"name": dataset.name, "class_names": dataset.class_names})


def shown_names(facts: Mapping[str, Any]) -> Sequence[str]:
    """Name the classes of a run's data, of which the facts tell `name` and `class_names`."""
    from evrisim.data import shapes

    names = tuple(facts["class_names"])
    drawn = facts["name"] == "shapes" and names == shapes.CLASS_NAMES
    return shapes.display_names() if drawn else names
