"""The key by which calls to a phone are found, whichever of its two E.164 numbers was called.

In a few countries two E.164 numbers reach one phone, and carriers report either. These are covered, by
libphonenumber's data and the national plans:

- Mexico: mobiles had a 1 after +52 until 2019, and networks abroad still send it: `+5215512345678` is
  `+525512345678`. libphonenumber had the 1 as Mexico's mobile token until then.
- Argentina: mobiles have a 9 after +54 when called from abroad, and calls from Argentina come without it.
  The ten digits are one phone with and without; the 9 is libphonenumber's mobile token.
- Brazil: mobiles were given a ninth digit, a 9 after the area code, from 2012 to 2016, and some networks
  still send eight. Only where the next digit is 6, 8 or 9: eight digits that begin with 7 may be radio
  (trunking) phones, which kept theirs, and those that begin with 2 to 5 are landlines.
- San Marino: the area code 0549 may be left out.

Left out are countries whose old numbers have stopped working (Benin, Côte d'Ivoire), and trunk prefixes
behind a country code, which are impossible numbers (`possible_numbers`).

The database computes the same key in SQL (`CALLEE_KEY` in `storage.sql.schema`); a test compares the two.
"""

from typing import Final

# The longer spellings of all four have 13 digits.
_LENGTH: Final = len("+5215512345678")


def phone_key(number: str) -> str:
    """Return the key of an E.164 number: the shorter spelling if the phone has two, else the number."""
    # Every call-back comes through here, and no number of the NANP has this length.
    if len(number) != _LENGTH:
        return number
    if number.startswith(("+521", "+549")):
        return number[:3] + number[4:]
    if number.startswith("+55") and number[5] == "9" and number[6] in "689":
        return number[:5] + number[6:]
    if number.startswith("+3780549"):
        return number[:4] + number[8:]
    return number
