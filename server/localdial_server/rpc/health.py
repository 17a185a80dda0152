"""gRPC's health service: `Check`, `Watch` and `List`."""

from collections.abc import Sequence
from typing import Any

from grpc_health.v1 import health, health_pb2
from typing_extensions import override


class HealthServicer(health.aio.HealthServicer):
    """The health of the whole server, named "", and of each name, such as a service."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = ("", *names)

    async def set_all(self, status: int) -> None:
        """Set the status of the server and of every name."""
        for name in self._names:
            await self.set(name, status)

    @override
    async def List(self, request: object, context: Any) -> Any:  # type: ignore[misc]  # the stubs package lacks it
        """Return the status of the server and of every name, which the base class leaves out."""
        statuses = {
            name: await self.Check(health_pb2.HealthCheckRequest(service=name), context)
            for name in self._names
        }
        return health_pb2.HealthListResponse(statuses=statuses)  # type: ignore[attr-defined]  # as above
