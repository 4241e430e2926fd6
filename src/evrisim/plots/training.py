"""How a training went."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evrisim.messages import translate as _
from evrisim.plots import house

PANELS = ("loss", "accuracy", "learning_rate")


@house.drawn
def learning_curves(
    history: Sequence[Mapping[str, Any]],
    *,
    best_epoch: int | None = None,
    panels: Sequence[str] = PANELS,
) -> Figure:
    """Draw loss, accuracy and learning rate over the epochs, one below the other.

    Args:
        history: one row an epoch, as `Run.history` gives them.
        best_epoch: counted from 1; marked with a line.
        panels: some of `PANELS`.
    """
    figure = house.figure(2.7 * len(panels), 4.1)
    column = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axes, panel in zip(column, panels, strict=True):
        epochs = [row["epoch"] for row in history]
        if panel == "learning_rate":
            _line(axes, epochs, [row[panel] for row in history], house.GREEN, "D-", "_rate")
        else:
            _pair(axes, epochs, history, panel)
        _finish(axes, panel, best_epoch)
    return figure


def _pair(
    axes: Axes, epochs: Sequence[int], history: Sequence[Mapping[str, Any]], panel: str
) -> None:
    training = [row[panel] for row in history]
    validation = [row[f"val_{panel}"] for row in history]
    _line(axes, epochs, training, house.VERMILION, "s--", _("training"))
    _line(axes, epochs, validation, house.BLUE, "o-", _("validation"))


def _line(
    axes: Axes,
    epochs: Sequence[int],
    values: Sequence[float],
    colour: str,
    sign: str,
    name: str,
) -> None:
    # Markers of long trainings would run into one thick line.
    every = max(1, len(epochs) // 12)
    axes.plot(epochs, values, sign, color=colour, label=name, markersize=4.5, markevery=every)


def _finish(axes: Axes, panel: str, best_epoch: int | None) -> None:
    titles = {
        "loss": _("Loss (lower is better)"),
        "accuracy": _("Accuracy (higher is better)"),
        "learning_rate": _("Learning rate"),
    }
    axes.set_title(titles[panel])
    axes.set_xlabel(_("epoch"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    if panel == "accuracy":
        house.percent_axis(axes, "y")
    else:
        house.number_axis(axes, "y")
    if best_epoch is not None:
        name = _("best epoch: {epoch}").format(epoch=best_epoch)
        axes.axvline(best_epoch, color=house.INK, ls=":", lw=1.6, alpha=0.8, label=name, zorder=1)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best", handlelength=2.6)
