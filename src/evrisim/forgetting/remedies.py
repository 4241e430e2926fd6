"""Ways to learn a new task that are said to forget less of the old one."""

from dataclasses import dataclass

from evrisim._validate import check_choice


@dataclass(frozen=True)
class Remedy:
    """How the new task is learned.

    Attributes:
        name: One of `REMEDIES`, or `rate-…` for plain fine-tuning at another rate.
        rate: What the learning rate is multiplied by.
        trunk: Whether the trunk trains; else the head alone.
        probe: Share of the epochs in which the head trains alone before.
        replay: Share of each batch that is images of the old task.
        near: Strength with which all weights are held alike.
        important: Strength with which they are held by their importance for the old task.
    """

    name: str
    rate: float = 1.0
    trunk: bool = True
    probe: float = 0.0
    replay: float = 0.0
    near: float = 0.0
    important: float = 0.0


PLAIN = Remedy("plain")
"""Fine-tuning as if there had been no old task."""

REMEDIES = {
    "plain": PLAIN,
    "small-rate": Remedy("small-rate", rate=0.1),
    "frozen": Remedy("frozen", trunk=False),
    "probe-first": Remedy("probe-first", probe=0.5),
    "replay": Remedy("replay", replay=0.25),
    "near-start": Remedy("near-start", near=0.1),
    "ewc": Remedy("ewc", important=0.1),
}
"""By name. `probe-first` as Kumar et al. 2022, https://arxiv.org/abs/2202.10054."""

RATES = (10.0, 3.0, 1.0, 0.3, 0.1)
"""What `rates` multiplies a recipe's learning rate by, for plain fine-tuning."""


def remedy(name: str) -> Remedy:
    """Give the remedy called `name`.

    Raises:
        InputError: If there is none.
    """
    return REMEDIES[check_choice("remedy", name, REMEDIES)]


def rates(learning_rate: float) -> tuple[Remedy, ...]:
    """Give plain fine-tuning at `RATES` times a learning rate, named by the rate itself.

    Example:
        >>> [one.name for one in rates(0.02)]
        ['rate-0.2', 'rate-0.06', 'rate-0.02', 'rate-0.006', 'rate-0.002']
    """
    return tuple(Remedy(f"rate-{learning_rate * factor:.3g}", rate=factor) for factor in RATES)
