"""Buying numbers, exactly once and within the limits of the organization.

Each number is a pending order of its own. The answer to a purchase request has as many of its numbers
as could be bought, and a repeat with the same request_id gets the same answer.
"""

import asyncio
import contextlib
import functools
import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from localdial_server.app.failures import PublicError
from localdial_server.app.idempotency import IdempotentRequests
from localdial_server.app.lookup import require_organization
from localdial_server.app.numbers.carrier_accounts import to_service_error
from localdial_server.app.numbers.geographic import require_geographic
from localdial_server.app.numbers.pending_order import (
    Adoptions,
    PendingOrders,
    new_order,
    open_pending_orders,
)
from localdial_server.app.ports.carrier import (
    AvailableNumber,
    Carriers,
    CarrierUnavailable,
    NumberTaken,
    Refused,
)
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import NumberQuery, Reader, Store, Transaction
from localdial_server.concurrency.groups import Groups
from localdial_server.domain.errors import NoNumbersAvailable, NumbersTaken, PurchasePending, ServiceError
from localdial_server.domain.model import Number, NumberState
from localdial_server.domain.spending import DAY_MICROSECONDS, SpendingLimits, Spent, limit_error

_log = logging.getLogger(__name__)

# How many orders may be at the carrier at once: of one purchase request, and of this process.
_CONCURRENT_ORDERS = 8
_ALL_CONCURRENT_ORDERS = 32

# A number may be taken by another customer before we order it. So a search asks for a few more than
# are missing, and each further search asks for more. After `_MAX_SEARCHES` searches, or when
# `_MAX_TAKEN` more than the quantity were taken, the request is answered with what it has.
_SPARE_OFFERS = 10
_MAX_SEARCHES = 8
_MAX_TAKEN = 5


@dataclass(frozen=True, slots=True)
class PurchaseAnswer:
    """The numbers bought, by phone number; how many could not be bought, and why.

    A number that was released before the request was answered is RELEASED, with only the fields of
    its order. `revision` is the organization's when the request was answered.
    """

    numbers: tuple[Number, ...]
    unfilled_count: int
    revision: int
    unfilled_error: PublicError | None = None


@dataclass(frozen=True, slots=True)
class _PurchaseRequest:
    organization_id: str
    area_code: str
    quantity: int
    request_id: str

    @property
    def arguments(self) -> str:
        """The arguments that must be the same in a repeat of the request, as JSON."""
        return json.dumps({"area_code": self.area_code, "quantity": self.quantity})


class _Opening(Enum):
    """The outcome of trying to open a pending order."""

    OPEN = auto()
    IN_USE = auto()
    NOT_WANTED = auto()


@dataclass(slots=True)
class _PurchaseRun:
    """The state that is shared by the workers of one purchase request, which order concurrently.

    Orders that are opened at the same time are opened in one transaction, and so are adoptions.
    """

    request: _PurchaseRequest
    openings: Groups[Number, _Opening | ServiceError]
    adoptions: Adoptions
    offers: deque[AvailableNumber] = field(default_factory=deque)
    missing: int = 0
    taken: int = 0
    is_filled: bool = False
    error: ServiceError | None = None

    @property
    def is_over(self) -> bool:
        """Whether no further order may be placed."""
        return self.is_filled or self.error is not None or self.are_too_many_taken

    @property
    def are_too_many_taken(self) -> bool:
        """Whether too many of the offers were taken by others to try another one."""
        return self.taken >= self.request.quantity + _MAX_TAKEN


