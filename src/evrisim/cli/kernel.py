"""`evrisim kernel`: an image through kernels, as a picture of filter → detect → condense."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._validate import InputError, check_choice, check_picture
from evrisim.cli import heavy, kernel_result, options
from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    import numpy as np

    from evrisim.filtering import Photograph
    from evrisim.kernels import Contributions, Extraction

LEARNED = "learned"
_DEFAULT = "horizontal-lines"
_MOST_LEARNED = 6


def kernel(
    image: Annotated[
        str | None, typer.Argument(help=_("An image file, or a photograph: china, flower."))
    ] = None,
    kernels: Annotated[
        list[str] | None,
        typer.Option(
            "--kernel",
            "-k",
            help=_(
                'A name, rows of numbers such as "-1 0 1; -2 0 2; -1 0 1", learned, or learned:N '
                "for the filter N of a model; repeatable. Default horizontal-lines."
            ),
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help=_("Option of a named kernel: sigma=2, gabor.angle=45; repeatable.")
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option("--run", help=_("Run, .keras file or model whose learned kernels to use.")),
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", help=_("Its layer; default the first convolution."))
    ] = None,
    colour: Annotated[
        bool, typer.Option("--colour/--grey", help=_("Filter red, green and blue each for itself."))
    ] = False,
    crop: Annotated[
        str | None, typer.Option("--crop", help=_("Part of the image: TOP:BOTTOM,LEFT:RIGHT."))
    ] = None,
    size: Annotated[
        int, typer.Option("--size", help=_("Shrink to so many pixels along the longer side."))
    ] = 640,
    stride: Annotated[int, typer.Option("--stride", help=_("Pixels from place to place."))] = 1,
    padding: Annotated[
        str, typer.Option("--padding", help=_("same (zeros all around) or valid (none)."))
    ] = "same",
    dilation: Annotated[
        int, typer.Option("--dilation", help=_("Pixels from cell to cell of the kernel."))
    ] = 1,
    pool: Annotated[int, typer.Option("--pool", help=_("Side of a pool in pixels."))] = 2,
    centre: Annotated[
        str | None,
        typer.Option("--centre", help=_("Cell of the kernel on the pixel: ROW,COLUMN, or keras.")),
    ] = None,
    pixel: Annotated[
        str | None, typer.Option("--pixel", help=_("Write out the sum at ROW,COLUMN, too."))
    ] = None,
    animate: Annotated[
        Path | None,
        typer.Option("--animate", help=_("Also write the kernel sliding: a .gif or .webp file.")),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture to write; default IMAGE-kernel.png here.")),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help=_("List the named kernels."))] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Look at an image through kernels: filter, detect, condense."""
    output = options.output(json, quiet)
    if listing:
        _list(output)
        return
    if image is None:
        raise InputError(_("Name an image: a file, or one of the photographs china and flower."))
    from evrisim import filtering

    way = {
        "stride": stride, "padding": padding, "dilation": dilation, "pool": pool,
        "centre": centre if centre in (None, "keras") else _pair("--centre", centre),
    }  # fmt: skip
    wanted = kernels or [LEARNED if run else _DEFAULT]
    _check_run(run, layer, wanted)
    places = _places(out, animate, image)
    photograph = filtering.read_photograph(image, crop=crop, size=size)
    found = _named_and_typed(wanted, options.settings(settings), photograph, way, colour=colour)
    if run is not None:
        heavy.load()
        found |= _learned(run, layer, wanted, photograph, way)
    first, one = next(iter(found.items()))
    # What can be wrong is looked at before anything is written.
    terms = None if pixel is None else _terms(one, _pair("--pixel", pixel))
    if animate is not None:
        filtering.check_animation(animate, one)
    filtering.write_picture(places["picture"], found)
    value = kernel_result.facts(photograph, found) | {"picture": str(places["picture"])}
    if terms is not None:
        filtering.write_sum(places["sum"], terms, one.image)
        value["sum"] = kernel_result.facts_of_sum(first, terms) | {"picture": str(places["sum"])}
    if animate is not None:
        with output.progress(_("drawing frames")) as progress:
            shown = filtering.write_animation(animate, one, progress=progress)
        value["animation"] = {
            "kernel": first, "rows": shown[0], "columns": shown[1], "file": str(animate),
        }  # fmt: skip
    output.result(value, kernel_result.lines(output, photograph, value))


def _list(output: Output) -> None:
    from evrisim.kernels import describe, options_of

    rows, value = [], {}
    for name, text in describe().items():
        known = options_of(name)
        value[name] = {"what": text, "options": known}
        rows.append((name, text, ", ".join(known)))
    output.result(value, output.table((_("kernel"), _("what it does"), _("options")), rows))


