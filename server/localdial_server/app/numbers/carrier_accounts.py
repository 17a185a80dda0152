"""Which carrier account to ask, and what to tell callers of what it said."""

import logging

from localdial_server.app.ports.carrier import (
    AccountNotSetUp,
    Carrier,
    CarrierError,
    Carriers,
    CarrierUnavailable,
    Refused,
)
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    CarrierRefused,
    NumberElsewhere,
    ServiceError,
)
from localdial_server.domain.model import Number

_log = logging.getLogger(__name__)


def account_of(carriers: Carriers, number: Number) -> Carrier:
    """Answer the account that holds the number.

    Raises ``AccountNotSetUp`` where this server does not know it: it is another
    carrier's, or was taken out of the settings.
    """
    account = carriers.by_account(number.carrier_account) if number.carrier == carriers.name else None
    if account is None:
        raise AccountNotSetUp(f"the number is at {number.carrier} {number.carrier_account}".rstrip())
    return account


def log_fields(error: Exception, organization_id: str | None, reference: str = "") -> dict[str, object]:
    """Write what the log has of a carrier's error: what it was about, and never a phone number.

    ``organization_id``: None where all were asked for.
    """
    fields: dict[str, object] = {"cause": str(error)}
    if organization_id is not None:
        fields["organization_id"] = organization_id
    if reference:
        fields["reference"] = reference
    if isinstance(error, Refused):
        fields["refusal"] = error.cause.value
    if isinstance(error, CarrierUnavailable) and error.retry_after is not None:
        fields["retry_after_seconds"] = error.retry_after
    return fields


def told(
    error: CarrierError, organization_id: str | None, reference: str = "", **metadata: str
) -> ServiceError:
    """Write what a caller is told of a carrier that did nothing, and log why it did nothing."""
    # Nobody else is told the error's own text.
    _log.warning(
        "the carrier did not do what it was asked", extra=log_fields(error, organization_id, reference)
    )
    if isinstance(error, Refused):
        return CarrierRefused(error.explanation, cause=error.cause.value.upper(), **metadata)
    if isinstance(error, AccountNotSetUp):
        return NumberElsewhere()
    return CarrierNotAvailable(error.retry_after if isinstance(error, CarrierUnavailable) else None)
