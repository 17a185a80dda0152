"""The area codes of numbers, and the area codes that exist."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from localdial_server.domain import area_codes
from localdial_server.domain.area_codes import (
    area_code_of,
    country_of,
    is_geographic_area_code,
    region_of,
)
from localdial_server.domain.nanp import AREAS
from localdial_server.domain.phone_numbers import is_e164

# Countries with and without area codes, with mobile numbers inside area codes, with leading zeros;
# shared, non-geographic and unassigned country codes.
BEGINNINGS = (
    "1", "1415", "1876", "1800", "20", "27", "30", "33", "34", "39", "390", "4420", "447", "441534", "46",
    "49", "4930", "52", "54", "549", "55", "61", "62", "65", "7", "770", "800", "81", "82", "86", "8610",
    "91", "263", "353", "380", "598", "878", "880", "882", "888", "976", "97611", "979", "999",
)  # fmt: skip
E164 = st.builds(
    lambda beginning, rest: f"+{beginning}{rest}"[:16],
    st.sampled_from(BEGINNINGS),
    st.text("0123456789", min_size=6, max_size=14),
)
# Characters that the library reads as digits and separators, mixed with others.
NEARLY_PHONE_NUMBERS = st.text(
    st.one_of(
        st.sampled_from("0123456789+()-. /~*#;=,xXetpioscubn\u200e\u200f\uff0b\uff0d\uff08\uff09\u3000"),
        st.characters(categories=["Nd", "Nl", "No"]),
    ),
    max_size=300,
)


@pytest.mark.parametrize(
    ("number", "area_code"),
    [
        ("+14155550100", "415"),
        ("+16285550100", "628"),
        ("+12125550100", "212"),
        ("+16465550100", "646"),
        ("+14165550100", "416"),
        ("+16475550100", "647"),
        ("+18765550100", "876"),
        ("+17875550100", "787"),
        ("+18615550100", "861"),
        ("+19245550100", "924"),
        ("+14159110100", "415"),  # an exchange that looks like a service code is none
    ],
)
def test_a_nanp_number_has_its_three_digit_area_code(number: str, area_code: str) -> None:
    assert area_code_of(number) == area_code


@pytest.mark.parametrize(
    "number",
    [
        "+18005550100",  # toll-free
        "+18335550100",
        "+19005550100",  # premium
        "+15005550006",  # personal
        "+15335550100",
        "+17105550100",  # government
        "+16005550100",  # Canadian services
        "+17005550100",  # services of long-distance carriers
        "+19115550100",  # N11
        "+14115550100",
        "+12225550100",  # not in use
        "+10155550100",  # no area code begins with 0 or 1
        "+11155550100",
        "+14150550100",  # no exchange does either
        "+14151550100",
        "+1415555010",  # too short, too long
        "+141555501000",
        "+1415555",
    ],
)
def test_a_nanp_number_without_a_geographic_area_code_has_none(number: str) -> None:
    assert is_e164(number)
    assert area_code_of(number) is None


@pytest.mark.parametrize(
    ("number", "area_code"),
    [
        ("+442079460123", "+4420"),  # London
        ("+441314960123", "+44131"),  # Edinburgh
        ("+441865240000", "+441865"),  # Oxford
        ("+441539423456", "+4415394"),  # Hawkshead: among the longest
        ("+4930123456", "+4930"),  # Berlin; ten digits, and no US number
        ("+493012345678", "+4930"),
        ("+33142685300", "+331"),  # Île-de-France
        ("+390669812345", "+3906"),  # Rome: the zero belongs to the area code
        ("+390212345678", "+3902"),  # Milan
        ("+525512345678", "+5255"),  # Mexico City: mobiles and landlines look the same
        ("+541143211234", "+5411"),  # Buenos Aires
        ("+551123456789", "+5511"),  # São Paulo
        ("+81312345678", "+813"),  # Tokyo
        ("+61298765432", "+612"),  # Sydney
        ("+912228400000", "+9122"),  # Mumbai
        ("+34911234567", "+3491"),  # Madrid: no trunk prefix, like the next ones
        ("+34945123456", "+34945"),  # Álava
        ("+48221234567", "+4822"),  # Warsaw
        ("+351211234567", "+35121"),  # Lisbon
        ("+302101234567", "+3021"),  # Athens
        ("+302310123456", "+30231"),  # Thessaloniki
        ("+420221234567", "+4202"),  # Prague
        ("+37167123456", "+37167"),  # Riga
        ("+3726123456", "+3726"),  # Tallinn
        ("+56221234567", "+562"),  # Santiago
        ("+21671123456", "+21671"),  # Tunis
        ("+442034567890", "+4420"),
        ("+442099999999", "+4420"),  # unassigned, but nothing else than London
        ("+97042501234", "+9704"),  # Jenin: in use in few of the ranges behind the code
        ("+251258804412", "+25125"),  # Dire Dawa: likewise
    ],
)
def test_the_area_code_of_a_foreign_landline_is_an_e164_prefix(number: str, area_code: str) -> None:
    assert area_code_of(number) == area_code
    assert is_geographic_area_code(area_code)


@pytest.mark.parametrize(
    "number",
    [
        "+447911123456",  # United Kingdom
        "+4915112345678",  # Germany
        "+33612345678",  # France
        "+393123456789",  # Italy
        "+5491123456789",  # Argentina: with the area code of Buenos Aires
        "+5511961234567",  # Brazil: with the area code of São Paulo
        "+8613812345678",  # China
        "+34612345678",  # Spain
        "+48501234567",  # Poland
        "+351912345678",  # Portugal
        "+56912345678",  # Chile
    ],
)
def test_a_foreign_mobile_number_has_no_area_code(number: str) -> None:
    assert area_code_of(number) is None


@pytest.mark.parametrize(
    "number",
    [
        "+6561234567",  # Singapore
        "+85221234567",  # Hong Kong
        "+4521234567",  # Denmark
        "+4722123456",  # Norway
        "+3545123456",  # Iceland
        "+50422123456",  # Honduras: only exchanges
    ],
)
def test_a_number_of_a_country_without_area_codes_has_none(number: str) -> None:
    assert area_code_of(number) is None


@pytest.mark.parametrize(
    "number",
    [
        "+448001111111",  # toll-free
        "+449098790000",  # premium
        "+443001234567",  # national
        "+80012345678",  # international toll-free
        "+882161234567",  # satellites
        "+99912345678",  # no country
        "+34900123456",  # toll-free, premium, personal
        "+34803123456",
        "+48800123456",
        "+44207946",  # too short for its country
        "+3491123456",  # too short, too long
        "+349112345678",
        "+482212345678",
        "+4402079460123",  # a trunk prefix in between
        "+5215512345678",  # the mobile prefix that Mexico has retired
        "+976227689057",  # Mongolia: an area code too long for the contract
    ],
)
def test_a_foreign_number_that_is_not_a_landline_has_no_area_code(number: str) -> None:
    assert is_e164(number)
    assert area_code_of(number) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "415",
        "+431234",
        "14155550100",
        "+44 20 7946 0123",
        "+442079460123\n",
        "+\uff14\uff142079460123",
    ],
)
def test_text_that_is_not_an_e164_number_has_no_area_code(text: str) -> None:
    assert area_code_of(text) is None


@settings(deadline=None)
@given(E164)
@example("+868511232")
@example("+543455012345")  # the area code is one digit shorter than for +5434554
def test_an_area_code_is_geographic_and_the_number_starts_with_it(number: str) -> None:
    area_code = area_code_of(number)
    if area_code is None:
        return
    assert is_geographic_area_code(area_code)
    assert number.startswith(area_code if area_code.startswith("+") else f"+1{area_code}")
    assert re.fullmatch(r"[2-9][0-9]{2}|\+[2-9][0-9]{1,6}", area_code)


def test_every_nanp_area_code_is_the_area_code_of_a_number() -> None:
    assert {area_code_of(f"+1{code}5550100") for code in AREAS} == AREAS.keys()


def test_a_prefix_that_is_too_short_or_too_long_is_not_an_area_code() -> None:
    assert not is_geographic_area_code("+442")
    assert is_geographic_area_code("+4420")
    assert not is_geographic_area_code("+44207")
    assert not is_geographic_area_code("+349")
    assert is_geographic_area_code("+3491")
    assert not is_geographic_area_code("+34911")


@pytest.mark.parametrize(
    "code",
    ["415", "628", "212", "416", "876", "787", "861", "+4420", "+4930", "+3906", "+331", "+3491", "+4822"],
)
def test_an_area_code_that_exists_is_geographic(code: str) -> None:
    assert is_geographic_area_code(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "41",
        "4155",
        "800",
        "900",
        "500",
        "911",
        "222",
        "000",
        " 415",
        "415\n",
        "\uff14\uff11\uff15",
        "+1415",
        "1415",
        "+1",
        "+44",
        "44",
        "4420",
        "+44 20",
        "+4420\n",
        "+447911",
        "+44800",
        "+65",
        "+656",
        "+999",
        "+800",
        "+0",
        "+",
        "+5491",
        "+346",
        "+34",
        "+472",
        "+4721",
        "+49999999",
        "+442079460123",
    ],
)
def test_text_that_is_not_an_area_code_has_no_place(code: str) -> None:
    assert not is_geographic_area_code(code)
    assert region_of(code) is None
    assert country_of(code) is None


@settings(deadline=None)
@given(st.one_of(st.text(), NEARLY_PHONE_NUMBERS))
def test_any_text_is_accepted(text: str) -> None:
    assert isinstance(is_geographic_area_code(text), bool)
    for answer in (area_code_of(text), region_of(text), country_of(text)):
        assert answer is None or answer.isascii()


@pytest.mark.parametrize(
    ("code", "country", "region"),
    [
        ("415", "US", "CA"),
        ("628", "US", "CA"),
        ("837", "US", "CA"),
        ("212", "US", "NY"),
        ("646", "US", "NY"),
        ("465", "US", "NY"),
        ("512", "US", "TX"),
        ("621", "US", "TX"),
        ("202", "US", "DC"),
        ("416", "CA", "ON"),
        ("437", "CA", "ON"),
        ("647", "CA", "ON"),
        ("867", "CA", None),  # shared by three territories
        ("902", "CA", None),  # shared by two provinces
        ("787", "PR", "PR"),
        ("671", "GU", "GU"),
        ("876", "JM", None),
        ("345", "KY", None),  # the Cayman Islands, not Kentucky
        ("664", "MS", None),  # Montserrat, not Mississippi
        ("+4420", "GB", None),
        ("+441534", "JE", None),
        ("+4930", "DE", None),
        ("+3906", "IT", None),
        ("+3491", "ES", None),
        ("+4822", "PL", None),
        ("+7727", "KZ", None),
        ("+590590", "GP", None),  # shared with smaller islands
    ],
)
def test_an_area_code_has_a_country_and_some_have_a_region(
    code: str, country: str, region: str | None
) -> None:
    assert country_of(code) == country
    assert region_of(code) == region


def test_a_nanp_number_is_decided_by_its_own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(area_codes, "geographic_prefixes")
    assert area_code_of("+14155550100") == "415"
    assert area_code_of("+18005550100") is None
    assert is_geographic_area_code("415")
    assert region_of("415") == "CA"
