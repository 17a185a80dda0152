"""Buying numbers, exactly once.

Before the carrier is asked for a number, the intent is committed: a PURCHASING
row with the chosen number and our reference, which claims the number. The order
carries the reference; its outcome is committed after. A crash or an unknown
outcome leaves the row, and the row is settled by looking the reference up at the
carrier: adopted if the number is ours, dropped if it is not. Nothing is ordered
in its place before that.
"""

import asyncio
import functools
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from localdial_server.app.carrier import (
    AvailableNumber,
    Carrier,
    CarrierUnavailable,
    NumberTaken,
    OrderRefused,
    OutcomeUnknown,
)
from localdial_server.app.changes import Changes, require_organization
from localdial_server.app.clock import Clock
from localdial_server.app.inventory import require_geographic, with_carrier_data
from localdial_server.app.requests import Requests
from localdial_server.app.store import Store, Transaction
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    CarrierRefused,
    LocaldialError,
    NoNumbersAvailable,
    PurchasePending,
)
from localdial_server.domain.model import Number, NumberState

_log = logging.getLogger(__name__)

# Orders of one purchase that are at the carrier at the same time.
_CONCURRENT_ORDERS = 8

# Somebody else may buy a number between our search and our order; how often a
# purchase searches again before it makes do with what it has.
_MAX_ROUNDS = 5

# How long an order may take to show in the carrier's look-ups. Only after that
# does "not found" mean that it never went through.
_READ_LAG_MICROSECONDS = 120 * 1_000_000

# When an order's outcome is looked up while its caller waits, in seconds.
_LOOK_UP_DELAYS = (0.0, 0.2, 0.8)


@dataclass(frozen=True, slots=True)
class PurchaseAnswer:
    """What was bought, by phone number, and how many were not."""

    numbers: tuple[Number, ...]
    unfilled_count: int
    revision: int


