"""A training that is killed on its way and taken up again, beside one that is not."""

import pytest

from evrisim.training import fit


class Killed(Exception):
    pass


def after_two_epochs(progress):
    return progress.epoch == 2 and progress.row


def whole_and_resumed(dataset, model, recipe, folder, *, at=after_two_epochs):
    """The runs of a training in one go, and of one killed once `at` is true, then resumed."""

    def kill(progress):
        if at(progress):
            raise Killed

    whole = fit(dataset, model, recipe, directory=folder / "whole")
    with pytest.raises(Killed):
        fit(dataset, model, recipe, directory=folder / "killed", show=kill)
    return whole, fit(dataset, model, recipe, directory=folder / "killed", resume=True)
