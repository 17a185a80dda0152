"""One phone has one key, however its number is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdial_server.domain.phone_keys import phone_key

TWO_SPELLINGS = [
    ("+5215512345678", "+525512345678"),
    ("+5491123456789", "+541123456789"),
    ("+5492211234567", "+542211234567"),
    ("+5511987654321", "+551187654321"),
    ("+5521996543210", "+552196543210"),
    ("+5531965432109", "+553165432109"),
    ("+3780549882345", "+378882345"),
]


@pytest.mark.parametrize(("long", "short"), TWO_SPELLINGS)
def test_two_spellings_of_one_phone_have_one_key(long: str, short: str) -> None:
    assert phone_key(long) == phone_key(short) == short


@pytest.mark.parametrize(
    "number",
    [
        "+14155550177",
        "+5511977654321",  # without the 9 it may be a radio phone
        "+551122345678",
        "+5511922345678",
        "+521551234567",
        "+521551234567890",
        "+442079460123",
        "+390549882345",
    ],
)
def test_other_numbers_are_their_own_keys(number: str) -> None:
    assert phone_key(number) == number


@given(st.from_regex(r"\+(52|54|55|378|[1-9])[0-9]{6,13}", fullmatch=True))
def test_a_key_is_its_own_key_or_no_longer_spelling(number: str) -> None:
    key = phone_key(number)
    assert len(key) <= len(number)
    assert phone_key(key) == key
