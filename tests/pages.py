"""What tests of reports share: a strict reader of pages, and what every page must be."""

import contextlib
import itertools
import re
from html.parser import HTMLParser

from evrisim import messages

VOID = {"meta", "img", "br", "link", "input", "hr"}


@contextlib.contextmanager
def in_english():
    """Write English within, whatever language is chosen: for pages that many tests share."""
    before = list(messages._chosen)
    messages.use("en")
    try:
        yield
    finally:
        messages._chosen[:] = before


class Reader(HTMLParser):
    """Reads a page strictly: every element closed in order, all attributes and texts kept."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts, self.cells = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))


def assert_complete_in_itself(page):
    """No script, no network: whatever the page refers to is in it."""
    reader = Reader(page)
    for tag, attributes in reader.elements:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form")
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("srcset", "action", "formaction", "data")
            if name == "src":
                assert value.startswith("data:image/")
            if name in ("href", "xlink:href"):
                assert value.startswith(("#", "data:image/"))
    assert "http:" not in page
    assert "https:" not in page
    assert "@import" not in page
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))
    policy = next(one["content"] for one in reader.all("meta") if "http-equiv" in one)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def assert_well_outlined(page):
    """Headings go down one level at a time, names are unique, links lead somewhere."""
    reader = Reader(page)
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    identities = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    targets = {link["href"][1:] for link in reader.all("a", "use")}
    assert targets <= set(identities)
