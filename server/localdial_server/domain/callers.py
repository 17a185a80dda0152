"""Read the caller and the called number of a call-back as switches report them. No other module reads them.

Switches and carriers write one number in many ways. These forms are read:

- E.164, also without its `+`: `+14155550100`, `14155550100`;
- a national number of the default country, with or without its trunk prefix: `4155550100`;
- a number behind the default country's international prefix: `011442079460123`, `00442079460123`;
- a tel URI (RFC 3966): `tel:+1-415-555-0100`, `tel:4155550100;phone-context=+1`;
- a SIP or SIPS URI with a number as its user: `sip:+14155550100@acme.sip.twilio.com;user=phone`;
- each of these with a display name: `"Ann" <sip:+14155550100@example.com>`.

Spaces, `-`, `.` and parentheses between the digits are skipped, and percent-encoding is decoded. Digits of
other scripts and letters are not read, and nothing is ever guessed: text that could be two numbers is
read as a number of the default country.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from localdial_server.domain import international
from localdial_server.domain.phone_numbers import CODES_FOR_WITHHELD
from localdial_server.domain.possible_numbers import is_possible

FORMS_OF_CALLED_NUMBERS: Final = (
    "must be a phone number: E.164 such as +14155550100 (the + may be missing), a national number of the "
    "server's default country, or a tel or SIP URI with such a number"
)
"""The requirement in the error about a called number that cannot be read."""

# Words that switches send instead of a number. As a display name, `unknown` and `unavailable` only say that
# no name is known, so the number beside them counts.
_WORDS_FOR_PRIVATE: Final = frozenset({"anonymous", "restricted", "private", "blocked"})
_WORDS_FOR_WITHHELD: Final = _WORDS_FOR_PRIVATE | {
    *("unavailable", "unknown", "private number", "restricted number", "unknown caller", "no caller id"),
}

_WITH_DISPLAY_NAME: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^"<>]*))\s*<([^<>]*)>.*', re.DOTALL)
_SCHEME: Final = re.compile(r"(sips?|tel):", re.IGNORECASE)
_PHONE_CONTEXT: Final = re.compile(r";phone-context=([^;]*)", re.IGNORECASE)
_SEPARATORS: Final = str.maketrans("", "", " -.()")
_NUMBER: Final = re.compile(r"\+?[0-9]+")
# A program took the number for a decimal, such as 4155550177.0. Without the dot it would have other digits.
_DECIMAL: Final = re.compile(r"[0-9]+\.[0-9]+")

# The form that most switches send.
_WITH_PLUS: Final = re.compile(r"\+[0-9]{1,19}")

# An international prefix, such as 0011 or 810, and the 15 digits of the longest number.
_MOST_DIGITS: Final = 20
# Shorter text without a `+` is a local number or a short code, whatever country code it begins with.
_FEWEST_DIGITS_WITHOUT_PLUS: Final = 11
_NANP_NATIONAL_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller, as read from the report of a switch.

    `number` is E.164 and possible; None if the caller withheld it or it cannot be read. `is_readable` is
    False for text that is neither a number nor one of the forms of a withheld one.
    """

    number: str | None
    is_readable: bool = True


_WITHHELD: Final = Caller(None)
_UNREADABLE: Final = Caller(None, is_readable=False)


