"""One phone, several spellings: the key by which a phone is found, however its number is written.

In a few countries more than one E.164 number reaches a phone, and carriers report any of them. Which ones,
by libphonenumber's data and the national plans:

- Mexico: mobiles had a 1 after +52 until 2019, and networks abroad still send it: `+5215512345678` is
  `+525512345678`. libphonenumber had the 1 as Mexico's mobile token until then.
- Argentina: mobiles have a 9 after +54 when called from abroad, and calls from Argentina come without it.
  Inside the country they have a 15 after the area code instead, which is often left in: `+5491123456789`,
  `+541123456789` and `+54111523456789` are one phone. libphonenumber reads them as the first.
- Brazil: mobiles were given a ninth digit, a 9 after the area code, from 2012 to 2016, and some networks
  still send eight. Only where the next digit is 6, 8 or 9: eight digits that begin with 7 may be radio
  (trunking) phones, which kept theirs, and those that begin with 2 to 5 are landlines.
- San Marino: the area code 0549 may be left out, and is also reached by Italy's country code:
  `+378882345`, `+3780549882345` and `+390549882345`.

Left out are countries whose old numbers have stopped working (Benin, Côte d'Ivoire), and trunk prefixes
behind a country code, which are impossible numbers (`possible_numbers`).

The database computes the same key in SQL (`CALLEE_KEY` in `storage.sql.schema`); a test compares the two.
"""

import re
from typing import Final

# Buenos Aires has 11. Other area codes of Argentina have four digits, and may begin with one of these.
_ARGENTINE_AREA_CODES_OF_3_DIGITS: Final = (
    "220|221|223|230|236|237|249|260|261|263|264|266|280|291|294|297|298|299|336|341|342|343|345|348|351|353|"
    "358|362|364|370|376|379|380|381|383|385|387|388"
)
_SAN_MARINO: Final = re.compile(r"\+(?:378|39)0549([0-9]{6})")
# The key is the groups; it leaves out the digits between them.
_LONGER_SPELLING: Final = re.compile(
    r"(\+52)1([0-9]{10})"
    r"|(\+54)9([0-9]{10})"
    r"|(\+5411)15([0-9]{8})"
    rf"|(\+54(?:{_ARGENTINE_AREA_CODES_OF_3_DIGITS}))15([0-9]{{7}})"
    r"|(\+54(?!11)[0-9]{4})15([0-9]{6})"
    r"|(\+55[0-9]{2})9([689][0-9]{7})"
)


def phone_key(number: str) -> str:
    """Return the key of an E.164 number: the shortest spelling if the phone has several, else the number."""
    # Every call comes through here, and the phones of country code 1 have one number.
    if number.startswith("+1"):
        return number
    if found := _LONGER_SPELLING.fullmatch(number):
        return "".join(filter(None, found.groups()))
    if found := _SAN_MARINO.fullmatch(number):
        return f"+378{found[1]}"
    return number


def spellings(number: str) -> tuple[str, ...]:
    """Return every E.164 number with this number's key, the key first. Most phones have one number."""
    if number.startswith("+1"):
        return (number,)
    key = phone_key(number)
    if key.startswith("+378"):
        longer = [f"+3780549{key[4:]}", f"+390549{key[4:]}"]
    elif key.startswith("+52"):
        longer = [f"+521{key[3:]}"]
    elif key.startswith("+54"):
        longer = [f"+549{key[3:]}", *(f"{key[:end]}15{key[end:]}" for end in (5, 6, 7))]
    elif key.startswith("+55"):
        longer = [f"{key[:5]}9{key[5:]}"]
    else:
        longer = []
    return key, *(each for each in longer if phone_key(each) == key)
