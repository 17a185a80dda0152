"""Numbers outside the North American Numbering Plan, and text that people typed.

This is the one module that knows ``phonenumbers`` (libphonenumber's data). The
library is made to read whatever a person may write: it takes digits of any
script, letters, trunk prefixes and trailing text. Where a number must be E.164,
what the library understood is therefore compared with what it was given.

``phonenumbers.geocoder`` stays out: loading it takes a third of a second and
100 MB, and it names places, which nothing here needs.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

# The contract and the store hold area codes of at most 7 digits with the
# country code. Only Mongolia has longer ones.
_PREFIX: Final = re.compile(r"\+[2-9][0-9]{1,6}")
_LONGEST_E164: Final = len("+") + 15
_SHORTEST_E164: Final = len("+") + 7

# What people write around a phone number is short. The library's time grows with
# the cube of the length: 3 ms at worst for this one, 90 ms for its own limit of 250.
_LONGEST_TEXT: Final = 64
_US_NUMBER: Final = re.compile(r"1[2-9][0-9]{2}[2-9][0-9]{6}")

# How the rest of a number is filled to try out a prefix: (first digit, the others).
_FILLINGS: Final = (
    *((digit, digit) for digit in "2345678901"),
    *((first, digit) for first in "0123456789" for digit in "0257" if first != digit),
)


@lru_cache(maxsize=8_192)
def area_code_of(number: str) -> str | None:
    """Answer the geographic area code of an E.164 number outside the NANP.

    It is written as an E.164 prefix (``+4420``); ``None`` if the number has none.
    Whatever it answers, ``is_area_code`` accepts.
    """
    prefix = _area_prefix(number)
    return prefix if prefix is not None and is_area_code(prefix) else None


def is_area_code(prefix: str) -> bool:
    """Say whether ``area_code_of`` answers this prefix (``+4420``) for some number."""
    return _PREFIX.fullmatch(prefix) is not None and _number_in(prefix) is not None


def country_of(prefix: str) -> str | None:
    """Answer the ISO 3166 two-letter code of the area code's country, ``None`` if it is no area code."""
    number = _number_in(prefix) if _PREFIX.fullmatch(prefix) else None
    return phonenumbers.region_code_for_number(phonenumbers.parse(number)) if number else None


def probable_us_number(text: str) -> str | None:
    """Answer the E.164 form of text that reads as a phone number when dialled in the United States.

    ``None`` where it does not, or where the number is of a country outside the
    NANP. Any text will do; nothing is raised.
    """
    if len(text) > _LONGEST_TEXT:
        return None
    try:
        digits = _digits(phonenumbers.parse(text, "US"))
    except NumberParseException:
        return None
    # Not is_valid_number: it refuses area codes that are live.
    return f"+{digits}" if _US_NUMBER.fullmatch(digits) else None


def _area_prefix(number: str) -> str | None:
    """Answer what libphonenumber sets apart as the area code of an E.164 number, as a prefix of it."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return None
    # Parsing drops trunk prefixes (+44020...) and retired mobile ones (+521...):
    # nobody can be called on such a number.
    if number != f"+{_digits(parsed)}":
        return None
    length = phonenumbers.length_of_geographical_area_code(parsed)
    # In Argentina, Brazil and Indonesia mobile numbers too carry an area code.
    # They are no more local than anyone's mobile. Where the numbers of mobiles
    # and landlines are the same, as in Mexico and the NANP, the area code counts.
    if length == 0 or phonenumbers.number_type(parsed) == PhoneNumberType.MOBILE:
        return None
    return number[: len(f"+{parsed.country_code}") + length]


@lru_cache(maxsize=16_384)
def _number_in(prefix: str) -> str | None:
    """Answer some number whose area code is the prefix, ``None`` if there is none.

    There is no list of the world's area codes to look in: they follow from each
    country's rules. So numbers that start with the prefix are made up, in every
    length and with digits that spread over the ranges that follow an area code,
    until one has it as its area code. That finds all but a few codes in use; as
    ``area_code_of`` asks here too, the two never disagree on those either.

    Measured: 0.3 ms on average where there is one, 3 to 20 ms where there is none.
    """
    return next((number for number in _numbers_under(prefix) if _area_prefix(number) == prefix), None)


def _numbers_under(prefix: str) -> Iterator[str]:
    for first, digit in _FILLINGS:
        for length in range(_LONGEST_E164, max(_SHORTEST_E164, len(prefix) + 1) - 1, -1):
            yield (prefix + first).ljust(length, digit)


def _digits(parsed: phonenumbers.PhoneNumber) -> str:
    return f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
