"""The phone numbers that may be stored or dialed, and the corrections that are certain."""

from collections.abc import Iterator
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from localdial_server.domain import possible_numbers
from localdial_server.domain.phone_numbers import CODES_FOR_WITHHELD, is_e164
from localdial_server.domain.possible_numbers import corrected, is_possible, why_impossible

ROOT = Path(__file__).resolve().parents[3]

NANP_DIGITS = st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True)

IMPOSSIBLE = {
    # Country code 1 has ten digits.
    "+1415555010": "it has 9",
    "+1415555": "it has 6",
    "+141555501000": "it has 11",
    "+114155550100": "it has 11",
    "+1415555017": "it has 9",
    "+10000000000": "area code",
    "+11155550100": "area code",
    "+14150550100": "exchange",
    "+14151550100": "exchange",
    # No such country code.
    "+9991234567": "+999",
    "+2101234567": "+210",
    "+8391234567": "+839",
    # The trunk prefix.
    "+4402079460000": "a 0 after +44",
    "+49030123456": "a 0 after +49",
    "+3304123456789": "a 0 after +33",
    "+61029876543": "a 0 after +61",
    "+810312345678": "a 0 after +81",
    "+8201012345678": "a 0 after +82",
    "+9109812345678": "a 0 after +91",
    "+6602123456": "a 0 after +66",
    "+250078812345": "a 0 after +250",
    "+360612345678": "a 0 after +36",
    "+340911234567": "a 0 after +34: no number there begins with it",
    # The country code twice.
    "+44442079460000": "+44 only once",
    "+444402079460000": "+44 only once",
    "+3333123456789": "+33 only once",
    "+454512345678": "+45 only once",
    "+91919812345678": "+91 only once",
    "+9191981234567": "+91 only once",
    "+86861012345678": "+86 only once",
    "+81819012345678": "+81 only once",
    "+82821012345678": "+82 only once",
    "+63639171234567": "+63 only once",
    "+420420212345678": "+420 only once",
    "+656561234567": "+65 only once",
    "+971971501234567": "+971 only once",
    "+85285221234567": "+852 only once",
    # Not E.164.
    "": "E.164",
    "4155550100": "E.164",
    "+1 415 555 0100": "E.164",
    "+14155550100\n": "E.164",
    "+04155550100": "E.164",
    "anonymous": "E.164",
}


@pytest.mark.parametrize(("number", "what"), IMPOSSIBLE.items())
def test_an_impossible_number_is_refused_with_the_reason(number: str, what: str) -> None:
    assert not is_possible(number)
    reason = why_impossible(number)
    assert reason is not None
    assert reason.startswith("must ")
    assert what in reason


@pytest.mark.parametrize(
    "number",
    [
        "+14155550100",
        "+18615550100",  # an area code that libphonenumber does not know
        "+12225550100",  # an area code that is not assigned
        "+18005550100",
        "+442079460000",
        "+390612345678",  # Rome: Italian numbers keep their 0
        "+390669812345",  # the Vatican
        "+3780549886377",  # San Marino
        "+2250712345678",  # Ivory Coast
        "+24101123456",  # Gabon
        "+24206123456",  # Congo
        "+393933123456",  # Italian mobiles begin with their own country code
        "+393939333123",
        "+4949301234567",  # long enough numbers exist in Germany
        "+43431234567890",  # as in Austria
        "+39390612345678",
        "+85285212345",  # has the usual length, whatever Hong Kong assigns next
        "+5255123456",  # Mexican numbers of other lengths are not checked
        "+66661234567",  # Thai mobiles begin with 66
        "+919112345678",
        "+80012345678",
        "+80000000000",
        "+870773111632",
        "+878101234567890",
        "+881631234567",
        "+8823421234",
        "+883510012345",
        "+979123456789",
        "+5215512345678",  # the retired prefix of Mexican mobiles
        "+4420794600001",  # too long in libphonenumber's opinion, which may be outdated
        "+66001800123456",  # Thai toll-free numbers begin with 001
    ],
)
def test_a_possible_number_is_accepted(number: str) -> None:
    assert why_impossible(number) is None
    assert is_possible(number)


@given(NANP_DIGITS)
def test_every_number_of_the_nanp_is_possible_whether_or_not_it_is_assigned(digits: str) -> None:
    number = f"+1{digits}"
    assert is_possible(number) is (number not in CODES_FOR_WITHHELD)


