"""The carrier account of a number, and a carrier's errors as callers and the log see them."""

import logging

from localdial_server.app.ports.carrier import (
    AccountNotSetUp,
    Carrier,
    CarrierError,
    Carriers,
    CarrierUnavailable,
    OutcomeUnknown,
    Refused,
)
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    CarrierRefused,
    CarrierUnconfirmed,
    NumberElsewhere,
    ServiceError,
)
from localdial_server.domain.model import Number

_log = logging.getLogger(__name__)


def account_of(carriers: Carriers, number: Number) -> Carrier:
    """Return the account that holds the number.

    Raises `AccountNotSetUp` if this server does not know the account, because it is with another
    carrier or was removed from the settings.
    """
    account = carriers.by_account(number.carrier_account) if number.carrier == carriers.name else None
    if account is None:
        raise AccountNotSetUp(f"the number is at {number.carrier} {number.carrier_account}".rstrip())
    return account


def log_fields(error: Exception, organization_id: str | None, reference: str = "") -> dict[str, object]:
    """Return the fields of a log line about a carrier's error, with no phone number among them.

    `organization_id` is None for an error that concerns all organizations.
    """
    fields: dict[str, object] = {"cause": str(error)}
    if organization_id is not None:
        fields["organization_id"] = organization_id
    if reference:
        fields["reference"] = reference
    if isinstance(error, Refused):
        fields["refusal"] = error.cause.value
    if isinstance(error, CarrierUnavailable | OutcomeUnknown) and error.retry_after is not None:
        fields["retry_after_seconds"] = error.retry_after
    return fields


def to_service_error(
    error: CarrierError, organization_id: str | None, reference: str = "", **metadata: str
) -> ServiceError:
    """Log why the carrier did nothing, and return the error for the caller.

    The text of the carrier's error reaches only the log. `metadata` is added to a `CarrierRefused`.
    """
    _log.warning(
        "the carrier did not do what it was asked", extra=log_fields(error, organization_id, reference)
    )
    if isinstance(error, Refused):
        return CarrierRefused(error.explanation, cause=error.cause.value.upper(), **metadata)
    if isinstance(error, AccountNotSetUp):
        return NumberElsewhere()
    if isinstance(error, CarrierUnavailable):
        return CarrierNotAvailable(error.retry_after)
    return CarrierUnconfirmed(error.retry_after if isinstance(error, OutcomeUnknown) else None)
