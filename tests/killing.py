"""A training that is killed on its way and taken up again."""

import pytest

from evrisim.training import fit


class Killed(Exception):
    pass


def killed_and_resumed(dataset, model, recipe, directory, *, at):
    """The run of a training killed once `at` is true of its progress, then resumed to its end."""

    def kill(progress):
        if at(progress):
            raise Killed

    with pytest.raises(Killed):
        fit(dataset, model, recipe, directory=directory, show=kill)
    return fit(dataset, model, recipe, directory=directory, resume=True)
