"""How late an event loop starts small tasks while it does other work."""

import asyncio
import contextlib
import hashlib
import multiprocessing
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

TASKS_PER_SECOND = 1_000

# The approximate time that a resolve takes on the event loop.
TASK_SECONDS = 0.0001


@dataclass(frozen=True)
class Lag:
    """How late the tasks of a round started, in microseconds."""

    p50: float
    p99: float
    longest: float


async def lag_during(lags: list[float], work: Callable[[], Awaitable[None]]) -> Lag:
    """Do the work, and return how late tasks start meanwhile."""
    await asyncio.sleep(0.1)
    lags.clear()
    await work()
    taken = sorted(lags)
    return Lag(taken[len(taken) // 2], taken[len(taken) * 99 // 100], taken[-1])


@contextlib.asynccontextmanager
async def ticking() -> AsyncIterator[list[float]]:
    """Run a small task for each datagram from another process; yield the list of lags, in microseconds."""
    lags: list[float] = []
    ticked = asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()

    async def task(asked: int) -> None:
        lags.append((time.monotonic_ns() - asked) / 1e3)
        end = time.thread_time() + TASK_SECONDS
        while time.thread_time() < end:
            hashlib.blake2b(b"+14155550100", digest_size=8).digest()

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _: object) -> None:
            ticked.set()
            started = asyncio.create_task(task(int(data)))
            tasks.add(started)
            started.add_done_callback(tasks.discard)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
    address = transport.get_extra_info("sockname")
    process = multiprocessing.get_context("spawn").Process(target=tick, args=(address,), daemon=True)
    process.start()
    try:
        await asyncio.wait_for(ticked.wait(), 60)
        yield lags
    finally:
        process.terminate()
        process.join()
        transport.close()


def tick(address: tuple[str, int]) -> None:
    """Send a datagram each millisecond, without end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        due = time.monotonic()
        while True:
            due += 1 / TASKS_PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            sender.sendto(str(time.monotonic_ns()).encode("ascii"), address)
