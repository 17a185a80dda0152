"""The sweep: it settles what a crash or the carrier left open, at start and at intervals."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from localdial_server.app.numbers.carrier_accounts import log_fields
from localdial_server.app.numbers.delete import Deleting
from localdial_server.app.numbers.pending_order import PendingOrders
from localdial_server.app.ports.carrier import CarrierUnavailable, OutcomeUnknown, Refused
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import Store
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import Number, NumberState
from localdial_server.domain.number_life_cycle import is_due

_log = logging.getLogger(__name__)

# How many numbers are settled at once, so that one hanging account does not hold up the numbers of
# the others.
_CONCURRENT = 8

# Time for the carrier to show an order, and short against the delay that a crash costs anyway.
_INTERVAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Settled:
    """An open number, and what became of it.

    `after` is the number as it is now; None if its order was abandoned. `problem` is why the number is
    still open; None if it is settled, if the carrier does not know the outcome yet, or if `after` says
    why the carrier refuses its release.
    """

    before: Number
    after: Number | None
    problem: Exception | None = None


class Sweep:
    """Settles PURCHASING and RELEASING numbers at start and at intervals."""

    def __init__(
        self,
        store: Store,
        orders: PendingOrders,
        deleting: Deleting,
        clock: Clock,
        interval_seconds: float = _INTERVAL_SECONDS,
    ) -> None:
        self._store = store
        self._orders = orders
        self._deleting = deleting
        self._clock = clock
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except StorageUnavailable:
                _log.warning("the sweep stopped early: the database is not available")
            except Exception:  # noqa: BLE001 - without the sweep, no open number would ever settle
                _log.exception("the sweep failed")
            await asyncio.sleep(self._interval_seconds)

    async def sweep(self) -> None:
        """Try once to settle every open number that is due. Raises `StorageUnavailable`."""
        open_numbers = await self._store.read("settle.list_open", lambda reader: reader.open_numbers())
        now = self._clock.now()
        for settled in await self.settle([number for number in open_numbers if is_due(number, now)]):
            if settled.problem is not None:
                number = settled.before
                _log.warning(
                    "a number stays open",
                    extra=log_fields(settled.problem, number.organization_id, number.reference),
                )

    async def settle(self, numbers: Sequence[Number]) -> Sequence[Settled]:
        """Try once to settle each of the open numbers, due or not; return the outcomes in the same order.

        Raises `StorageUnavailable`.
        """
        limit = asyncio.Semaphore(_CONCURRENT)

        async def settle_one(number: Number) -> Settled:
            async with limit:
                return await self._settle(number)

        return await asyncio.gather(*map(settle_one, numbers))

    async def _settle(self, number: Number) -> Settled:
        try:
            if number.state is NumberState.PURCHASING:
                return Settled(number, await self._orders.settle(number))
            return Settled(number, await self._deleting.release(number))
        except (CarrierUnavailable, Refused, OutcomeUnknown) as error:
            return Settled(number, number, error)
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one number must not keep the others open
            _log.exception("a number could not be settled")
            return Settled(number, number, error)
