"""Settling what a crash or a carrier left open: at start, and at intervals."""

import asyncio
import logging

from localdial_server.app.carrier import CarrierUnavailable, OutcomeUnknown
from localdial_server.app.deleting import Deleting
from localdial_server.app.purchasing import Purchasing
from localdial_server.app.store import Store
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import Number, NumberState

_log = logging.getLogger(__name__)


class Sweep:
    """Looks after PURCHASING and RELEASING numbers every ``interval`` seconds."""

    def __init__(self, store: Store, purchasing: Purchasing, deleting: Deleting, interval: float) -> None:
        self._store = store
        self._purchasing = purchasing
        self._deleting = deleting
        self._interval = interval

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except StorageUnavailable:
                _log.warning("the sweep could not read the database")
            await asyncio.sleep(self._interval)

    async def sweep(self) -> None:
        """Try once to settle every number that is open."""
        for number in await self._store.read(lambda reader: reader.unsettled_numbers()):
            try:
                await self._settle(number)
            except (CarrierUnavailable, OutcomeUnknown) as error:
                _log.warning("a number stays open", extra={"cause": str(error)})
            except Exception:  # noqa: BLE001 (one number must not keep the others open)
                _log.exception("a number could not be settled")

    async def _settle(self, number: Number) -> None:
        if number.state is NumberState.PURCHASING:
            await self._purchasing.settle(number)
        else:
            await self._deleting.release(number)
