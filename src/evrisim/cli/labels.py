"""`evrisim data labels`: images whose labels should be looked at first."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._validate import check_choice, check_picture, check_whole
from evrisim.cli import heavy, options, pictures
from evrisim.cli.output import Output
from evrisim.data import sources
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.data.dataset import Split
    from evrisim.mislabelled import Candidates

SPLITS = ("train", "validation")
"""Whose labels are looked at; the test split's stay as they are."""

SHOWN, DRAWN = 12, 24
SIZE = 96


def labels(
    data: options.Data,
    split: Annotated[
        str, typer.Option("--split", help=_("Split whose labels are judged: train, validation."))
    ] = "train",
    backbone: Annotated[
        str,
        typer.Option("--backbone", "-b", help=_("Known architecture, folder of a run, or file.")),
    ] = "mobilenet_v2",
    weights: Annotated[
        str | None, typer.Option("--weights", help=_("imagenet, random, or a file of weights."))
    ] = None,
    first: Annotated[
        int, typer.Option("--first", help=_("How many candidates are listed in the file."))
    ] = 600,
    plant: Annotated[
        int,
        typer.Option("--plant", help=_("Make so many labels wrong, and say how many are found.")),
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", "-s", help=_("Seed of what is drawn."))] = 0,
    out: pictures.Picture = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    size: options.Size = None,
    policy: options.Policy = None,
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """List images whose labels are probably wrong, the most doubtful first."""
    output = options.output(json, quiet)
    sources.check_source(data)
    check_choice("--split", split, SPLITS)
    check_whole("--first", first, 1)
    check_whole("--plant", plant, 0)
    if out is not None:
        check_picture("--out", out)
    path = out or Path(f"labels-{sources.stem(data)}.png")
    reading = options.reading(size, policy, skip_broken)
    heavy.load()
    from evrisim import mislabelled, transfer
    from evrisim.data.cache import ArrayCache, default_folder
    from evrisim.data.source import Source

    trunk = transfer.trunk(backbone, (SIZE, SIZE, 3), weights=weights, offline=offline)
    source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    dataset = options.load(output, source, offline=offline)
    judged = dataset.splits[split]
    places: Any = ()
    if plant:
        changed, places = mislabelled.planted(judged.labels, plant, dataset.num_classes, seed=seed)
        judged = replace(judged, labels=changed)
    with (
        output.progress(_("computing features")) as extracting,
        output.progress(_("judging labels")) as training,
    ):
        found = mislabelled.doubtful(
            judged,
            dataset.num_classes,
            trunk,
            ArrayCache(default_folder()),
            seed=seed,
            extracting=extracting,
            training=training,
        )
    _tell(output, _Judged(judged, dataset.class_names, found, first, list(places)), path)


@dataclass(frozen=True)
class _Judged:
    """A split whose labels were judged, how many candidates are listed, and which were planted."""

    split: "Split"
    class_names: Sequence[str]
    found: "Candidates"
    first: int
    planted: Sequence[int]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Give the first candidates, a row an image."""
        names, found = self.class_names, self.found
        return [
            {
                "image": self.split.name(int(place)),
                "label": names[int(self.split.labels[place])],
                "suggested": names[int(found.suggested[place])],
                "doubt": round(float(found.doubt[place]), 4),
            }
            for place in found.order[: self.first]
        ]


def _tell(output: Output, judged: _Judged, path: Path) -> None:
    """Write file and picture, and print the first candidates."""
    rows, found, file = judged.rows, judged.found, path.with_suffix(".csv")
    _write(file, rows)
    _draw(path, judged.split.images, rows, found)
    value: dict[str, Any] = {
        "expected": found.expected,
        "images": len(judged.split),
        "candidates": rows,
        "picture": str(path),
        "file": str(file),
    }
    lines = [*_table(output, rows), "", _expected(found)]
    if judged.planted:
        from evrisim.mislabelled import recalled

        hits = recalled(found, judged.planted, judged.first)
        value |= {"planted": len(judged.planted), "found": hits}
        lines.append(
            _("Of {count} labels changed on purpose {found} are among the first {first}.").format(
                count=numbers.whole(len(judged.planted)),
                found=numbers.whole(hits),
                first=numbers.whole(judged.first),
            )
        )
    output.result(value, [*lines, f"{path}, {file}"])


def _table(output: Output, rows: list[dict[str, Any]]) -> list[str]:
    header = (_("image"), _("label"), _("more probable"), _("doubt"))
    return output.table(
        header,
        [
            (row["image"], row["label"], row["suggested"], numbers.decimal(row["doubt"], 1))
            for row in rows[:SHOWN]
        ],
    )


def _expected(found: "Candidates") -> str:
    return _(
        "{count} of {images} labels are confidently another class. Look at the first ones "
        "yourself: not all are wrong."
    ).format(count=numbers.whole(found.expected), images=numbers.whole(len(found.order)))


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    from evrisim import _files

    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    _files.write_text(path, text.getvalue())


def _draw(path: Path, images: Any, rows: list[dict[str, Any]], found: "Candidates") -> None:
    from evrisim import plots

    shown = [images[place] for place in found.order[:DRAWN]]
    titles = [f"{row['label']}\n→ {row['suggested']}?" for row in rows[:DRAWN]]
    plots.save(plots.gallery(shown, titles, columns=6), path)
