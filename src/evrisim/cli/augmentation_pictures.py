"""The pictures of `evrisim augmentations show`: what is augmented, how, and where they go."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evrisim._validate import InputError, check_range, check_whole
from evrisim.cli import heavy, options
from evrisim.cli.output import Output
from evrisim.data import sources
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from evrisim.augment.views import Sitters

_SIDE = 240
"""Pixels along the longer side that a photograph is shrunk to, unless told otherwise."""

_BATCH = 64
"""Training images at most from which those shown are taken, and with which they are mixed."""

_ROWS = 3
"""Training images of which draws are shown."""

_DRAWS = {1: 9}
"""Draws of each image by the number of images: of one they fill two rows of five with it."""

_DOTS = 120


@dataclass(frozen=True)
class Look:
    """What is looked at.

    Attributes:
        augmentation: Policy, several joined by `+`, or a YAML file.
        severity: 0 to 1.
        draws: Of each image; None for as many as look well.
        seed: Decides the draws.
        epoch: The first one shown.
    """

    augmentation: str
    severity: float
    draws: int | None
    seed: int
    epoch: int

    @property
    def title(self) -> str:
        """What stands over a picture."""
        return _("{policy}, severity {severity}").format(
            policy=self.augmentation, severity=numbers.general(self.severity)
        )

    def check(self) -> None:
        """Pass if there is such a policy and the numbers are in range."""
        from evrisim.augment import policies

        check_range("--severity", self.severity, 0, 1)
        check_whole("--seed", self.seed, 0)
        check_whole("--epoch", self.epoch, 0)
        if self.draws is not None:
            check_range("--draws", check_whole("--draws", self.draws, 1), 1, 99)
        policies.policy(self.augmentation, self.severity)

    def check_partners(self, sitters: "Sitters") -> None:
        """Pass if the policy finds the other images that it may need."""
        from evrisim.augment import views

        if views.is_mixing(self.augmentation) and sitters.labels is None:
            raise InputError(
                _(
                    "{policy} mixes images: name a data set or a folder in place of one picture."
                ).format(policy=self.augmentation)
            )


def sitters(
    output: Output, name: str, size: int | None, data_dir: Path | None, offline: bool
) -> "Sitters":
    """Give a picture, or the training images of a data set that are first in their classes."""
    import numpy as np

    from evrisim import pictures
    from evrisim.augment.views import Sitters

    if size is not None:
        check_range("--size", check_whole("--size", size, 8), 8, 2048)
    if name not in sources.DATA_SETS and not Path(name).is_dir():
        picture = _picture(name)
        return Sitters(pictures.at_most(picture, size or _SIDE)[None])
    heavy.load()
    from evrisim.data.source import Source

    reading = {} if size is None else {"size": (size, size)}
    source = Source(name, data_dir=str(data_dir) if data_dir else None, reading=reading)
    dataset = options.load(output, source, offline=offline)
    labels = dataset.train.labels
    index = np.sort([np.flatnonzero(labels == one)[0] for one in np.unique(labels)[:_BATCH]])
    images = np.asarray(dataset.train.images[index])
    return Sitters(images, labels[index], dataset.class_names, min(_ROWS, len(index)))


def _picture(name: str) -> Any:
    """Read a picture; a name that is neither that nor a data set gets both lists to choose from."""
    from evrisim import pictures

    if not Path(name).exists() and not Path(name).suffix and Path(name).name == name:
        known = (*pictures.PHOTOGRAPHS, *sources.DATA_SETS)
        if name not in known:
            raise InputError(
                _(
                    "There is no image, data set or folder {name}; give a file or a folder, or one "
                    "of {known}."
                ).format(name=name, known=", ".join(known))
            )
    return pictures.read_picture(name)


def write(
    look: Look, given: "Sitters", wanted: list[str], path: Path
) -> tuple[dict[str, Path], list[list[str]]]:
    """Write the pictures that are wanted; give where, and what was done in each draw."""
    from evrisim.augment import policies, views
    from evrisim.plots import save

    when = {"seed": look.seed, "epoch": look.epoch}
    count = look.draws or _DRAWS.get(given.shown, 4)
    chosen = policies.policy(look.augmentation, look.severity)
    series = views.draws(given, chosen, count, **when)
    figures = _figures(look, given, series, wanted)
    if not figures:
        raise InputError(
            _("{title}: nothing is done, so there are no steps to show.").format(title=look.title)
        )
    names = list(figures)
    places = {
        name: path if name == names[0] else path.with_stem(f"{path.stem}-{name}") for name in names
    }
    for name, figure in figures.items():
        save(figure, places[name], dots=_DOTS)
    return places, [title.splitlines() for one in series for title in one.titles[1:]]


def _figures(
    look: Look, given: "Sitters", series: list[Any], wanted: list[str]
) -> dict[str, "Figure"]:
    """Draw what is wanted; a policy without steps has neither steps nor a ladder."""
    from evrisim.augment import policies, views
    from evrisim.plots import augmentation as plots

    when = {"seed": look.seed, "epoch": look.epoch}
    figures = {}
    if "draws" in wanted:
        figures["draws"] = plots.draws(series, title=look.title)
    if "steps" in wanted and policies.policy(look.augmentation, look.severity).parts:
        stages = views.one_by_one(given, look.augmentation, look.severity, **when)
        figures["steps"] = plots.steps(given.images[0], stages, title=look.title)
    if "ladder" in wanted and policies.policy(look.augmentation).parts:
        rungs = views.ladder(given, look.augmentation, **when)
        figures["ladder"] = plots.ladder(rungs, title=look.augmentation)
    return figures
