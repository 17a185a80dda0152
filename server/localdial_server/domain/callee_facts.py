"""What is known of a callee's number: its area code, region, country and time zones.

Everything is by the numbering plans. A portable number may be elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from localdial_server.domain.area_codes import area_code_of, country_of, subdivision_of
from localdial_server.domain.international import country_of_number, time_zones_of
from localdial_server.domain.nanp import AREAS

_NANP: Final = "+1"


@dataclass(frozen=True, slots=True)
class CalleeFacts:
    """The facts about a callee's number (E.164)."""

    phone_number: str
    area_code: str | None
    """None if the number has no geographic area code."""
    region: str | None
    """The region of the area code by ISO 3166-2, such as `US-CA`; None if it is not known or several."""
    country: str | None
    """ISO 3166-1 alpha-2; None if the number belongs to none, or it is not known to which."""
    time_zones: Sequence[str]
    """Their IANA names, in alphabetical order. Empty if they are not known."""


def facts_of(number: str) -> CalleeFacts:
    """Return the facts about a possible E.164 number. The first call loads the time zones: some 10 ms."""
    area_code = area_code_of(number)
    if area_code is None and number.startswith(_NANP):
        # Toll-free numbers and the like belong to the whole plan.
        return CalleeFacts(number, None, None, None, ())
    return CalleeFacts(
        number,
        area_code,
        subdivision_of(area_code) if area_code is not None else None,
        country_of(area_code) if area_code is not None else country_of_number(number),
        _nanp_time_zones(area_code)
        if area_code is not None and number.startswith(_NANP)
        else time_zones_of(number),
    )


@cache
def _nanp_time_zones(area_code: str) -> Sequence[str]:
    """Return the time zones of an area code of the NANP.

    Those of a code that the library does not know yet are those of its region's other codes.
    """
    zones = _known_nanp_time_zones(area_code)
    if zones:
        return zones
    area = AREAS[area_code]
    neighbors = [code for code, other in AREAS.items() if other == area]
    return sorted({zone for code in neighbors for zone in _known_nanp_time_zones(code)})


def _known_nanp_time_zones(area_code: str) -> Sequence[str]:
    """Return the time zones of an area code, empty if the library does not know the code."""
    zones = time_zones_of(f"{_NANP}{area_code}5550100")
    # For a code that it does not know, the library returns the zones of the whole plan.
    return zones if zones != time_zones_of(f"{_NANP}0000000000") else ()
