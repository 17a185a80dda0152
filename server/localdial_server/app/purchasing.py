"""Buying numbers, exactly once.

Before the carrier is asked for a number, the intent is committed: a PURCHASING
row with the chosen number and our reference. The order carries the reference;
its outcome is committed after. A crash or an unknown outcome leaves the row, and
it is settled by looking the reference up at the carrier: adopted if the number
is ours, dropped if it is not. Nothing is ordered in its place before that.
"""

import asyncio
import contextlib
import json
import logging
import uuid
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from localdial_server.app.area_codes import require_geographic
from localdial_server.app.carrier import (
    AvailableNumber,
    Carrier,
    CarrierUnavailable,
    NumberTaken,
    OrderRefused,
    OutcomeUnknown,
    OwnedNumber,
)
from localdial_server.app.changes import Changes, require_organization
from localdial_server.app.clock import Clock
from localdial_server.app.intents import Intents, is_import, open_intent
from localdial_server.app.requests import Requests
from localdial_server.app.store import Reader, Store, Transaction
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

# Numbers may be gone before they are ordered. How many more than are missing a
# search asks for, how often it is repeated, each time for more, and how many
# more orders than are wanted may come too late, before the purchase makes do with
# what it has.
_SPARE_OFFERS = 10
_MAX_SEARCHES = 8
_MAX_TAKEN = 5

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


class _Opening(Enum):
    """What became of an intent that was to be opened."""

    OPEN = auto()
    IN_USE = auto()
    NOT_WANTED = auto()


@dataclass(slots=True)
class _Progress:
    """What those who order for one purchase at the same time share."""

    order: _Order
    offers: deque[AvailableNumber] = field(default_factory=deque)
    wanted: int = 0
    taken: int = 0
    is_filled: bool = False
    problem: LocaldialError | None = None

    @property
    def is_over(self) -> bool:
        """Whether no further order may be placed."""
        return self.is_filled or self.problem is not None or self.taken >= self.order.quantity + _MAX_TAKEN


