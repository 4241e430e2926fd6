"""How a training is shown: bars in a terminal, a line an epoch elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.training.loop import Progress, Show


@contextmanager
def shown(output: Output) -> Iterator["Show"]:
    """Give what `fit` calls after each step and epoch."""
    if output.quiet:
        yield lambda progress: None
    elif output.bars:
        with _bars() as show:
            yield show
    else:
        yield lambda progress: _line(progress, output)


def _line(progress: "Progress", output: Output) -> None:
    if progress.row is not None:
        output.note(sentence(progress))


def sentence(progress: "Progress") -> str:
    """Say how an epoch went."""
    row = progress.row or {}
    said = _(
        "epoch {epoch}/{epochs}: loss {loss:.4f}, accuracy {accuracy:.4f}, validation loss "
        "{val_loss:.4f}, validation accuracy {val_accuracy:.4f}, {speed:.0f} images/s, {left} left"
    ).format(
        epoch=progress.epoch,
        epochs=progress.epochs,
        loss=row["loss"],
        accuracy=row["accuracy"],
        val_loss=row["val_loss"],
        val_accuracy=row["val_accuracy"],
        speed=progress.images_per_second,
        left=clock(progress.seconds_left),
    )
    if "image_size" not in row:
        return said
    rows, columns = row["image_size"]
    return _("{said} (images of {rows}×{columns})").format(said=said, rows=rows, columns=columns)


def clock(seconds: float) -> str:
    """Write a duration as minutes and seconds.

    Example:
        >>> clock(75), clock(3675)
        ('1:15', '1:01:15')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@contextmanager
def _bars() -> Iterator["Show"]:
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.fields[text]}"),
    )
    console = Console(stderr=True)
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(_("training"), total=None, text="")

        def show(progress: "Progress") -> None:
            done = (progress.epoch - 1) * progress.steps + progress.step
            text = _("epoch {epoch}/{epochs}, {speed:.0f} images/s, {left} left").format(
                epoch=progress.epoch,
                epochs=progress.epochs,
                speed=progress.images_per_second,
                left=clock(progress.seconds_left),
            )
            bar.update(task, total=progress.epochs * progress.steps, completed=done, text=text)
            if progress.row is not None:
                console.print(sentence(progress), highlight=False)

        yield show
