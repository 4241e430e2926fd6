"""Studies of transfer: with and without, in stages or at once, norms, schedules, images."""

from collections.abc import Callable

from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Settings, Study

BASE: Settings = {
    "transfer.backbone": "mobilenet_v2",
    "transfer.last": "block_13",
    "batch_size": 64,
    "head.epochs": 15,
    "tune.learning_rate": 1e-4,
}
"""From block 13 on MobileNetV2 trains; what lies below is computed once for all seeds."""

QUICK: Settings = {
    "data.train_images": 5000,
    "data.validation_images": 1000,
    "data.test_images": 5000,
    "tune.epochs": 10,
}
SMOKE: Settings = {
    "data.train_images": 400,
    "data.validation_images": 100,
    "data.test_images": 200,
    "epochs": 1,
}
BUDGETS = {"smoke": SMOKE, "quick": QUICK}
SEEDS = 3

ALONE: Settings = {"transfer.strategy": "frozen", "transfer.last": None}
ALL: Settings = {"transfer.strategy": "full", "transfer.last": None}


def _study(
    name: str, question: str, arms: tuple[Arm, ...], size: int = 96, **budgets: Settings
) -> Study:
    base = {**BASE, "transfer.strategy": "two-stage", "transfer.size": size}
    return Study(name, question, "cifar10", base, arms, seeds=SEEDS, budgets={**BUDGETS, **budgets})


def _strategies() -> Study:
    """The course's three strategies and none, with as few images and epochs as a lesson has."""
    fresh = {"transfer.weights": "random", "transfer.norm": "trainable"}
    return _study(
        "strategies",
        _("How much of a trunk should train: the head alone, its end too, all, or all afresh?"),
        (
            Arm("head", ALONE),
            Arm("part", {}, claim=Claim("better", 1.0)),
            Arm("all", {"transfer.last": "all"}, claim=Claim("better", 1.0)),
            Arm(
                "scratch",
                {**ALL, **fresh, "tune.learning_rate": 1e-3, "tune.epochs": 6},
                claim=Claim("worse", 1.0),
            ),
        ),
        quick={
            "data.train_images": 2000,
            "data.validation_images": 500,
            "data.test_images": 2000,
            "tune.epochs": 5,
        },
    )


def _scratch() -> Study:
    fresh = {"transfer.weights": "random", "transfer.norm": "trainable"}
    return _study(
        "transfer-or-scratch",
        _("Does a net with ImageNet weights beat the same net trained from the start?"),
        (
            Arm("scratch", {**ALL, **fresh, "tune.learning_rate": 1e-3, "tune.epochs": 15}),
            Arm("frozen", ALONE, claim=Claim("better", 1.0)),
            Arm("two-stage", {}, claim=Claim("better", 1.0)),
        ),
    )


def _stages() -> Study:
    def at_once(rate: float) -> Settings:
        return {"transfer.strategy": "partial", "tune.learning_rate": rate, "tune.epochs": 25}

    return _study(
        "stages-or-at-once",
        _("Is it better to train a head first and the end of the trunk after it, or both at once?"),
        (
            Arm("two-stage", {}),
            Arm("at-once-1e-5", at_once(1e-5), claim=Claim("worse", 1.0)),
            Arm("at-once-1e-4", at_once(1e-4), claim=Claim("worse", 1.0)),
            Arm("at-once-1e-3", at_once(1e-3), claim=Claim("worse", 1.0)),
        ),
    )


def _norms() -> Study:
    def of(norm: str, batch_size: int) -> Settings:
        return {"transfer.norm": norm, "tune.batch_size": batch_size}

    return _study(
        "norms-while-tuning",
        _("What do batch normalisations cost that are not frozen while the trunk is tuned?"),
        (
            Arm("frozen-64", of("frozen", 64)),
            Arm("trainable-64", of("trainable", 64), claim=Claim("worse", 1.0)),
            Arm("statistics-64", of("statistics", 64)),
            Arm("frozen-8", of("frozen", 8)),
            Arm("trainable-8", of("trainable", 8), against="frozen-8", claim=Claim("worse", 1.0)),
            Arm("statistics-8", of("statistics", 8), against="frozen-8"),
        ),
    )


def _schedules() -> Study:
    constant = {"tune.schedule": "constant", "tune.early_stopping": None}
    return _study(
        "schedules-while-tuning",
        _("Do warm-up, cosine and early stopping help while a trunk is tuned?"),
        (
            Arm("constant", {**constant, "tune.warmup_epochs": 0.0}),
            Arm("warm-up", constant, claim=Claim("better", 0.5)),
            Arm("cosine", {**constant, "tune.schedule": "cosine", "tune.warmup_epochs": 0.0}),
            Arm("all-three", {}, claim=Claim("better", 0.5)),
        ),
    )


def _sizes() -> Study:
    """At each size, what the course's rule opens there, and two others against it.

    All begin with the head alone, so that what differs is how much is opened after. With fewer
    images there are more epochs, as anyone would have it.
    """
    opened: dict[str, Settings] = {"head": ALONE, "part": {}, "all": {"transfer.last": "all"}}
    ruled = {300: "head", 3000: "part", 10_500: "all"}
    epochs = {300: (60, 30), 3000: (20, 8), 10_500: (10, 4)}

    def arm(name: str, images: int) -> Arm:
        head, tune = epochs[images]
        settings = {**opened[name], "data.train_images": images, "head.epochs": head}
        if name != "head":
            settings["tune.epochs"] = tune
        if name == ruled[images]:
            return Arm(f"{name}-{images}", settings)
        reference = f"{ruled[images]}-{images}"
        return Arm(f"{name}-{images}", settings, reference, Claim("not-better", 1.0))

    # What others are compared with comes first, at each size.
    pairs = [
        (name, images)
        for images, first in ruled.items()
        for name in dict.fromkeys((first, *opened))
    ]
    return _study(
        "strategy-by-images",
        _("How much of a trunk should train with few, more and many images?"),
        tuple(arm(*pair) for pair in pairs),
        size=64,  # less than half of the work at 96, for twenty-seven trainings
        quick={**QUICK, "data.test_images": 2000},
    )


STUDIES: dict[str, Callable[[], Study]] = {
    "strategies": _strategies,
    "transfer-or-scratch": _scratch,
    "stages-or-at-once": _stages,
    "norms-while-tuning": _norms,
    "schedules-while-tuning": _schedules,
    "strategy-by-images": _sizes,
}
