"""gRPC's health service: `Check`, `Watch` and `List`."""

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2
from typing_extensions import override

_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class HealthServicer(health.aio.HealthServicer):
    """The health of the whole server, named "", and of each name, such as a service."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = ("", *names)
        self._changed = asyncio.Event()
        self._watches_end = False

    async def set_all(self, status: int) -> None:
        """Set the status of the server and of every name."""
        for name in self._names:
            await self.set(name, status)

    def end_watches(self) -> None:
        """End every `Watch` with UNAVAILABLE, because connections close only when no call is open."""
        self._watches_end = True
        self._wake_watches()

    @override
    async def set(self, service: str, status: Any) -> None:
        await super().set(service, status)
        self._wake_watches()

    @override
    async def enter_graceful_shutdown(self) -> None:
        await super().enter_graceful_shutdown()
        self._wake_watches()

    def _wake_watches(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @override
    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:
        """Send the status of a name, and each later change, until the server stops.

        The base class locks the status while it sends, so that a client that does not read would keep the
        server from changing it, and from stopping.
        """
        sent = None
        while not self._watches_end:
            changed = self._changed
            status = self._server_status.get(request.service, _UNKNOWN)  # type: ignore[attr-defined]  # as below
            if status != sent:
                await context.write(health_pb2.HealthCheckResponse(status=status))
                sent = status
            await changed.wait()
        await context.abort(grpc.StatusCode.UNAVAILABLE, "the server is stopping; repeat the call")

    @override
    async def List(self, request: object, context: Any) -> Any:  # type: ignore[misc]  # the stubs package lacks it
        """Return the status of the server and of every name, which the base class leaves out."""
        statuses = {
            name: await self.Check(health_pb2.HealthCheckRequest(service=name), context)
            for name in self._names
        }
        return health_pb2.HealthListResponse(statuses=statuses)  # type: ignore[attr-defined]  # as above
