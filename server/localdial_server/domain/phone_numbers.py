"""What a phone number is: E.164, decided by its characters alone.

Whether a number is in use, or could be, is not asked here: area codes go live
before any library knows them.
"""

import re

# Not \d, which takes the digits of every script.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

# What carriers send as the number of a caller who withheld it: a word, typed on
# a telephone's letter keys (2 ABC, 3 DEF, ... 9 WXYZ). Each one looks like an
# E.164 number, and some are in a range that a country uses.
# Source: Twilio's list of the caller IDs it sends for calls without one.
_CODES_FOR_WITHHELD = frozenset(
    {
        "+266696687",  # ANONYMOUS
        "+7378742833",  # RESTRICTED
        "+2562533",  # BLOCKED
        "+8656696",  # UNKNOWN
        "+86282452253",  # UNAVAILABLE
    }
)


def is_e164(text: str) -> bool:
    """Say whether the text is an E.164 number: ``+`` and 7 to 15 ASCII digits, the first not 0.

    Nothing may stand around it, not even a line end.
    """
    return _E164.fullmatch(text) is not None


def caller_of(text: str) -> str | None:
    """Answer the E.164 number of a caller from what a carrier sent, ``None`` if it was withheld.

    Withheld is whatever nobody can be called back on: a word (``anonymous``,
    ``restricted``), an address (``sip:``, ``client:``), a short code, nothing at
    all, and the numbers that carriers send in place of such a word.
    """
    if is_e164(text) and text not in _CODES_FOR_WITHHELD:
        return text
    return None
