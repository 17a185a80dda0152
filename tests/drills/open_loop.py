"""An open loop of calls: each is sent when it is due, even if earlier ones are unanswered."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from localdial_client import AsyncMethod, LocaldialError

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)

# Much longer than any call should take, so that the figures show a call that hangs.
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer(Generic[RequestT, ResponseT]):
    """The outcome of a call. `sent` is a `time.monotonic` time; both times are in seconds."""

    sent: float
    seconds: float
    request: RequestT
    response: ResponseT | None
    error: LocaldialError | None

    @property
    def received(self) -> float:
        """The `time.monotonic` time of the outcome, in seconds."""
        return self.sent + self.seconds


async def ask(method: AsyncMethod[RequestT, ResponseT], request: RequestT) -> Answer[RequestT, ResponseT]:
    """Make one call, and return its outcome."""
    sent = time.monotonic()
    response = error = None
    try:
        response = await method(request, timeout=TIMEOUT_SECONDS)
    except LocaldialError as failure:
        error = failure
    return Answer(sent, time.monotonic() - sent, request, response, error)


async def run(rate: float, stop: asyncio.Event, one: Callable[[int], Awaitable[None]]) -> None:
    """Start `one(0)`, `one(1)` and so on, `rate` a second, until `stop` is set; then wait for all to end."""
    begun = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in itertools.count():
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            if stop.is_set():
                return
            tasks.create_task(_awaited(one(number)))


async def _awaited(one: Awaitable[None]) -> None:
    await one


def latencies(seconds: Sequence[float]) -> str:
    """Return the columns of `LATENCIES_HEAD` for these durations in seconds."""
    if not seconds:
        return f"{'-':>8}{'-':>9}{'-':>10}"
    ordered = sorted(seconds)
    p50, p99 = (ordered[len(ordered) * percent // 100] for percent in (50, 99))
    return f"{p50 * 1000:>8.1f}{p99 * 1000:>9.1f}{ordered[-1] * 1000:>10.1f}"


LATENCIES_HEAD = f"{'p50 ms':>8}{'p99 ms':>9}{'max ms':>10}"
