"""Other countries, and the numbers that digits reach when they are dialed there.

This is the only module that knows `phonenumbers`, a port of Google's libphonenumber with its data on
every country's numbering plan. The library accepts whatever a person may type: digits of any script,
letters, trunk prefixes and trailing text. Where a number must be E.164, the code therefore compares
what the library understood with its input. Area codes come from `geographic_prefixes`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

_SHORTEST_WITHOUT_PLUS: Final = 11


def is_country(country: str) -> bool:
    """Return whether the text is the ISO 3166-1 alpha-2 code of a country with phone numbers of its own."""
    return country in phonenumbers.SUPPORTED_REGIONS


def is_in_nanp(country: str) -> bool:
    """Return whether the country has country code 1."""
    return bool(phonenumbers.country_code_for_region(country) == 1)


def country_code_of(country: str) -> str:
    """Return the country code of a country (ISO 3166-1 alpha-2), without `+`: `44` for `GB`."""
    return str(phonenumbers.country_code_for_region(country))


@lru_cache(maxsize=1_024)
def country_of_prefix(prefix: str) -> str | None:
    """Return the main country of the country code that `+` and digits begin with, None if none exists."""
    for end in 2, 3, 4:
        code = prefix[1:end]
        if code and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            country = phonenumbers.region_code_for_country_code(int(code))
            return country if is_country(country) else None
    return None


@lru_cache(maxsize=8_192)
def dialed_number(digits: str, country: str) -> str | None:
    """Return the E.164 number that at most 20 ASCII digits reach when dialed in the country, None if none.

    The digits may begin with the country's trunk or international prefix. They may also be an E.164 number
    without its `+`: of the country itself if national numbers begin with a trunk prefix, else any if no
    national number is known that the digits could be.
    """
    international = _international(digits)
    begins_with_own_code = digits.startswith(str(phonenumbers.country_code_for_region(country)))
    has_trunk_prefix = phonenumbers.ndd_prefix_for_region(country, strip_non_digits=True) is not None
    if international is not None and begins_with_own_code and has_trunk_prefix and is_known(international):
        return international
    try:
        parsed = phonenumbers.parse(digits, country)
    except NumberParseException:
        return None
    national = f"+{_digits(parsed)}" if _is_complete(parsed) else None
    if national is not None and phonenumbers.is_valid_number(parsed):
        return national
    # Shorter digits are a local number or a short code, whatever country code they begin with.
    if len(digits) >= _SHORTEST_WITHOUT_PLUS and international is not None:
        return international if national is None or is_known(international) else national
    return national


def _international(digits: str) -> str | None:
    """Return the digits with a `+` if that is an E.164 number."""
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except NumberParseException:
        return None
    number = f"+{digits}"
    return number if _is_complete(parsed) and number == f"+{_digits(parsed)}" else None


def country_of_number(number: str) -> str | None:
    """Return the country (ISO 3166-1 alpha-2) of an E.164 number, None if that is not known or several.

    For a country code that several countries share, only a number that the library knows has a country.
    """
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return None
    assert parsed.country_code is not None
    countries = phonenumbers.region_codes_for_country_code(parsed.country_code)
    country = countries[0] if len(countries) == 1 else phonenumbers.region_code_for_number(parsed)
    return country if country is not None and is_country(country) else None


def time_zones_of(number: str) -> Sequence[str]:
    """Return the IANA time zones where an E.164 number may be, by the longest prefix that is known.

    They are in alphabetical order. Empty if not even those of the country code are known.
    """
    # Few processes ever need it, and it loads data of its own.
    from phonenumbers.timezone import (  # noqa: PLC0415
        UNKNOWN_TIMEZONE,
        time_zones_for_geographical_number,
    )

    try:
        zones = time_zones_for_geographical_number(phonenumbers.parse(number))
    except NumberParseException:
        return []
    return [zone for zone in zones if zone != UNKNOWN_TIMEZONE]


def is_known(number: str) -> bool:
    """Return whether an E.164 number is assigned, as far as the library knows."""
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(number)))
    except NumberParseException:
        return False


def _is_complete(parsed: phonenumbers.PhoneNumber) -> bool:
    """Return whether the number is as long as numbers of its country are, including the area code."""
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return bool(reason == ValidationResult.IS_POSSIBLE)


def _digits(parsed: phonenumbers.PhoneNumber) -> str:
    return f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
