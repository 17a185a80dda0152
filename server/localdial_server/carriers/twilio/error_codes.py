"""What the carrier's answers mean: the one table from error codes to the port's errors.

Codes are Twilio's (https://www.twilio.com/docs/api/errors); whatever is not in
the table goes by its HTTP status.
"""

import email.utils
import math
import time
from collections.abc import Mapping
from typing import Final

from localdial_server.app.ports.carrier import (
    CarrierError,
    CarrierUnavailable,
    NumberTaken,
    OutcomeUnknown,
    RefusalCause,
    Refused,
)

TAKEN: Final = frozenset({21422, 21452})
"""The number is not on sale (any more): the next one may be."""

NO_STOCK: Final = frozenset({21451, 21452})
"""There is nothing on sale where the search looked."""

_CHECK = "`localdial doctor` on the server says more."

_SUSPENDED = (
    "The Twilio account is suspended or closed. Where its balance has run out, add money in the Twilio"
    f" console (and turn on auto-recharge); otherwise ask Twilio's support. {_CHECK}"
)
_TRIAL = (
    "The Twilio account is a trial account, which cannot do this: it has one number at most. Upgrade it in"
    " the Twilio console."
)
_CREDENTIALS = (
    f"Twilio does not accept the server's credentials. Whoever runs the server must set them. {_CHECK}"
)
_NO_ACCOUNT = (
    "Twilio does not know the account that the server is set to (LOCALDIAL_TWILIO_ACCOUNT_SID,"
    f" LOCALDIAL_TWILIO_SUBACCOUNTS). {_CHECK}"
)
_ADDRESS = (
    "The rules of the number's country ask for an address. Register one with Twilio, and have it set on the"
    " server (LOCALDIAL_TWILIO_ADDRESS_SID)."
)
_LOCAL_ADDRESS = (
    "The rules of the number's country ask for an address in its own area. Register one with Twilio, and have"
    " it set on the server (LOCALDIAL_TWILIO_ADDRESS_SID), or buy in another area code."
)
_BUNDLE = (
    "The rules of the number's country ask for a bundle of documents that Twilio has approved. Submit one in"
    " the Twilio console, and have it set on the server (LOCALDIAL_TWILIO_BUNDLE_SID)."
)
_WRONG_BUNDLE = (
    "The bundle of documents that the server is set to (LOCALDIAL_TWILIO_BUNDLE_SID) does not fit the number:"
    " it is of another country or kind of number, or not approved."
)
_NO_NUMBER = "Twilio takes this for no valid phone number. Buy one that a search answers."
_NO_AREA_CODE = "Twilio does not know this area code. Try another."
_BAD_REQUEST = f"Twilio finds the request invalid. {_CHECK}"

REFUSALS: Final[Mapping[int, tuple[RefusalCause, str]]] = {
    21421: (RefusalCause.INVALID, _NO_NUMBER),
    21451: (RefusalCause.INVALID, _NO_AREA_CODE),
    21457: (RefusalCause.INVALID, _BAD_REQUEST),
    21458: (RefusalCause.INVALID, _BAD_REQUEST),
    21613: (RefusalCause.REGULATORY, _ADDRESS),
    21615: (RefusalCause.REGULATORY, _LOCAL_ADDRESS),
    21631: (RefusalCause.REGULATORY, _ADDRESS),
    21649: (RefusalCause.REGULATORY, _BUNDLE),
    21650: (RefusalCause.REGULATORY, _WRONG_BUNDLE),
    20003: (RefusalCause.CREDENTIALS, _CREDENTIALS),
    10001: (RefusalCause.ACCOUNT, _SUSPENDED),
    20005: (RefusalCause.ACCOUNT, _SUSPENDED),
    10002: (RefusalCause.ACCOUNT, _TRIAL),
    21404: (RefusalCause.ACCOUNT, _TRIAL),
}
"""Codes after which a repeat does not help, with what is said to the user."""

_REFUSED_BY_STATUS: Final[Mapping[int, tuple[RefusalCause, str]]] = {
    401: (RefusalCause.CREDENTIALS, _CREDENTIALS),
    402: (RefusalCause.ACCOUNT, "The Twilio account has no money left. Add some in the Twilio console."),
    403: (RefusalCause.ACCOUNT, f"The Twilio account may not do this. {_CHECK}"),
    404: (RefusalCause.ACCOUNT, _NO_ACCOUNT),
}

_THROTTLED_CODE: Final = 20429
_MOVED: Final = range(300, 400)
_TOO_MANY: Final = 429
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_TIMED_OUT: Final = 408
_SERVER_ERRORS: Final = range(500, 600)

_LONGEST_RETRY_AFTER: Final = 24 * 3600.0


class Failure(Exception):
    """The carrier answered, and what it answered is no success.

    ``code`` is 0 where it gave none.
    """

    def __init__(self, status: int, code: int = 0, retry_after: float | None = None) -> None:
        super().__init__(status, code, retry_after)
        self.status = status
        self.code = code
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Say it for the log: the carrier's own text may name what is not for others."""
        return f"the carrier answered {self.status}, error {self.code or 'without a code'}"

    @property
    def is_not_found(self) -> bool:
        """The resource is not there (any more)."""
        return self.status == _NOT_FOUND


class NotSent(Exception):
    """The request did not reach the carrier. The text says why."""


class NoAnswer(Exception):
    """The request was sent, and no answer came that could be understood. The text says why."""


def error_of_look_up(error: Failure | NotSent | NoAnswer) -> CarrierError:
    """Answer what a look-up raises."""
    found = _error(error)
    match found:
        case OutcomeUnknown():
            retry_after = error.retry_after if isinstance(error, Failure) else None
            return CarrierUnavailable(str(error), retry_after)
        case Refused(cause=RefusalCause.ACCOUNT | RefusalCause.CREDENTIALS):
            return found
        case NumberTaken() | Refused():
            # Nothing was asked for that could be invalid: it is the carrier's fault, or ours.
            return CarrierUnavailable(f"a look-up was refused: {error}")
        case _:
            return found


def error_of_change(error: Failure | NotSent | NoAnswer) -> CarrierError:
    """Answer what a change raises: never that it is safe to repeat when it may have been made."""
    return _error(error)


def _error(error: Failure | NotSent | NoAnswer) -> CarrierError:
    match error:
        case NotSent():
            return CarrierUnavailable(str(error))
        case NoAnswer():
            return OutcomeUnknown(str(error))
        case Failure():
            return _of_answer(error)


def _of_answer(failure: Failure) -> CarrierError:
    status, code = failure.status, failure.code
    text = str(failure)
    # The status first: a 5xx says nothing of what was done, whatever its code.
    if status in _SERVER_ERRORS or status == _TIMED_OUT:
        return OutcomeUnknown(text)
    if status in {_TOO_MANY, _CONFLICT} or code == _THROTTLED_CODE:
        return CarrierUnavailable(text, failure.retry_after)
    if code in TAKEN:
        return NumberTaken(text)
    refusal = REFUSALS.get(code) or _REFUSED_BY_STATUS.get(status)
    if refusal is not None:
        return Refused(*refusal, text)
    if status in _MOVED:
        return CarrierUnavailable(f"{text}: is LOCALDIAL_TWILIO_BASE_URL right?")
    return Refused(RefusalCause.INVALID, _BAD_REQUEST, text)


def retry_after(header: str | None) -> float | None:
    """Read a Retry-After header, seconds or a date; None where it says nothing."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None
