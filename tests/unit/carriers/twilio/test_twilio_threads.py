import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from localdial_server.app.ports.carrier import CarrierUnavailable
from localdial_server.carriers.twilio.threads import Overdue, Threads

_THREADS = 3
_WAITING = 5


class Hands:
    """A client that does nothing, and knows its thread."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
async def threads() -> AsyncIterator[Threads[Hands]]:
    made = Threads(Hands, threads=_THREADS, waiting=_WAITING)
    yield made
    made.close()
    assert made.join(5)


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


async def test_work_is_done_in_a_thread_with_a_client_of_its_own(threads: Threads[Hands]) -> None:
    def work(client: Hands) -> int:
        assert client.thread == threading.get_ident()
        return client.thread

    answers = await asyncio.gather(*(threads.run(work, soon()) for _ in range(_THREADS + _WAITING)))
    assert threading.get_ident() not in answers
    assert len(set(answers)) <= _THREADS


async def test_what_the_work_raises_is_raised(threads: Threads[Hands]) -> None:
    def work(_client: Hands) -> None:
        raise LookupError("none")

    with pytest.raises(LookupError):
        await threads.run(work, soon())
    assert await threads.run(lambda _: 1, soon()) == 1


async def test_calls_that_hang_take_no_more_than_the_threads_and_the_queue(threads: Threads[Hands]) -> None:
    end = threading.Event()
    before = threading.active_count()
    try:
        hanging = [
            asyncio.ensure_future(threads.run(lambda _: end.wait(10), soon(10)))
            for _ in range(_THREADS + _WAITING)
        ]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        for _ in range(100):
            with pytest.raises(CarrierUnavailable):
                await threads.run(lambda _: None, soon(10))
        assert time.monotonic() - began < 1, "turned away at once, not after a wait"
        assert threading.active_count() - before == threads.count == _THREADS
        assert threads.waiting == _WAITING
    finally:
        end.set()
    await asyncio.gather(*hanging)
    assert threads.waiting == 0
    assert await threads.run(lambda _: 1, soon()) == 1


async def test_who_is_cancelled_goes_at_once_and_leaves_its_place_in_the_queue(
    threads: Threads[Hands],
) -> None:
    end = threading.Event()
    done: list[str] = []
    try:
        hanging = [
            asyncio.ensure_future(threads.run(lambda _: end.wait(10), soon(10))) for _ in range(_THREADS)
        ]
        await asyncio.sleep(0.1)
        for _ in range(50):
            queued = asyncio.ensure_future(threads.run(lambda _: done.append("queued"), soon(10)))
            await asyncio.sleep(0)
            queued.cancel()
            await asyncio.wait({queued}, timeout=1)
            assert queued.cancelled()
        assert threads.waiting == 0
        for call in hanging:
            call.cancel()
        _, pending = await asyncio.wait(hanging, timeout=1)
        assert not pending
        # Their callers are gone, the threads are not.
        with pytest.raises(CarrierUnavailable):
            await threads.run(lambda _: done.append("early"), soon(0.1))
    finally:
        end.set()
    assert await threads.run(lambda _: 1, soon()) == 1
    assert done == [], "what was given up while it waited is never begun"


async def test_who_waits_too_long_for_a_thread_has_begun_nothing(threads: Threads[Hands]) -> None:
    end = threading.Event()
    done: list[int] = []
    hanging = [asyncio.ensure_future(threads.run(lambda _: end.wait(10), soon(10))) for _ in range(_THREADS)]
    await asyncio.sleep(0.05)
    try:
        with pytest.raises(CarrierUnavailable):
            await threads.run(lambda _: done.append(1), soon(0.1))
    finally:
        end.set()
    await asyncio.gather(*hanging)
    assert done == []


async def test_who_waits_for_a_thread_that_does_not_end_is_told(
    threads: Threads[Hands], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localdial_server.carriers.twilio.threads._GRACE_SECONDS", 0.05)
    end = threading.Event()
    try:
        with pytest.raises(Overdue):
            await threads.run(lambda _: end.wait(10), soon(0.1))
    finally:
        end.set()


async def test_the_end_is_told_once_whatever_became_of_the_call(threads: Threads[Hands]) -> None:
    ends: list[str] = []
    last = asyncio.Event()

    def tell_last() -> None:
        ends.append("cancelled")
        last.set()

    def fail(_client: Hands) -> None:
        raise LookupError

    await threads.run(lambda _: 1, soon(), lambda: ends.append("answered"))
    with pytest.raises(LookupError):
        await threads.run(fail, soon(), lambda: ends.append("failed"))
    with pytest.raises(CarrierUnavailable):
        await threads.run(lambda _: 1, soon(-1), lambda: ends.append("too late"))
    end = threading.Event()
    cancelled = asyncio.ensure_future(threads.run(lambda _: end.wait(10), soon(), tell_last))
    await asyncio.sleep(0.05)
    cancelled.cancel()
    await asyncio.wait({cancelled})
    assert ends == ["answered", "failed", "too late"]
    end.set()
    await last.wait()
    assert ends == ["answered", "failed", "too late", "cancelled"]


async def test_after_the_end_nothing_is_taken_and_clients_are_closed() -> None:
    clients: list[Hands] = []

    def make() -> Hands:
        clients.append(Hands())
        return clients[-1]

    threads = Threads(make, threads=2, waiting=2)
    await threads.run(lambda _: 1, soon())
    threads.close()
    assert threads.join(5)
    assert [client.closed for client in clients] == [True]
    with pytest.raises(CarrierUnavailable):
        await threads.run(lambda _: 1, soon())
