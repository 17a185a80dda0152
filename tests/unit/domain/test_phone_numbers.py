"""What counts as an E.164 number, and when a caller's number counts as withheld."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localdial_server.domain.phone_numbers import caller_of, is_e164

KEYS = ("ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ")
KEYPAD = {letter: str(digit) for digit, letters in enumerate(KEYS, start=2) for letter in letters}


@pytest.mark.parametrize(
    "text", ["+14155550100", "+442079460123", "+4930123456", "+6561234567", "+1234567", "+123456789012345"]
)
def test_e164_numbers_are_accepted(text: str) -> None:
    assert is_e164(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "14155550100",
        "+04155550100",
        "+123456",
        "+1234567890123456",
        "+1 415 555 0100",
        "+1(415)555-0100",
        "++14155550100",
        "+14155550100\n",
        "\n+14155550100",
        "+14155550100;ext=1",
        "+14155550100\u200f",
        "\uff0b14155550100",  # a full-width plus sign
        "+\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff10",  # full-width digits
        "+1415555010\u0660",  # an Arabic-Indic digit
        "+1800FLOWERS",
        "tel:+14155550100",
        "anonymous",
    ],
)
def test_text_with_anything_around_or_between_the_digits_is_not_e164(text: str) -> None:
    assert not is_e164(text)


@given(st.text())
@example("+1415555010²")
def test_an_e164_number_is_a_plus_sign_and_7_to_15_ascii_digits(text: str) -> None:
    digits = text.removeprefix("+")
    expected = (
        text.startswith("+")
        and 7 <= len(digits) <= 15
        and all(character in string.digits for character in digits)
        and not digits.startswith("0")
    )
    assert is_e164(text) is expected


@pytest.mark.parametrize("number", ["+14155550100", "+442079460123", "+2666966871", "+862825225", "+8656695"])
def test_a_caller_with_a_number_is_not_withheld(number: str) -> None:
    assert caller_of(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "anonymous",
        "Anonymous",
        "restricted",
        "unavailable",
        "unknown",
        "private",
        "blocked",
        "72345",
        "+911",
        "14155550100",
        "sip:alice@example.com",
        "sip:+14155550100@example.com",
        "client:alice",
        "+14155550100@example.com",
        "x" * 256,
    ],
)
def test_a_caller_who_cannot_be_called_back_is_withheld(text: str) -> None:
    assert caller_of(text) is None


@pytest.mark.parametrize("word", ["ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN", "UNAVAILABLE"])
def test_a_withheld_word_typed_on_a_keypad_is_withheld(word: str) -> None:
    number = "+" + "".join(KEYPAD[letter] for letter in word)
    assert is_e164(number)
    assert caller_of(number) is None


@given(st.text(max_size=256))
def test_a_caller_is_either_the_text_itself_or_withheld(text: str) -> None:
    assert caller_of(text) in {text, None}
