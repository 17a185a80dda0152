"""Importing numbers that are held elsewhere: shown and routed like the others, and unknown to our carrier."""

import functools
from collections.abc import Sequence
from typing import Final

from localdial_server.app.current_caller import CURRENT_CALLER, principal_of
from localdial_server.app.failures import NumberFailure, PublicError
from localdial_server.app.lookup import require_organization
from localdial_server.app.numbers.import_numbers import ImportAnswer
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import NumberQuery, Store, Transaction
from localdial_server.app.toll_fraud import refused_number
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.dialing_permissions import DialingPermissions
from localdial_server.domain.errors import (
    InvalidFields,
    NumberHeldHere,
    NumberInUse,
    NumberLimitReached,
    NumberNotActive,
    ServiceError,
)
from localdial_server.domain.model import EXTERNAL, Number, NumberState
from localdial_server.domain.spending import SpendingLimits

# How many numbers one transaction imports. Calls are recorded between two transactions.
_PER_TRANSACTION: Final = 25

_NOTICE: Final = (
    "By importing these numbers you attest that the organization has the right to show them. The carrier "
    "that originates a call signs it (STIR/SHAKEN), and gives full attestation (A) only if it knows that the "
    "caller has the right to the number. Calls that show a number of another carrier usually get B or C, and "
    "may be labeled or blocked: ask the carrier that originates your calls to verify the numbers. localdial "
    "never buys, configures or releases them. This is not legal advice."
)


class ExternalNumbers:
    """Imports numbers that are held elsewhere, without asking any carrier."""

    def __init__(
        self, store: Store, clock: Clock, limits: SpendingLimits, permissions: DialingPermissions
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._permissions = permissions

    async def import_numbers(self, organization_id: str, phone_numbers: Sequence[str]) -> ImportAnswer:
        """Import the numbers, each independently of the others.

        Raises `OrganizationNotFound`, and `InvalidFields` for numbers that the organization may not show.
        """
        permission = self._permissions.of(organization_id)
        violations = [
            violation
            for index, number in enumerate(phone_numbers)
            for violation in refused_number(
                organization_id, f"phone_numbers[{index}]", permission.against_showing(number)
            )
        ]
        if violations:
            raise InvalidFields(violations)
        # The unit of work runs in a thread, which does not have this context.
        now, created_by = self._clock.now(), principal_of(CURRENT_CALLER.get())
        numbers: list[Number] = []
        failures: list[NumberFailure] = []
        revision = 0
        for begin in range(0, len(phone_numbers), _PER_TRANSACTION):
            part = phone_numbers[begin : begin + _PER_TRANSACTION]
            answer = await self._store.write(
                "external.import",
                functools.partial(self._import, organization_id, part, now, created_by),
                serialize_on=organization_id,
            )
            numbers += answer.numbers
            failures += answer.failures
            revision = answer.revision
        return ImportAnswer(tuple(numbers), tuple(failures), revision, _NOTICE if numbers else "")

    def _import(
        self,
        organization_id: str,
        phone_numbers: Sequence[str],
        now: int,
        created_by: str,
        transaction: Transaction,
    ) -> ImportAnswer:
        require_organization(transaction, organization_id)
        limit = self._limits.of(organization_id).numbers
        room = limit - transaction.count_numbers(NumberQuery(organization_id))
        numbers: list[Number] = []
        failures: list[NumberFailure] = []
        is_changed = False
        for phone_number in phone_numbers:
            known = transaction.number(organization_id, phone_number)
            error: ServiceError | None = None
            if known is None:
                known = _new(organization_id, phone_number, now, created_by)
                if room <= 0:
                    error = NumberLimitReached(organization_id, limit)
                elif not transaction.claim(phone_number, organization_id):
                    error = NumberInUse(phone_number)
                else:
                    transaction.add_numbers([known])
                    room -= 1
                    is_changed = True
            elif not known.is_external:
                is_active = known.state is NumberState.ACTIVE
                error = (
                    NumberHeldHere(phone_number)
                    if is_active
                    else NumberNotActive(phone_number, known.state.value)
                )
            if error is None:
                numbers.append(known)
            else:
                failures.append(NumberFailure(phone_number, PublicError.of(error)))
        revision = (
            transaction.bump_revision(organization_id)
            if is_changed
            else transaction.revision(organization_id)
        )
        return ImportAnswer(tuple(numbers), tuple(failures), revision)


def _new(organization_id: str, phone_number: str, now: int, created_by: str) -> Number:
    return Number(
        organization_id=organization_id,
        phone_number=phone_number,
        area_code=area_code_of(phone_number),
        state=NumberState.ACTIVE,
        carrier=EXTERNAL,
        reference="",
        purchase_time=now,
        # A row of the same number that is made later begins with a higher version.
        version=now,
        created_by=created_by,
    )
