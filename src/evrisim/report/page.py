"""A page put together, as HTML and as files."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from evrisim import _files, plots
from evrisim.messages import language, numbers
from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.report import corrupted, making, results, trust
from evrisim.report.blocks import Block, Page, drawings
from evrisim.report.material import Material
from evrisim.report.pictures import png

HERE = Path(__file__).parent


def run_page(material: Material) -> Page:
    """Put together the page about a run."""
    examples, galleries = trust.examples(material)
    sections = [
        results.answer(material),
        results.learning(material),
        results.classes(material),
        results.confusions(material),
        trust.calibration(material),
        examples,
        trust.explanation(material),
        *corrupted.sections(material),
        making.cost(material),
        making.done(material),
        making.repeat(material),
    ]
    data = str(material.data.get("name", ""))
    model = material.facts.get("model") or {}
    when = material.facts.get("stopped") or material.facts.get("started") or ""
    return Page(
        language=language(),
        title=f"{PurePath(data).name or data} × {model.get('name', '')}",
        subtitle=_("Report of a training run · {date}").format(date=numbers.date(when)),
        sections=sections,
        words=words(),
        files={**_curves(material), **results.confusion_file(material), **galleries},
    )


def words() -> dict[str, str]:
    """Give the words of the template."""
    return {
        "contents": _("Contents"),
        "footer": _("This page is complete in itself: it loads nothing and runs no script."),
    }


def _curves(material: Material) -> dict[str, bytes]:
    if not material.history:
        return {}
    figure = plots.learning_curves(material.history, best_epoch=material.best_epoch)
    return {"learning_curves": png(figure)}


def html(page: Page) -> str:
    """Write a page as one HTML text that needs nothing else."""
    template = _environment().get_template("template.html.j2")
    return template.render(page=page, style=Markup(style()))


def style() -> str:
    """Give the style sheet of pages."""
    return (HERE / "style.css").read_text("utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
    )
    environment.filters["zip"] = zip
    return environment


def _visible(value: Any) -> Any:
    """Let nothing into a page that it may not hold; what is markup already has been made by us."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return house.visible(value)


def pictures(page: Page) -> dict[str, bytes]:
    """Give the page's pictures as PNG files, by file name."""
    shown = [one for section in page.sections for one in drawings(section.blocks)]
    named = {one.name: one.png for one in shown} | page.files
    return {f"{name}.png": content for name, content in named.items()}


def fragment(blocks: Sequence[Block]) -> Markup:
    """Write blocks as HTML to be put into another page, which brings the style."""
    template = _environment().get_template("template.html.j2")
    nothing = Page(language(), "", "", (), {"contents": "", "footer": ""})
    show = template.make_module({"page": nothing, "style": ""}).show  # type: ignore[attr-defined]
    return Markup("").join(show(block) for block in blocks)


def write(path: Path, page: Page) -> Path:
    """Write a page, and its pictures into `figures/` beside it; all is drawn before.

    Raises:
        OSError: As the file system raises it; no part of a file is left.
    """
    text, files = html(page), pictures(page)
    folder = Path(path).parent / "figures"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        _files.write_bytes(folder / name, content)
    _files.write_text(Path(path), text)
    return Path(path)
