"""How requests to the API fail, and the table that maps Twilio's error codes to the port's errors.

Codes are documented at https://www.twilio.com/docs/api/errors. A response whose code is not in the
table is mapped by its HTTP status.
"""

from collections.abc import Mapping
from http import HTTPStatus
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
"""The number is not, or no longer, on sale; another one may be."""

NO_STOCK: Final = frozenset({21451, 21452})
"""Nothing is on sale where the search looked."""

SEE_DOCTOR: Final = "`localdial doctor` on the server says more."
"""The end of an explanation whose cause only the server's operator can find."""

_SUSPENDED: Final = (
    "The Twilio account is suspended or closed. If its balance has run out, add money in the Twilio"
    f" console and turn on auto-recharge; otherwise ask Twilio's support. {SEE_DOCTOR}"
)
_TRIAL: Final = (
    "The Twilio account is a trial account, which cannot do this: it can have only one number. Upgrade it"
    " in the Twilio console."
)
_CREDENTIALS: Final = (
    f"Twilio does not accept the server's credentials. The server's operator must correct them. {SEE_DOCTOR}"
)
_NO_ACCOUNT: Final = (
    "Twilio does not know the account that the server is set to (LOCALDIAL_TWILIO_ACCOUNT_SID,"
    f" LOCALDIAL_TWILIO_SUBACCOUNTS). {SEE_DOCTOR}"
)
_ADDRESS: Final = (
    "The rules of the number's country require an address. Register one with Twilio, and have it set on"
    " the server (LOCALDIAL_TWILIO_ADDRESS_SID)."
)
_LOCAL_ADDRESS: Final = (
    "The rules of the number's country require an address in the number's own area. Register one with"
    " Twilio, and have it set on the server (LOCALDIAL_TWILIO_ADDRESS_SID), or buy in another area code."
)
_BUNDLE: Final = (
    "The rules of the number's country require a bundle of documents that Twilio has approved. Submit one"
    " in the Twilio console, and have it set on the server (LOCALDIAL_TWILIO_BUNDLE_SID)."
)
_WRONG_BUNDLE: Final = (
    "The bundle of documents that the server is set to (LOCALDIAL_TWILIO_BUNDLE_SID) does not fit the"
    " number: it is for another country or kind of number, or not approved."
)
_INVALID_NUMBER: Final = "Twilio does not accept this as a phone number. Buy one that a search returns."
_INVALID_AREA_CODE: Final = "Twilio does not know this area code. Try another."
_EMERGENCY_ADDRESS: Final = (
    "Twilio does not release a number that has an emergency address. Remove the address from the number in"
    " the Twilio console, then delete the number again."
)
_PROXY: Final = (
    "A proxy between the server and Twilio wants a user name and a password (status 407). The request did not"
    f" reach Twilio. The server's operator must put them into HTTPS_PROXY. {SEE_DOCTOR}"
)
_BLOCKED: Final = (
    "A proxy between the server and Twilio refuses the connection (status {status}). The request did not"
    " reach Twilio. The server's operator must have the proxy allow it, or set HTTPS_PROXY and NO_PROXY."
    f" {SEE_DOCTOR}"
)
_REDIRECTED: Final = (
    "The address of the API redirects to another one (status {status}), as Twilio never does: a proxy or a"
    f" sign-in page is in between, or LOCALDIAL_TWILIO_BASE_URL is wrong. {SEE_DOCTOR}"
)

