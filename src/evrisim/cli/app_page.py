"""`evrisim app`: an application as a web page, for this machine's own browser."""

import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from evrisim.cli import options
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.applications.serving import Address


def app(
    number: Annotated[int, typer.Argument(help=_("Number of the application."))] = 1,
    data: Annotated[
        str, typer.Option("--data", help=_("Name of a data set, or a folder of images."))
    ] = "shapes",
    budget: Annotated[
        str, typer.Option("--budget", help=_("How much is trained: smoke, quick or full."))
    ] = "quick",
    out: Annotated[
        Path, typer.Option("--out", "-o", help=_("Folder of all runs; default runs."))
    ] = Path("runs"),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help=_("Port; default any that is free."))
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help=_("Open the page in the browser."))
    ] = True,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Open an application of the course as a web page, on this machine only."""
    from evrisim import applications

    notebook = applications.path(number)
    from evrisim.applications import serving
    from evrisim.cli import application

    application.open_page(data, budget, out)
    output = options.output(json, quiet)
    address = serving.bind(port)

    def ready() -> None:
        output.result({"url": address.url, "port": address.port}, [address.url])
        sys.stdout.flush()
        output.note(_("The address holds a secret: it is for this machine only. Ctrl-C ends."))
        _beside(address, browser)

    serving.serve(notebook, address, ready=ready)


def _beside(address: "Address", browser: bool) -> None:
    """Open the browser and load what the page will need, while the server answers."""
    import webbrowser

    from evrisim.cli import heavy

    if browser:
        Thread(target=webbrowser.open, args=(address.url,), daemon=True).start()
    Thread(target=heavy.load, daemon=True).start()
