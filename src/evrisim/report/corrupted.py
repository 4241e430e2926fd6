"""The section about corrupted test images, for runs that were judged on them."""

from collections.abc import Mapping
from typing import Any

from evrisim import plots
from evrisim.corruptions import display_names
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Picture, Row, Section, Table, Text
from evrisim.report.material import Material
from evrisim.report.pictures import drawing


def sections(material: Material) -> list[Section]:
    """Show how much accuracy is left under common corruptions; nothing where it is unknown."""
    facts = material.robustness
    if facts is None:
        return []
    figure = plots.corruption_scores(facts)
    alt = _("Right answers under each of fifteen corruptions at five severities.")
    caption = _(
        "Right answers in % for each corruption and severity; the deeper the blue, the more of the "
        "clean accuracy is left."
    )
    picture = Picture(drawing("corruptions", figure, alt), caption)
    words: list[Block] = [
        Text(_lead(facts), "lead"),
        Text(_meaning(facts), "reading"),
        _groups(facts),
    ]
    return [Section("corruptions", _("Under common corruptions"), [Row([[picture], words])])]


def _lead(facts: Mapping[str, Any]) -> str:
    mean = facts["mean_top1"]
    return _(
        "Corrupted by noise, blur, weather and digital faults, test images are named rightly in "
        "{mean} of cases on average (95 % interval {range}), against {clean} as they are."
    ).format(
        mean=numbers.percent(mean["value"]),
        range=numbers.percent_range(mean["low"], mean["high"]),
        clean=numbers.percent(facts["clean_top1"]["value"]),
    )


def _meaning(facts: Mapping[str, Any]) -> str:
    named = display_names()
    order = sorted(facts["corruptions"], key=lambda row: row["mean"])
    return _(
        "Relative to the clean images, {drop} of the accuracy is lost. Hardest is {hardest} "
        "({low} right), easiest {easiest} ({high}). {count} of the run's test images were "
        "corrupted in 75 ways each; that is counted as a look at them. Choosing a model by these "
        "numbers is choosing it on the test images."
    ).format(
        drop=numbers.percent(facts["relative_drop"]),
        hardest=named[order[0]["name"]],
        low=numbers.percent(order[0]["mean"]),
        easiest=named[order[-1]["name"]],
        high=numbers.percent(order[-1]["mean"]),
        count=numbers.whole(facts["test_images"]),
    )


def _groups(facts: Mapping[str, Any]) -> Table:
    named = display_names()
    rows = [(named[group], numbers.percent(mean)) for group, mean in facts["by_group"].items()]
    return Table(
        _("By group, mean over corruptions and severities"),
        (_("Group"), _("Right")),
        rows,
        frozenset({1}),
        foot=[(_("mean"), numbers.percent(facts["mean_top1"]["value"]))],
    )
