"""The number that a user certainly meant by text that is not a possible phone number.

A suggestion that invents a digit is worse than none. So text is understood only if it is written as a
number of country code 1 is written, from the first character to the last: `(415) 555-0100`,
`1-415-555-0100`, `415.555.0100`, `4155550100`, also with an extension (`x12`), which E.164 has no place
for, and in digits of other scripts. Everything else has several readings or none: letters in place of
digits, decimals and exponents of spreadsheets, several numbers, dates, IP addresses, missing digits.
"""

import re
import unicodedata
from typing import Final

from localdial_server.domain import international
from localdial_server.domain.phone_numbers import is_e164
from localdial_server.domain.possible_numbers import corrected, is_possible

# A phone number with the text around it is shorter.
_LONGEST_TEXT: Final = 64

# The groups are all separated, all joined, or told apart by parentheses. With any other grouping a
# decimal (`415555010.0`), an IP address (`212.255.10.20`) or a date would look like a number.
_US_NUMBER: Final = re.compile(
    r"""
    (?:tel:)? [ ]?
    (?: \+? 1 [ ]?[./-]?[ ]? )?
    (?:
        (?P<a1>[2-9]\d\d) (?:[ ]?[./-][ ]?|[ ]) (?P<a2>[2-9]\d\d) (?:[ ]?[./-][ ]?|[ ]) (?P<a3>\d{4})
      | \( [ ]? (?P<b1>[2-9]\d\d) [ ]? \) [ ./-]{0,3} (?P<b2>[2-9]\d\d) [ ]?[./-]?[ ]? (?P<b3>\d{4})
      | (?P<c>[2-9]\d\d[2-9]\d{6})
    )
    (?: (?: [ ,]{0,2} (?:extension|ext\.?|x\.?) | ;ext= | [ ]\# ) [ ]? \d{1,7} )?
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)

# Digits in groups, each perhaps in parentheses, with a separator between them.
_TYPED: Final = re.compile(r"\+?(?:\(\d+\)|\d+)(?:[ ]?[./-]?[ ]?(?:\(\d+\)|\d+))*", re.ASCII)
# How spreadsheets are told that digits are text: '4155550100 and ="4155550100".
_MARKED_AS_TEXT: Final = re.compile(r"'(?P<typed>.*)|=\"(?P<exported>.*)\"")
# A decimal, such as a number that a spreadsheet has changed, a date, and an IP address.
_NOT_A_NUMBER: Final = re.compile(r"\d+\.\d+|\d{1,4}([./-])\d{1,2}\1\d{1,4}|\d{1,3}(\.\d{1,3}){3}", re.ASCII)


def suggested_number(text: str) -> str | None:
    """Return the possible number that is certainly meant by text that is not one, None without one.

    The result is for a message, never a value to act on. Accepts any text and raises nothing.
    """
    if is_e164(text):
        return corrected(text)
    plain = _plain(text) if len(text) <= _LONGEST_TEXT else ""
    match = _US_NUMBER.fullmatch(plain)
    if match is None or _NOT_A_NUMBER.fullmatch(plain):
        return None
    number = "+1" + "".join(match[group] or "" for group in ("a1", "a2", "a3", "b1", "b2", "b3", "c"))
    return number if is_possible(number) else None


def typed_number(text: str, country: str) -> str | None:
    """Return the number that the text certainly stands for if it is typed in the country.

    `country` is an ISO 3166-1 alpha-2 code. Unlike a suggestion, the result is stored and dialed, so an
    extension is not dropped. None without a certain reading. Accepts any text and raises nothing.
    """
    if is_possible(text):
        return text
    plain = _plain(text)
    if marked := _MARKED_AS_TEXT.fullmatch(plain):
        plain = (marked["typed"] or marked["exported"] or "").strip()
    if len(text) > _LONGEST_TEXT or _TYPED.fullmatch(plain) is None or _NOT_A_NUMBER.fullmatch(plain):
        return None
    digits = re.sub("[^0-9]", "", plain)
    if plain.startswith("+"):
        return f"+{digits}" if is_possible(f"+{digits}") else corrected(f"+{digits}")
    if international.is_in_nanp(country) and not digits.startswith("011"):
        return suggested_number(plain)
    number = international.dialed_number(digits, country)
    if number is None or not is_possible(number):
        return None
    # Other digits than these may lack the area code, or be another country's number without its `+`.
    is_certain = digits.startswith("0") or international.is_known(number)
    return number if is_certain else None


def _plain(text: str) -> str:
    """Return the text in ASCII where a phone number allows it, with single spaces and no invisible marks."""
    return " ".join("".join(map(_plain_character, text)).split())


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == "\u2212":
        return "-"
    if category == "Cf":
        return ""
    return {"\uff0b": "+", "\uff08": "(", "\uff09": ")", "\uff0e": "."}.get(character, character)
