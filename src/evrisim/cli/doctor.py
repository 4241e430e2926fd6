"""`evrisim doctor`: is the installation sound?"""

from dataclasses import asdict

import typer

from evrisim.cli import heavy, options
from evrisim.messages import translate as _


def doctor(
    json: options.Json = False, quiet: options.Quiet = False, lang: options.Lang = None
) -> None:
    """Check the installation, with a ten-second training whose answer is known."""
    output = options.output(json, quiet)
    heavy.load()
    from evrisim.diagnosis import diagnose

    checks = []
    for check in diagnose():
        checks.append(check)
        output.note(check.name)
    marks = {True: _("ok"), False: _("wrong")}
    rows = [(marks[check.ok], check.name, check.found) for check in checks]
    output.result(
        {"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]},
        output.table((_("state"), _("check"), _("found")), rows),
    )
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
