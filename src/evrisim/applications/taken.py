"""The net that the fourth application takes over: which one, and its training in two stages.

The training is an arm of the study of strategies with seed 0, so the two share it.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from evrisim import pretrained
from evrisim._validate import check_choice
from evrisim.applications import data as images
from evrisim.applications.asked import Asked
from evrisim.backbones import BACKBONES
from evrisim.data import sources
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from pathlib import Path

    from evrisim.data.dataset import DataSet
    from evrisim.data.source import Source
    from evrisim.study.design import Study
    from evrisim.study.settings import Training
    from evrisim.training import Run
    from evrisim.transfer import Plan, Spec, Watch

STUDY, ARM = "strategies", "part"
"""The study of strategies, and its arm that trains in two stages."""

COURSE, OWN = "efficientnet_b0", "condensed-cifar10"
"""The course's net, and the one that comes along."""

LAST = {COURSE: "block6a", "mobilenet_v2": "block_13", OWN: "stage2_block2"}
"""The nets to choose from, the best first, and from where on each trains in the second stage."""

_ARCHITECTURES = {OWN: "condensed"}
"""What a net from the start is called, where that is not the name of the trained one."""


def is_here(name: str) -> bool:
    """Tell whether a net's trained weights are on this machine."""
    from evrisim.data.download import keras_folder

    if name in pretrained.SHIPPED:
        return True
    size = "*" if name.startswith("mobilenet") else ""
    return any(keras_folder("models").glob(BACKBONES[name].weights_file.format(size=size)))


def at_hand() -> str:
    """Name the best net whose weights are on this machine; one comes along."""
    return next(name for name in LAST if is_here(name))


def chosen(asked: Asked) -> str:
    """Give the net that was asked for.

    Raises:
        InputError: If it is none of `LAST`.
    """
    return str(check_choice("--backbone", asked.backbone or at_hand(), LAST))


def sentence(asked: Asked) -> str:
    """Say which net is taken over, and which one would be with a network."""
    name = chosen(asked)
    if name == COURSE:
        return _("{name} is taken over with its ImageNet weights, as in the course.").format(
            name=name
        )
    other = _(
        "The course takes {course}: once fetched ({megabytes} MB, by Keras, from a network), it is "
        "taken here too."
    ).format(course=COURSE, megabytes=round(4 * BACKBONES[COURSE].parameters / 1e6))
    if name == OWN:
        first = _(
            "{name} is taken over: a small net that comes with evrisim and has learned CIFAR-10."
        )
    else:
        first = _("{name} is taken over with its ImageNet weights.")
    return f"{first.format(name=name)} {other}"


def warning(asked: Asked) -> str:
    """Say what makes the answer worthless; empty if nothing does."""
    if asked.data == "cifar10" and chosen(asked) == OWN:
        return _(
            "{name} was trained on these very images: what comes out here says nothing about "
            "transfer. Choose other data, or another net."
        ).format(name=OWN)
    return ""


def side(asked: Asked) -> int:
    """Give the rows and columns that the net sees."""
    return 32 if chosen(asked) == OWN else 96


def source(asked: Asked) -> "Source":
    """Give the data; images of a folder are sized as the net sees them."""
    from evrisim.data.source import Source

    known = asked.data in sources.DATA_SETS
    return Source(asked.data, reading={} if known else {"size": (side(asked), side(asked))})


def study(asked: Asked) -> "Study":
    """Give the study of strategies for the net that is taken over."""
    from evrisim.study import named

    name, found = chosen(asked), named(STUDY)
    base = {
        **found.base,
        "transfer.backbone": name,
        "transfer.size": side(asked),
        "transfer.last": LAST[name],
    }
    afresh = {"transfer.backbone": _ARCHITECTURES.get(name, name)}
    arms = tuple(
        replace(arm, settings={**arm.settings, **afresh})
        if arm.settings.get("transfer.weights") == "random"
        else arm
        for arm in found.arms
    )
    return replace(found, base=base, arms=arms)


def data(asked: Asked) -> "DataSet":
    """Give the images that the net is trained on in two stages; loaded once."""
    of = replace(source(asked), limits=_settings(asked).limits)
    return images.loaded(of)


def spec(asked: Asked) -> "Spec":
    """Give what is asked of the training in two stages; nothing is built."""
    from evrisim.study.trainees import TakenOver

    return TakenOver(_settings(asked).transfer or {}).spec


def _settings(asked: Asked) -> "Training":
    from evrisim.study import settings

    found = study(asked)
    arm = next(arm for arm in found.arms if arm.name == ARM)
    return settings.training(settings.merged(found, arm, asked.budget))


@dataclass(frozen=True, eq=False)
class Planned:
    """What is taken over and trained, on what, and where the run lies."""

    source: "Source"
    dataset: "DataSet"
    spec: "Spec"
    directory: "Path"

    def plan(self) -> "Plan":
        """Build the trunk with its weights, and say what trains when."""
        return self.spec.plan(self.spec.taken(), len(self.dataset.train))


def planned(asked: Asked) -> Planned:
    """Say what is taken over and how; the data is loaded once."""
    return _planned(
        replace(asked, backbone=chosen(asked), seeds=None, jobs=None, script=False, number=4)
    )


@cache
def _planned(asked: Asked) -> Planned:
    from evrisim.study import pool
    from evrisim.study.trainees import TakenOver

    found, dataset = _settings(asked), data(asked)
    options = TakenOver(found.transfer or {}).prepared(dataset)["options"]
    place = pool.place(asked.out, dataset.content_hash(), found.model, options, found.recipe)
    of = replace(source(asked), limits=found.limits)
    return Planned(of, dataset, spec(asked), place)


def trained(asked: Asked) -> "Run | None":
    """Give the run of the training in two stages if it is done; nothing is fetched for that."""
    from evrisim.study.record import open_run

    if not is_here(chosen(asked)):
        return None
    run = open_run(planned(asked).directory)
    return run if run is not None and run.status == "done" else None


def train(asked: Asked, watch: "Watch") -> "Run":
    """Train in two stages, measure on the test split and write the report, unless that is done."""
    from evrisim import workflow
    from evrisim.data.cache import ArrayCache, default_folder

    wanted = planned(asked)
    return workflow.transfer_run(
        wanted.dataset,
        wanted.plan(),
        directory=wanted.directory,
        cache=ArrayCache(default_folder()),
        resume=True,
        watch=watch,
        facts={"source": wanted.source.to_json()},
    )
