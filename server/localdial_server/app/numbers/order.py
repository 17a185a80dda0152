"""Orders of single numbers: placed, looked up, adopted or dropped.

Before the carrier is asked for a number, the intent is committed: a PURCHASING
row with the chosen number and our reference. The order carries the reference;
its outcome is committed after. A crash or an unknown outcome leaves the row, and
it is settled by looking the reference up at the carrier: adopted if the number
is ours, dropped if it is not. Nothing is ordered in its place before that.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator

from localdial_server.app.numbers.carrier_accounts import account_of, log_fields
from localdial_server.app.numbers.pending_order import Intents, is_import, open_intent
from localdial_server.app.ports.carrier import (
    Carriers,
    CarrierUnavailable,
    NumberTaken,
    OrderStatus,
    OutcomeUnknown,
    OwnedNumber,
    Refused,
)
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import Store, Transaction
from localdial_server.domain.model import Number, NumberState

_log = logging.getLogger(__name__)

# When an order is looked up while its caller waits, in seconds: one whose outcome
# is unknown, and one that the carrier has taken and fills later.
_DELAYS_WHEN_UNKNOWN = (0.0, 0.2, 0.8)
_DELAYS_WHEN_PENDING = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


class Orders:
    """Places orders and settles those whose outcome is unknown.

    ``timeout``: how many seconds an order may take before its outcome counts as
    unknown. ``put_down`` is run in the transaction that adopts a number.
    """

    def __init__(
        self,
        store: Store,
        carriers: Carriers,
        clock: Clock,
        timeout: float,
        put_down: Callable[[Transaction, Number], None],
    ) -> None:
        self._store = store
        self._carriers = carriers
        self._clock = clock
        self._timeout = timeout
        self._put_down = put_down
        self._intents = Intents(store)
        # References of the orders that this process is about to place or has
        # placed: their outcome is on its way, and not for the sweep to guess.
        self._under_way: set[str] = set()
        # When orders ended whose outcome could not be committed, by reference.
        self._ended: dict[str, int] = {}
        # What a process before this one ordered may have gone out just before.
        self._start_time = clock.now()

    @contextlib.contextmanager
    def under_way(self, intent: Number) -> Iterator[None]:
        """Keep ``settle`` from guessing at the intent, from before it is opened."""
        self._under_way.add(intent.reference)
        try:
            yield
        except Exception:
            # Whatever went wrong: the order may have gone out until now.
            self._ended[intent.reference] = self._clock.now()
            raise
        finally:
            self._under_way.discard(intent.reference)

    async def place(self, intent: Number) -> Number | None:
        """Order the number of the open intent: the number, adopted or still open, or None.

        None: nothing came of the order. Raises ``NumberTaken``, ``Refused`` and
        ``CarrierUnavailable``; the intent is dropped then.
        """
        carrier = account_of(self._carriers, intent)
        try:
            outcome = await carrier.order(intent.phone_number, intent.reference, self._timeout)
        except (NumberTaken, Refused, CarrierUnavailable):
            await self._intents.drop(intent)
            raise
        except OutcomeUnknown as error:
            _log.warning(
                "an order's outcome is unknown",
                extra=log_fields(error, intent.organization_id, intent.reference),
            )
            return await self._look_up(await self._touch(intent), _DELAYS_WHEN_UNKNOWN)
        if outcome is OrderStatus.PENDING:
            return await self._look_up(await self._touch(intent), _DELAYS_WHEN_PENDING)
        return await self._adopt(intent, outcome)

    async def settle(self, intent: Number) -> Number | None:
        """Find out what became of an intent: the number, adopted or still open, or None.

        Raises ``CarrierUnavailable`` and ``Refused``; the intent stays open.
        """
        account_of(self._carriers, intent)
        return intent if intent.reference in self._under_way else await self._settle(intent)

    async def _touch(self, intent: Number) -> Number:
        return await self._intents.touch(intent, self._clock.now())

    async def _look_up(self, intent: Number, delays: tuple[float, ...]) -> Number | None:
        """Look the order up a few times; answer the intent itself while it is open."""
        for delay in delays:
            await asyncio.sleep(delay)
            try:
                settled = await self._settle(intent)
            except (CarrierUnavailable, Refused):
                continue
            if settled is None or settled.state is not NumberState.PURCHASING:
                return settled
        return intent

    async def _settle(self, intent: Number) -> Number | None:
        carrier = account_of(self._carriers, intent)
        if is_import(intent):
            # Nothing was ordered, so there is nothing to wait for.
            owned = await carrier.find_by_number(intent.phone_number)
            if owned is not None:
                return await self._intents.adopt(intent, owned)
            await self._intents.drop(intent)
            return None
        asked = self._clock.now()
        found = await carrier.find_by_reference(intent.reference)
        if isinstance(found, OwnedNumber):
            self._ended.pop(intent.reference, None)
            return await self._adopt(intent, found)
        if found is OrderStatus.PENDING:
            return intent
        busy_until = max(intent.purchase_time, self._start_time, self._ended.get(intent.reference, 0))
        if found is None and carrier.capabilities.may_hide(busy_until, asked):
            return intent
        self._ended.pop(intent.reference, None)
        await self._intents.drop(intent)
        return None

    async def _adopt(self, intent: Number, owned: OwnedNumber) -> Number | None:
        """Commit that the number is ours, and put it down to its purchase."""
        adopted = await self._intents.adopt(intent, owned, self._put_down)
        if adopted is not None:
            return adopted
        # The intent was given up for failed, or the number is deleted since. Only
        # the carrier can tell, while nobody else can touch the number.
        is_open = await self._store.write(
            "order.reopen", lambda transaction: open_intent(transaction, intent)
        )
        if not is_open:
            return None
        try:
            owned_now = await account_of(self._carriers, intent).find_by_reference(intent.reference)
        except (CarrierUnavailable, Refused):
            return intent
        if not isinstance(owned_now, OwnedNumber):
            await self._intents.drop(intent)
            return None
        _log.error("an order went through late", extra={"reference": intent.reference})
        return await self._intents.adopt(intent, owned_now, self._put_down)
