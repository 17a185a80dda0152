"""Searches among the local numbers on sale in a country."""

from collections.abc import Callable, Mapping
from itertools import islice

from localdial_server.carriers.simulator.stock import AREA_CODES_ABROAD, stock_of
from localdial_server.carriers.twilio_simulator.error_responses import RequestRefused, not_found
from localdial_server.domain.area_codes import country_of, region_of
from localdial_server.domain.nanp import AREAS

_SHORTEST_PATTERN, _LONGEST_PATTERN = 2, 16


def numbers_on_sale(country: str, query: Mapping[str, str], is_owned: Callable[[str], bool]) -> list[str]:
    """Return the numbers that match the query's parameters (`AreaCode`, `InRegion`, `Contains`, `PageSize`).

    Raises `RequestRefused` for a country without stock and for a parameter that is not valid.
    """
    area_codes = _area_codes_in(country)
    if not area_codes:
        raise not_found(f"/AvailablePhoneNumbers/{country}/Local.json")
    if "AreaCode" in query:
        if not query["AreaCode"].isdigit():
            raise RequestRefused(400, 21451, "AreaCode is not valid")
        area_codes = [code for code in area_codes if code == query["AreaCode"]]
    if "InRegion" in query:
        area_codes = [code for code in area_codes if region_of(code) == query["InRegion"]]
    pattern = query.get("Contains", "")
    if pattern and not _SHORTEST_PATTERN <= len(pattern) <= _LONGEST_PATTERN:
        raise RequestRefused(400, 20001, "Contains must have 2 to 16 characters")
    numbers = (
        number
        for code in area_codes
        if _may_match(code, pattern)
        for number in stock_of(code)
        if not is_owned(number) and _matches(number, pattern)
    )
    return list(islice(numbers, int(query["PageSize"])))


def _area_codes_in(country: str) -> list[str]:
    inside = [code for code, area in AREAS.items() if area.country == country]
    return sorted(inside) + sorted(code for code in AREA_CODES_ABROAD if country_of(code) == country)


def _may_match(area_code: str, pattern: str) -> bool:
    if not pattern.startswith("+"):
        return True
    begin = area_code if area_code.startswith("+") else f"+1{area_code}"
    prefix = pattern.rstrip("*%")
    return begin.startswith(prefix) or prefix.startswith(begin)


def _matches(number: str, pattern: str) -> bool:
    if not pattern:
        return True
    digits = pattern.strip("+*%$")
    if pattern.startswith("+"):
        return number.startswith(f"+{digits}")
    if pattern.endswith("$"):
        return number.endswith(digits)
    return digits in number
