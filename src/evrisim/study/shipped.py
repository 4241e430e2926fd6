"""The studies that come with evrisim."""

from collections.abc import Callable

from evrisim._validate import check_choice
from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Factor, Study, crossed

BASE = {"model": "convnet", "model.width": 16, "batch_size": 64, "learning_rate": 0.1}
"""A narrow convnet: what is asked of it is answered in minutes."""

# The rate goes with the batch (Goyal et al. 2017); running statistics see about as many images.
SMALL_BATCH = {"batch_size": 4, "learning_rate": 0.1 * 4 / 64}


def named(name: str) -> Study:
    """Give the study called `name`, one of `NAMES`.

    Raises:
        InputError: If there is none.
    """
    return _STUDIES[check_choice("study", name, NAMES)]()


def _stride_vs_pooling() -> Study:
    return Study(
        name="stride-vs-pooling",
        question=_(
            "Can a convolution with stride 2 take the place of convolution and max pooling?"
        ),
        data="shapes",
        base=BASE,
        arms=(
            Arm("pool", {"model.condense": "pool"}),
            Arm("stride", {"model.condense": "stride"}, claim=Claim("not-worse", 1.0)),
        ),
    )


def _gap_vs_flatten() -> Study:
    return Study(
        name="gap-vs-flatten",
        question=_("Does global average pooling save Flatten's parameters at no loss in accuracy?"),
        data="shapes",
        base=BASE,
        arms=(
            Arm("flatten", {"model.head": "flatten"}),
            Arm("gap", {"model.head": "gap"}, claim=Claim("not-worse", 1.0)),
        ),
    )


def _bias_before_norm() -> Study:
    return Study(
        name="bias-before-norm",
        question=_("Does a convolution's bias do anything before a batch normalisation?"),
        data="shapes",
        base=BASE,
        arms=(
            Arm("no-bias", {"model.bias": False}),
            Arm("bias", {"model.bias": True}, claim=Claim("same", 1.0)),
        ),
    )


def _norm_at_small_batch() -> Study:
    group = {"model.norm": "group"}
    return Study(
        name="norm-at-small-batch",
        question=_("Does group normalisation beat batch normalisation at a batch size of 4?"),
        data="shapes",
        base=BASE,
        arms=(
            Arm("batch-4", {"model.norm": "batch", "model.norm_momentum": 0.99, **SMALL_BATCH}),
            Arm("group-4", {**group, **SMALL_BATCH}, claim=Claim("better", 1.0)),
            Arm("batch-64", {"model.norm": "batch"}),
            Arm("group-64", group, against="batch-64"),
        ),
    )


def _filters() -> Study:
    factors = (
        Factor("model.kernel_size", (3, 5), Claim("not-better", 1.0)),
        Factor("model.width", (8, 16), Claim("better", 1.0)),
    )
    return Study(
        name="filters",
        question=_("What do larger and what do more kernels bring, and what do they cost?"),
        data="shapes",
        base=BASE,
        arms=crossed(factors),
        factors=factors,
    )


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


SEVERITIES = (0.25, 0.5, 0.75, 1.0)


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


_STUDIES: dict[str, Callable[[], Study]] = {
    "stride-vs-pooling": _stride_vs_pooling,
    "gap-vs-flatten": _gap_vs_flatten,
    "bias-before-norm": _bias_before_norm,
    "norm-at-small-batch": _norm_at_small_batch,
    "filters": _filters,
    "augmentation": _augmentation,
    "severity": _severity,
    "mixing": _mixing,
    "augmentation-and-data": _augmentation_and_data,
}
NAMES = tuple(_STUDIES)
