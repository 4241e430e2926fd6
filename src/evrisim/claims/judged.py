"""Rulings on claims: computed now, read from the stored results, or what is still to be done."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from evrisim.claims import deep, fine_tuning, measuring, sentences, stored
from evrisim.claims.ledger import ENTRIES, Entry, Ruling, Table
from evrisim.messages import numbers
from evrisim.messages import translate as _


def rulings(claim: str, *, folder: Path = stored.RESULTS) -> list[Ruling]:
    """Give all rulings on a claim: at least one, each way of settling it with its own.

    What is computed is computed now, so the first call loads Keras.

    Args:
        claim: One of `ledger.IDS`.
        folder: Of the stored results.

    Raises:
        InputError: If a stored result is not sound.
    """
    entry = ENTRIES[claim]
    found = [compute() for compute in (_computations().get(claim),) if compute is not None]
    found += [of_result(result) for result in stored.read_all(folder) if result.claim == claim]
    settled = {ruling.way for ruling in found}
    return found + [_pending(entry, way) for way in entry.ways if way not in settled]


def _computations() -> dict[str, Callable[[], Ruling]]:
    from evrisim.claims import counting, showing, sizes

    return {
        "C2": counting.heads,
        "C3": counting.separable,
        "C4": showing.bias,
        "C6": showing.pools,
        "C7": sizes.kernel_sizes,
        "C8": showing.dilation,
        "C14": counting.bottleneck,
        "C23": counting.convolution,
        "C24": showing.padding,
        "C25": showing.rotation,
        "C26": counting.table,
    }


def of_result(result: stored.Result) -> Ruling:
    """Give the ruling that a stored or new result is."""
    if isinstance(result, stored.StudyResult):
        return _of_study(result)
    verdict, evidence = measuring.RULES[result.claim](result.values)
    return Ruling(
        result.claim,
        "measurement",
        verdict,
        evidence,
        numbers=_plain(result),
        command=result.command,
        date=result.date.isoformat(),
        data=result.data,
        notes=measuring.notes(result.claim, result.values),
    )


def _of_study(result: stored.StudyResult) -> Ruling:
    tested = sentences.tested()[result.claimed.kind].format(
        arm=result.arm,
        against=result.against,
        points=numbers.points(result.claimed.points / 100),
    )
    evidence = _("Tested: {tested}. {arm} − {against}: {mean}{interval}, {count} paired seeds.")
    return Ruling(
        result.claim,
        "study",
        result.verdict,
        evidence.format(
            tested=tested,
            arm=result.arm,
            against=result.against,
            mean=numbers.points(result.mean, 2),
            interval=_interval(result),
            count=len(result.seeds),
        ),
        numbers=_plain(result),
        command=result.command,
        date=result.date.isoformat(),
        data=result.data,
        budget=result.budget,
        table=_arms(result),
        notes=(*_missing(result), *_copied(result)),
    )


def _interval(result: stored.StudyResult) -> str:
    if result.interval is None:
        return ""
    low, high = (numbers.decimal(100 * end) for end in result.interval)
    return _(" (95 % interval {low} to {high})").format(low=low, high=high)


def _arms(result: stored.StudyResult) -> Table:
    rows = [
        (
            name,
            numbers.percent(arm.top1),
            numbers.whole(arm.parameters),
            numbers.large(arm.macs),
            numbers.duration(arm.seconds),
        )
        for name, arm in result.arms.items()
    ]
    header = (_("arm"), _("test top-1, mean"), _("parameters"), _("MACs"), _("seconds a training"))
    return Table(header, rows)


def _missing(result: stored.StudyResult) -> tuple[str, ...]:
    if not result.missing:
        return ()
    return (
        _("Seeds that failed, and with them the verdict: {seeds}.").format(
            seeds=", ".join(map(str, result.missing))
        ),
    )


def _copied(result: stored.StudyResult) -> tuple[str, ...]:
    return (sentences.reencoded(result.data),) if result.official is False else ()


def _plain(result: stored.Result) -> dict[str, Any]:
    return result.model_dump(mode="json")


def _pending(entry: Entry, way: str) -> Ruling:
    """Say what will settle a claim that nothing has settled yet."""
    command = ""
    if way == "study" and entry.study:
        command = entry.commands["quick"]
        evidence = _("The study {study} compares {arm} with {against}.").format(
            study=entry.study, arm=entry.arm, against=entry.against
        )
    elif way == "study":
        evidence = sentences.to_come()[entry.id]
    else:
        command = _measured_by(entry)
        evidence = _("Measured by {command}.").format(command=command)
    return Ruling(entry.id, way, "not measured", evidence, command=command)


def _measured_by(entry: Entry) -> str:
    """Give the command that measures a claim."""
    if entry.id in deep.NETS:
        return deep.command(entry.id)
    if entry.id in fine_tuning.COMMANDS:
        return fine_tuning.COMMANDS[entry.id]
    return entry.commands["quick" if entry.runs else "run"]
