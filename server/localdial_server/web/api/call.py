"""One call over HTTP: what its handler may know of it, and how it failed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, NoReturn

import grpc
from typing_extensions import override

from localdial_server.rpc.asgi import Scope
from localdial_server.rpc.call_context import CallContext
from localdial_server.rpc.fast_front.certificates import client_names
from localdial_server.rpc.fast_front.metadata import decoded
from localdial_server.rpc.peers import peer_of


class Failure(NamedTuple):
    """How a call failed."""

    code: grpc.StatusCode
    message: str
    metadata: Mapping[str, str | bytes]


class Call(CallContext):
    """A call that came as an ASGI scope."""

    __slots__ = ("_scope", "_seconds_left", "failure")

    def __init__(self, scope: Scope, seconds_left: Callable[[], float | None]) -> None:
        self._scope = scope
        self._seconds_left = seconds_left
        self.failure: Failure | None = None

    @override
    def time_remaining(self) -> float | None:
        return self._seconds_left()

    @override
    def peer(self) -> str:
        client = self._scope.get("client")
        # Not "unix:", which stands for the server's own webhook. A connection that was reset at once has no
        # address.
        return "unknown:" if client is None else peer_of(*client)

    @override
    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]]:
        return [decoded(name, value) for name, value in self._scope["headers"]]

    @override
    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        return client_names(self._scope)

    @override
    async def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: Sequence[tuple[str, str | bytes]] = (),
    ) -> NoReturn:
        self.failure = Failure(code, details, dict(trailing_metadata))
        raise grpc.aio.AbortError
