"""Which strategy suits: by how many images there are, and how close they are to what is known."""

from dataclasses import dataclass

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.training.recipe import Recipe
from evrisim.transfer.freezing import LAST_LAYERS
from evrisim.transfer.strategies import ALL, HEAD, STRATEGIES, TUNE, Stage, stages

AUTO = "auto"

FEW, MANY = 1_000, 10_000
"""Training images below which the head alone trains, and above which all of the trunk does."""

DOMAINS = ("close", "between", "far")
"""How the new images are related to those the trunk was trained on; `between` where unknown."""

LADDER: tuple[tuple[str, float | str], ...] = (
    ("frozen", 0),
    ("two-stage", LAST_LAYERS),
    ("two-stage", ALL),
)
"""From what trains least to what trains most: a strategy, and what of the trunk trains in it."""


def spelled(
    strategy: str,
    *,
    images: int,
    domain: str = "between",
    trained: float | str | None = None,
    head: Recipe = HEAD,
    tune: Recipe = TUNE,
) -> tuple[tuple[Stage, ...], str]:
    """Spell a strategy out, as `strategies.stages` does; `auto` is chosen by the images.

    Returns:
        The stages; and why they were chosen, empty where the strategy was named.

    Raises:
        InputError: If there is no such strategy, or `auto` is told what to train.
    """
    check_choice("strategy", strategy, (AUTO, *STRATEGIES))
    check_choice("domain", domain, DOMAINS)
    if strategy != AUTO:
        return stages(strategy, head=head, tune=tune, trained=trained), ""
    if trained is not None:
        raise InputError(
            _("Strategy auto chooses what trains; to train {trained!r}, name a strategy.").format(
                trained=trained
            )
        )
    choice = choose(images, domain)
    again = choice.trained if choice.strategy == "two-stage" else None
    return stages(choice.strategy, head=head, tune=tune, trained=again), choice.reason


@dataclass(frozen=True)
class Choice:
    """A strategy with the reason for it.

    Attributes:
        strategy: One of `STRATEGIES`.
        trained: What of the trunk trains, as in `Stage`.
        reason: One sentence.
    """

    strategy: str
    trained: float | str
    reason: str


def choose(images: int, domain: str = "between") -> Choice:
    """Choose a strategy as the course teaches it.

    The fewer images, the less of the trunk they can train without being learned by heart: below
    1,000 the head alone trains, from 1,000 to 10,000 the last layers too, above that all of it. A
    close domain asks for one step less, since the features fit already; a far one for one more.

    Args:
        images: How many there are to train on.
        domain: One of `DOMAINS`.

    Raises:
        InputError: If there is no image, or no such domain.
    """
    check_whole("images", images, 1)
    check_choice("domain", domain, DOMAINS)
    by_size = (images >= FEW) + (images > MANY)
    step = min(max(by_size + DOMAINS.index(domain) - 1, 0), len(LADDER) - 1)
    strategy, trained = LADDER[step]
    return Choice(strategy, trained, f"{_sizes(images, by_size)} {_domains()[domain]}".strip())


def _sizes(images: int, by_size: int) -> str:
    said = (
        _("{images} training images are below {few}: too few to train more than a head on."),
        _("{images} training images are from {few} to {many}: enough for the trunk's last layers."),
        _("{images} training images are above {many}: enough for all of the trunk."),
    )
    return said[by_size].format(
        images=numbers.whole(images), few=numbers.whole(FEW), many=numbers.whole(MANY)
    )


def _domains() -> dict[str, str]:
    return {
        "close": _("The domain is close, so one step less trains: the features fit already."),
        "between": "",
        "far": _("The domain is far, so one step more trains: the features fit less."),
    }
