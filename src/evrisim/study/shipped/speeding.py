"""The study of short trainings: what each part of the recipe `fast` is worth."""

from collections.abc import Callable, Mapping
from typing import Any

from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Study

LOSES = Claim("worse", 0.5)
"""Half a point: leaving the part out is noticed."""

MOVED = {"padded-crop": 0.0625}

WITHOUT: dict[str, Mapping[str, Any]] = {
    "no-whitening": {"model.whitening": False},
    "no-identity": {"model.identity": False},
    "no-offset-rate": {"offset_rate": 1.0},
    "cosine": {"schedule": "cosine"},
    "no-lookahead": {"lookahead": None},
    "random-flip": {"augmentation": ["flip", MOVED]},
    "no-smoothing": {"label_smoothing": 0.0},
    "one-view": {"test_views": "one"},
}
"""What leaves out one part each, or puts what is usual in its place."""

SMALL = {
    "epochs": 8,
    "batch_size": 256,
    "data.train_images": 8000,
    "data.validation_images": 1000,
}
"""A quarter of the images a step: there are as many steps as with all images and the recipe."""


def _parts() -> Study:
    return Study(
        name="fast-parts",
        question=_("What is each part of the recipe fast worth?"),
        data="cifar10",
        base={"model": "airbench", "model.width": 32, "model.deep": 64, "recipe": "fast"},
        arms=(
            Arm("all-parts"),
            *(
                Arm(name, settings, against="all-parts", claim=LOSES)
                for name, settings in WITHOUT.items()
            ),
            Arm("muon", {"optimizer": "muon"}, against="all-parts", claim=Claim("better", 0.5)),
        ),
        seeds=3,
        budgets={"quick": SMALL},
    )


STUDIES: dict[str, Callable[[], Study]] = {"fast-parts": _parts}
