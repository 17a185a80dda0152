"""The sweep goes on whatever happens to it."""

import asyncio
from typing import cast

import pytest

from localdial_server.app.numbers.delete import Deleting
from localdial_server.app.numbers.pending_order import PendingOrders
from localdial_server.app.numbers.settle import Sweep
from localdial_server.app.ports.clock import SystemClock
from localdial_server.app.ports.store import Store
from localdial_server.domain.errors import StorageUnavailable


class FailingStore:
    """A store whose first read fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._reads = 0
        self.is_read_again = asyncio.Event()

    async def read(self, *_: object) -> tuple[()]:
        self._reads += 1
        if self._reads == 1:
            raise self._error
        self.is_read_again.set()
        return ()


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (StorageUnavailable(), "the sweep stopped early"),
        (ValueError("a state of a newer release"), "the sweep failed"),
    ],
)
async def test_a_sweep_that_fails_is_logged_and_followed_by_the_next(
    error: Exception, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = FailingStore(error)
    nothing = cast("PendingOrders", None), cast("Deleting", None)
    sweep = Sweep(cast("Store", store), *nothing, SystemClock(), interval_seconds=0)
    running = asyncio.create_task(sweep.run())
    async with asyncio.timeout(5):
        await store.is_read_again.wait()
    running.cancel()
    assert logged in caplog.text
