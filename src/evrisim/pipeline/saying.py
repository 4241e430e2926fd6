"""What the numbers of a pipeline mean, in sentences that follow from them."""

from evrisim.data.ahead import THREADS
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.pipeline.stages import Stages
from evrisim.statistics import Spread


def sentence(stages: Stages) -> str:
    """Say what limits the speed, how long the step waits, and what prefetching brought."""
    return " ".join((_limit(stages), _waiting(stages), _gain(stages.gain)))


def _limit(stages: Stages) -> str:
    text = (
        _(
            "Preparing a batch takes {preparing} ms, and {threads} are prepared at a time: one "
            "comes every {pace} ms, and its training step takes {step} ms: the input limits the "
            "speed."
        )
        if stages.limit == "input"
        else _(
            "Preparing a batch takes {preparing} ms, and {threads} are prepared at a time: one "
            "comes every {pace} ms, and its training step takes {step} ms: the step limits the "
            "speed."
        )
    )
    return text.format(
        preparing=milliseconds(stages.preparing),
        threads=THREADS,
        pace=milliseconds(stages.pace),
        step=milliseconds(stages.step.median),
    )


def _waiting(stages: Stages) -> str:
    none, most = stages.courses[0], stages.courses[-1]
    return _(
        "Without prefetching the step waits for its batch {before} of the time, with {ahead} "
        "batches ahead {after}."
    ).format(
        before=numbers.percent(none.waiting.median),
        ahead=most.ahead,
        after=numbers.percent(most.waiting.median),
    )


def _gain(gain: Spread) -> str:
    if gain.low > 1:
        text = _("In every round that gave more images a second: {factor} times as many ({range}).")
    elif gain.high < 1:
        text = _(
            "In every round that gave fewer images a second: {factor} times as many ({range})."
        )
    else:
        text = _(
            "Whether that gives more images a second does not show: {factor} times as many "
            "({range} from round to round)."
        )
    return text.format(
        factor=numbers.decimal(gain.median),
        range=_("{low} to {high}").format(
            low=numbers.decimal(gain.low), high=numbers.decimal(gain.high)
        ),
    )


def milliseconds(seconds: float) -> str:
    """Write seconds as milliseconds, with as many digits as tell something.

    Example:
        >>> milliseconds(0.00042), milliseconds(0.0314), milliseconds(1.5)
        ('0.42', '31.4', '1,500')
    """
    value = 1000 * seconds
    return numbers.decimal(value, 2 if value < 10 else 1 if value < 100 else 0)
