"""A number is suggested only for text with exactly one reading."""

import string
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localdial_server.domain.possible_numbers import is_possible
from localdial_server.domain.suggested_numbers import suggested_number, typed_number

NEARLY_PHONE_NUMBERS = st.text("0123456789+()-./ xX\u0664\uff14", max_size=30)


@pytest.mark.parametrize(
    "text",
    [
        "(415) 555-0100",
        "(415)555-0100",
        "(415)5550100",
        "415-555-0100",
        "415 555-0100",
        "415 - 555 - 0100",
        "415.555.0100",
        "4155550100",
        "14155550100",
        "1-415-555-0100",
        "1 (415) 555-0100",
        "1.415.555.0100",
        "+1 415 555 0100",
        "+1 (415) 555-0100",
        "+14155550100\n",
        " +14155550100",
        "tel:+1-415-555-0100",
        "(415) 555-0100 ext. 7",
        "415-555-0100 x12",
        "415-555-0100, extension 12",
        "\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff10",
        "\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff10",
        "\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0660\u0660",
        "\u202a+1\u00a0(415)\u00a0555-0100\u202c",  # as address books copy it
        "415\u2011555\u20110100",
        "\ufeff4155550100",
        "+114155550100",  # the country code twice
    ],
)
def test_text_with_one_reading_is_understood(text: str) -> None:
    assert suggested_number(text) == "+14155550100"


def test_a_number_is_understood_even_if_its_area_code_is_not_assigned() -> None:
    assert suggested_number("(861) 555-0100") == "+18615550100"
    assert suggested_number("(222) 555-0100") == "+12225550100"


@pytest.mark.parametrize(
    "text",
    [
        "+14155550100",  # is possible already
        "+442079460123",
        # Decimals and exponents of spreadsheets.
        "415555010.0",
        "4155550100.0",
        "4.155550100E9",
        "4.15555E+09",
        "4155550100e0",
        "4,155,550,100",
        "415.5550100",
        "4.155550100",
        "1.4155550100",
        # Letters in place of digits.
        "415-555-OOO1",
        "415-555-01OO",
        "415-555-01l0",
        "4I5-555-0100",
        "1-800-FLOWERS",
        "415-555-0100 a",
        "call 415-555-0100",
        # Several numbers.
        "415-555-0100 / 212-555-0199",
        "415-555-0100,212-555-0199",
        "4155550100 2125550199",
        "4155550100;2125550199",
        "415-555-0100 12",
        "415-555-0100/0101",
        # Digits are missing or too many.
        "415-555-010",
        "415-555-01000",
        "415555010",
        "41555501000",
        "555-0100",
        "+1415555010",
        "+141555501000",
        "415-55-50100",
        "911",
        # Something else.
        "212.255.10.20",
        "192.168.100.200",
        "2024-12-31 09",
        "2024-12-31",
        "12/31/2024 10",
        "415-55-0100",
        "$4155550100",
        # Other countries' and other prefixes.
        "4930123456",
        "+44 20 7946 0123",
        "+415-555-0100",
        "011 44 20 7946 0123",
        "00 1 415 555 0100",
        "020 7946 0123",
        "0155550100",
        "4150550100",
        "+1 (0) 415 555 0100",
        # A code for withheld callers is not a number.
        "(737) 874-2833",
        "266696687",
        # Anything.
        "",
        "+",
        "anonymous",
        "sip:alice@example.com",
        "sip:+14155550100@example.com",
        "415-555-01\u00b2\u00b2",
        "4155550100" + " " * 55,  # more than anyone writes around a number
        "9" * 500,
    ],
)
def test_text_without_a_certain_reading_gives_no_suggestion(text: str) -> None:
    assert suggested_number(text) is None


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(st.characters()), NEARLY_PHONE_NUMBERS))
@example("\ud800" * 10)
@example("4155550100" + ";ext=" * 10)
@example("\u00bc" * 10)
def test_a_suggestion_is_possible_and_has_no_digit_that_the_text_lacks(text: str) -> None:
    suggestion = suggested_number(text)
    if suggestion is None:
        return
    assert is_possible(suggestion)
    assert not is_possible(text)
    digits = "".join(str(unicodedata.decimal(character, "")) for character in text)
    assert suggestion.removeprefix("+1") in digits or suggestion[1:3] == digits[:2]


