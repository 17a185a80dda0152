"""The geographic area codes outside the North American Numbering Plan (NANP), from a committed table.

The table is `data/geographic_prefixes.csv`, which `scripts/build-tables` takes from libphonenumber's data
and `scripts/lib/tables/geographic_prefixes.py` explains. The library itself is not asked: it takes up to
9 ms for a number, and calls are routed on the event loop.

Only the length and the first digits of a number count; whether it is assigned is not checked.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, NamedTuple


class _Place(NamedTuple):
    country: str | None
    """ISO 3166-1 alpha-2; None if such numbers have no area code, such as mobile numbers."""
    lengths: frozenset[int]
    """How many digits such numbers have, including the country code."""
    behind: int
    """How many digits of the prefix are behind the area code."""


class _Row(NamedTuple):
    place: _Place
    prefixes: str


class _Country(NamedTuple):
    """The entries of a country code in the table. Prefixes and area codes are without `+`."""

    places: Mapping[str, _Place]
    """By prefix."""
    codes: Mapping[str, str]
    """The country of each area code."""
    longest: int
    """The length of the longest prefix."""


def _load() -> dict[str, list[_Row]]:
    table = resources.files(__package__).joinpath("data", "geographic_prefixes.csv").read_text("ascii")
    rows: dict[str, list[_Row]] = {}
    # The csv module limits the length of fields, and Germany has thousands of area codes.
    for line in table.splitlines()[1:]:
        country_code, country, lengths, behind, prefixes = line.split(",")
        place = _Place(country or None, frozenset(map(int, lengths.split())), int(behind))
        rows.setdefault(country_code, []).append(_Row(place, prefixes))
    return rows


_ROWS: Final[Mapping[str, list[_Row]]] = _load()


@cache
def _country(country_code: str) -> _Country:
    """Return what the table has about a country code in it.

    Prefixes are split when a number first needs them, which takes 1 ms for Germany and less for others.
    """
    places: dict[str, _Place] = {}
    codes: dict[str, str] = {}
    for place, prefixes in _ROWS[country_code]:
        split = prefixes.split()
        places |= dict.fromkeys(split, place)
        if place.country is not None:
            codes |= dict.fromkeys((prefix[: len(prefix) - place.behind] for prefix in split), place.country)
    return _Country(places, codes, max(map(len, places)))


def area_code_of(number: str) -> str | None:
    """Return the area code of an E.164 number outside the NANP, such as `+4420`, None if it has none."""
    digits = number[1:]
    country_code = _country_code_of(digits)
    if country_code is None:
        return None
    country = _country(country_code)
    # The longest prefix decides, among those whose numbers have this length.
    for end in range(country.longest, len(country_code), -1):
        place = country.places.get(digits[:end])
        if place is not None and len(digits) in place.lengths:
            return number[: len("+") + end - place.behind] if place.country is not None else None
    return None


def country_of(area_code: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of an area code's country, None for text that is no area code.

    `area_code` is an E.164 prefix (`+4420`). Accepts any text.
    """
    digits = area_code[1:]
    country_code = _country_code_of(digits) if area_code.startswith("+") else None
    return _country(country_code).codes.get(digits) if country_code is not None else None


def _country_code_of(digits: str) -> str | None:
    # No country code begins with another one.
    return next((digits[:end] for end in (1, 2, 3) if digits[:end] in _ROWS), None)