class Purchasing:
    """Buys numbers and settles the orders whose outcome is unknown."""

    def __init__(self, store: Store, changes: Changes, carrier: Carrier, clock: Clock) -> None:
        self._store = store
        self._changes = changes
        self._carrier = carrier
        self._clock = clock
        self._requests = Requests("purchase", PurchaseAnswer)
        # References of the orders that this process is about to place or has
        # placed: their outcome is on its way, and not for the sweep to guess.
        self._ordering: set[str] = set()

    async def purchase(
        self, organization_id: str, area_code: str, quantity: int, request_id: str | None
    ) -> PurchaseAnswer:
        """Buy up to ``quantity`` numbers in the area code; at least one.

        Raises ``InvalidFields``, ``OrganizationNotFound``, ``RequestIdReused``,
        ``NoNumbersAvailable``, ``CarrierRefused``, ``CarrierNotAvailable`` and
        ``PurchasePending``.
        """
        require_geographic({"area_code": area_code})
        order = _Order(organization_id, area_code, quantity, request_id or f"unnamed-{uuid.uuid4()}")
        return await self._requests.once(
            organization_id, order.request_id, order.arguments, lambda: self._purchase(order)
        )

    async def settle(self, intent: Number) -> Number | None:
        """Find out what became of an order: the number, adopted or still open, or None.

        Raises ``CarrierUnavailable``.
        """
        if intent.reference in self._ordering:
            return intent
        owned = await self._carrier.find_by_reference(intent.reference)
        if owned is not None:
            return await self._adopt(replace(with_carrier_data(intent, owned), state=NumberState.ACTIVE))
        if self._clock.now() - intent.purchase_time < _READ_LAG_MICROSECONDS:
            return intent
        await self._drop(intent)
        return None

    async def _purchase(self, order: "_Order") -> PurchaseAnswer:
        answer, _ = await self._changes.run(order.organization_id, lambda tx: self._begin(tx, order))
        if answer is not None:
            return answer
        problem = await self._buy(order)
        return await self._finish(order, problem)

    def _begin(self, transaction: Transaction, order: "_Order") -> PurchaseAnswer | None:
        require_organization(transaction, order.organization_id)
        return self._requests.begin(
            transaction, order.organization_id, order.request_id, order.arguments, self._clock.now()
        )

    async def _buy(self, order: "_Order") -> LocaldialError | None:
        """Order until the quantity is reached or nothing is left; answer what stopped it."""
        tried: set[str] = set()
        problem: LocaldialError | None = None
        for _ in range(_MAX_ROUNDS):
            numbers = await self._settle_all(await self._numbers_of(order))
            missing = order.quantity - len(numbers)
            if missing <= 0 or problem is not None:
                break
            try:
                # More than are missing: some may be gone before they are ordered.
                found = await self._carrier.search(order.area_code, missing + len(tried) + 10)
            except CarrierUnavailable:
                return CarrierNotAvailable()
            fresh = [number for number in found if number.phone_number not in tried]
            intents, _ = await self._changes.run(
                order.organization_id, functools.partial(self._intend, order, fresh, missing)
            )
            if not intents:
                break
            tried.update(intent.phone_number for intent in intents)
            problem = await self._order_all(intents)
        return problem

    def _intend(
        self,
        order: "_Order",
        available: Sequence[AvailableNumber],
        count: int,
        transaction: Transaction,
    ) -> Sequence[Number]:
        """Commit to ordering up to ``count`` of the numbers that nobody here has."""
        require_organization(transaction, order.organization_id)
        intents: list[Number] = []
        for offer in available:
            if len(intents) == count:
                break
            if transaction.owner_of(offer.phone_number) is not None:
                continue
            transaction.claim(offer.phone_number, order.organization_id)
            intent = Number(
                organization_id=order.organization_id,
                phone_number=offer.phone_number,
                area_code=area_code_of(offer.phone_number),
                state=NumberState.PURCHASING,
                carrier=self._carrier.name,
                reference=f"localdial-{uuid.uuid4()}",
                purchase_time=self._clock.now(),
                locality=offer.locality,
                region=offer.region,
            )
            transaction.add_number(intent, order.request_id)
            intents.append(intent)
        return intents

    async def _order_all(self, intents: Sequence[Number]) -> LocaldialError | None:
        """Order the numbers and commit each outcome; answer why to stop, if so."""
        limit = asyncio.Semaphore(_CONCURRENT_ORDERS)
        references = {intent.reference for intent in intents}
        self._ordering |= references
        try:
            problems = await asyncio.gather(*(self._order(intent, limit) for intent in intents))
        finally:
            self._ordering -= references
        return next((problem for problem in problems if problem is not None), None)

    async def _order(self, intent: Number, limit: asyncio.Semaphore) -> LocaldialError | None:
        try:
            async with limit:
                owned = await self._carrier.order(intent.phone_number, intent.reference)
        except NumberTaken:
            await self._drop(intent)
            return None
        except OrderRefused as error:
            await self._drop(intent)
            return CarrierRefused(error.explanation, phone_number=intent.phone_number)
        except CarrierUnavailable:
            await self._drop(intent)
            return CarrierNotAvailable()
        except OutcomeUnknown:
            _log.warning("an order's outcome is unknown", extra={"reference": intent.reference})
            self._ordering.discard(intent.reference)
            return await self._look_up(intent)
        await self._adopt(replace(with_carrier_data(intent, owned), state=NumberState.ACTIVE))
        return None

    async def _look_up(self, intent: Number) -> LocaldialError | None:
        for delay in _LOOK_UP_DELAYS:
            await asyncio.sleep(delay)
            try:
                settled = await self.settle(intent)
            except CarrierUnavailable:
                continue
            if settled is None or settled.state is NumberState.ACTIVE:
                return None
        return PurchasePending(intent.organization_id)

    async def _settle_all(self, numbers: Sequence[Number]) -> Sequence[Number]:
        """Look up those of the numbers whose outcome is unknown; leave out the failed."""
        settled: list[Number] = []
        for number in numbers:
            if number.state is not NumberState.PURCHASING:
                settled.append(number)
                continue
            try:
                outcome = await self.settle(number)
            except CarrierUnavailable:
                outcome = number
            if outcome is not None:
                settled.append(outcome)
        return settled

    async def _finish(self, order: "_Order", problem: LocaldialError | None) -> PurchaseAnswer:
        def work(transaction: Transaction) -> tuple[PurchaseAnswer | None, LocaldialError | None]:
            numbers = transaction.numbers_of_request(order.organization_id, order.request_id)
            if any(number.state is NumberState.PURCHASING for number in numbers):
                # Not the answer yet: the request stays open, and a repeat goes on.
                return None, PurchasePending(order.organization_id)
            if not numbers:
                # Nothing was bought, so nothing is remembered: a repeat may buy.
                transaction.delete_request(order.organization_id, order.request_id)
                return None, problem or NoNumbersAvailable(order.area_code)
            answer = PurchaseAnswer(
                tuple(numbers),
                order.quantity - len(numbers),
                transaction.revision(order.organization_id),
            )
            self._requests.finish(transaction, order.organization_id, order.request_id, answer)
            return answer, None

        (answer, error), _ = await self._changes.run(order.organization_id, work)
        if answer is None:
            raise error or PurchasePending(order.organization_id)
        return answer

    async def _numbers_of(self, order: "_Order") -> Sequence[Number]:
        return await self._store.read(
            lambda reader: reader.numbers_of_request(order.organization_id, order.request_id)
        )

    async def _adopt(self, number: Number) -> Number:
        """Commit that the number is ours, unless that was done in the meantime."""

        def work(transaction: Transaction) -> Number:
            known = transaction.number(number.organization_id, number.phone_number)
            if known is None and transaction.claim(number.phone_number, number.organization_id):
                # The order took so long that it was given up for failed. It is
                # paid for, so it is recorded.
                _log.error("an order went through late", extra={"reference": number.reference})
                transaction.add_number(number, None)
                transaction.bump_revision(number.organization_id)
            elif known is not None and known.state is NumberState.PURCHASING:
                transaction.update_number(number)
                transaction.bump_revision(number.organization_id)
            return number

        adopted, _ = await self._changes.run(number.organization_id, work)
        return adopted

    async def _drop(self, intent: Number) -> None:
        """Commit that the order failed: forget the intent and give up the claim."""

        def work(transaction: Transaction) -> None:
            known = transaction.number(intent.organization_id, intent.phone_number)
            if known is not None and known.reference == intent.reference:
                transaction.delete_number(intent.organization_id, intent.phone_number)
                transaction.disclaim(intent.phone_number, intent.organization_id)

        await self._changes.run(intent.organization_id, work)


@dataclass(frozen=True, slots=True)
class _Order:
    organization_id: str
    area_code: str
    quantity: int
    request_id: str

    @property
    def arguments(self) -> str:
        """What must be the same when the request is repeated."""
        return json.dumps({"area_code": self.area_code, "quantity": self.quantity})
