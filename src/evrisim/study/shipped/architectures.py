"""The study of accuracy per parameter, per MAC, per second."""

from collections.abc import Callable

from evrisim.messages import translate as _
from evrisim.study.design import Arm, Study

NARROW = {"model.width": 8}

QUICK = {"epochs": 5, "data.train_images": 3000, "data.validation_images": 1000}
"""Less than other studies train: there are twelve arms."""


def _pareto() -> Study:
    staged = {"model": "staged", "model.blocks": 2}
    return Study(
        name="pareto",
        question=_("Which net gives most accuracy for its parameters, its work and its time?"),
        data="cifar10",
        base={"model": "resnet", "batch_size": 64, "learning_rate": 0.1},
        arms=(
            Arm("convnet-8", {"model": "convnet", **NARROW}),
            Arm("convnet-16", {"model": "convnet", "model.width": 16}),
            Arm("plain-20", {"model": "plain", "model.depth": 20, **NARROW}),
            Arm("basic-8", {"model.depth": 8, **NARROW}),
            Arm("basic-20", {"model.depth": 20, **NARROW}),
            Arm("basic-14-wide", {"model.depth": 14, "model.width": 16}),
            Arm("bottleneck-29", {"model.depth": 29, "model.block": "bottleneck", **NARROW}),
            Arm("version-2-20", {"model": "preact_resnet", "model.depth": 20, **NARROW}),
            Arm("squeeze-20", {"model.depth": 20, "model.squeeze": 4, **NARROW}),
            Arm("separable", {**staged, "model.block": "separable", "model.width": 32}),
            Arm("inverted", {**staged, "model.block": "inverted", **NARROW}),
            Arm("dense-22", {"model": "densenet", "model.depth": 22, "model.growth": 8}),
        ),
        seeds=3,
        budgets={"quick": QUICK},
        timed=True,
    )


STUDIES: dict[str, Callable[[], Study]] = {"pareto": _pareto}
