"""Other countries, and the numbers that digits reach when they are dialed there.

This is the only module that knows `phonenumbers`, a port of Google's libphonenumber with its data on
every country's numbering plan. The library accepts whatever a person may type: digits of any script,
letters, trunk prefixes and trailing text. Where a number must be E.164, the code therefore compares
what the library understood with its input. Area codes come from `geographic_prefixes`.
"""

from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException

_SHORTEST_WITHOUT_PLUS: Final = 11


def is_country(country: str) -> bool:
    """Return whether the text is the ISO 3166-1 alpha-2 code of a country with phone numbers of its own."""
    return country in phonenumbers.SUPPORTED_REGIONS


def is_in_nanp(country: str) -> bool:
    """Return whether the country has country code 1."""
    return bool(phonenumbers.country_code_for_region(country) == 1)


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

    The digits may begin with the country's trunk or international prefix. If they reach no number that is
    assigned as far as the library knows, they may also be another country's E.164 number without its `+`.
    """
    try:
        parsed = phonenumbers.parse(digits, country)
    except NumberParseException:
        return None
    national = f"+{_digits(parsed)}" if phonenumbers.is_possible_number(parsed) else None
    if national is not None and phonenumbers.is_valid_number(parsed):
        return national
    # Shorter digits are a local number or a short code, whatever country code they begin with.
    if len(digits) >= _SHORTEST_WITHOUT_PLUS and not digits.startswith("0"):
        try:
            parsed = phonenumbers.parse(f"+{digits}")
        except NumberParseException:
            return national
        if phonenumbers.is_possible_number(parsed) and f"+{digits}" == f"+{_digits(parsed)}":
            is_certain = national is None or phonenumbers.is_valid_number(parsed)
            return f"+{digits}" if is_certain else national
    return national


def _digits(parsed: phonenumbers.PhoneNumber) -> str:
    return f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
