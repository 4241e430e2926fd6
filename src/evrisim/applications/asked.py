"""What an application was asked for: on which data, how thoroughly, and where results go."""

from dataclasses import dataclass, replace
from pathlib import Path

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.data import sources
from evrisim.messages import translate as _
from evrisim.study.design import BUDGETS


@dataclass(frozen=True)
class Asked:
    """What an application was asked for.

    Attributes:
        data: Name of a data set, or a folder of images.
        budget: One of `evrisim.study.design.BUDGETS`: how much is trained.
        seeds: Paired seeds of a study; None for as many as the study says.
        out: The folder of all runs and studies; what lies there already is not trained again.
        jobs: Trainings at a time; None for what suits the machine.
        script: Whether everything runs by itself, from start to end.
        number: Of the application.
        backbone: The net that the fourth takes over; None for the best that is here.
    """

    data: str = "shapes"
    budget: str = "quick"
    seeds: int | None = None
    out: Path = Path("runs")
    jobs: int | None = None
    script: bool = False
    number: int = 1
    backbone: str | None = None

    @property
    def directory(self) -> Path:
        """Where the application's own results go."""
        return self.out / f"application-{self.number}-{self.stem}-{self.budget}"

    @property
    def stem(self) -> str:
        """The data's name as a part of a folder's name."""
        return sources.stem(self.data)


_default = [Asked()]


def use(asked: Asked) -> None:
    """Choose what a page opened in this process is about."""
    _default[:] = [asked]


def in_use() -> Asked:
    """Give what a page opened in this process is about."""
    return _default[0]


def checked(asked: Asked) -> Asked:
    """Return what was asked for if it can be done, the folder by its absolute path.

    Raises:
        InputError: For data that is not there, an unknown budget, or a count that is none.
    """
    sources.check_source(asked.data)
    check_choice("--budget", asked.budget, BUDGETS)
    for name, value in (("--seeds", asked.seeds), ("--jobs", asked.jobs)):
        if value is not None:
            check_whole(name, value, 1)
    if asked.out.exists() and not asked.out.is_dir():
        raise InputError(
            _("{path} cannot be made: there is a file of that name.").format(path=asked.out)
        )
    return replace(asked, out=asked.out.absolute())
