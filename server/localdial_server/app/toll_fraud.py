"""Refusing and skipping the numbers that an organization may not use, so that the operator learns of it."""

import logging
from collections.abc import Callable

from localdial_server.app.current_caller import CURRENT_CALLER
from localdial_server.domain.dialing_permissions import DialingPermission, Objection
from localdial_server.domain.errors import FieldViolation
from localdial_server.observability import metrics
from localdial_server.observability.log_limit import LimitedLog

_log = LimitedLog(logging.getLogger(__name__))


def refused_number(organization_id: str, field: str, objection: Objection | None) -> list[FieldViolation]:
    """Return the violation of a field whose number may not be used, and count and log it.

    Without an objection the list is empty.
    """
    if objection is None:
        return []
    metrics.REFUSED_NUMBERS.labels(objection.cause).inc()
    caller = CURRENT_CALLER.get()
    _log.warning(
        "a number was refused, which may be an attempt at toll fraud",
        kind=objection.cause,
        extra={
            "cause": objection.cause,
            "organization_id": organization_id,
            "field": field,
            "principal": caller.principal.name if caller is not None else "",
        },
    )
    return [FieldViolation(field, objection.requirement)]


def may_dial(organization_id: str, permission: DialingPermission) -> Callable[[str], bool]:
    """Return the function that decides whether a call-back may go to a stored phone.

    It counts and logs the phones that a call-back skips.
    """

    def decide(phone_number: str) -> bool:
        objection = permission.against_dialing(phone_number)
        if objection is not None:
            metrics.BARRED_DESTINATIONS.labels(objection.cause).inc()
            _log.warning(
                "a call-back skipped a stored number that may not be dialed; localdial doctor names it",
                kind=objection.cause,
                extra={"cause": objection.cause, "organization_id": organization_id},
            )
        return objection is None

    return decide
