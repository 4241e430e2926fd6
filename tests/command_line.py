"""Commands as a user types them, for tests: what they print, or the sentence they refuse with."""

import json

from evrisim.cli import main


def result(capsys, *arguments):
    """The result of a command that ends well."""
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    """What a command says that ends with exit code 2: no result, no traceback."""
    assert main(list(map(str, arguments))) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err