class Purchasing:
    """Buys numbers and settles the orders whose outcome is unknown."""

    def __init__(self, store: Store, changes: Changes, carrier: Carrier, clock: Clock) -> None:
        self._store = store
        self._changes = changes
        self._carrier = carrier
        self._clock = clock
        self._intents = Intents(changes)
        self._requests = Requests("purchase", PurchaseAnswer)
        # References of the orders that this process is about to place or has
        # placed: their outcome is on its way, and not for the sweep to guess.
        self._ordering: set[str] = set()
        # When orders ended whose outcome could not be committed, by reference.
        self._ended: dict[str, int] = {}
        # What a process before this one ordered may have gone out just before.
        self._start_time = clock.now()

    async def purchase(
        self, organization_id: str, area_code: str, quantity: int, request_id: str
    ) -> PurchaseAnswer:
        """Buy up to ``quantity`` numbers in the area code; at least one.

        Raises ``InvalidFields``, ``OrganizationNotFound``, ``RequestIdReused``,
        ``NoNumbersAvailable``, ``CarrierRefused``, ``CarrierNotAvailable`` and
        ``PurchasePending``.
        """
        await require_geographic({"area_code": area_code})
        order = _Order(organization_id, area_code, quantity, request_id)
        return await self._requests.once(
            organization_id, order.request_id, order.arguments, lambda: self._purchase(order)
        )

    async def settle(self, intent: Number) -> Number | None:
        """Find out what became of an intent: the number, adopted or still open, or None.

        Raises ``CarrierUnavailable``.
        """
        if intent.carrier != self._carrier.name:
            raise CarrierUnavailable(f"the number is at {intent.carrier}")
        return intent if intent.reference in self._ordering else await self._settle(intent)

    async def _purchase(self, order: _Order) -> PurchaseAnswer:
        answer, _ = await self._changes.run(order.organization_id, lambda tx: self._begin(tx, order))
        if answer is not None:
            return answer
        problem = await self._buy(order)
        return await self._finish(order, problem)

    def _begin(self, transaction: Transaction, order: _Order) -> PurchaseAnswer | None:
        require_organization(transaction, order.organization_id)
        return self._requests.begin(
            transaction, order.organization_id, order.request_id, order.arguments, self._clock.now()
        )

    async def _buy(self, order: _Order) -> LocaldialError | None:
        """Order until the quantity is reached or nothing is left; answer what stopped it."""
        seen: set[str] = set()
        progress = _Progress(order)
        for _ in range(_MAX_SEARCHES):
            progress.wanted = order.quantity - await self._settle_all(order)
            if progress.wanted <= 0 or progress.is_over:
                break
            limit = progress.wanted + 2 * len(seen) + _SPARE_OFFERS
            try:
                found = await self._carrier.search(order.area_code, limit)
            except CarrierUnavailable:
                return CarrierNotAvailable()
            progress.offers = deque(offer for offer in found if offer.phone_number not in seen)
            if not progress.offers:
                break
            seen.update(offer.phone_number for offer in progress.offers)
            workers = min(progress.wanted, _CONCURRENT_ORDERS)
            ended = await asyncio.gather(
                *(self._order_one_after_the_other(progress) for _ in range(workers)),
                # Each order is seen through, whatever becomes of another.
                return_exceptions=True,
            )
            for failure in ended:
                if failure is not None:
                    raise failure
        return progress.problem

    async def _order_one_after_the_other(self, progress: _Progress) -> None:
        while progress.offers and progress.wanted > 0 and not progress.is_over:
            progress.wanted -= 1
            if not await self._try(progress, progress.offers.popleft()):
                progress.wanted += 1

    async def _try(self, progress: _Progress, offer: AvailableNumber) -> bool:
        """Buy the number; False if another one must do."""
        order = progress.order
        intent = Number(
            organization_id=order.organization_id,
            phone_number=offer.phone_number,
            area_code=area_code_of(offer.phone_number),
            state=NumberState.PURCHASING,
            carrier=self._carrier.name,
            reference=f"localdial-{uuid.uuid4()}",
            request_id=order.request_id,
            purchase_time=self._clock.now(),
            locality=offer.locality,
            region=offer.region,
        )

        def open_if_wanted(transaction: Transaction) -> _Opening:
            require_organization(transaction, order.organization_id)
            if self._is_filled(transaction, order):
                return _Opening.NOT_WANTED
            # An organization number of ours is nobody's to sell either.
            is_free = transaction.owner_of(offer.phone_number) is None
            return _Opening.OPEN if is_free and open_intent(transaction, intent) else _Opening.IN_USE

        self._ordering.add(intent.reference)
        try:
            match await self._changes.step(open_if_wanted):
                case _Opening.OPEN:
                    return await self._order(progress, intent)
                case _Opening.IN_USE:
                    return False
                case _Opening.NOT_WANTED:
                    progress.is_filled = True
                    return True
        except Exception:
            # Whatever went wrong: the order may have gone out until now.
            self._ended[intent.reference] = self._clock.now()
            raise
        finally:
            self._ordering.discard(intent.reference)

    def _is_filled(self, reader: Reader, order: _Order) -> bool:
        """Answer whether nothing more may be ordered for the request.

        Another server may be buying for the same request. What both have opened
        counts, so together they never order more than was asked for.
        """
        request = reader.request(order.organization_id, order.request_id)
        if request is None or request.is_final:
            return True
        return self._count(reader, order) >= order.quantity

    def _count(self, reader: Reader, order: _Order) -> int:
        """Answer how many numbers the request has, those that may yet be bought too."""
        rows = reader.numbers_of_request(order.organization_id, order.request_id)
        return sum(row.state is NumberState.PURCHASING for row in rows) + len(self._bought(reader, order))

    async def _order(self, progress: _Progress, intent: Number) -> bool:
        try:
            owned = await self._carrier.order(intent.phone_number, intent.reference)
        except NumberTaken:
            progress.taken += 1
            await self._intents.drop(intent)
            return False
        except OrderRefused as error:
            progress.problem = CarrierRefused(error.explanation, phone_number=intent.phone_number)
            await self._intents.drop(intent)
            return False
        except CarrierUnavailable:
            progress.problem = CarrierNotAvailable()
            await self._intents.drop(intent)
            return False
        except OutcomeUnknown:
            _log.warning("an order's outcome is unknown", extra={"reference": intent.reference})
            return await self._look_up(await self._intents.touch(intent, self._clock.now()))
        return await self._adopt(intent, owned) is not None

    async def _look_up(self, intent: Number) -> bool:
        """Look the order up a few times; an outcome still open counts as bought."""
        for delay in _LOOK_UP_DELAYS:
            await asyncio.sleep(delay)
            try:
                settled = await self._settle(intent)
            except CarrierUnavailable:
                continue
            if settled is None or settled.state is not NumberState.PURCHASING:
                return settled is not None
        return True

    async def _settle(self, intent: Number) -> Number | None:
        if is_import(intent):
            # Nothing was ordered, so there is nothing to wait for.
            owned = await self._carrier.find_by_number(intent.phone_number)
            if owned is not None:
                return await self._intents.adopt(intent, owned)
            await self._intents.drop(intent)
            return None
        asked = self._clock.now()
        owned = await self._carrier.find_by_reference(intent.reference)
        if owned is not None:
            self._ended.pop(intent.reference, None)
            return await self._adopt(intent, owned)
        busy_until = max(intent.purchase_time, self._start_time, self._ended.get(intent.reference, 0))
        if asked - busy_until < _READ_LAG_MICROSECONDS:
            return intent
        self._ended.pop(intent.reference, None)
        await self._intents.drop(intent)
        return None

    async def _settle_all(self, order: _Order) -> int:
        """Look up the order's open intents; answer how many numbers it has, open ones too."""

        def open_intents(reader: Reader) -> list[Number]:
            numbers = reader.numbers_of_request(order.organization_id, order.request_id)
            return [number for number in numbers if number.state is NumberState.PURCHASING]

        for intent in await self._store.read(open_intents):
            with contextlib.suppress(CarrierUnavailable):
                await self.settle(intent)
        # Counted in one view, since the sweep may have settled some meanwhile.
        return await self._store.read(lambda reader: self._count(reader, order))

    async def _adopt(self, intent: Number, owned: OwnedNumber) -> Number | None:
        """Commit that the number is ours, and put it down to its purchase."""
        adopted = await self._intents.adopt(intent, owned, self._put_down)
        if adopted is not None:
            return adopted
        # The intent was given up for failed, or the number is deleted since. Only
        # the carrier can tell, while nobody else can touch the number.
        is_open = await self._changes.step(lambda transaction: open_intent(transaction, intent))
        if not is_open:
            return None
        try:
            owned_now = await self._carrier.find_by_reference(intent.reference)
        except CarrierUnavailable:
            return intent
        if owned_now is None:
            await self._intents.drop(intent)
            return None
        _log.error("an order went through late", extra={"reference": intent.reference})
        return await self._intents.adopt(intent, owned_now, self._put_down)

    def _put_down(self, transaction: Transaction, number: Number) -> None:
        """Note the number as bought by its request, unless that has its answer."""
        organization_id, request_id = number.organization_id, number.request_id
        request = transaction.request(organization_id, request_id) if request_id is not None else None
        if request is None or request.is_final:
            return
        so_far = self._requests.so_far(transaction, organization_id, request.request_id)
        bought = (*so_far.numbers, number) if so_far is not None else (number,)
        answer = PurchaseAnswer(bought, 0, 0)
        self._requests.note(transaction, organization_id, request.request_id, answer, is_final=False)

    def _bought(self, reader: Reader, order: _Order) -> tuple[Number, ...]:
        """Answer what the request has bought, be it still there or not."""
        so_far = self._requests.so_far(reader, order.organization_id, order.request_id)
        return so_far.numbers if so_far is not None else ()

    async def _finish(self, order: _Order, problem: LocaldialError | None) -> PurchaseAnswer:
        organization_id, request_id = order.organization_id, order.request_id

        def work(transaction: Transaction) -> PurchaseAnswer | LocaldialError:
            request = transaction.request(organization_id, request_id)
            so_far = self._requests.so_far(transaction, organization_id, request_id)
            if request is not None and request.is_final and so_far is not None:
                # Another server was faster.
                return so_far
            rows = transaction.numbers_of_request(organization_id, request_id)
            if any(number.state is NumberState.PURCHASING for number in rows):
                # Not the answer yet: the request stays open, and a repeat goes on.
                return PurchasePending(organization_id)
            bought = self._bought(transaction, order)
            if not bought:
                # Nothing was bought, so nothing is remembered: a repeat may buy.
                transaction.delete_request(organization_id, request_id)
                return problem or NoNumbersAvailable(order.area_code)
            answer = PurchaseAnswer(
                tuple(sorted(bought, key=lambda number: number.phone_number)),
                order.quantity - len(bought),
                transaction.revision(organization_id),
            )
            self._requests.note(transaction, organization_id, request_id, answer, is_final=True)
            return answer

        answer, _ = await self._changes.run(organization_id, work)
        if isinstance(answer, LocaldialError):
            raise answer
        return answer
