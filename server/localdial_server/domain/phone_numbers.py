"""Phone numbers in the format of ITU-T Recommendation E.164, checked by their characters alone.

Whether a number is assigned is never checked: area codes go into service before any library knows them.
"""

import re
from typing import Final

from localdial_server.domain.formats import E164

_E164 = re.compile(E164.pattern)

_WORDS_ON_A_KEYPAD = (
    "266696687",  # ANONYMOUS
    "7378742833",  # RESTRICTED
    "2562533",  # BLOCKED
    "8656696",  # UNKNOWN
    "86282452253",  # UNAVAILABLE
)

CODES_FOR_WITHHELD: Final = frozenset(
    f"+{country_code}{word}" for word in _WORDS_ON_A_KEYPAD for country_code in ("", "1")
)
"""The numbers that carriers send for callers who withhold theirs, in place of a word.

They are words typed on a telephone's letter keys (2 ABC, 3 DEF, ... 9 WXYZ); some carriers put country
code 1 in front. They look like E.164, and some are in a range that a country uses. Source: Twilio's
list of the caller IDs that it sends for calls without one.
"""


def is_e164(text: str) -> bool:
    """Return whether the text is an E.164 number: `+` and 7 to 15 ASCII digits, the first not 0.

    Text with anything before or after the number, even a line end, is not one.
    """
    return _E164.fullmatch(text) is not None
