"""One phone has one key, however its number is written."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdial_server.domain.phone_keys import phone_key, spellings

PHONES = [
    ("+525512345678", "+5215512345678"),
    ("+541123456789", "+5491123456789", "+54111523456789"),
    ("+542211234567", "+5492211234567", "+54221151234567"),
    ("+542202123456", "+5492202123456", "+54220215123456"),
    ("+543415151515", "+5493415151515", "+54341155151515"),
    ("+551187654321", "+5511987654321"),
    ("+552196543210", "+5521996543210"),
    ("+553165432109", "+5531965432109"),
    ("+378882345", "+3780549882345", "+390549882345"),
]


@pytest.mark.parametrize("phone", PHONES)
def test_every_spelling_of_a_phone_has_one_key(phone: tuple[str, ...]) -> None:
    for number in phone:
        assert phone_key(number) == phone[0]
        assert set(spellings(number)) >= set(phone)


@pytest.mark.parametrize(
    "number",
    [
        "+14155550177",
        "+5511977654321",  # without the 9 it may be a radio phone
        "+551122345678",
        "+5511922345678",
        "+521551234567",
        "+521551234567890",
        "+54112345156789",
        "+5411152345678",
        "+541115234567890",
        "+442079460123",
        "+390549123",
        "+390612345678",
    ],
)
def test_other_numbers_are_their_own_keys(number: str) -> None:
    assert phone_key(number) == number


@pytest.mark.parametrize(
    "number", ["+14155550177", "+442079460123", "+5511977654321", "+551122345678", "+39061234567"]
)
def test_most_phones_have_one_number(number: str) -> None:
    assert spellings(number) == (number,)


@given(st.from_regex(r"\+(52|54|54[0-9]{2,4}15|55|378|390549|[1-9])[0-9]{6,13}", fullmatch=True))
def test_a_number_is_among_the_spellings_of_its_phone(number: str) -> None:
    found = spellings(number)
    assert number in found
    assert {spellings(each) for each in found} == {found}
    assert found[0] == phone_key(number) == min(found, key=len)


@pytest.mark.parametrize("code", ["11", "221", "2202", "264", "2646", "3751", "388"])
def test_an_argentine_mobile_is_read_as_the_library_reads_it(code: str) -> None:
    number = f"+54{code}15{'23456789'[: 10 - len(code)]}"
    parsed = phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.E164)
    assert phone_key(number) == phone_key(parsed)
