"""`evrisim predict`: what a run's model says about images."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from evrisim.cli import heavy, options
from evrisim.messages import translate as _


def predict(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
    image: Annotated[list[Path], typer.Argument(help=_("Images, or folders of images."))],
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Name the class of images, with probabilities."""
    output = options.output(json, quiet)
    from evrisim.training.run import Run

    opened = Run.open(run)
    heavy.load()
    from evrisim import workflow

    with output.progress(_("reading images")) as progress:
        read = workflow.read_images(opened, image, skip_broken=skip_broken, progress=progress)
    found = []
    if read.names:
        with output.progress(_("predicting")) as progress:
            found = workflow.predict(opened, read.images, read.names, progress=progress)
    value = {
        "predictions": [asdict(prediction) for prediction in found],
        "skipped": list(read.skipped),
    }
    rows = [
        (
            prediction.name,
            prediction.class_name,
            f"{prediction.probability:.3f}",
            ", ".join(f"{name} {share:.3f}" for name, share in prediction.ranking[1:3]),
        )
        for prediction in found
    ]
    header = (_("image"), _("class"), _("probability"), _("then"))
    lines = output.table(header, rows)
    skipped = [_("skipped: {reason}").format(reason=sentence) for sentence in read.skipped]
    output.result(value, [*lines, *skipped])
