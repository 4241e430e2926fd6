"""Studies of blocks: depth and shortcuts, kinds of residual blocks, separable convolution, SE."""

from collections.abc import Callable

from evrisim.messages import translate as _
from evrisim.study.design import Arm, Claim, Settings, Study

NARROW = {"model": "resnet", "model.width": 8, "batch_size": 64, "learning_rate": 0.1}
"""A net with a quarter of ResNet-20's MACs, so that a depth of 56 is trained in minutes."""

STAGED = {"model": "staged", "model.blocks": 2, "batch_size": 64, "learning_rate": 0.1}


def _depth() -> Study:
    def of(model: str, layers: int) -> Settings:
        return {"model": model, "model.depth": layers}

    return Study(
        name="depth",
        question=_("What do more layers bring, with and without shortcuts?"),
        data="cifar10",
        base=NARROW,
        arms=(
            Arm("plain-8", of("plain", 8)),
            Arm("resnet-8", of("resnet", 8), against="plain-8"),
            Arm("plain-20", of("plain", 20), against="plain-8"),
            Arm("resnet-20", of("resnet", 20), against="plain-20"),
            Arm("plain-56", of("plain", 56), against="plain-20", claim=Claim("worse", 1.0)),
            Arm("resnet-56", of("resnet", 56), against="plain-56", claim=Claim("better", 1.0)),
        ),
    )


def _residual_blocks() -> Study:
    return Study(
        name="residual-blocks",
        question=_("Which residual block: basic, bottleneck or version 2?"),
        data="cifar10",
        base=NARROW,
        arms=(
            Arm("basic-20", {"model.depth": 20}),
            Arm(
                "bottleneck-29",
                {"model.depth": 29, "model.block": "bottleneck"},
                claim=Claim("better", 1.0),
            ),
            Arm(
                "version-2-20",
                {"model": "preact_resnet", "model.depth": 20},
                claim=Claim("better", 1.0),
            ),
            Arm("basic-56", {"model.depth": 56}, against="basic-20"),
            Arm(
                "version-2-56",
                {"model": "preact_resnet", "model.depth": 56},
                against="basic-56",
                claim=Claim("better", 1.0),
            ),
        ),
    )


def _separable() -> Study:
    """The widths that make parameters and MACs equal were counted; a test counts them again."""

    def of(width: int) -> Settings:
        return {"model.block": "separable", "model.width": width}

    alike = Claim("not-worse", 1.0)
    return Study(
        name="separable",
        question=_(
            "Is depthwise-separable convolution as accurate as convolution: at equal width, at "
            "equal parameters, at equal MACs?"
        ),
        data="cifar10",
        base=STAGED,
        arms=(
            Arm("convolution", {"model.block": "plain", "model.width": 16}),
            Arm("equal-width", of(16), claim=alike),
            Arm("equal-parameters", of(45), claim=alike),
            Arm("equal-macs", of(44), claim=alike),
        ),
    )


def _squeeze_excite() -> Study:
    return Study(
        name="squeeze-excite",
        question=_("Does squeeze-and-excite pay, and more than the same net made a little wider?"),
        data="cifar10",
        base={**NARROW, "model.depth": 14, "model.width": 16},
        arms=(
            Arm("without", {}),
            Arm("squeeze", {"model.squeeze": 4}, claim=Claim("better", 1.0)),
            Arm("wider", {"model.width": 17}, against="squeeze", claim=Claim("not-better", 1.0)),
        ),
    )


STUDIES: dict[str, Callable[[], Study]] = {
    "depth": _depth,
    "residual-blocks": _residual_blocks,
    "separable": _separable,
    "squeeze-excite": _squeeze_excite,
}
