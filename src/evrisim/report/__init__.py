"""A report of a run: one HTML file that opens anywhere, without a network and without a script."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evrisim.report.material import Gallery, Material, Shown

if TYPE_CHECKING:
    from evrisim.evaluate import Evaluation

__all__ = ["Gallery", "Shown", "write_run_report"]


def write_run_report(
    path: Path,
    facts: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    evaluation: "Evaluation",
    shown: Shown,
    *,
    robustness: Mapping[str, Any] | None = None,
) -> Path:
    """Write the report of a run in the language in use, and its pictures beside it.

    The page holds every picture itself; the same pictures go as PNG files into `figures/` next
    to it. Everything is drawn before anything is written, and each file is written whole or not
    at all. The same arguments give the same bytes.

    Args:
        path: The HTML file to write; its folder must exist.
        facts: What `run.json` holds.
        history: One row an epoch.
        evaluation: Of the run's model on the test split.
        shown: Test images, and where the model looked.
        robustness: What `robustness.json` holds, for a section about corrupted test images.

    Returns:
        `path`.

    Raises:
        OSError: As the file system raises it; no part of a file is left.
    """
    from evrisim.report.page import run_page, write

    return write(path, run_page(Material(facts, history, evaluation, shown, robustness)))
