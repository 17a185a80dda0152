"""Which carrier account to ask, and what to tell callers of what it said."""

from localdial_server.app.carrier import Carrier, CarrierError, Carriers, CarrierUnavailable, Refused
from localdial_server.domain.errors import CarrierNotAvailable, CarrierRefused, LocaldialError
from localdial_server.domain.model import Number


def account_of(carriers: Carriers, number: Number) -> Carrier:
    """Answer the account that holds the number.

    Raises ``CarrierUnavailable`` where this server does not know it: it is another
    carrier's, or was taken out of the settings.
    """
    account = carriers.by_account(number.carrier_account) if number.carrier == carriers.name else None
    if account is None:
        raise CarrierUnavailable(f"the number is at {number.carrier} {number.carrier_account}".rstrip())
    return account


def told(error: CarrierError, **metadata: str) -> LocaldialError:
    """Write what a caller is told of a carrier that did nothing."""
    if isinstance(error, Refused):
        return CarrierRefused(error.explanation, cause=error.cause.value.upper(), **metadata)
    return CarrierNotAvailable(error.retry_after if isinstance(error, CarrierUnavailable) else None)
