"""Pending orders: numbers that the carrier has neither confirmed nor refused yet.

A pending order is a PURCHASING row with the chosen number and our reference, committed before the
carrier is asked. It claims the number, so that no other request can buy, import or release it. The
carrier gets the reference with the order, and the outcome is committed afterward. If a crash or an
unknown outcome leaves the row, looking the reference up at the carrier settles the order: adopted
if the account owns the number, else abandoned. Until then no number is ordered in its place.

An import opens a pending order too, but orders nothing at the carrier.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from localdial_server.app.current_caller import CURRENT_CALLER, principal_of
from localdial_server.app.numbers.carrier_accounts import account_of, log_fields
from localdial_server.app.ports.carrier import (
    AvailableNumber,
    Carrier,
    Carriers,
    CarrierUnavailable,
    NumberTaken,
    OrderStatus,
    OutcomeUnknown,
    OwnedNumber,
    Refused,
)
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import Reader, Store, Transaction
from localdial_server.concurrency.groups import Groups
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.model import Number, NumberState

_log = logging.getLogger(__name__)

# Prefixes of the references of orders and of imports. Only references of orders are sent to the carrier.
_ORDER = "localdial-"
_IMPORT = "import-"


def new_order(
    organization_id: str, request_id: str, carrier: Carrier, offer: AvailableNumber, now: int
) -> Number:
    """Return a pending order for the number on offer. `now` is in microseconds since the epoch."""
    order = _new(organization_id, offer.phone_number, carrier, f"{_ORDER}{uuid.uuid4()}", now)
    return replace(order, request_id=request_id, locality=offer.locality, region=offer.region)


def new_import(organization_id: str, phone_number: str, carrier: Carrier, now: int) -> Number:
    """Return a pending order for a number that the account owns. `now` is in microseconds since the epoch."""
    return _new(organization_id, phone_number, carrier, f"{_IMPORT}{uuid.uuid4()}", now)


def _new(organization_id: str, phone_number: str, carrier: Carrier, reference: str, now: int) -> Number:
    return Number(
        organization_id=organization_id,
        phone_number=phone_number,
        area_code=area_code_of(phone_number),
        state=NumberState.PURCHASING,
        carrier=carrier.name,
        carrier_account=carrier.account,
        reference=reference,
        purchase_time=now,
        carrier_busy_until=now,
        # A row of the same number that is made later begins with a higher version.
        version=now,
        created_by=principal_of(CURRENT_CALLER.get()),
    )


def is_import(order: Number) -> bool:
    """Return whether this is the pending order of an import."""
    return order.state is NumberState.PURCHASING and order.reference.startswith(_IMPORT)


def is_order(number: Number) -> bool:
    """Return whether the number was ordered, and the outcome is not known yet."""
    return number.state is NumberState.PURCHASING and not is_import(number)


def open_pending_orders(transaction: Transaction, orders: Sequence[Number]) -> Sequence[Number]:
    """Claim the numbers of one organization, and store the pending orders.

    Return those that were opened. The numbers of the others are in use here.
    """
    opened = _claim(transaction, orders)
    transaction.add_purchases([order for order in opened if not is_import(order)])
    return opened


Adoptions: TypeAlias = Groups[tuple[Number, OwnedNumber], Number | None]


@dataclass(frozen=True, slots=True)
class LookUpDelays:
    """Seconds to wait before each look-up of an order while its caller waits.

    `unknown` is for an order whose outcome the carrier did not report, `pending` for one that the
    carrier fills later.
    """

    unknown: Sequence[float] = (0.0, 0.2, 0.8)
    pending: Sequence[float] = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


LOOK_UP_DELAYS = LookUpDelays()


class PendingOrders:
    """Places orders, and ends each pending order once, even if several tasks settle it.

    `order_timeout`: how many seconds an order may take before its outcome counts as unknown.
    """

    def __init__(
        self,
        store: Store,
        carriers: Carriers,
        clock: Clock,
        order_timeout: float,
        look_up_delays: LookUpDelays = LOOK_UP_DELAYS,
    ) -> None:
        self._store = store
        self._carriers = carriers
        self._clock = clock
        self._order_timeout = order_timeout
        self._look_up_delays = look_up_delays
        # References of the orders in flight in this process. The sweep skips them: their own
        # response will settle them.
        self._in_flight: set[str] = set()
        # By reference, the time at which an order failed whose end could not be committed.
        self._failed_at: dict[str, int] = {}
        # A previous process may have sent an order just before it died, so the read lag also
        # counts from our start.
        self._start_time = clock.now()

    @contextlib.contextmanager
    def in_flight(self, order: Number) -> Iterator[None]:
        """Make `settle` skip the order. Enter before opening the order; leave after placing it."""
        self._in_flight.add(order.reference)
        try:
            yield
        except Exception:
            # Whatever went wrong, the carrier may have been busy with the order until now.
            self._failed_at[order.reference] = self._clock.now()
            raise
        finally:
            self._in_flight.discard(order.reference)

    def adoptions(self) -> Adoptions:
        """Return what adopts the numbers of one purchase: those bought at the same time together."""
        return Groups(self.adopt_all)

    async def place(self, order: Number, adoptions: Adoptions) -> Number | None:
        """Order the number of an open pending order from the carrier.

        Return the number: ACTIVE if it was bought, PURCHASING while its outcome is unknown; None if
        nothing came of the order. `adoptions` are those of the purchase. Raises `NumberTaken`, `Refused`
        or `CarrierUnavailable` after abandoning the order.
        """
        carrier = account_of(self._carriers, order)
        try:
            outcome = await carrier.order(order.phone_number, order.reference, self._order_timeout)
        except (NumberTaken, Refused, CarrierUnavailable):
            await self.abandon(order)
            raise
        except OutcomeUnknown as error:
            _log.warning(
                "an order's outcome is unknown",
                extra=log_fields(error, order.organization_id, order.reference),
            )
            return await self._look_up(await self._extend(order), self._look_up_delays.unknown)
        if outcome is OrderStatus.PENDING:
            return await self._look_up(await self._extend(order), self._look_up_delays.pending)
        return await adoptions.add((order, outcome)) or await self._adopt_late(order)

    async def settle(self, order: Number) -> Number | None:
        """Find out at the carrier what became of a pending order, and adopt or abandon it.

        Return the number as it is then, PURCHASING while the outcome is unknown; None if the order
        was abandoned. Raises `CarrierUnavailable` and `Refused`; the order stays open.
        """
        if order.reference in self._in_flight:
            return order
        return await self._settle(order)

    async def adopt(self, order: Number, owned: OwnedNumber) -> Number | None:
        """Commit that the number is the organization's, and return it.

        It is ACTIVE, or RELEASING if it was bought but takes no calls: then the sweep releases it.
        If it was adopted before, return it as it is now; if the order is gone, return None.
        """
        (adopted,) = await self.adopt_all([(order, owned)])
        return adopted

    async def adopt_all(self, orders: Sequence[tuple[Number, OwnedNumber]]) -> Sequence[Number | None]:
        """Adopt the numbers of one organization, of which there is at least one, in one transaction."""
        organization_id = orders[0][0].organization_id

        def work(transaction: Transaction) -> Sequence[Number | None]:
            phone_numbers = [order.phone_number for order, _ in orders]
            found = transaction.numbers_by_phone_number(organization_id, phone_numbers)
            known = [_same_order(order, found.get(order.phone_number)) for order, _ in orders]
            adopted = transaction.update_numbers(
                [
                    _adopted(number, owned)
                    for number, (_, owned) in zip(known, orders, strict=True)
                    if number is not None and number.state is NumberState.PURCHASING
                ]
            )
            if adopted:
                transaction.bump_revision(organization_id)
            now = {number.phone_number: number for number in adopted}
            return [now.get(number.phone_number, number) if number is not None else None for number in known]

        for order, owned in orders:
            if not owned.takes_calls:
                _log.error(
                    "the carrier sold a number that takes no calls; it is released",
                    extra={"organization_id": organization_id, "reference": order.reference},
                )
        return await self._store.write("pending_order.adopt", work, serialize_on=organization_id)

    async def abandon(self, order: Number) -> None:
        """Commit that nothing came of the order, unless it was adopted or extended since it was read."""

        def work(transaction: Transaction) -> None:
            known = _find(transaction, order)
            if known is None or known.version != order.version:
                return
            transaction.delete_number(known.organization_id, known.phone_number)
            transaction.delete_purchase(known.organization_id, known.reference)
            transaction.disclaim(known.phone_number, known.organization_id)

        await self._store.write("pending_order.abandon", work)

    async def _extend(self, order: Number) -> Number:
        """Commit that the carrier was busy with the order until now; return the changed order."""
        now = self._clock.now()

        def work(transaction: Transaction) -> Number:
            known = _find(transaction, order)
            if known is None or known.state is not NumberState.PURCHASING:
                return order
            return transaction.update_numbers([replace(known, carrier_busy_until=now)])[0]

        return await self._store.write("pending_order.extend", work)

    async def _look_up(self, order: Number, delays: Sequence[float]) -> Number | None:
        """Try to settle the order once after each delay; return what `settle` returns."""
        for delay in delays:
            await asyncio.sleep(delay)
            try:
                settled = await self._settle(order)
            except (CarrierUnavailable, Refused):
                continue
            if settled is None or settled.state is not NumberState.PURCHASING:
                return settled
        return order

    async def _settle(self, order: Number) -> Number | None:
        carrier = account_of(self._carriers, order)
        if is_import(order):
            # Nothing was ordered, so there is nothing to wait for.
            owned = await carrier.find_by_number(order.phone_number)
            if owned is not None and owned.takes_calls:
                return await self.adopt(order, owned)
            await self.abandon(order)
            return None
        asked = self._clock.now()
        found = await carrier.find_by_reference(order.reference)
        if isinstance(found, OwnedNumber):
            self._failed_at.pop(order.reference, None)
            return await self.adopt(order, found) or await self._adopt_late(order)
        if found is OrderStatus.PENDING:
            return order
        busy_until = max(order.carrier_busy_until, self._start_time, self._failed_at.get(order.reference, 0))
        if found is None and carrier.capabilities.may_hide(busy_until, asked):
            return order
        self._failed_at.pop(order.reference, None)
        await self.abandon(order)
        return None

    async def _adopt_late(self, order: Number) -> Number | None:
        """Adopt the number of an order that is gone, if it was abandoned before the number appeared."""
        # The order was abandoned, or the number was deleted since. Only the carrier can tell, so
        # claim the number again, and then ask.
        reopened = await self._store.write("pending_order.reopen", lambda tx: _reopen(tx, order))
        if reopened is None:
            return None
        try:
            owned_now = await account_of(self._carriers, order).find_by_reference(order.reference)
        except (CarrierUnavailable, Refused):
            return reopened
        if not isinstance(owned_now, OwnedNumber):
            await self.abandon(reopened)
            return None
        _log.error("an order went through late", extra={"reference": order.reference})
        return await self.adopt(reopened, owned_now)


def _adopted(order: Number, owned: OwnedNumber) -> Number:
    return replace(
        order,
        state=NumberState.ACTIVE if owned.takes_calls else NumberState.RELEASING,
        release_time=None if owned.takes_calls else order.carrier_busy_until,
        reference=owned.reference,
        carrier_number_id=owned.carrier_number_id,
        locality=owned.locality,
        region=owned.region,
        request_id=None,
    )


def _claim(transaction: Transaction, orders: Sequence[Number]) -> Sequence[Number]:
    """Claim the numbers and add their rows. Return the orders whose numbers were not in use here."""
    if not orders:
        return []
    organization_id = orders[0].organization_id
    known = transaction.numbers_by_phone_number(organization_id, [order.phone_number for order in orders])
    wanted = [order.phone_number for order in orders if order.phone_number not in known]
    claimed = transaction.claim_all(wanted, organization_id)
    opened = [order for order in orders if order.phone_number in claimed]
    transaction.add_numbers(opened)
    return opened


def _reopen(transaction: Transaction, order: Number) -> Number | None:
    """Open an abandoned order again. Return None if it was not abandoned, or the number is in use here."""
    organization_id, request_id = order.organization_id, order.request_id
    if request_id is not None:
        ordered = transaction.numbers_of_request(organization_id, request_id)
        if any(number.reference == order.reference for number in ordered):
            # The number was adopted, and deleted since.
            return None
        request = transaction.request(organization_id, request_id)
        if request is None or request.answer is not None:
            # The request ended without this number, and its request_id may now belong to another request.
            request_id = None
    reopened = replace(order, request_id=request_id, version=order.version + 1)
    if not _claim(transaction, [reopened]):
        return None
    transaction.add_purchases([reopened])
    return reopened


def _find(reader: Reader, order: Number) -> Number | None:
    """Return the row of the order; None if it is gone or belongs to another order for the number."""
    return _same_order(order, reader.number(order.organization_id, order.phone_number))


def _same_order(order: Number, known: Number | None) -> Number | None:
    return known if known is not None and known.reference == order.reference else None