def _check_run(run: str | None, layer: str | None, wanted: list[str]) -> None:
    learned = any(text.partition(":")[0] == LEARNED for text in wanted)
    if learned and run is None:
        raise InputError(_("Learned kernels need a model: say which with `--run`."))
    if run is not None and not learned:
        raise InputError(_("`--run` is for learned kernels: add `--kernel learned`."))
    if layer is not None and run is None:
        raise InputError(_("`--layer` is for learned kernels: add `--run`."))


def _places(out: Path | None, animate: Path | None, image: str) -> dict[str, Path]:
    """Say where the pictures go; none may take the place of the image."""
    picture = check_picture("--out", out or Path(f"{Path(image).stem}-kernel.png"))
    beside = picture.with_name(f"{picture.stem}-sum{picture.suffix}")
    for path in (picture, beside, animate):
        if path is not None and path.resolve() == Path(image).resolve():
            raise InputError(
                _("{path} is the image itself; name another file with --out.").format(path=path)
            )
    if animate is not None and animate.resolve() in (picture.resolve(), beside.resolve()):
        raise InputError(
            _("{path} cannot be both picture and animation; name another with --animate.").format(
                path=animate
            )
        )
    return {"picture": picture, "sum": beside}


def _pair(option: str, text: str) -> tuple[int, int]:
    try:
        row, column = (int(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            _("`{option}` must be ROW,COLUMN, two whole numbers; received {value!r}.").format(
                option=option, value=text
            )
        ) from None
    return row, column


def _named_and_typed(
    wanted: list[str],
    settings: dict[str, Any],
    photograph: "Photograph",
    way: dict[str, Any],
    *,
    colour: bool,
) -> dict[str, "Extraction"]:
    from evrisim import filtering
    from evrisim.kernels import extract

    found: dict[str, Extraction] = {}
    shown = [text for text in wanted if text.partition(":")[0] != LEARNED]
    unused = set(settings)
    for text in shown:
        weights = _weights(text, settings, unused)
        for channel, pixels in filtering.channels(photograph, colour=colour).items():
            name = f"{text}, {channel}" if channel else text
            found[name] = extract(pixels, weights, **way)
    if unused:
        raise InputError(
            _("`--set {key}`: none of the kernels {names} has this option.").format(
                key=sorted(unused)[0], names=", ".join(wanted)
            )
        )
    return found


def _weights(text: str, settings: dict[str, Any], unused: set[str]) -> "np.ndarray":
    """Build a named kernel with the settings that are meant for it, or read a typed one."""
    from evrisim.kernels import KERNELS, named, options_of, parse

    if text.strip()[:1] in tuple("[+-.0123456789"):
        return parse(text)
    check_choice("--kernel", text, [*KERNELS, LEARNED])
    known = options_of(text)
    chosen = {key: settings[key] for key in known if key in settings}
    own = {key: value for key, value in settings.items() if key.startswith(f"{text}.")}
    unused -= chosen.keys() | own.keys()
    return named(text, **chosen | {key.partition(".")[2]: value for key, value in own.items()})


def _learned(
    run: str, layer: str | None, wanted: list[str], photograph: "Photograph", way: dict[str, Any]
) -> dict[str, "Extraction"]:
    from evrisim import filtering
    from evrisim.features import learned_kernels
    from evrisim.opening import fit_image, open_model

    opened = open_model(run)
    shape = fit_image(opened, photograph.pixels).shape
    found = learned_kernels(opened.model, layer, image_shape=shape)
    # A model opened by its name alone has just been built.
    label = "{layer}:{number}" if Path(run).exists() else _("{layer}:{number} (untrained)")
    weights, count = found.kernels, found.kernels.shape[-1]
    chosen: dict[int, Extraction] = {}
    for text in wanted:
        kind, colon, number = text.partition(":")
        if kind != LEARNED:
            continue
        if not colon:
            chosen |= filtering.strongest(photograph, weights, _MOST_LEARNED, **way)
        elif number.isascii() and number.isdigit() and int(number) < count:
            chosen[int(number)] = filtering.extract_learned(
                photograph, weights[..., int(number)], **way
            )
        else:
            raise InputError(
                _("{layer} has the filters 0 to {last}; received {text!r}.").format(
                    layer=found.layer, last=count - 1, text=text
                )
            )
    return {label.format(layer=found.layer, number=number): one for number, one in chosen.items()}


def _terms(one: "Extraction", pixel: tuple[int, int]) -> "Contributions":
    from evrisim.kernels import contributions

    names = ("stride", "padding", "dilation", "centre")
    way = {name: getattr(one, name) for name in names}
    return contributions(one.image, one.kernel, pixel, **way)
