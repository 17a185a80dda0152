"""The thread pool limits its threads, its queue and the time of the work, whatever the work does."""

import asyncio
import contextlib
import functools
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import pytest

from localdial_server.concurrency.thread_pool import NoThread, Overdue, ThreadPool
from tests.support.waiting import DEADLINE_SECONDS

T = TypeVar("T")

_SIZE = 3
_MAX_WAITING = 5


class Resource:
    """A thread's resource, which knows its thread and whether it is open."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.is_closed = False


class Resources:
    """Opens resources and remembers them."""

    def __init__(self) -> None:
        self.opened: list[Resource] = []

    @contextlib.contextmanager
    def open(self) -> Iterator[Resource]:
        resource = Resource()
        self.opened.append(resource)
        yield resource
        resource.is_closed = True


@pytest.fixture
def resources() -> Resources:
    return Resources()


@pytest.fixture
async def pool(resources: Resources) -> AsyncIterator[ThreadPool[Resource]]:
    pool = ThreadPool("test", _SIZE, resources.open, max_waiting=_MAX_WAITING)
    yield pool
    pool.close()
    assert await asyncio.to_thread(pool.join, DEADLINE_SECONDS)


@pytest.fixture
def hold() -> Iterator[threading.Event]:
    """Return an event that work can wait for. It is set after the test at the latest."""
    hold = threading.Event()
    yield hold
    hold.set()


async def _run(
    pool: ThreadPool[Resource],
    work: Callable[[Resource], T],
    *,
    turn_seconds: float = DEADLINE_SECONDS,
    run_seconds: float = DEADLINE_SECONDS,
    **hooks: Callable[[], object],
) -> T:
    return await pool.run(work, turn_seconds=turn_seconds, run_seconds=run_seconds, **hooks)


async def _occupy(pool: ThreadPool[Resource], hold: threading.Event) -> "list[asyncio.Task[bool]]":
    """Let every thread wait for the event."""
    begun = threading.Semaphore(0)

    def work(_: Resource) -> bool:
        begun.release()
        return hold.wait(DEADLINE_SECONDS)

    running = [asyncio.create_task(_run(pool, work)) for _ in range(_SIZE)]
    for _ in range(_SIZE):
        await asyncio.to_thread(begun.acquire)
    return running


async def test_work_runs_in_a_thread_with_its_own_resource(
    pool: ThreadPool[Resource], resources: Resources
) -> None:
    def work(resource: Resource) -> int:
        assert resource.thread == threading.get_ident()
        return resource.thread

    threads = await asyncio.gather(*(_run(pool, work) for _ in range(_SIZE + _MAX_WAITING)))
    assert threading.get_ident() not in threads
    assert set(threads) <= {resource.thread for resource in resources.opened}
    assert len(resources.opened) <= _SIZE


async def test_an_exception_of_the_work_is_raised_to_the_caller(pool: ThreadPool[Resource]) -> None:
    def work(_: Resource) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await _run(pool, work)
    assert await _run(pool, lambda _: 1) == 1


async def test_sequential_calls_share_one_thread(pool: ThreadPool[Resource]) -> None:
    for number in range(10):
        assert await _run(pool, lambda _, n=number: n) == number
    assert len(pool._threads) == 1


async def test_hanging_work_occupies_at_most_the_threads_and_the_queue(
    pool: ThreadPool[Resource], hold: threading.Event
) -> None:
    running = await _occupy(pool, hold)
    waiting = [asyncio.create_task(_run(pool, lambda _: 1)) for _ in range(_MAX_WAITING)]
    await asyncio.sleep(0)
    for _ in range(100):
        with pytest.raises(NoThread):
            # The call is refused at once.
            _run(pool, lambda _: None).send(None)
    assert len(pool._threads) == _SIZE
    assert pool.waiting_count == _MAX_WAITING
    hold.set()
    await asyncio.gather(*running)
    assert await asyncio.gather(*waiting) == [1] * _MAX_WAITING
    assert pool.waiting_count == 0
    assert await _run(pool, lambda _: 1) == 1


async def test_a_caller_that_is_cancelled_leaves_the_queue_at_once(
    pool: ThreadPool[Resource], hold: threading.Event
) -> None:
    done: list[str] = []
    running = await _occupy(pool, hold)
    for _ in range(50):
        queued = asyncio.create_task(_run(pool, lambda _: done.append("queued")))
        await asyncio.sleep(0)
        queued.cancel()
        await asyncio.wait({queued}, timeout=1)
        assert queued.cancelled()
    assert pool.waiting_count == 0
    for call in running:
        call.cancel()
    _, pending = await asyncio.wait(running, timeout=1)
    assert not pending
    # The callers are gone, but the threads are still occupied.
    with pytest.raises(NoThread):
        await _run(pool, lambda _: done.append("early"), turn_seconds=0.1)
    hold.set()
    assert await _run(pool, lambda _: 1) == 1
    assert done == [], "work whose caller left the queue is never begun"


async def test_work_that_waits_too_long_for_a_thread_never_starts(
    pool: ThreadPool[Resource], hold: threading.Event
) -> None:
    done: list[int] = []
    running = await _occupy(pool, hold)
    with pytest.raises(NoThread):
        await _run(pool, lambda _: done.append(1), turn_seconds=0.1)
    hold.set()
    await asyncio.gather(*running)
    assert await _run(pool, lambda _: 1) == 1
    assert done == []


async def test_work_that_runs_too_long_is_reported_overdue_once(
    pool: ThreadPool[Resource], hold: threading.Event
) -> None:
    overdue: list[None] = []
    with pytest.raises(Overdue):
        await _run(
            pool,
            lambda _: hold.wait(DEADLINE_SECONDS),
            run_seconds=0.1,
            on_overdue=lambda: overdue.append(None),
        )
    assert overdue == [None]


async def test_the_time_limit_starts_with_the_work(pool: ThreadPool[Resource], hold: threading.Event) -> None:
    running = await _occupy(pool, hold)
    queued = asyncio.create_task(_run(pool, lambda _: time.sleep(0.1), run_seconds=0.5))
    await asyncio.sleep(0.7)
    hold.set()
    await asyncio.gather(*running)
    await queued


async def test_work_is_reported_overdue_even_if_its_caller_is_gone(
    pool: ThreadPool[Resource], hold: threading.Event
) -> None:
    begun, overdue = threading.Event(), asyncio.Event()

    def work(_: Resource) -> None:
        begun.set()
        hold.wait(DEADLINE_SECONDS)

    call = asyncio.create_task(_run(pool, work, run_seconds=0.2, on_overdue=overdue.set))
    await asyncio.to_thread(begun.wait, DEADLINE_SECONDS)
    call.cancel()
    await asyncio.wait({call})
    assert not overdue.is_set()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await overdue.wait()


async def test_giving_up_fails_waiting_callers_and_ends_running_work(
    pool: ThreadPool[Resource], hold: threading.Event
) -> None:
    done: list[None] = []
    release = asyncio.Event()

    def wait(_: Resource) -> bool:
        return hold.wait(DEADLINE_SECONDS)

    running = asyncio.create_task(_run(pool, wait, on_overdue=release.set))
    others = [asyncio.create_task(_run(pool, wait)) for _ in range(_SIZE - 1)]
    queued = asyncio.create_task(_run(pool, lambda _: done.append(None)))
    await asyncio.sleep(0.05)
    pool.give_up()
    # The work ends only after every caller has failed. Otherwise one of them might get its result.
    await release.wait()
    hold.set()
    outcomes = await asyncio.gather(running, *others, queued, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Overdue] * _SIZE + [NoThread]
    assert await _run(pool, lambda _: 1) == 1
    assert done == []


async def test_the_end_of_the_work_is_reported_once_whatever_its_outcome(
    pool: ThreadPool[Resource], hold: threading.Event
) -> None:
    ends: list[str] = []
    ended = asyncio.Event()

    def fail(_: Resource) -> None:
        raise LookupError

    def end_of(what: str) -> Callable[[], object]:
        return functools.partial(ends.append, what)

    await _run(pool, lambda _: 1, on_end=end_of("returned"))
    with pytest.raises(LookupError):
        await _run(pool, fail, on_end=end_of("raised"))
    with pytest.raises(NoThread):
        await _run(pool, lambda _: 1, turn_seconds=-1, on_end=end_of("refused"))
    cancelled = asyncio.create_task(
        _run(pool, lambda _: hold.wait(DEADLINE_SECONDS), on_end=lambda: (ends.append("left"), ended.set()))
    )
    await asyncio.sleep(0.05)
    cancelled.cancel()
    await asyncio.wait({cancelled})
    assert ends == ["returned", "raised", "refused"]
    hold.set()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await ended.wait()
    assert ends == ["returned", "raised", "refused", "left"]


async def test_a_closed_pool_refuses_work_and_closes_its_resources(resources: Resources) -> None:
    pool = ThreadPool("test", 2, resources.open)
    await _run(pool, lambda _: 1)
    pool.close()
    assert pool.join(DEADLINE_SECONDS)
    assert [resource.is_closed for resource in resources.opened] == [True]
    with pytest.raises(NoThread):
        await _run(pool, lambda _: 1)


async def test_accepted_work_is_finished_before_the_threads_end(
    resources: Resources, hold: threading.Event
) -> None:
    pool = ThreadPool("test", 1, resources.open)
    first = asyncio.create_task(_run(pool, lambda _: hold.wait(DEADLINE_SECONDS)))
    second = asyncio.create_task(_run(pool, lambda _: 2))
    await asyncio.sleep(0.05)
    pool.close()
    hold.set()
    assert await first
    assert await second == 2
    assert await asyncio.to_thread(pool.join, DEADLINE_SECONDS)
