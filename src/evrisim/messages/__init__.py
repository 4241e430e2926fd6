"""Every sentence a user sees, through one gettext catalogue, in English and Turkish.

A module writes `from evrisim.messages import translate as _` and then
`_("Found {count} images.").format(count=count)`: the literal is looked up, the values are
put in afterwards. Never pass an f-string to `_`, or the catalogue cannot know it.
"""

import gettext
import locale
import os
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "tr")

_chosen: list[str] = []


def use(language: str) -> None:
    """Choose the language of all further messages: one of `LANGUAGES`."""
    if language not in LANGUAGES:
        raise ValueError(f"`language` must be one of {LANGUAGES}; received {language!r}.")
    _chosen[:] = [language]


def language() -> str:
    """Name the language in use: the chosen one, else the locale's, else English."""
    return _chosen[0] if _chosen else _from_locale()


def translate(text: str) -> str:
    """Give `text` in the language in use."""
    return _catalogue(language()).gettext(text) if text else text


@cache
def _from_locale() -> str:
    names = [os.environ.get(key, "") for key in ("EVRISIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG")]
    named = next((name for name in names if name), "") or (locale.getlocale()[0] or "")
    code = named.replace("-", "_").split("_")[0].split(".")[0].lower()
    return code if code in LANGUAGES else "en"


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    folder = Path(__file__).parent
    return gettext.translation("evrisim", folder, languages=[code], fallback=True)