class NumberReader:
    """Reads callers and called numbers, in a default country (ISO 3166-1 alpha-2)."""

    def __init__(self, default_country: str) -> None:
        self._default_country = default_country

    def caller(self, text: str) -> Caller:
        """Return the caller that the text stands for. Accepts any text and raises nothing.

        An empty text, the words that carriers use (`anonymous`), the numbers that they send in place of
        one of these words, and a SIP host that ends with `.invalid` count as withheld. A short code,
        `client:`, any other address, and an impossible number are unreadable.
        """
        if _WITH_PLUS.fullmatch(text) is not None:
            # The forms below lead to the same, and take five times as long.
            if text[1:] in _WITHHELD_DIGITS:
                return _WITHHELD
            return Caller(text) if is_possible(text) else _UNREADABLE
        name, address = _without_display_name(text)
        user, host = _without_scheme(address)
        word = user.partition(";")[0].strip().casefold()
        is_private = name.strip().casefold() in _WORDS_FOR_PRIVATE or host.endswith(".invalid")
        if is_private or not word or word in _WORDS_FOR_WITHHELD:
            return _WITHHELD
        if _digits_of(user).removeprefix("+") in _WITHHELD_DIGITS:
            return _WITHHELD
        number = self._number(user)
        return Caller(number) if number is not None else _UNREADABLE

    def called_number(self, text: str) -> str | None:
        """Return the called number in E.164, None if it cannot be read. Accepts any text, raises nothing."""
        if _WITH_PLUS.fullmatch(text) is not None:
            return text if is_possible(text) else None
        _, address = _without_display_name(text)
        return self._number(_without_scheme(address)[0])

    def _number(self, user: str) -> str | None:
        digits = _digits_of(user)
        if _NUMBER.fullmatch(digits) is None or len(digits) > _MOST_DIGITS:
            return None
        if digits.startswith("+"):
            return digits if is_possible(digits) else None
        context = _PHONE_CONTEXT.search(user)
        prefix = context[1].translate(_SEPARATORS) if context is not None else ""
        if prefix.startswith("+") and _NUMBER.fullmatch(prefix):
            return _read_in_context(digits, prefix)
        return _read_in_country(digits, self._default_country)


_WITHHELD_DIGITS: Final = frozenset(code.removeprefix("+") for code in CODES_FOR_WITHHELD)


def _without_display_name(text: str) -> tuple[str, str]:
    """Return the display name, empty if there is none, and the address without its angle brackets."""
    found = _WITH_DISPLAY_NAME.fullmatch(text)
    if found is None:
        return "", text.strip()
    return found[1] or found[2] or "", found[3].strip()


def _without_scheme(address: str) -> tuple[str, str]:
    """Return the user part of an address, with its own parameters, and the host; both decoded."""
    scheme = _SCHEME.match(address)
    rest = address[scheme.end() :] if scheme is not None else address
    if scheme is not None and scheme[1].lower() == "tel":
        return unquote(rest), ""
    user, at, host = rest.partition("@")
    if scheme is not None and not at and _NUMBER.fullmatch(user.partition(";")[0]) is None:
        # An address without a user, such as `sip:192.0.2.10`: its digits are no phone number.
        return address, ""
    host = re.split("[;?:]", host, maxsplit=1)[0]
    return unquote(user), host.casefold()


def _digits_of(user: str) -> str:
    """Return the user part without its parameters, its password and the separators; empty for a decimal."""
    text = re.split("[;:]", user, maxsplit=1)[0].strip()
    return "" if _DECIMAL.fullmatch(text) else text.translate(_SEPARATORS)


def _read_in_context(digits: str, prefix: str) -> str | None:
    """Return the number of a tel URI whose phone-context is `prefix`, such as `+1`; None if impossible."""
    country = international.country_of_prefix(prefix)
    national = _read_in_country(digits, country) if country is not None else None
    if national is not None and national.startswith(prefix):
        return national
    return prefix + digits if is_possible(prefix + digits) else None


def _read_in_country(digits: str, country: str) -> str | None:
    """Return the number that the digits reach if dialed in the country, else that of E.164 without `+`."""
    if international.is_in_nanp(country):
        found = _read_in_nanp(digits)
    else:
        # Mexico's own E.164 numbers with a 1 after the 52 are unknown to the library.
        found = international.dialed_number(digits, country) or _with_plus(digits)
    return found if found is not None and is_possible(found) else None


def _read_in_nanp(digits: str) -> str | None:
    if len(digits) == _NANP_NATIONAL_DIGITS:
        # Never another country's number: `1234567890` is no Nigerian caller.
        return f"+1{digits}"
    for prefix in "011", "00":
        # No number of the NANP begins with 0.
        if digits.startswith(prefix):
            return f"+{digits.removeprefix(prefix)}"
    return _with_plus(digits)


def _with_plus(digits: str) -> str | None:
    return f"+{digits}" if len(digits) >= _FEWEST_DIGITS_WITHOUT_PLUS else None
