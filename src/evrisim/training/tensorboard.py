"""Logs for TensorBoard, on request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path

from evrisim._validate import InputError
from evrisim.messages import translate as _
from evrisim.training.loop import Progress, Show

_LOGGED = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "images_per_second")


@contextmanager
def logs(folder: Path) -> Iterator[Show]:
    """Give a function that writes each epoch's numbers for TensorBoard into `folder`.

    Raises:
        InputError: If TensorBoard is not installed.
    """
    if util.find_spec("tensorboard") is None:
        raise InputError(
            _("TensorBoard is not installed; install it with: pip install 'evrisim[tensorboard]'")
        )
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writers: list[EventFileWriter] = []

    def write(progress: Progress) -> None:
        if progress.row is None:
            return
        if not writers:  # only once the run's folder is there and is ours
            writers.append(EventFileWriter(str(folder)))
        values = [Summary.Value(tag=name, simple_value=progress.row[name]) for name in _LOGGED]
        writers[0].add_event(Event(step=progress.row["epoch"], summary=Summary(value=values)))

    try:
        yield write
    finally:
        for writer in writers:
            writer.close()


def both(first: Show, second: Show) -> Callable[[Progress], None]:
    """Call two functions with the same progress."""

    def show(progress: Progress) -> None:
        first(progress)
        second(progress)

    return show
