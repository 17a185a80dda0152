"""Buying numbers, exactly once, and within the limits of the organization.

Each number is an order of its own (``orders``); a purchase is what of its quantity
could be had, remembered by its request_id.
"""

import asyncio
import contextlib
import json
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from localdial_server.app.idempotency import KeptError, Requests
from localdial_server.app.lookup import require_organization
from localdial_server.app.numbers.carrier_accounts import told
from localdial_server.app.numbers.geographic import require_geographic
from localdial_server.app.numbers.order import Orders
from localdial_server.app.numbers.pending_order import new_order_reference, open_intent
from localdial_server.app.ports.carrier import (
    AvailableNumber,
    Carriers,
    CarrierUnavailable,
    NumberTaken,
    Refused,
)
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import NumberQuery, Reader, Store, Transaction
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.errors import NoNumbersAvailable, NumbersSold, PurchasePending, ServiceError
from localdial_server.domain.model import Number, NumberState
from localdial_server.domain.spending import DAY_MICROSECONDS, SpendingLimits, Spent, why_not_one_more

# Orders of one purchase that are at the carrier at the same time, and those of all
# purchases of this process.
_CONCURRENT_ORDERS = 8
_ALL_CONCURRENT_ORDERS = 32

# Numbers may be gone before they are ordered. How many more than are missing a
# search asks for, how often it is repeated, each time for more, and how many
# more orders than are wanted may come too late, before the purchase makes do with
# what it has.
_SPARE_OFFERS = 10
_MAX_SEARCHES = 8
_MAX_TAKEN = 5


@dataclass(frozen=True, slots=True)
class PurchaseAnswer:
    """What was bought, by phone number, and how many were not, and why."""

    numbers: tuple[Number, ...]
    unfilled_count: int
    revision: int
    unfilled_error: KeptError | None = None


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
    problem: ServiceError | None = None

    @property
    def is_over(self) -> bool:
        """Whether no further order may be placed."""
        return self.is_filled or self.problem is not None or self.is_too_late

    @property
    def is_too_late(self) -> bool:
        """Whether so many orders came too late that no other is tried."""
        return self.taken >= self.order.quantity + _MAX_TAKEN