@given(st.text(string.digits + string.ascii_letters, min_size=1, max_size=12))
def test_a_letter_among_the_digits_leaves_no_certain_reading(text: str) -> None:
    if not text.isdigit() and "x" not in text.lower() and not text.lower().startswith("tel"):
        assert suggested_number(text) is None


@pytest.mark.parametrize("text", [" " * 64, "(" * 64, "1" * 64, "4155550100" + " ," * 27, "1 " * 32])
def test_the_answer_takes_microseconds_for_any_text(text: str) -> None:
    begin = time.perf_counter()
    for _ in range(100):
        suggested_number(text)
    assert time.perf_counter() - begin < 0.5


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+14155550100", "GB", "+14155550100"),
        ("(415) 555-0100", "US", "+14155550100"),
        ("'4155550100", "US", "+14155550100"),
        ('="4155550100"', "US", "+14155550100"),
        ('="+442079460123"', "US", "+442079460123"),
        ("787 555 0100", "PR", "+17875550100"),
        ("011 44 20 7946 0123", "US", "+442079460123"),
        ("+44 20 7946 0123", "US", "+442079460123"),
        ("+44 (0)20 7946 0123", "US", "+442079460123"),
        ("+4402079460123", "US", "+442079460123"),
        ("+44 (020) 7946 0123", "US", "+442079460123"),
        ("+39 (0)6 1234 5678", "US", "+390612345678"),  # Italian numbers keep their 0
        ("+44 20 7946 (0)123", "US", "+442079460123"),
        ("(0)20 7946 0123", "GB", "+442079460123"),
        ("2079460123", "GB", "+442079460123"),
        ("442079460123", "GB", "+442079460123"),
        ("0421 234 5678", "GB", "+444212345678"),  # not assigned, as far as anybody knows
        ("030/123456", "DE", "+4930123456"),
        ("4930123456", "DE", "+4930123456"),
        ("020 7946 0123", "GB", "+442079460123"),
        ("00 1 415 555 0100", "GB", "+14155550100"),
        ("911 23 45 67", "ES", "+34911234567"),
        ("06 1234 5678", "IT", "+390612345678"),
    ],
)
def test_a_number_is_read_as_it_is_typed_in_the_country(text: str, country: str, number: str) -> None:
    assert typed_number(text, country) == number


@pytest.mark.parametrize("country", ["US", "GB", "DE"])
@pytest.mark.parametrize(
    "text",
    [
        "415555010.0",
        "4155550100.0",
        "4.155550100E9",
        "4,155,550,100",
        "415-555-OOO1",
        "1-800-FLOWERS",
        "(415) 555-0100 ext. 7",
        "415-555-0100 x12",
        "4155550100;ext=12",
        "415-555-0100, 415-555-0101",
        "2026-11-30",
        "11/30/2026",
        "192.168.100.200",
        "10.0.0.1",
        "+1 415 555 010",
        "+999 415 555 0100",
        "911",
        "#REF!",
        "N/A",
        "-",
        "",
        "9" * 500,
    ],
)
def test_a_number_to_store_is_never_invented(text: str, country: str) -> None:
    assert typed_number(text, country) is None


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("7946 0123", "GB"),  # without the area code
        ("4155550100", "GB"),  # perhaps a number of the United States
        ("123456", "DE"),
        ("1.234.567", "DE"),
        ("0.123456789", "DE"),
        ("+36 (06) 1 234 5678", "US"),  # 06 is Hungary's trunk prefix
        ("+36 (0)1 234 5678", "US"),
        ("01 55 1234 5678", "MX"),
    ],
)
def test_digits_that_are_no_number_known_there_have_no_certain_reading(text: str, country: str) -> None:
    assert typed_number(text, country) is None


def test_a_code_for_withheld_numbers_is_not_read_as_a_number() -> None:
    assert typed_number("737-874-2833", "US") is None
