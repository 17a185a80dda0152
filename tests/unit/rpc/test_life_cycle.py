"""When calls are served, and what those are told that are not."""

import asyncio

import pytest

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.rpc.life_cycle import LifeCycle, ShuttingDown


async def refused(life_cycle: LifeCycle, seconds_left: float | None = None) -> ShuttingDown:
    with pytest.raises(ShuttingDown) as raised:
        await life_cycle.refuse(seconds_left)
    return raised.value


async def stopping(life_cycle: LifeCycle, seconds: float) -> "asyncio.Task[None]":
    """Begin to refuse calls, and return the task of the lame-duck period."""
    task = asyncio.create_task(life_cycle.refuse_for(seconds))
    await asyncio.sleep(0)
    return task


async def test_calls_are_refused_as_unavailable_storage_until_the_server_is_open() -> None:
    life_cycle = LifeCycle()
    assert not life_cycle.is_serving
    with pytest.raises(StorageUnavailable):
        await life_cycle.refuse(None)
    life_cycle.open()
    assert life_cycle.is_serving


async def test_a_caller_is_told_to_wait_until_the_server_has_stopped() -> None:
    life_cycle = LifeCycle()
    life_cycle.open()
    task = await stopping(life_cycle, 30)
    assert not life_cycle.is_serving
    delays = [(await refused(life_cycle)).retry_after for _ in range(20)]
    assert all(delay is not None and 29 < delay < 31 for delay in delays)
    # Callers that were refused together do not come back together.
    assert len(set(delays)) > 10
    task.cancel()


async def test_a_caller_whose_deadline_is_sooner_is_told_to_try_another_server() -> None:
    life_cycle = LifeCycle()
    task = await stopping(life_cycle, 30)
    assert (await refused(life_cycle, seconds_left=5)).retry_after == 0.1
    task.cancel()


async def test_the_last_calls_are_answered_once_connections_are_closing() -> None:
    life_cycle = LifeCycle()
    task = await stopping(life_cycle, 0.05)
    last = asyncio.create_task(refused(life_cycle))
    await task
    assert not last.done()
    life_cycle.connections_are_closing()
    await last
    # Calls on connections that are still open are answered at once.
    await refused(life_cycle)