class Purchasing:
    """Buys numbers and settles the orders whose outcome is unknown.

    ``order_timeout``: how many seconds the carrier may take for an order.
    """

    def __init__(
        self,
        store: Store,
        carriers: Carriers,
        clock: Clock,
        *,
        limits: SpendingLimits,
        order_timeout: float,
    ) -> None:
        self._store = store
        self._carriers = carriers
        self._clock = clock
        self._limits = limits
        self._orders = Orders(store, carriers, clock, order_timeout, self._put_down)
        self._requests = Requests("purchase", PurchaseAnswer)
        self._turns = asyncio.Semaphore(_ALL_CONCURRENT_ORDERS)

    async def purchase(
        self, organization_id: str, area_code: str, quantity: int, request_id: str
    ) -> PurchaseAnswer:
        """Buy up to ``quantity`` numbers in the area code; at least one.

        Raises ``InvalidFields``, ``OrganizationNotFound``, ``RequestIdReused``,
        ``NoNumbersAvailable``, ``NumbersSold``, ``NumberLimitReached``,
        ``PurchaseLimitReached``, ``CarrierRefused``, ``CarrierNotAvailable`` and
        ``PurchasePending``.
        """
        await require_geographic({"area_code": area_code})
        order = _Order(organization_id, area_code, quantity, request_id)
        return await self._requests.once(
            organization_id, order.request_id, order.arguments, lambda: self._purchase(order)
        )

    async def settle(self, intent: Number) -> Number | None:
        """Find out what became of an intent: the number, adopted or still open, or None.

        Raises ``CarrierUnavailable`` and ``Refused``; the intent stays open.
        """
        return await self._orders.settle(intent)

    async def _purchase(self, order: _Order) -> PurchaseAnswer:
        answer = await self._store.write(
            "purchase.begin", lambda tx: self._begin(tx, order), serialize_on=order.organization_id
        )
        if answer is not None:
            return answer
        problem = await self._buy(order)
        return await self._finish(order, problem)

    def _begin(self, transaction: Transaction, order: _Order) -> PurchaseAnswer | None:
        require_organization(transaction, order.organization_id)
        return self._requests.begin(
            transaction, order.organization_id, order.request_id, order.arguments, self._clock.now()
        )

    async def _buy(self, order: _Order) -> ServiceError | None:
        """Order until the quantity is reached or nothing is left; answer what stopped it."""
        carrier = self._carriers.for_organization(order.organization_id)
        seen: set[str] = set()
        progress = _Progress(order)
        for _ in range(_MAX_SEARCHES):
            progress.wanted = order.quantity - await self._settle_all(order)
            if progress.wanted <= 0 or progress.is_over:
                break
            problem = await self._store.read(
                "purchase.check_limits", lambda reader: self._why_not_one_more(reader, order)
            )
            if problem is not None:
                return problem
            limit = progress.wanted + 2 * len(seen) + _SPARE_OFFERS
            try:
                found = await carrier.search(order.area_code, limit)
            except (CarrierUnavailable, Refused) as error:
                return told(error, order.organization_id)
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
        if progress.problem is None and progress.is_too_late:
            return NumbersSold(order.area_code)
        return progress.problem

    async def _order_one_after_the_other(self, progress: _Progress) -> None:
        while progress.offers and progress.wanted > 0 and not progress.is_over:
            progress.wanted -= 1
            if not await self._try(progress, progress.offers.popleft()):
                progress.wanted += 1

    async def _try(self, progress: _Progress, offer: AvailableNumber) -> bool:
        """Buy the number; False if another one must do."""
        # Before the intent is opened: what waits for its turn has ordered nothing.
        async with self._turns:
            return await self._try_now(progress, offer)

    async def _try_now(self, progress: _Progress, offer: AvailableNumber) -> bool:
        order = progress.order
        carrier = self._carriers.for_organization(order.organization_id)
        intent = Number(
            organization_id=order.organization_id,
            phone_number=offer.phone_number,
            area_code=area_code_of(offer.phone_number),
            state=NumberState.PURCHASING,
            carrier=carrier.name,
            carrier_account=carrier.account,
            reference=new_order_reference(),
            request_id=order.request_id,
            purchase_time=self._clock.now(),
            locality=offer.locality,
            region=offer.region,
        )

        def open_if_wanted(transaction: Transaction) -> _Opening | ServiceError:
            require_organization(transaction, order.organization_id)
            request = transaction.request(order.organization_id, order.request_id)
            if request is None:
                # Another server, which had bought nothing either, has ended the request
                # with a reason of its own. A repeat begins it anew.
                return PurchasePending(order.organization_id)
            if request.is_final or self._count(transaction, order) >= order.quantity:
                # Another server may be buying for the same request. What both have
                # opened counts, so together they never order more than was asked for.
                return _Opening.NOT_WANTED
            problem = self._why_not_one_more(transaction, order)
            if problem is not None:
                return problem
            transaction.delete_purchases_before(order.organization_id, self._clock.now() - DAY_MICROSECONDS)
            # An organization number of ours is nobody's to sell either.
            is_free = transaction.owner_of(offer.phone_number) is None
            return _Opening.OPEN if is_free and open_intent(transaction, intent) else _Opening.IN_USE

        with self._orders.under_way(intent):
            match await self._store.write("purchase.open_order", open_if_wanted):
                case _Opening.OPEN:
                    return await self._order(progress, intent)
                case _Opening.IN_USE:
                    return False
                case _Opening.NOT_WANTED:
                    progress.is_filled = True
                    return True
                case problem:
                    progress.problem = problem
                    return False

    def _why_not_one_more(self, reader: Reader, order: _Order) -> ServiceError | None:
        """Answer the limit that is reached, as of this transaction; None if none is."""
        organization_id = order.organization_id
        now = self._clock.now()
        count, first = reader.purchases_since(organization_id, now - DAY_MICROSECONDS)
        spent = Spent(reader.count_numbers(NumberQuery(organization_id)), count, first, now)
        return why_not_one_more(organization_id, self._limits.of(organization_id), spent)

    def _count(self, reader: Reader, order: _Order) -> int:
        """Answer how many numbers the request has, those that may yet be bought too."""
        rows = reader.numbers_of_request(order.organization_id, order.request_id)
        return sum(row.state is NumberState.PURCHASING for row in rows) + len(self._bought(reader, order))

    async def _order(self, progress: _Progress, intent: Number) -> bool:
        try:
            number = await self._orders.place(intent)
        except NumberTaken:
            progress.taken += 1
            return False
        except Refused as error:
            progress.problem = told(
                error, intent.organization_id, intent.reference, phone_number=intent.phone_number
            )
            return False
        except CarrierUnavailable as error:
            progress.problem = told(error, intent.organization_id, intent.reference)
            return False
        if number is None:
            progress.taken += 1
        return number is not None

    async def _settle_all(self, order: _Order) -> int:
        """Look up the order's open intents; answer how many numbers it has, open ones too."""

        def open_intents(reader: Reader) -> list[Number]:
            numbers = reader.numbers_of_request(order.organization_id, order.request_id)
            return [number for number in numbers if number.state is NumberState.PURCHASING]

        for intent in await self._store.read("purchase.list_open_orders", open_intents):
            with contextlib.suppress(CarrierUnavailable, Refused):
                await self.settle(intent)
        # Counted in one view, since the sweep may have settled some meanwhile.
        return await self._store.read("purchase.count", lambda reader: self._count(reader, order))

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

    async def _finish(self, order: _Order, problem: ServiceError | None) -> PurchaseAnswer:
        organization_id, request_id = order.organization_id, order.request_id

        def work(transaction: Transaction) -> PurchaseAnswer | ServiceError:
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
            unfilled = order.quantity - len(bought)
            answer = PurchaseAnswer(
                tuple(sorted(bought, key=lambda number: number.phone_number)),
                unfilled,
                transaction.revision(organization_id),
                KeptError.of(problem or NoNumbersAvailable(order.area_code)) if unfilled else None,
            )
            self._requests.note(transaction, organization_id, request_id, answer, is_final=True)
            return answer

        answer = await self._store.write("purchase.finish", work, serialize_on=organization_id)
        if isinstance(answer, ServiceError):
            raise answer
        return answer
