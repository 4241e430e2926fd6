import re
from string import Formatter

import pytest

from evrisim import messages
from evrisim.messages import catalogue


def fields(text):
    """The placeholders of a sentence with their formats."""
    return sorted(f"{name}!{conv}" for _t, name, _f, conv in Formatter().parse(text) if name)


def test_turkish_has_every_sentence_of_the_sources_and_no_other():
    translated = {message.id for message in catalogue.read() if message.id}
    assert catalogue.sentences() - translated == set()
    assert translated - catalogue.sentences() == set()


def test_no_translation_is_empty_and_placeholders_agree():
    for message in catalogue.read():
        if not message.id:
            continue
        assert message.string, message.id
        assert fields(message.id) == fields(message.string), message.id
        assert message.id[:1].isspace() == message.string[:1].isspace(), message.id


def test_options_and_code_words_are_not_translated():
    for message in catalogue.read():
        for word in re.findall(r"`[^`]+`|--[a-z][a-z-]+", message.id or ""):
            assert word in message.string, message.id


def test_the_compiled_catalogue_is_that_of_the_text():
    assert catalogue.TURKISH.with_suffix(".mo").read_bytes() == catalogue.compiled(catalogue.read())


def test_a_sentence_comes_in_the_language_chosen():
    messages.use("tr")
    assert messages.translate("class") == "sınıf"
    messages.use("en")
    assert messages.translate("class") == "class"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "tr_TR.UTF-8"}, "tr"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_GB", "LC_ALL": "tr_TR"}, "tr"),
        ({"LANG": "tr_TR", "EVRISIM_LANG": "en"}, "en"),
    ],
)
def test_the_language_follows_the_locale(environment, expected, monkeypatch):
    for name in ("EVRISIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(messages, "_chosen", [])
    messages._from_locale.cache_clear()
    assert messages.language() == expected
    messages._from_locale.cache_clear()


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="`language` must be one of"):
        messages.use("de")
