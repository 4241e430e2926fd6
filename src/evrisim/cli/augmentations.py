"""`evrisim augmentations`: what there is, what it does to an image, proof that it is on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._validate import InputError, check_picture, check_range, check_whole
from evrisim.cli import heavy, options
from evrisim.cli.output import Output
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    import numpy as np

    from evrisim.training.proof import Proof

Augmentation = Annotated[
    str,
    typer.Option("--augmentation", "-a", help=_("Policy, several joined by +, or a YAML file.")),
]
Severity = Annotated[
    float, typer.Option("--severity", help=_("Strength, 0 (nothing) to 1 (as it is)."))
]

_SIDE = 160
"""Pixels along the longer side that a photograph is shrunk to, unless told otherwise."""


def app() -> typer.Typer:
    """Give the group of commands on augmentation."""
    group = typer.Typer(
        help=_("List, show and check what training images go through."),
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for name, function in (("list", list_all), ("show", show), ("check", check)):
        options.add(group, name, function)
    return group


def list_all(
    json: options.Json = False, quiet: options.Quiet = False, lang: options.Lang = None
) -> None:
    """List policies and methods of augmentation."""
    output = options.output(json, quiet)
    from evrisim.augment import listing, policies

    told, methods = listing.policies(), listing.methods()
    value = {
        "policies": {
            name: {"what": told[name], "steps": policies.named(name)} for name in policies.POLICIES
        },
        "methods": {
            name: {"what": text, "settings": _plain(listing.settings(name))}
            for name, text in methods.items()
        },
    }
    rows = [
        (
            name,
            text,
            ", ".join(f"{key}={one}" for key, one in _plain(listing.settings(name)).items()),
        )
        for name, text in methods.items()
    ]
    lines = [
        *output.table((_("policy"), _("what it is")), [*told.items()]),
        "",
        *output.table((_("method"), _("what it does"), _("settings")), rows),
    ]
    output.result(value, lines)


def show(
    image: Annotated[
        str, typer.Argument(help=_("A picture (a file, china, flower), a data set or a folder."))
    ],
    augmentation: Augmentation = "standard",
    severity: Severity = 1.0,
    draws: Annotated[int, typer.Option("--draws", help=_("How many draws to show."))] = 9,
    seed: Annotated[int, typer.Option("--seed", "-s", help=_("Decides the draws."))] = 0,
    size: Annotated[
        int | None, typer.Option("--size", help=_("Pixels along the longer side of a picture."))
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture to write; default augmentation.png here.")),
    ] = None,
    data_dir: options.DataDir = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Show draws of an image, each step of a policy, and a ladder of severities."""
    output = options.output(json, quiet)
    path = check_picture("--out", out or Path("augmentation.png"))
    check_range("--severity", severity, 0, 1)
    check_whole("--draws", draws, 1)
    from evrisim.augment import policies, views

    chosen = policies.policy(augmentation, severity)  # before anything slow
    images = _images(output, image, size, data_dir)
    if views.is_mixing(augmentation) and len(images) < 2:
        raise InputError(
            _("{policy} mixes images: name a data set or a folder in place of one picture.").format(
                policy=augmentation
            )
        )
    from evrisim.plots import augmentation as plots
    from evrisim.plots import save

    shown = views.draws(images, chosen, draws, seed=seed)
    rungs = views.ladder(images, augmentation, seed=seed)
    steps = views.one_by_one(images, augmentation, severity, seed=seed)
    written = {"draws": path}
    save(plots.draws(images[0], shown.images, shown.titles), path, dots=110)
    if steps:
        written["steps"] = path.with_stem(f"{path.stem}-steps")
        save(plots.steps(images[0], *zip(*steps, strict=True)), written["steps"], dots=110)
        written["ladder"] = path.with_stem(f"{path.stem}-ladder")
        ladder = plots.ladder([one for one, _row in rungs], [row.images for _one, row in rungs])
        save(ladder, written["ladder"], dots=110)
    value: dict[str, Any] = {
        "policy": policies.written_out(augmentation),
        "severity": severity,
        "draws": [title.splitlines() for title in shown.titles],
        "pictures": {name: str(place) for name, place in written.items()},
    }
    rows = [
        (numbers.whole(number), ", ".join(told))
        for number, told in enumerate(value["draws"], start=1)
    ]
    lines = [*output.table((_("draw"), _("what was done")), rows), "", *map(str, written.values())]
    output.result(value, lines)


def check(
    data: Annotated[str, typer.Argument(help=_("Name of a data set, or a folder of images."))],
    augmentation: Augmentation = "standard",
    severity: Severity = 1.0,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", "-r", help=_("Take both from a recipe: its name or YAML file.")),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", help=_("Decides the draws."))] = 0,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    size: options.Size = None,
    policy: options.Policy = None,
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Prove that augmentation is on, on training images only, and spoils nothing."""
    output = options.output(json, quiet)
    check_range("--severity", severity, 0, 1)
    from evrisim.training import Recipe

    given = {"augmentation": augmentation, "severity": severity, "seed": seed}
    chosen = Recipe.load(recipe) if recipe else Recipe().with_settings(given)
    reading = options.reading(size, policy, skip_broken)
    heavy.load()
    from evrisim.data.source import Source
    from evrisim.training import proof

    source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    dataset = options.load(output, source, offline=offline)
    found = proof.prove(dataset, chosen, batches=proof.BATCHES)
    output.result(found.to_json(), [found.sentence, "", *_findings(output, found)])


def _findings(output: Output, found: "Proof") -> list[str]:
    percent = numbers.percent
    own = _("n/a (images are mixed)") if found.own_draws is None else percent(found.own_draws)
    rows = [
        (_("images looked at"), numbers.whole(found.images)),
        (_("images changed"), percent(found.changed_images)),
        (_("pixels changed"), percent(found.changed_pixels)),
        (_("mean change of a value, of 255"), numbers.decimal(found.mean_change, 1)),
        (_("labels mixed"), percent(found.changed_labels)),
        (_("images that look otherwise in the next epoch"), percent(found.epochs_differ)),
        (_("copies of one image with a draw of their own"), own),
        (
            _("values at 0 or 255: before, after"),
            f"{percent(found.clipped_before)}, {percent(found.clipped)}",
        ),
        (
            _("largest move of a class's share, in standard errors"),
            numbers.decimal(found.drift, 1),
        ),
        (
            _("validation and test come as they are stored"),
            _("yes") if found.untouched else _("no"),
        ),
    ]
    return output.table((_("what"), _("found")), rows)


def _images(output: Output, name: str, size: int | None, data_dir: Path | None) -> "np.ndarray":
    """Give a picture, or the first training images of a data set, one of each class first."""
    import numpy as np

    from evrisim import pictures
    from evrisim.data import sources

    if size is not None:
        check_whole("--size", size, 8)
    if name not in sources.DATA_SETS and not Path(name).is_dir():
        picture = pictures.read_picture(name)
        return pictures.at_most(picture, size or _SIDE)[None]
    heavy.load()
    from evrisim.data.source import Source

    source = Source(name, data_dir=str(data_dir) if data_dir else None)
    split = options.load(output, source, offline=False).train
    firsts = [np.flatnonzero(split.labels == label)[0] for label in np.unique(split.labels)]
    return np.asarray(split.images[np.sort(firsts)])


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        key: [type(part).__name__ for part in one] if key == "parts" else one
        for key, one in settings.items()
    }
