"""The studies that come with evrisim."""

from evrisim._validate import check_choice
from evrisim.study.design import Study
from evrisim.study.shipped import architectures, augmenting, blocks, layers, speeding, transferring

_ROOMS = (layers, augmenting, blocks, architectures, transferring, speeding)
_STUDIES = {name: make for room in _ROOMS for name, make in room.STUDIES.items()}
NAMES = tuple(_STUDIES)


def named(name: str) -> Study:
    """Give the study called `name`, one of `NAMES`.

    Raises:
        InputError: If there is none.
    """
    return _STUDIES[check_choice("study", name, NAMES)]()