@given(st.from_regex(r"\+1[0-9]{6,14}", fullmatch=True))
def test_a_number_of_country_code_1_has_ten_digits(number: str) -> None:
    if is_possible(number):
        assert len(number) == len("+14155550100")
        assert number[2] >= "2"
        assert number[5] >= "2"


@pytest.mark.parametrize("number", sorted(CODES_FOR_WITHHELD))
def test_a_code_for_a_withheld_caller_is_not_a_number(number: str) -> None:
    assert not is_possible(number)
    assert "withholds" in str(why_impossible(number))
    assert corrected(number) is None


def test_the_codes_for_withheld_callers_are_known_behind_country_code_1() -> None:
    assert {"+17378742833", "+12562533", "+1266696687", "+18656696", "+186282452253"} < CODES_FOR_WITHHELD


def examples() -> Iterator[str]:
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in PhoneNumberType.values():
            yield from _formatted(phonenumbers.example_number_for_type(region, kind))
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        yield from _formatted(phonenumbers.example_number_for_non_geo_entity(code))


def _formatted(example: phonenumbers.PhoneNumber | None) -> Iterator[str]:
    # Two examples are shorter than E.164 allows, or cannot be called from abroad.
    if example is not None and phonenumbers.can_be_internationally_dialled(example):
        number = phonenumbers.format_number(example, PhoneNumberFormat.E164)
        if is_e164(number) and number != "+13101234":
            yield number


@pytest.mark.parametrize("number", sorted(set(examples())))
def test_no_number_that_libphonenumber_knows_as_valid_is_impossible(number: str) -> None:
    assert why_impossible(number) is None


@given(st.from_regex(r"\+[2-9][0-9]{6,14}", fullmatch=True))
def test_no_random_number_that_libphonenumber_finds_valid_is_impossible(number: str) -> None:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return
    same = phonenumbers.format_number(parsed, PhoneNumberFormat.E164) == number
    if same and phonenumbers.is_valid_number(parsed) and number not in CODES_FOR_WITHHELD:
        assert why_impossible(number) is None


@given(st.from_regex(r"\+[0-9]{6,15}", fullmatch=True))
def test_a_country_code_exists_if_libphonenumber_knows_it(number: str) -> None:
    known = any(
        int(number[1:end]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        for end in (2, 3, 4)
        if number[1] != "0"
    )
    reason = why_impossible(number)
    if is_e164(number) and number not in CODES_FOR_WITHHELD:
        assert (reason is not None and "a country code that exists" in reason) is not known


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        ("+114155550100", "+14155550100"),
        ("+4402079460000", "+442079460000"),
        ("+44442079460000", "+442079460000"),
        ("+444402079460000", "+442079460000"),
        ("+9109812345678", "+919812345678"),
        ("+810312345678", "+81312345678"),
        ("+91919812345678", "+919812345678"),
        ("+85285221234567", "+85221234567"),
        # Digits are missing, too many or wrong: any number could be meant.
        ("+1415555010", None),
        ("+11415555010", None),
        ("+141555501000", None),
        ("+10155550100", None),
        ("+110155550100", None),
        ("+44020794", None),
        ("+440207946000", None),
        ("+972050123456", None),
        ("+4400207946000", None),
        # The trunk prefix is not 0, or there is none.
        ("+360612345678", None),
        ("+5201551234567", None),
        ("+52015512345678", None),
        ("+340911234567", None),
        ("+4400442079460000", None),
        ("+9994155550100", None),
        ("+117378742833", None),  # the rest is a code for withheld callers
        # There is nothing to correct.
        ("+14155550100", None),
        ("+4949301234567", None),
        ("", None),
        ("+", None),
        ("anonymous", None),
        ("+4402079460000\n", None),
    ],
)
def test_a_repeated_country_code_and_a_trunk_prefix_are_corrected_and_nothing_else(
    number: str, meant: str | None
) -> None:
    assert corrected(number) == meant


@given(st.text() | st.from_regex(r"\+[0-9]{6,15}", fullmatch=True))
def test_a_correction_is_a_possible_number_that_drops_digits_only(text: str) -> None:
    found = corrected(text)
    if found is not None:
        assert is_possible(found)
        assert not is_possible(text)
        assert text.endswith(found[4:])


@given(st.text())
def test_the_answer_and_its_reason_agree(text: str) -> None:
    assert is_possible(text) is (why_impossible(text) is None)


def test_the_library_is_not_asked() -> None:
    assert "phonenumbers" not in vars(possible_numbers)
