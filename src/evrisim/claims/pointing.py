"""C29 by method, and by whether the model was right: how often heat is hottest on the object."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.training import Run

METHODS = ("grad-cam", "grad-cam++", "hirescam", "layer-cam", "xgrad-cam", "eigen-cam",
           "guided-grad-cam", "saliency", "smooth-grad", "integrated-gradients")  # fmt: skip
"""Methods that are measured: those that take one pass, or a few."""

IMAGES = 500

Values = Mapping[str, Any]


def by_method(run: "Run") -> dict[str, float]:
    """Measure on validation images of a run's data, whose objects are known.

    Returns:
        For each method the shares of images with the hottest point on the object, of those named
        rightly and wrongly, by name; and how many of each there are. Nothing for a run without
        source, or where the model was right or wrong of all.

    Raises:
        InputError: If the data has changed since.
    """
    if "source" not in run.facts:
        return {}
    from evrisim import looking
    from evrisim.data.source import Source

    dataset = Source.from_json(run.facts["source"]).load()
    found = looking.on_object(run, dataset, methods=METHODS, images=IMAGES)
    right = int(found[0].right.sum())
    values: dict[str, float] = {"right": right, "wrong": len(found[0].right) - right}
    for one in found:
        good, bad = one.by_correctness("pointing-game")
        if good is None or bad is None:
            return {}
        values[f"right_{one.method}"], values[f"wrong_{one.method}"] = good, bad
    return values


def told(values: Values) -> str:
    """Say what `by_method` measured; empty where it measured nothing."""
    methods = [key.removeprefix("right_") for key in values if key.startswith("right_")]
    if not methods:
        return ""
    each = [
        f"{method} {numbers.percent(values[f'right_{method}'], 0)} / "
        f"{numbers.percent(values[f'wrong_{method}'], 0)}"
        for method in methods
    ]
    return _(
        "By method, of {right} validation images named rightly / of {wrong} named wrongly: {each}."
    ).format(
        right=numbers.whole(round(values["right"])),
        wrong=numbers.whole(round(values["wrong"])),
        each=", ".join(each),
    )
