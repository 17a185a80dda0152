"""The format of E.164 numbers."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localdial_server.domain.phone_numbers import is_e164


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
