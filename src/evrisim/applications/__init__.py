"""The course's applications: notebooks that run as scripts, as web pages and in marimo."""

from pathlib import Path

from evrisim._validate import InputError
from evrisim.messages import translate as _

FILES = {
    1: "uygulama_01_cnn_temelleri.py",
    2: "uygulama_02_data_augmentation.py",
    3: "uygulama_03_ileri_cnn.py",
    4: "uygulama_04_transfer_learning.py",
}
"""The applications there are, by their number in the course."""

_PLACES = (
    Path(__file__).parent,  # where a wheel has them
    Path(__file__).parents[3] / "applications",  # a checkout
)

__all__ = ["FILES", "path", "titles"]


def titles() -> dict[int, str]:
    """Name the applications in the language in use."""
    return {
        1: _("Application 1: the foundations of a convnet"),
        2: _("Application 2: data augmentation"),
        3: _("Application 3: residual and efficient blocks"),
        4: _("Application 4: transfer learning and explanation"),
    }


def path(number: int) -> Path:
    """Give the notebook of an application.

    Raises:
        InputError: If there is no application of that number, or its file is missing.
    """
    if number not in FILES:
        raise InputError(
            _("There is no application {number}; there is: {known}.").format(
                number=number, known=", ".join(map(str, FILES))
            )
        )
    for place in _PLACES:
        if (place / FILES[number]).is_file():
            return place / FILES[number]
    raise InputError(
        _("The file {name} is missing; install evrisim again.").format(name=FILES[number])
    )
