"""Options that several commands share."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim import messages
from evrisim._validate import InputError
from evrisim.cli.output import Output
from evrisim.messages import translate as _


def _checked_language(value: str | None) -> str | None:
    if value is not None and value not in messages.LANGUAGES:
        raise InputError(
            _("`--lang` must be one of {known}; received {value!r}.").format(
                known=", ".join(messages.LANGUAGES), value=value
            )
        )
    return value


if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet
    from evrisim.data.source import Source

Json = Annotated[bool, typer.Option("--json", help=_("Print the result as JSON."))]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help=_("Print results only, no progress."))]
Lang = Annotated[
    str | None,
    typer.Option("--lang", help=_("Language: en or tr."), callback=_checked_language),
]
Data = Annotated[str, typer.Argument(help=_("Name of a data set, or a folder of images."))]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help=_("Change a setting: epochs=5, model.width=32; repeatable.")),
]
Resume = Annotated[bool, typer.Option("--resume", help=_("Go on with an unfinished run."))]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help=_("Folder or archive looked in first."))
]
Offline = Annotated[bool, typer.Option("--offline", help=_("Open no network connection."))]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help=_("Folder of the run; default runs/NAME."))
]
Size = Annotated[
    str | None, typer.Option("--size", help=_("Image size for folders, such as 64 or 96x128."))
]
Policy = Annotated[
    str | None,
    typer.Option("--policy", help=_("Other shapes in folders: fit (default), crop or pad.")),
]
SkipBroken = Annotated[
    bool, typer.Option("--skip-broken", help=_("Leave out broken files and record which."))
]


def add(group: typer.Typer, name: str, function: Callable[..., None]) -> None:
    """Make a function a command; its docstring is the help, in the language in use."""
    told = inspect.getdoc(function) or name
    group.command(name, help=_(told))(function)


def output(json: bool, quiet: bool) -> Output:
    """Give the way out that `--json` and `--quiet` ask for."""
    return Output(json=json, quiet=quiet)


def load(output: Output, source: "Source", *, offline: bool) -> "DataSet":
    """Load the data of a source, showing how far it is."""
    with output.progress(_("reading {data}").format(data=source.name)) as progress:
        return source.load(offline=offline, progress=progress)


def reading(size: str | None, policy: str | None, skip_broken: bool) -> dict[str, Any]:
    """Collect the options of folders that were given."""
    chosen: dict[str, Any] = {}
    if size is not None:
        chosen["size"] = parse_size(size)
    if policy is not None:
        chosen["policy"] = policy
    if skip_broken:
        chosen["skip_broken"] = True
    return chosen


def parse_size(text: str) -> tuple[int, int]:
    """Read `64` or `96x128` (rows x columns).

    Example:
        >>> parse_size("64"), parse_size("96x128")
        ((64, 64), (96, 128))
    """
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) <= 2 and all(part.isascii() and part.isdigit() and int(part) for part in parts):
        return int(parts[0]), int(parts[-1])
    raise InputError(
        _("`--size` must be a number such as 64, or ROWSxCOLUMNS; received {value!r}.").format(
            value=text
        )
    )


def parse_shape(text: str) -> tuple[int, ...]:
    """Read `32x32x3`: the sizes of one input without the batch.

    Example:
        >>> parse_shape("32x32x3"), parse_shape("64×48")
        ((32, 32, 3), (64, 48))
    """
    parts = text.lower().replace("×", "x").split("x")
    if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise _no_shape(text)
    return tuple(map(int, parts))


def check_image_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return a shape if it is `(rows, columns, channels)`."""
    if len(shape) != 3:
        raise _no_shape("x".join(map(str, shape)))
    return shape[0], shape[1], shape[2]


def _no_shape(text: str) -> InputError:
    return InputError(
        _("`--input` must be ROWSxCOLUMNSxCHANNELS, such as 32x32x3; received {value!r}.").format(
            value=text
        )
    )


def settings(pairs: list[str] | None) -> dict[str, Any]:
    """Read `--set key=value` pairs; values are YAML, so numbers are numbers and `null` is none."""
    import yaml

    found: dict[str, Any] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise InputError(
                _("`--set` needs key=value, such as epochs=5; received {value!r}.").format(
                    value=pair
                )
            )
        try:
            found[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(
                _("`--set {key}`: the value {value!r} cannot be read.").format(key=key, value=value)
            ) from None
    return found


def by_group(settings: dict[str, Any], groups: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """Part settings by what stands before their dot, one of two groups: `head.epochs`.

    Example:
        >>> by_group({"old.epochs": 3}, ("old", "new"))
        {'old': {'epochs': 3}, 'new': {}}
    """
    found: dict[str, dict[str, Any]] = {name: {} for name in groups}
    for key, value in settings.items():
        group, dot, name = key.partition(".")
        if not dot or group not in found:
            first, second = groups
            raise InputError(
                _(
                    "`--set` needs {first}.SETTING=VALUE or {second}.SETTING=VALUE here; received "
                    "{key!r}."
                ).format(first=first, second=second, key=key)
            )
        found[group][name] = value
    return found
