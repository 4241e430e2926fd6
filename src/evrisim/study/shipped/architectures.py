"""The study of accuracy per parameter, per MAC, per second."""

from collections.abc import Callable

from evrisim.messages import translate as _
from evrisim.study.design import Arm, Study

NARROW = {"model.width": 8}

QUICK = {
    "epochs": 10,
    "data.train_images": 2500,
    "data.validation_images": 1000,
    "data.test_images": 5000,
}
"""Fewer images than other studies take, and more often: there are eight nets, some of them slow."""


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
            Arm("basic-8", {"model.depth": 8, **NARROW}),
            Arm("basic-14-wide", {"model.depth": 14, "model.width": 16}),
            Arm("bottleneck-20", {"model.depth": 20, "model.block": "bottleneck", **NARROW}),
            Arm("separable", {**staged, "model.block": "separable", "model.width": 24}),
            Arm("inverted", {**staged, "model.block": "inverted", **NARROW}),
            Arm("dense-22", {"model": "densenet", "model.depth": 22, "model.growth": 8}),
        ),
        seeds=3,
        budgets={"quick": QUICK},
        timed=True,
    )


STUDIES: dict[str, Callable[[], Study]] = {"pareto": _pareto}
