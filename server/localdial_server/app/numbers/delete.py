"""Deletion of numbers: they leave the routing at once, and are then released at the carrier.

Numbers that are held elsewhere are only forgotten.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from localdial_server.app.failures import NumberFailure, PublicError
from localdial_server.app.idempotency import IdempotentRequests
from localdial_server.app.lookup import require_number, require_organization
from localdial_server.app.numbers.carrier_accounts import account_of, log_fields
from localdial_server.app.ports.carrier import (
    Carriers,
    CarrierUnavailable,
    OutcomeUnknown,
    RefusalCause,
    Refused,
)
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import Reader, Store, Transaction
from localdial_server.domain.errors import ServiceError
from localdial_server.domain.model import Number, NumberState
from localdial_server.domain.number_life_cycle import refuse_release, require_deletable
from localdial_server.observability.metrics import RELEASES_REFUSED

_log = logging.getLogger(__name__)

# How many releases of one request may be in progress at once.
_CONCURRENT_RELEASES = 8


@dataclass(frozen=True, slots=True)
class DeleteAnswer:
    """The numbers that were deleted and those that could not be, each in the order of the request.

    A deleted number is RELEASED, or RELEASING while the carrier has not confirmed the release or
    refuses it.
    `revision` is the organization's when the request was answered.
    """

    deleted: tuple[Number, ...]
    failures: tuple[NumberFailure, ...]
    revision: int


class Deleting:
    """Deletes numbers and releases them at the carrier."""

    def __init__(self, store: Store, carriers: Carriers, clock: Clock) -> None:
        self._store = store
        self._carriers = carriers
        self._clock = clock
        self._requests = IdempotentRequests("delete", DeleteAnswer)

    async def delete(
        self, organization_id: str, phone_numbers: Sequence[str], request_id: str
    ) -> DeleteAnswer:
        """Delete the numbers, each independently of the others.

        Raises `OrganizationNotFound` and `RequestIdReused`.
        """
        arguments = json.dumps({"phone_numbers": list(phone_numbers)})
        return await self._requests.run_once(
            organization_id,
            request_id,
            arguments,
            lambda: self._delete(organization_id, phone_numbers, request_id, arguments),
        )

    async def release(self, number: Number) -> Number:
        """Release a RELEASING number at the carrier; return it as it is then.

        It is RELEASED, or still RELEASING with the carrier's refusal. Raises `CarrierUnavailable` and
        `OutcomeUnknown`; the number stays RELEASING.
        """
        carrier = account_of(self._carriers, number)
        asked_at = self._clock.now()
        try:
            was_known = await carrier.release(number.carrier_number_id)
        except Refused as refused:
            return await self._keep_refused(number, refused)
        if not was_known and carrier.capabilities.may_hide(number.carrier_busy_until, asked_at):
            raise CarrierUnavailable("the carrier does not show the number yet")

        def work(transaction: Transaction) -> None:
            if _find(transaction, number) is not None:
                transaction.delete_number(number.organization_id, number.phone_number)
                transaction.disclaim(number.phone_number, number.organization_id)

        await self._store.write("delete.release", work)
        return _released(number)

    async def _keep_refused(self, number: Number, refused: Refused) -> Number:
        """Commit that the carrier refuses the release; return the number as it is then."""
        RELEASES_REFUSED.labels(refused.cause.value).inc()
        _log.warning(
            "the carrier refuses to release a number",
            extra=log_fields(refused, number.organization_id, number.reference),
        )
        now = self._clock.now()
        is_final = refused.cause in {RefusalCause.INVALID, RefusalCause.REGULATORY}

        def work(transaction: Transaction) -> Number:
            known = _find(transaction, number)
            if known is None:
                return _released(number)
            refused_number = refuse_release(
                known, refused.explanation, refused.cause.value, now, is_final=is_final
            )
            return transaction.update_numbers([refused_number])[0]

        return await self._store.write("delete.refused", work)

    async def _delete(
        self, organization_id: str, phone_numbers: Sequence[str], request_id: str, arguments: str
    ) -> DeleteAnswer:
        now = self._clock.now()

        def start(transaction: Transaction) -> tuple[DeleteAnswer, bool]:
            require_organization(transaction, organization_id)
            first_answer = self._requests.start(transaction, organization_id, request_id, arguments, now)
            if first_answer is not None:
                return first_answer, True
            answer = self._mark(transaction, organization_id, phone_numbers, now)
            # This transaction deletes the numbers. A repeat gets this answer until the releases have ended.
            self._requests.finish(transaction, organization_id, request_id, answer)
            return answer, False

        answer, is_repeat = await self._store.write("delete.start", start, serialize_on=organization_id)
        if is_repeat:
            return answer
        limit = asyncio.Semaphore(_CONCURRENT_RELEASES)
        releasing = [number for number in answer.deleted if not number.is_external]
        outcomes = await asyncio.gather(
            *(self._try_release(number, limit) for number in releasing),
            # Let every release end, even if another one fails.
            return_exceptions=True,
        )
        released: dict[str, Number] = {}
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            released[outcome.phone_number] = outcome
        deleted = tuple(released.get(number.phone_number, number) for number in answer.deleted)

        def finish(transaction: Transaction) -> DeleteAnswer:
            final = replace(answer, deleted=deleted, revision=transaction.revision(organization_id))
            self._requests.finish(transaction, organization_id, request_id, final)
            return final

        return await self._store.write("delete.finish", finish, serialize_on=organization_id)

    def _mark(
        self, transaction: Transaction, organization_id: str, phone_numbers: Sequence[str], now: int
    ) -> DeleteAnswer:
        """Mark the numbers RELEASING since `now` and delete their mappings, so that no call shows them.

        Numbers that are held elsewhere are deleted, and RELEASED, at once.
        """
        deleted: list[Number] = []
        failures: list[NumberFailure] = []
        for phone_number in phone_numbers:
            try:
                number = require_number(transaction, organization_id, phone_number)
                require_deletable(number)
            except ServiceError as error:
                failures.append(NumberFailure(phone_number, PublicError.to_store(error)))
                continue
            if number.is_external:
                transaction.delete_number(organization_id, phone_number)
                transaction.disclaim(phone_number, organization_id)
                number = _released(number)
            # Nothing changes for a number whose release is under way.
            elif number.state is not NumberState.RELEASING:
                transaction.delete_mappings(organization_id, phone_number, None)
                number = replace(number, state=NumberState.RELEASING, mapped_area_codes=(), release_time=now)
                (number,) = transaction.update_numbers([number])
            deleted.append(number)
        revision = (
            transaction.bump_revision(organization_id) if deleted else transaction.revision(organization_id)
        )
        return DeleteAnswer(tuple(deleted), tuple(failures), revision)

    async def _try_release(self, number: Number, limit: asyncio.Semaphore) -> Number:
        """Release the number; return it unchanged if the carrier neither confirms nor refuses the release."""
        try:
            async with limit:
                return await self.release(number)
        except (CarrierUnavailable, OutcomeUnknown) as error:
            _log.warning(
                "the carrier did not confirm a release; the sweep will repeat it",
                extra=log_fields(error, number.organization_id, number.reference),
            )
            return number


def _find(reader: Reader, number: Number) -> Number | None:
    """Return the number's row if it is still to be released, else None.

    Another release may have ended first, and the account may have bought the number again, so that it
    was imported, and perhaps deleted, again: such a row has another purchase time.
    """
    known = reader.number(number.organization_id, number.phone_number)
    if known is None or known.state is not NumberState.RELEASING:
        return None
    return known if known.purchase_time == number.purchase_time else None


def _released(number: Number) -> Number:
    return replace(
        number,
        state=NumberState.RELEASED,
        mapped_area_codes=(),
        release_refusal=None,
        release_refusal_cause=None,
        release_refused_time=None,
        release_retry_time=None,
    )
