"""Searches among the local numbers on sale in a country."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final

from localdial_server.carriers.simulator.stock import AREA_CODES_ABROAD, stock_of
from localdial_server.carriers.twilio_simulator.error_responses import RequestRefused, not_found
from localdial_server.domain.area_codes import country_of, region_of
from localdial_server.domain.nanp import AREAS

# Twilio documents that `AreaCode` and `InRegion` apply to these countries only, so elsewhere they filter
# nothing.
_FILTERED_BY_AREA: Final = frozenset({"US", "CA"})

_PATTERN_LENGTHS: Final = range(2, 17)
# Wildcards and anchors stand at the ends, one at each.
_PATTERN: Final = re.compile(r"(?P<begin>[+*%]?)(?P<text>[0-9A-Za-z]+)(?P<end>[$*%]?)", re.ASCII)
_WILDCARDS: Final = frozenset("*%")
_SHORTEST_BESIDE_WILDCARDS: Final = 2
_REGEX: Final = {"+": r"\+", "$": r"\Z", "*": "[0-9]", "%": "[0-9]*"}
_KEYPAD: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")


def numbers_on_sale(country: str, query: Mapping[str, str], is_owned: Callable[[str], bool]) -> list[str]:
    """Return the numbers that match the query's parameters (`AreaCode`, `InRegion`, `Contains`, `PageSize`).

    Raises `RequestRefused` for a country without stock and for a parameter that is not valid.
    """
    area_codes = _area_codes_in(country)
    if not area_codes:
        raise not_found(f"/AvailablePhoneNumbers/{country}/Local.json")
    if country in _FILTERED_BY_AREA:
        area_codes = _filtered(area_codes, query)
    contains = query.get("Contains", "")
    pattern = _pattern(contains)
    numbers = (
        number
        for code in area_codes
        if _may_match(code, contains)
        for number in stock_of(code)
        if not is_owned(number) and pattern.search(number)
    )
    return list(islice(numbers, int(query["PageSize"])))


def _area_codes_in(country: str) -> list[str]:
    inside = [code for code, area in AREAS.items() if area.country == country]
    return sorted(inside) + sorted(code for code in AREA_CODES_ABROAD if country_of(code) == country)


def _filtered(area_codes: Iterable[str], query: Mapping[str, str]) -> list[str]:
    area_code, region = query.get("AreaCode"), query.get("InRegion")
    if area_code is not None and not area_code.isdigit():
        raise RequestRefused(400, 21451, "AreaCode is not valid")
    return [
        code
        for code in area_codes
        if area_code in {None, code} and (region is None or region_of(code) == region)
    ]


def _may_match(area_code: str, contains: str) -> bool:
    """Return whether the area code may have a match. A search of every number takes seconds."""
    begin = area_code if area_code.startswith("+") else f"+1{area_code}"
    prefix = contains.rstrip("*%$")
    return not contains.startswith("+") or begin.startswith(prefix) or prefix.startswith(begin)


def _pattern(contains: str) -> re.Pattern[str]:
    """Return the regular expression of a `Contains` pattern, by the rules that Twilio documents for it."""
    if not contains:
        return re.compile("")
    parts = _PATTERN.fullmatch(contains)
    if parts is None or len(contains) not in _PATTERN_LENGTHS:
        raise RequestRefused(400, 20001, "Contains is not valid")
    begin, text, end = parts.groups()
    if {begin, end} & _WILDCARDS and len(text) < _SHORTEST_BESIDE_WILDCARDS:
        raise RequestRefused(400, 20001, "Contains needs two characters beside its wildcards")
    return re.compile(_REGEX.get(begin, "") + text.upper().translate(_KEYPAD) + _REGEX.get(end, ""))
