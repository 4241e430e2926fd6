"""`python -m evrisim`: the command line without an installed script."""

from evrisim.cli import process

process()