REFUSALS: Final[Mapping[int, tuple[RefusalCause, str]]] = {
    21421: (RefusalCause.INVALID, _INVALID_NUMBER),
    21451: (RefusalCause.INVALID, _INVALID_AREA_CODE),
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
"""Error codes of requests that are pointless to repeat, each with its cause and an explanation for users."""

_REFUSED_BY_STATUS: Final[Mapping[int, tuple[RefusalCause, str]]] = {
    401: (RefusalCause.CREDENTIALS, _CREDENTIALS),
    402: (RefusalCause.ACCOUNT, "The Twilio account is out of money. Add some in the Twilio console."),
    404: (RefusalCause.ACCOUNT, _NO_ACCOUNT),
    407: (RefusalCause.ACCOUNT, _PROXY),
}

_THROTTLED_CODE: Final = 20429
_REDIRECTS: Final = range(300, 400)
_CLIENT_ERRORS: Final = range(400, 500)
_SERVER_ERRORS: Final = range(500, 600)


class RequestFailed(Exception):
    """A request did not succeed. The text is for the log and names no phone number."""


class ApiError(RequestFailed):
    """The API responded with an error. `code` is 0 if the response has no error code.

    `retry_after` is how many seconds the API asked us to wait, or None.
    """

    def __init__(self, status: int, code: int = 0, retry_after: float | None = None) -> None:
        # The API's own message is left out: it may name a phone number.
        super().__init__(f"the carrier answered {status}, error {code or 'without a code'}")
        self.status = status
        self.code = code
        self.retry_after = retry_after


class NotFound(ApiError):
    """The API responded with 404: there is no such resource."""


class NotSent(RequestFailed):
    """The request did not reach the API."""


class ProxyRefused(NotSent):
    """A proxy refused to connect to the API. `status` is the proxy's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy answered {status} instead of connecting to the carrier")
        self.status = status


class NoResponse(RequestFailed):
    """The request was sent, but no usable response came."""


def look_up_error(error: RequestFailed) -> CarrierError:
    """Return the port's error for a failed look-up, which is always safe to repeat."""
    meaning = change_error(error)
    match error, meaning:
        case ApiError(), NumberTaken():
            # A look-up orders nothing, so it cannot lose a race for a number.
            return _invalid(error)
        case _, OutcomeUnknown():
            return CarrierUnavailable(str(error), meaning.retry_after)
        case _:
            return meaning


def change_error(error: RequestFailed) -> CarrierError:
    """Return the port's error for a failed change: `OutcomeUnknown` if it may have been made."""
    match error:
        case ProxyRefused(status=HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
            return Refused(RefusalCause.ACCOUNT, _PROXY, str(error))
        case ProxyRefused(status=status) if status in _CLIENT_ERRORS:
            return Refused(RefusalCause.ACCOUNT, _BLOCKED.format(status=status), str(error))
        case NotSent():
            return CarrierUnavailable(str(error))
        case ApiError():
            return _meaning_of(error)
        case _:
            return OutcomeUnknown(str(error))


def release_error(error: ApiError, *, has_emergency_address: bool) -> CarrierError:
    """Return the port's error for a failed release.

    Twilio does not document which code says that the emergency address must be removed first.
    """
    if has_emergency_address:
        return Refused(RefusalCause.REGULATORY, _EMERGENCY_ADDRESS, str(error))
    meaning = change_error(error)
    # A release cannot lose a race for a number.
    return _invalid(error) if isinstance(meaning, NumberTaken) else meaning


def _meaning_of(response: ApiError) -> CarrierError:
    status, code = response.status, response.code
    text = str(response)
    # Check the status first: after a 5xx the outcome is unknown, whatever the code.
    if status in _SERVER_ERRORS or status == HTTPStatus.REQUEST_TIMEOUT:
        return OutcomeUnknown(text, response.retry_after)
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT} or code == _THROTTLED_CODE:
        return CarrierUnavailable(text, response.retry_after)
    if code in TAKEN:
        return NumberTaken(text)
    return Refused(*(REFUSALS.get(code) or _REFUSED_BY_STATUS.get(status) or _named_refusal(response)), text)


def _named_refusal(response: ApiError) -> tuple[RefusalCause, str]:
    """Return the cause and the explanation of a response that no table has."""
    if response.status in _REDIRECTS:
        return RefusalCause.ACCOUNT, _REDIRECTED.format(status=response.status)
    if response.status == HTTPStatus.FORBIDDEN:
        return RefusalCause.ACCOUNT, f"The Twilio account may not do this ({_named(response)}). {SEE_DOCTOR}"
    return RefusalCause.INVALID, f"Twilio finds the request invalid ({_named(response)}). {SEE_DOCTOR}"


def _invalid(response: ApiError) -> Refused:
    return Refused(*_named_refusal(response), str(response))


def _named(response: ApiError) -> str:
    """Return the status and the error code, for people."""
    # Twilio's own text is left out: it may name a phone number. Its page about the code is public.
    code = response.code
    named = f"error {code}, https://www.twilio.com/docs/api/errors/{code}" if code else "no error code"
    return f"status {response.status}, {named}"
