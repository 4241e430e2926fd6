"""Numbers as each language writes them."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evrisim import messages
from evrisim.messages import numbers

NBSP = "\u00a0"


@pytest.fixture
def speak(monkeypatch):
    return lambda language: monkeypatch.setattr(messages, "_chosen", [language])


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", (f"93.4{NBSP}%", f"92.2–94.4{NBSP}%", "12,345", "1,234.50", "−0.25", "0.0005")),
        ("tr", ("%93,4", "%92,2–94,4", "12.345", "1.234,50", "−0,25", "0,0005")),
    ],
)
def test_each_language_has_its_own_marks(speak, language, expected):
    speak(language)
    assert (
        numbers.percent(0.934),
        numbers.percent_range(0.922, 0.944),
        numbers.whole(12345),
        numbers.decimal(1234.5),
        numbers.decimal(-0.25),
        numbers.general(0.0005),
    ) == expected


@settings(derandomize=True, deadline=None)
@given(st.floats(-1e12, 1e12), st.integers(0, 4))
def test_a_turkish_number_reads_back_as_the_same_number(value, digits):
    before = list(messages._chosen)
    try:
        messages.use("tr")
        text = numbers.decimal(value, digits)
    finally:
        messages._chosen[:] = before
    back = float(text.replace(".", "").replace(",", ".").replace("−", "-"))
    assert back == pytest.approx(round(value, digits), abs=0.51 * 10**-digits)


def test_a_share_that_is_not_quite_all_or_none_is_never_shown_as_such(speak):
    speak("en")
    assert numbers.percent(1999 / 2000) == f">99.9{NBSP}%"
    assert numbers.percent(1 / 10_000) == f"<0.1{NBSP}%"
    assert numbers.percent(1.0) == f"100.0{NBSP}%"
    assert numbers.percent(0.0) == f"0.0{NBSP}%"
    speak("tr")
    assert numbers.percent(1999 / 2000) == ">%99,9"


def test_what_is_undefined_is_shown_as_such(speak):
    speak("en")
    makers = (numbers.decimal, numbers.whole, numbers.general, numbers.percent, numbers.large)
    for make in (*makers, numbers.duration):
        assert make(None) == make(math.nan) == "n/a"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (192, "3 min 12 s"),
        (3599.9, "1 h"),
        (5025.2, "1 h 23 min"),
    ],
)
def test_a_duration_has_its_two_largest_units(speak, seconds, text):
    speak("en")
    assert numbers.duration(seconds).replace(NBSP, " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9999, "9,999"),
        (10_000, "10.0 thousand"),
        (272_474, "272 thousand"),
        (999_999, "1.00 million"),
        (40_552_448, "40.6 million"),
        (8.1e9, "8.10 billion"),
        (3.2e15, "3,200 trillion"),
    ],
)
def test_a_large_count_has_three_figures_and_a_word(speak, value, text):
    speak("en")
    assert numbers.large(value).replace(NBSP, " ") == text


def test_a_date_is_written_out_and_what_is_none_is_left_alone(speak):
    speak("en")
    assert numbers.date("2026-01-05T23:59:00+00:00") == "5 January 2026, 23:59 UTC"
    assert numbers.date("yesterday") == "yesterday"
    assert numbers.date("") == ""
