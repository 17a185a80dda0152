"""The facts about a callee's number."""

import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdial_server.domain.area_codes import area_code_of, country_of
from localdial_server.domain.callee_facts import facts_of
from localdial_server.domain.nanp import AREAS
from localdial_server.domain.possible_numbers import is_possible

numbers = st.one_of(
    st.from_regex(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True),
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("number", "area_code", "region", "country", "time_zones"),
    [
        ("+14155550172", "415", "US-CA", "US", ["America/Los_Angeles"]),
        ("+14165550172", "416", "CA-ON", "CA", ["America/Toronto"]),
        # A code that lies in two time zones.
        ("+12085550172", "208", "US-ID", "US", ["America/Boise", "America/Los_Angeles"]),
        # A code that several provinces share.
        ("+19025550172", "902", None, "CA", ["America/Halifax"]),
        # A territory of the United States has a country code of its own, and a region of the US.
        ("+17875550172", "787", "US-PR", "PR", ["America/Puerto_Rico"]),
        ("+18765550172", "876", None, "JM", ["America/Jamaica"]),
        # In service since 2023, and not in libphonenumber: it has the time zone of its state.
        ("+18615550172", "861", "US-IL", "US", ["America/Chicago"]),
        ("+442079460000", "+4420", None, "GB", ["Europe/London"]),
        # A mobile number has no area code, but a country.
        ("+33612345678", None, None, "FR", ["Europe/Paris"]),
        # Two countries share country code 7.
        ("+77012345678", None, None, "KZ", ["Asia/Almaty", "Asia/Aqtobe"]),
        # A toll-free number may be anywhere in the plan, a satellite phone anywhere.
        ("+18005550172", None, None, None, []),
        ("+881612345678", None, None, None, []),
    ],
)
def test_the_facts_of_a_number(
    number: str, area_code: str | None, region: str | None, country: str | None, time_zones: list[str]
) -> None:
    facts = facts_of(number)
    assert (facts.phone_number, facts.area_code) == (number, area_code)
    assert (facts.region, facts.country, list(facts.time_zones)) == (region, country, time_zones)


def test_every_area_code_of_the_nanp_has_time_zones() -> None:
    for code in AREAS:
        zones = facts_of(f"+1{code}5550172").time_zones
        assert zones
        assert list(zones) == sorted(zones)
        # More would be those of the whole plan, for a code that nothing is known of.
        assert len(zones) <= 4, code


@given(numbers.filter(is_possible))
def test_every_possible_number_has_facts(number: str) -> None:
    facts = facts_of(number)
    assert facts.area_code == area_code_of(number)
    if facts.area_code is not None:
        assert facts.country == country_of(facts.area_code)
    assert set(facts.time_zones) <= zoneinfo.available_timezones()
