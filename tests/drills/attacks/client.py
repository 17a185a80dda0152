"""The client of another organization, which is served beside an attack."""

import collections
import contextlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import grpc
from typing_extensions import override

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from tests.drills.attacks.server import CALLEE, USER, VICTIM

TIMEOUT_SECONDS = 10.0

# A raw client, with nothing that would hide a failure.
_OPTIONS = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]


@dataclass
class Served:
    """How a client was served: the seconds of each answered call, and the statuses of the others."""

    seconds: float = 0.0
    due: int = 0
    answered: list[float] = field(default_factory=list)
    failed: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def rate(self) -> float:
        """Answered calls per second."""
        return len(self.answered) / self.seconds if self.seconds else 0.0

    @property
    def share(self) -> float:
        """The answered share of the calls that were due."""
        return len(self.answered) / self.due if self.due else 0.0

    def milliseconds(self, percent: int) -> float:
        """Return a percentile of the answered calls' times; infinite if none was answered."""
        ordered: Sequence[float] = sorted(self.answered)
        return ordered[len(ordered) * percent // 100] * 1000 if ordered else float("inf")


class BesideClient(ABC):
    """A client with one connection, without retries."""

    name: ClassVar[str]

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address, _OPTIONS)
        self._resolve: grpc.UnaryUnaryMultiCallable[Any, Any] = CallRoutingStub(
            self._channel
        ).ResolveOutboundCallerId
        self._request = ResolveOutboundCallerIdRequest(
            organization_id=VICTIM, user_id=USER, callee_number=CALLEE
        )
        self._resolve(self._request, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def measure(self, seconds: float) -> Served:
        """Call for so many seconds."""
        with self.calling() as served:
            time.sleep(seconds)
        return served

    @contextlib.contextmanager
    def calling(self) -> Iterator[Served]:
        """Call in a thread until the context ends. The figures are complete afterwards."""
        served, stop = Served(), threading.Event()
        thread = threading.Thread(target=self._call, args=(served, stop), name=self.name)
        begun = time.monotonic()
        thread.start()
        try:
            yield served
        finally:
            stop.set()
            served.seconds = time.monotonic() - begun
            thread.join()

    @abstractmethod
    def _call(self, served: Served, stop: threading.Event) -> None:
        """Call until `stop` is set, then wait for the calls under way."""


class Victim(BesideClient):
    """Makes 20 calls a second, whether they are answered or not."""

    name = "victim"
    rate: ClassVar[float] = 20.0

    @override
    def _call(self, served: Served, stop: threading.Event) -> None:
        begun = time.monotonic()
        while not stop.wait(max(0.0, begun + served.due / self.rate - time.monotonic())):
            served.due += 1
            self._start(served)
        while len(served.answered) + served.failed.total() < served.due:
            time.sleep(0.01)

    def _start(self, served: Served) -> None:
        sent = time.monotonic()
        call: Any = self._resolve.future(self._request, timeout=TIMEOUT_SECONDS)

        call.add_done_callback(lambda call: _count(call, served, sent))


class GoodClient(BesideClient):
    """Makes one call after the other, as fast as they are answered."""

    name = "good client"

    @override
    def _call(self, served: Served, stop: threading.Event) -> None:
        while not stop.is_set():
            served.due += 1
            sent = time.monotonic()
            call: Any = self._resolve.future(self._request, timeout=TIMEOUT_SECONDS)
            _count(call, served, sent)


def _count(call: Any, served: Served, sent: float) -> None:
    """Wait for the call and count it."""
    if call.code() is grpc.StatusCode.OK:
        served.answered.append(time.monotonic() - sent)
    else:
        served.failed[call.code().name] += 1
