"""The docs: examples that run, links that lead somewhere, commands and settings that exist."""

import html
import importlib
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from evrisim.cli import app
from evrisim.training import Recipe

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
CARDS = sorted((DOCS / "methods").glob("*.md"))
PAGES = sorted(DOCS.rglob("*.md")) + [path for path in [ROOT / "README.md"] if path.exists()]

HEADINGS = ["What", "When", "Cost", "Source", "In evrisim"]
FENCE = re.compile(r"^ {0,3}```(\w*)[^\n]*\n(.*?)^ {0,3}```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


def blocks(path):
    text = path.read_text("utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start(2)) + 1) for m in FENCE.finditer(text)]


def prose(path):
    """The text of a page without its code blocks."""
    return FENCE.sub("", path.read_text("utf-8"))


def label(path):
    return path.relative_to(ROOT).as_posix()


def with_blocks(language):
    return [path for path in PAGES if any(b.language == language for b in blocks(path))]


def run_examples(path):
    """Run the Python blocks of a page in order in one namespace; give the namespace."""
    namespace = {"__name__": "__docs__"}
    for block in blocks(path):
        if block.language != "python":
            continue
        # The empty lines in front make a traceback name the line of the page.
        code = compile("\n" * (block.line - 1) + block.text, str(path), "exec")
        exec(code, namespace)
    return namespace


@pytest.mark.parametrize("path", with_blocks("python"), ids=label)
def test_examples_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = run_examples(path)
    if path.name == "use-from-python.md":
        check_against_a_run(namespace["run"])


def check_against_a_run(run):
    """The pages name every file, every key and every section that the example's run has."""
    leaves = prose(DOCS / "what-a-run-leaves.md")
    for path in run.directory.iterdir():
        assert re.search(rf"^\| `{re.escape(path.name)}/?` \|", leaves, re.MULTILINE), path.name
    keys = {name for row in table(leaves, "Key") for name in re.findall(r"`(\w+)`", row[0])}
    assert set(run.facts) == keys - {"command", "source"}
    for names in (
        run.facts["metrics"],
        run.facts["explanation"],
        run.facts["data"],
        run.history[0],
    ):
        assert [name for name in names if f"`{name}`" not in leaves] == []
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", (run.directory / "report.html").read_text("utf-8"))
    explained = re.findall(r"^## (.*)$", prose(DOCS / "read-a-report.md"), re.MULTILINE)
    assert explained == [html.unescape(title) for title in titles]


def table(text, first):
    """The rows of the table whose header begins with `first`, as lists of cells."""
    body = text[text.index(f"\n| {first} |") :].split("\n\n", 1)[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in body]


def test_every_setting_of_a_recipe_is_explained_with_its_default():
    rows = table(prose(DOCS / "write-a-recipe.md"), "Setting")
    explained = {row[0].strip("`"): row[1] for row in rows}
    defaults = Recipe().model_dump()
    assert list(explained) == list(defaults)
    for name, value in defaults.items():
        assert explained[name] == ("null" if value is None else str(value)), name


def links(path):
    """Relative links and pictures of a page, as (file, heading)."""
    text = prose(path)
    targets = re.findall(r"\]\(([^()\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for target in targets:
        if not re.match(r"[a-z]+:", target):
            name, _, heading = target.partition("#")
            yield (path.parent / name).resolve() if name else path, heading


def headings(path):
    """The names under which the headings of a page can be linked to."""
    found = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in found]


@pytest.mark.parametrize("path", PAGES, ids=label)
def test_links_lead_somewhere(path):
    for target, heading in links(path):
        assert target.exists(), target
        assert not heading or heading in headings(target), f"{target}#{heading}"


def test_every_page_is_reached_from_the_index():
    pages = set(DOCS.rglob("*.md"))
    reached, waiting = set(), [DOCS / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        waiting += {target for target, _ in links(page) if target in pages} - reached
    assert pages - reached == set()


@pytest.mark.parametrize("path", CARDS, ids=label)
def test_a_card_says_what_when_cost_source_and_where(path):
    parts = re.split(r"^## (.*)$", path.read_text("utf-8"), flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    sections = dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))
    assert all(sections.values())
    assert re.search(r"https://\S+|evrisim's own", sections["Source"])
    assert "`" in sections["In evrisim"]


def commands(path):
    """The evrisim command lines of a page, as lists of words."""
    for block in blocks(path):
        if block.language != "console":
            continue
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            for part in divided(words):
                if part and Path(part[0]).name == "evrisim":
                    yield part[1:]


def divided(words):
    """Part a line of the shell at its operators; what is redirected is left out."""
    part = []
    for word in words:
        if word in ("&&", "||", "|", ";"):
            yield part
            part = []
        elif word in (">", "2>", "<"):
            yield part
            part = ["(redirected)"]
        else:
            part.append(word)
    yield part


@pytest.mark.parametrize("path", with_blocks("console"), ids=label)
def test_commands_exist_with_their_options(path):
    for words in commands(path):
        check_command(words)


def check_command(words):
    """Parse a command line against the tree of commands, without running it."""
    command, words = typer.main.get_command(app._app()), list(words)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, words
        command = command.commands[words.pop(0)]
    if hasattr(command, "commands"):  # `evrisim --version`: options of the whole
        known = {name for parameter in command.params for name in parameter.opts}
        assert set(words) <= known, words
    else:
        command.make_context("evrisim", words)


@pytest.mark.parametrize(
    "wrong", ["nosuch", "train", "train D --nosuch 1", "data nosuch", "train D --seed x", "--no"]
)
def test_a_command_that_does_not_exist_is_noticed(wrong):
    with pytest.raises((AssertionError, app._UsageError)):
        check_command(wrong.split())


@pytest.mark.parametrize("path", PAGES, ids=label)
def test_names_in_the_text_can_be_imported(path):
    for name in re.findall(r"`(evrisim(?:\.\w+)+)`", prose(path)):
        if name.endswith((".po", ".mo", ".pot")):
            continue
        module, _, last = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), last), name


@pytest.mark.parametrize("path", PAGES, ids=label)
def test_files_of_the_project_named_in_the_text_are_there(path):
    for name in re.findall(r"`((?:src|tests|docs|benchmarks)/[\w./-]+)`", prose(path)):
        if "/de/" not in name:  # the example of a language to add
            assert (ROOT / name.replace("/LANGUAGE/", "/tr/")).exists(), name
