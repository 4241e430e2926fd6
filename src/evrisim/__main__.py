"""`python -m evrisim`: the command line without an installed script."""

import sys

from evrisim.cli import main

sys.exit(main())
