"""Which numbers cost more to call than a landline or a mobile, compared with libphonenumber."""

from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberFormat, PhoneNumberType

from localdial_server.domain.costly_numbers import CostlyKind, costly_kind
from localdial_server.domain.phone_numbers import is_e164
from scripts.lib.tables.costly_numbers import KINDS, ORDINARY, ORDINARY_HERE, begins_like, patterns_of

# The types of the library, by the names of its metadata.
TYPES = {name.lower(): value for name, value in vars(PhoneNumberType).items() if isinstance(value, int)}

COSTLY = {
    "+19005550199": CostlyKind.PREMIUM_RATE,
    "+12129765555": CostlyKind.PREMIUM_RATE,
    "+18099761234": CostlyKind.PREMIUM_RATE,
    "+449012345678": CostlyKind.PREMIUM_RATE,
    "+448712345678": CostlyKind.PREMIUM_RATE,
    "+4990012345678": CostlyKind.PREMIUM_RATE,
    "+33899123456": CostlyKind.PREMIUM_RATE,
    "+979123456789": CostlyKind.PREMIUM_RATE,
    "+979023456789": CostlyKind.PREMIUM_RATE,
    "+16007001234": CostlyKind.SATELLITE,
    "+870773111632": CostlyKind.SATELLITE,
    "+88112345678": CostlyKind.SATELLITE,
    "+881631234567": CostlyKind.SATELLITE,
    "+8821612345678": CostlyKind.SATELLITE,
    "+883510012345": CostlyKind.SATELLITE,
    "+447012345678": CostlyKind.PERSONAL,
    "+878101234567890": CostlyKind.PERSONAL,
    "+447623456789": CostlyKind.PAGER,
    # Mexico's mobile prefix, which networks drop.
    "+5219001234567": CostlyKind.PREMIUM_RATE,
}

ORDINARY_NUMBERS = [
    "+14155550100",
    "+18005550100",
    "+18885550100",
    "+18765550100",  # Jamaica
    "+18615550100",  # an area code that libphonenumber does not know
    "+12225550100",  # an area code that is not assigned
    "+19765550100",  # 976 as an area code is not the exchange
    "+442079460000",
    "+447400123456",
    "+448001234567",
    "+443001234567",
    "+4930123456",
    "+4915123456789",
    "+88810000000000",  # a country code that is not in use
    "+80012345678",  # international freephone
    "+64508812345",  # toll-free in New Zealand, where costly numbers begin with 50
    "+8613912345678",
    "+819012345678",
    "+3312345678901",  # too long
    "+15005550006",  # personal numbers of country code 1 cost what others cost
    "+15335550142",
    "+4918012345",  # shared cost: nobody earns with a call
    "+611300123456",
    "+80812345678",
]


@pytest.mark.parametrize(("number", "kind"), COSTLY.items())
def test_a_costly_number_is_told_from_others(number: str, kind: CostlyKind) -> None:
    assert costly_kind(number) is kind


@pytest.mark.parametrize("number", ORDINARY_NUMBERS)
def test_a_landline_a_mobile_and_a_toll_free_number_are_not_costly(number: str) -> None:
    assert costly_kind(number) is None


def test_digits_after_a_costly_number_do_not_hide_it() -> None:
    # Exchanges connect a call as soon as the number is complete, and ignore the rest.
    assert phonenumbers.number_type(phonenumbers.parse("+4490123456781")) == PhoneNumberType.UNKNOWN
    assert costly_kind("+4490123456781") is CostlyKind.PREMIUM_RATE


def examples(types: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Yield the library's example of every country and type, and the type's name."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for name, value in types.items():
            example = phonenumbers.example_number_for_type(region, value)
            # Those that are only dialed inside a country do not reach us, nor do those shorter than E.164.
            if example is not None and phonenumbers.can_be_internationally_dialled(example):
                number = phonenumbers.format_number(example, PhoneNumberFormat.E164)
                if is_e164(number):
                    yield number, name


@pytest.mark.parametrize(("number", "name"), sorted(set(examples({name: TYPES[name] for name in KINDS}))))
def test_the_librarys_examples_of_costly_types_are_costly(number: str, name: str) -> None:
    is_ordinary_here = number.startswith("+1") and name in ORDINARY_HERE[1]
    assert costly_kind(number) == (None if is_ordinary_here else KINDS[name])


@pytest.mark.parametrize(("number", "name"), sorted(set(examples({name: TYPES[name] for name in ORDINARY}))))
def test_the_librarys_examples_of_ordinary_types_are_not_costly(number: str, name: str) -> None:
    # Canada's 600, mostly satellite phones, is the one range that the library classes otherwise.
    assert (costly_kind(number) is not None) is number.startswith("+1600"), name


def numbers_of(types: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Return a strategy for numbers of these types of any country."""
    choices = [
        (code, one)
        for code in COUNTRY_CODE_TO_REGION_CODE
        for one in patterns_of(code, tuple(name for name in types if name not in ORDINARY_HERE.get(code, ())))
    ]
    return (
        st.sampled_from(choices)
        .flatmap(
            lambda choice: st.from_regex(choice[1], fullmatch=True, alphabet="0123456789").map(
                lambda digits: f"+{choice[0]}{digits}"
            )
        )
        .filter(is_e164)
    )


@given(numbers_of(tuple(KINDS)), st.text("0123456789", max_size=8))
def test_every_number_that_the_library_finds_costly_is_costly_whatever_follows(
    number: str, more: str
) -> None:
    assert costly_kind(number) is not None
    longer = f"{number}{more}"
    # Only where longer numbers are in use can more digits make it another number.
    is_ordinary = (
        any(phonenumbers.number_type(phonenumbers.parse(longer)) == TYPES[name] for name in ORDINARY)
        if is_e164(longer)
        else True
    )
    assert is_ordinary or costly_kind(longer) is not None


@given(numbers_of(ORDINARY))
def test_no_number_that_the_library_finds_ordinary_is_costly(number: str) -> None:
    by_hand = number.startswith(("+1600", "+870", "+878", "+881", "+882", "+883"))
    by_hand |= number.startswith("+1") and number[5:8] == "976"
    assert by_hand or costly_kind(number) is None


def test_a_table_in_which_a_number_is_costly_and_ordinary_is_not_built() -> None:
    assert begins_like(r"508\d{6}", r"50\d{3}")
    assert not begins_like(r"60\d{6}", r"50\d{3}")
    with pytest.raises(ValueError, match="some numbers match both"):
        begins_like(r"5\d{4}", r"50\d{3}")
