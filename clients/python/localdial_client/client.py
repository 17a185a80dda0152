"""The two clients: one connection each, and the services as attributes."""

import asyncio
from types import TracebackType
from typing import Final, Self

import grpc
import grpc.aio

from localdial_client._async_services import AsyncCallRouting, AsyncDirectory, AsyncNumberInventory
from localdial_client._channel import ChannelOptions, channel_options
from localdial_client._services import CallRouting, Directory, NumberInventory

# A phone rings meanwhile: better an error that the dialer can act upon than a late answer.
DEFAULT_TIMEOUT: Final = 5.0
# The carrier may take seconds for each number, and a purchase that is given up half way must be asked about
# again.
DEFAULT_CARRIER_TIMEOUT: Final = 60.0


class Client:
    """A connection to the service, for threads. Thread-safe; make one and share it.

    Nothing is connected before the first call. Make it after a fork, never before.
    """

    call_routing: CallRouting
    number_inventory: NumberInventory
    directory: Directory

    def __init__(
        self,
        address: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        carrier_timeout: float = DEFAULT_CARRIER_TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
        options: ChannelOptions = (),
    ) -> None:
        """Prepare the connection.

        `address`: `host:port`, or any other gRPC target, such as `dns:///localdial.internal:50051`; where a
        name has several addresses the calls are spread over them. `timeout`: the default deadline of a call,
        in seconds; `carrier_timeout`: that of the calls that wait for the carrier (search, purchase, import
        and delete numbers). `credentials`: those of a TLS channel; without them the connection is not
        encrypted. `options`: further gRPC channel options, which win over those of this package.
        """
        merged = channel_options(options)
        self._channel = (
            grpc.insecure_channel(address, merged)
            if credentials is None
            else grpc.secure_channel(address, credentials, merged)
        )
        self.call_routing = CallRouting(self._channel, timeout)
        self.number_inventory = NumberInventory(self._channel, timeout, carrier_timeout)
        self.directory = Directory(self._channel, timeout)

    def close(self) -> None:
        """Close the connection at once; calls in flight raise `Cancelled`. May be called again."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """A connection to the service, for asyncio. It belongs to the event loop in which it was made.

    Nothing is connected before the first call. Make it after a fork, never before.
    """

    call_routing: AsyncCallRouting
    number_inventory: AsyncNumberInventory
    directory: AsyncDirectory

    def __init__(
        self,
        address: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        carrier_timeout: float = DEFAULT_CARRIER_TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
        options: ChannelOptions = (),
    ) -> None:
        """Prepare the connection; the arguments are those of `Client`.

        Raises RuntimeError where no event loop runs.
        """
        # gRPC would quietly take a loop that never runs, and the first call would fail far from here.
        asyncio.get_running_loop()
        merged = channel_options(options)
        self._channel = (
            grpc.aio.insecure_channel(address, merged)
            if credentials is None
            else grpc.aio.secure_channel(address, credentials, merged)
        )
        self.call_routing = AsyncCallRouting(self._channel, timeout)
        self.number_inventory = AsyncNumberInventory(self._channel, timeout, carrier_timeout)
        self.directory = AsyncDirectory(self._channel, timeout)

    async def close(self) -> None:
        """Close the connection at once; calls in flight raise `Cancelled`. May be called again."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
