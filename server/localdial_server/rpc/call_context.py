"""What a handler may know of its call, whichever front the call came through."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, Protocol

import grpc


class CallContext(Protocol):
    """One call. It has the methods of `grpc.aio.ServicerContext` that handlers use."""

    def time_remaining(self) -> float | None:
        """Return the seconds until the caller's deadline; None if it has none."""

    def peer(self) -> str:
        """Return the caller's address as gRPC names it, such as `ipv4:192.0.2.1:50312`."""

    def invocation_metadata(self) -> Any:
        """Return the caller's metadata, pairs of a name in lower case and a value.

        A value is text, or bytes if its name ends in -bin.
        """

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """Return what the verified client certificate says, by gRPC's names; empty without one."""

    async def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: Sequence[tuple[str, str | bytes]] = (),
    ) -> NoReturn:
        """End the call with an error. Raises `grpc.aio.AbortError`."""
