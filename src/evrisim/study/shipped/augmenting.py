"""Studies of augmentation."""

from collections.abc import Callable

from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Factor, Study, crossed
from evrisim.study.shipped.base import BASE

SEVERITIES = (0.25, 0.5, 0.75, 1.0)


def _augmentation() -> Study:
    return Study(
        name="augmentation",
        question=_("Which augmentation helps, and how far apart are training and test with it?"),
        data="cifar10",
        base=BASE,
        arms=(
            Arm("none", {"augmentation": "none"}),
            Arm("standard", {"augmentation": "standard"}, claim=Claim("better", 1.0)),
            Arm("course", {"augmentation": "course"}, claim=Claim("better", 1.0)),
            Arm("strong", {"augmentation": "strong"}, claim=Claim("better", 1.0)),
            Arm(
                "trivial-augment",
                {"augmentation": "standard+trivial-augment"},
                claim=Claim("better", 1.0),
            ),
        ),
    )


def _severity() -> Study:
    mild = SEVERITIES[0]
    strong = {"augmentation": "strong"}
    return Study(
        name="severity",
        question=_("How strong may augmentation be before it does more harm than good?"),
        data="cifar10",
        base=BASE,
        arms=(
            Arm("severity-0", {"augmentation": "none"}),
            Arm(f"severity-{mild}", {**strong, "severity": mild}, claim=Claim("better", 1.0)),
            *(
                Arm(
                    f"severity-{severity:g}",
                    {**strong, "severity": severity},
                    claim=Claim("worse", 1.0),
                    against=f"severity-{mild}",
                )
                for severity in SEVERITIES[1:]
            ),
        ),
    )


def _mixing() -> Study:
    gains = Claim("better", 1.0)
    return Study(
        name="mixing",
        question=_("Do MixUp and CutMix add a point to the standard augmentation?"),
        data="cifar10",
        base=BASE,
        arms=(
            Arm("standard", {"augmentation": "standard"}),
            Arm("mixup", {"augmentation": "standard+mixup"}, claim=gains),
            Arm("cutmix", {"augmentation": "standard+cutmix"}, claim=gains),
            Arm("mixup-cutmix", {"augmentation": "standard+mixup-cutmix"}, claim=gains),
        ),
    )


def _augmentation_and_data() -> Study:
    factors = (
        Factor("data.train_images", (5000, 1000)),
        Factor("augmentation", ("none", "standard"), Claim("better", 1.0)),
    )
    return Study(
        name="augmentation-and-data",
        question=_("Is augmentation worth more where images are few?"),
        data="cifar10",
        base=BASE,
        arms=crossed(factors),
        factors=factors,
    )


STUDIES: dict[str, Callable[[], Study]] = {
    "augmentation": _augmentation,
    "severity": _severity,
    "mixing": _mixing,
    "augmentation-and-data": _augmentation_and_data,
}
