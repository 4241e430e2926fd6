"""Studies of layers: what condenses, the head, biases, normalisation, kernels."""

from collections.abc import Callable

from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Factor, Study, crossed
from evrisim.study.shipped.base import BASE

# The rate goes with the batch (Goyal et al. 2017); running statistics see about as many images.
SMALL_BATCH = {"batch_size": 4, "learning_rate": 0.1 * 4 / 64}


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


STUDIES: dict[str, Callable[[], Study]] = {
    "stride-vs-pooling": _stride_vs_pooling,
    "gap-vs-flatten": _gap_vs_flatten,
    "bias-before-norm": _bias_before_norm,
    "norm-at-small-batch": _norm_at_small_batch,
    "filters": _filters,
}