class Purchasing:
    """Carries out purchase requests."""

    def __init__(
        self, store: Store, carriers: Carriers, clock: Clock, orders: PendingOrders, limits: SpendingLimits
    ) -> None:
        self._store = store
        self._carriers = carriers
        self._clock = clock
        self._orders = orders
        self._limits = limits
        self._requests = IdempotentRequests("purchase", PurchaseAnswer)
        self._turns = asyncio.Semaphore(_ALL_CONCURRENT_ORDERS)

    async def purchase(
        self, organization_id: str, area_code: str, quantity: int, request_id: str
    ) -> PurchaseAnswer:
        """Buy up to `quantity` numbers in the area code; at least one.

        Raises `InvalidFields`, `OrganizationNotFound`, `RequestIdReused`, `NoNumbersAvailable`,
        `NumbersTaken`, `NumberLimitReached`, `PurchaseLimitReached`, `CarrierRefused`,
        `CarrierNotAvailable` and `PurchasePending`.
        """
        require_geographic(area_code)
        request = _PurchaseRequest(organization_id, area_code, quantity, request_id)
        return await self._requests.run_once(
            organization_id, request_id, request.arguments, lambda: self._purchase(request)
        )

    async def _purchase(self, request: _PurchaseRequest) -> PurchaseAnswer:
        now = self._clock.now()
        answer = await self._store.write(
            "purchase.start", lambda tx: self._start(tx, request, now), serialize_on=request.organization_id
        )
        if answer is not None:
            return answer
        warning = self._carriers.for_organization(request.organization_id).callback_warning
        if warning:
            _log.warning(
                "numbers are bought whose call-backs reach nobody",
                extra={"organization_id": request.organization_id, "cause": warning},
            )
        error = await self._buy(request)
        return await self._finish(request, error)

    def _start(self, transaction: Transaction, request: _PurchaseRequest, now: int) -> PurchaseAnswer | None:
        require_organization(transaction, request.organization_id)
        return self._requests.start(
            transaction, request.organization_id, request.request_id, request.arguments, now
        )

    async def _buy(self, request: _PurchaseRequest) -> ServiceError | None:
        """Order until the quantity is reached or no offer is left; return the error that ended it, if any."""
        carrier = self._carriers.for_organization(request.organization_id)
        seen: set[str] = set()
        run = _PurchaseRun(
            request, Groups(functools.partial(self._open_together, request)), self._orders.adoptions()
        )
        for _ in range(_MAX_SEARCHES):
            run.missing = request.quantity - await self._settle_orders(request)
            if run.missing <= 0 or run.is_over:
                break
            error = await self._check_limits(request)
            if error is not None:
                return error
            limit = run.missing + 2 * len(seen) + _SPARE_OFFERS
            try:
                found = await carrier.search(request.area_code, limit)
            except (CarrierUnavailable, Refused) as refusal:
                return to_service_error(refusal, request.organization_id)
            run.offers = deque(offer for offer in found if offer.phone_number not in seen)
            if not run.offers:
                break
            seen.update(offer.phone_number for offer in run.offers)
            await self._order_concurrently(run)
        if run.error is None and run.are_too_many_taken:
            return NumbersTaken(request.area_code)
        return run.error

    async def _check_limits(self, request: _PurchaseRequest) -> ServiceError | None:
        now = self._clock.now()
        organization_id = request.organization_id
        spent = await self._store.read("purchase.limits", lambda reader: _spent(reader, organization_id, now))
        return self._limit(organization_id, spent)

    async def _settle_orders(self, request: _PurchaseRequest) -> int:
        """Settle the request's pending orders; return how many numbers it has, pending ones included."""
        for number in await self._store.read("purchase.list_orders", lambda reader: _orders(reader, request)):
            if number.state is NumberState.PURCHASING:
                with contextlib.suppress(CarrierUnavailable, Refused):
                    await self._orders.settle(number)
        # Read again for one consistent count, because the sweep may have settled some meanwhile.
        return await self._store.read("purchase.count_orders", lambda reader: _count_orders(reader, request))

    async def _order_concurrently(self, run: _PurchaseRun) -> None:
        workers = min(run.missing, _CONCURRENT_ORDERS)
        outcomes = await asyncio.gather(
            *(self._order_until_filled(run) for _ in range(workers)),
            # Let every order end, even if another one fails.
            return_exceptions=True,
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _order_until_filled(self, run: _PurchaseRun) -> None:
        while run.offers and run.missing > 0 and not run.is_over:
            run.missing -= 1
            offer = run.offers.popleft()
            # Wait for the turn before opening the pending order, so that no open order waits.
            async with self._turns:
                is_ordered = await self._order_one(run, offer)
            if not is_ordered:
                run.missing += 1

    async def _order_one(self, run: _PurchaseRun, offer: AvailableNumber) -> bool:
        """Order the number; return False if another one is needed in its place."""
        request = run.request
        carrier = self._carriers.for_organization(request.organization_id)
        order = new_order(request.organization_id, request.request_id, carrier, offer, self._clock.now())
        with self._orders.in_flight(order):
            match await run.openings.add(order):
                case _Opening.OPEN:
                    return await self._place(run, order)
                case _Opening.IN_USE:
                    return False
                case _Opening.NOT_WANTED:
                    run.is_filled = True
                    return True
                case error:
                    run.error = error
                    return False

    async def _open_together(
        self, request: _PurchaseRequest, orders: Sequence[Number]
    ) -> Sequence[_Opening | ServiceError]:
        return await self._store.write(
            "purchase.open_pending_orders", lambda tx: self._open(tx, request, orders)
        )

    def _open(
        self, transaction: Transaction, request: _PurchaseRequest, orders: Sequence[Number]
    ) -> Sequence[_Opening | ServiceError]:
        """Open as many of the pending orders as the request still needs and the limits allow."""
        organization_id = request.organization_id
        require_organization(transaction, organization_id)
        stored = transaction.request(organization_id, request.request_id)
        if stored is None:
            # Another server, which had bought nothing either, ended the request with an error. A
            # repeat starts over.
            return [PurchasePending(organization_id) for _ in orders]
        if stored.answer is not None:
            return [_Opening.NOT_WANTED for _ in orders]
        # Another server may be buying for the same request. The orders of both count, so together
        # they never order more than was asked for.
        wanted = request.quantity - _count_orders(transaction, request)
        spent = _spent(transaction, organization_id, orders[0].purchase_time)
        # A number that is any organization's organization number is in use as well.
        owners = transaction.owners_of([order.phone_number for order in orders])
        outcomes: list[_Opening | ServiceError] = []
        to_open: list[Number] = []
        for order in orders:
            error = self._limit(organization_id, spent.after(len(to_open)))
            if len(to_open) >= wanted:
                outcomes.append(_Opening.NOT_WANTED)
            elif error is not None:
                outcomes.append(error)
            elif order.phone_number in owners:
                outcomes.append(_Opening.IN_USE)
            else:
                outcomes.append(_Opening.OPEN)
                to_open.append(order)
        if to_open:
            earliest = orders[0].purchase_time - DAY_MICROSECONDS
            transaction.delete_purchases_before(organization_id, earliest)
            open_pending_orders(transaction, to_open)
        return outcomes

    def _limit(self, organization_id: str, spent: Spent) -> ServiceError | None:
        """Return why the organization may not buy one more number; None if it may."""
        return limit_error(organization_id, self._limits.of(organization_id), spent)

    async def _place(self, run: _PurchaseRun, order: Number) -> bool:
        try:
            number = await self._orders.place(order, run.adoptions)
        except NumberTaken:
            number = None
        except Refused as error:
            run.error = to_service_error(
                error, order.organization_id, order.reference, phone_number=order.phone_number
            )
            return False
        except CarrierUnavailable as error:
            run.error = to_service_error(error, order.organization_id, order.reference)
            return False
        if number is None:
            run.taken += 1
        return number is not None

    async def _finish(self, request: _PurchaseRequest, error: ServiceError | None) -> PurchaseAnswer:
        """End the request: store and return its answer, or raise the reason that nothing was bought."""
        organization_id, request_id = request.organization_id, request.request_id

        def work(transaction: Transaction) -> PurchaseAnswer | ServiceError:
            answer = self._requests.answer(transaction, organization_id, request_id)
            if answer is not None:
                # Another server answered the request first.
                return answer
            numbers = _orders(transaction, request)
            if any(number.state is NumberState.PURCHASING for number in numbers):
                # The request stays open, and a repeat continues it.
                return PurchasePending(organization_id)
            if not numbers:
                # Nothing was bought, so forget the request: a repeat may buy.
                transaction.delete_request(organization_id, request_id)
                return error or NoNumbersAvailable(request.area_code)
            unfilled = request.quantity - len(numbers)
            answer = PurchaseAnswer(
                tuple(numbers),
                unfilled,
                transaction.revision(organization_id),
                PublicError.to_store(error or NoNumbersAvailable(request.area_code)) if unfilled else None,
            )
            self._requests.finish(transaction, organization_id, request_id, answer)
            return answer

        outcome = await self._store.write("purchase.finish", work, serialize_on=organization_id)
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome


def _orders(reader: Reader, request: _PurchaseRequest) -> Sequence[Number]:
    """Return the numbers that the request has ordered, bought or pending, by phone number."""
    return reader.numbers_of_request(request.organization_id, request.request_id)


def _count_orders(reader: Reader, request: _PurchaseRequest) -> int:
    return reader.count_orders(request.organization_id, request.request_id)


def _spent(reader: Reader, organization_id: str, now: int) -> Spent:
    count, first = reader.purchases_since(organization_id, now - DAY_MICROSECONDS)
    return Spent(reader.count_numbers(NumberQuery(organization_id)), count, first, now)
