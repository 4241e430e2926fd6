"""`evrisim augmentations`: what there is, what it does to an image, proof that it is on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._validate import InputError, check_picture, check_range
from evrisim.cli import augmentation_pictures as previewing
from evrisim.cli import heavy, options
from evrisim.cli.output import Output
from evrisim.data import sources
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.training import Recipe
    from evrisim.training.proof import Proof

Augmentation = Annotated[
    str,
    typer.Option(
        "--augmentation", "--policy", "-a", help=_("Policy, several joined by +, or a YAML file.")
    ),
]
Severity = Annotated[
    float, typer.Option("--severity", help=_("Strength, 0 (nothing) to 1 (as it is)."))
]

_MARKS = {"right": "✓", "wrong": "✗", "warning": "!"}


def app() -> typer.Typer:
    """Give the group of commands on augmentation."""
    group = typer.Typer(
        help=_("List, show and check what training images go through."),
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback()(_bare)
    for name, function in (("list", list_all), ("show", show), ("check", check)):
        options.add(group, name, function)
    return group


def _bare(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_all()


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
            name: {
                "what": text,
                "settings": listing.settings(name),
                "source": listing.SOURCES.get(name),
            }
            for name, text in methods.items()
        },
    }
    rows = [
        (name, text, _settings(listing.settings(name)), listing.SOURCES.get(name, ""))
        for name, text in methods.items()
    ]
    lines = [
        *output.table((_("policy"), _("what it is")), [*told.items()]),
        "",
        *output.table((_("method"), _("what it does"), _("settings"), _("source")), rows),
    ]
    output.result(value, lines)


def show(
    image: Annotated[
        str,
        typer.Argument(
            help=_(
                "A picture (a file, china, flower), a data set or a folder; or a policy or method, "
                "to be told."
            )
        ),
    ],
    augmentation: Augmentation = "standard",
    severity: Severity = 1.0,
    draws: Annotated[
        int | None, typer.Option("--draws", help=_("How many draws to show of an image."))
    ] = None,
    grid: Annotated[bool, typer.Option("--grid", help=_("Only draws of the image."))] = False,
    steps: Annotated[
        bool, typer.Option("--steps", help=_("Only the steps of the policy."))
    ] = False,
    ladder: Annotated[
        bool, typer.Option("--ladder", help=_("Only draws at growing severity."))
    ] = False,
    seed: Annotated[int, typer.Option("--seed", "-s", help=_("Decides the draws."))] = 0,
    epoch: Annotated[int, typer.Option("--epoch", help=_("The first epoch shown, from 0."))] = 0,
    size: Annotated[
        int | None, typer.Option("--size", help=_("Pixels along the longer side of a picture."))
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture to write; default augmentation.png here.")),
    ] = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Show draws of an image, each step of a policy, and a ladder of severities."""
    output = options.output(json, quiet)
    path = check_picture("--out", out or Path("augmentation.png"))
    from evrisim.augment import policies

    if _is_told(image):
        _tell(output, image)
        return
    look = previewing.Look(augmentation, severity, draws, seed, epoch)
    look.check()  # before anything slow
    sitters = previewing.sitters(output, image, size, data_dir, offline)
    look.check_partners(sitters)
    asked = {"draws": grid, "steps": steps, "ladder": ladder}
    wanted = [name for name, one in asked.items() if one or not any(asked.values())]
    written, told = previewing.write(look, sitters, wanted, path)
    value: dict[str, Any] = {
        "policy": policies.written_out(augmentation),
        "severity": severity,
        "draws": told,
        "pictures": {name: str(place) for name, place in written.items()},
    }
    rows = [(numbers.whole(number), ", ".join(one)) for number, one in enumerate(told, start=1)]
    lines = [*output.table((_("draw"), _("what was done")), rows), "", *map(str, written.values())]
    output.result(value, lines)


def _is_told(name: str) -> bool:
    """Tell whether a policy or method is named and not something to look at: files go first."""
    from evrisim.augment import policies

    if Path(name).suffix in (".yaml", ".yml"):
        return True
    known = name in policies.METHODS or all(one in policies.POLICIES for one in name.split("+"))
    return known and not Path(name).exists()


def _tell(output: Output, name: str) -> None:
    """Print the steps of a policy, or what a method does."""
    from evrisim.augment import listing, policies

    if name in policies.METHODS and name not in policies.POLICIES:
        facts: dict[str, Any] = {
            "what": listing.methods()[name],
            "settings": listing.settings(name),
            "source": listing.SOURCES.get(name),
        }
        told = [f"{name}: {facts['what']}", _settings(listing.settings(name))]
        told += [facts["source"]] if facts["source"] else []
        output.result({"method": name, **facts}, told)
        return
    policies.policy(name)
    steps = policies.steps_of(name)
    what = listing.policies().get(name)
    lines = [f"{name}: {what}" if what else name]
    lines += [f"  {number}. {_step(step)}" for number, step in enumerate(steps, start=1)]
    output.result({"policy": name, "what": what, "steps": steps}, lines)


def _step(step: Any) -> str:
    if isinstance(step, str):
        return step
    ((name, given),) = step.items()
    return f"{name}: {_settings(given) if isinstance(given, dict) else _setting(given)}"


def check(
    data: options.Data,
    augmentation: Annotated[
        str | None,
        typer.Option(
            "--augmentation",
            "-a",
            help=_("Policy, several joined by +, or a YAML file; default the recipe's."),
        ),
    ] = None,
    severity: Annotated[
        float | None, typer.Option("--severity", help=_("Strength, 0 to 1; default the recipe's."))
    ] = None,
    recipe: Annotated[
        str, typer.Option("--recipe", "-r", help=_("Name of a recipe, or a YAML file."))
    ] = "course",
    seed: Annotated[
        int | None, typer.Option("--seed", "-s", help=_("Decides the draws; default the recipe's."))
    ] = None,
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
    sources.check_source(data)
    chosen = _recipe(recipe, augmentation, severity, seed)
    reading = options.reading(size, policy, skip_broken)
    heavy.load()
    from evrisim.data.source import Source
    from evrisim.training import proof

    source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    dataset = options.load(output, source, offline=offline)
    output.note(_("looking at batches"))
    found = proof.examine(dataset, chosen)
    wrong = [point.text for point in found.findings if point.mark == "wrong"]
    output.result(
        {
            **found.to_json(),
            "ok": not wrong,
            "findings": [point.to_json() for point in found.findings],
        },
        _findings(found, dataset.name),
    )
    if wrong:
        raise InputError(wrong[0])


def _recipe(
    name: str, augmentation: str | None, severity: float | None, seed: int | None
) -> "Recipe":
    """Load a recipe, with what was given in its place."""
    from evrisim.training import Recipe

    if severity is not None:
        check_range("--severity", severity, 0, 1)
    given = {"augmentation": augmentation, "severity": severity, "seed": seed}
    changes = {key: value for key, value in given.items() if value is not None}
    return Recipe.load(name).with_settings(changes)


def _findings(found: "Proof", data: str) -> list[str]:
    first = _("{policy}, severity {severity}: {count} training images of {data}").format(
        policy=found.name,
        severity=numbers.general(found.severity),
        count=numbers.whole(found.images),
        data=data,
    )
    return [first, *(f"{_MARKS[point.mark]} {point.text}" for point in found.findings)]


def _settings(given: dict[str, Any]) -> str:
    return ", ".join(f"{key}={_setting(one)}" for key, one in given.items())


def _setting(value: Any) -> str:
    """Write a setting short, as a policy file would take it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_setting, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
