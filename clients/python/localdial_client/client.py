"""The clients: a connection to the service, with its methods by service."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import grpc
import grpc.aio

from localdial_client._async_services import AsyncCallRouting, AsyncDirectory, AsyncNumberInventory
from localdial_client._channel import ChannelOptions
from localdial_client._connection import connection
from localdial_client._method import Calling
from localdial_client._revisions import Revisions
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
        address: str | Sequence[str],
        *,
        key: str | None = None,
        tls: bool = False,
        root_certificate: bytes | None = None,
        client_certificate: bytes | None = None,
        client_key: bytes | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        carrier_timeout: float = DEFAULT_CARRIER_TIMEOUT,
        read_your_writes: bool = True,
        credentials: grpc.ChannelCredentials | None = None,
        options: ChannelOptions = (),
    ) -> None:
        """Prepare the connection.

        `address`: `host:port`, or any other gRPC target, such as `dns:///localdial.internal:50051`; or
        several, each `host:port`. The calls are spread over all the servers there are.

        `key`: what proves to the server who calls; it is sent over TLS only, but for servers on this machine.
        `tls`: encrypt the connection, and check that the server is the one of the address, by
        `root_certificate` where that is given, else by the certificates that come with gRPC.
        `client_certificate` and `client_key`: what the client shows to the server. All three are PEM, and
        with any of them the connection is TLS.

        `timeout`: the default deadline of a call, in seconds; `carrier_timeout`: that of the calls that wait
        for the carrier. `read_your_writes`: decide on no older state than what this client changed itself.

        `credentials`: those of the channel, for what `tls` and the certificates cannot say. `options`:
        further gRPC channel options, which win over those of this package.

        Raises ValueError for arguments that cannot be used, and OSError where one of several addresses is a
        name that cannot be resolved.
        """
        target, channel_credentials, merged = connection(
            address,
            key=key,
            tls=tls,
            root_certificate=root_certificate,
            client_certificate=client_certificate,
            client_key=client_key,
            credentials=credentials,
            options=options,
        )
        revisions = Revisions(enabled=read_your_writes)
        calling = Calling(timeout, key, revisions)
        carrier = Calling(carrier_timeout, key, revisions)
        self._channel = (
            grpc.insecure_channel(target, merged)
            if channel_credentials is None
            else grpc.secure_channel(target, channel_credentials, merged)
        )
        self.call_routing = CallRouting(self._channel, calling)
        self.number_inventory = NumberInventory(self._channel, calling, carrier)
        self.directory = Directory(self._channel, calling)

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
        address: str | Sequence[str],
        *,
        key: str | None = None,
        tls: bool = False,
        root_certificate: bytes | None = None,
        client_certificate: bytes | None = None,
        client_key: bytes | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        carrier_timeout: float = DEFAULT_CARRIER_TIMEOUT,
        read_your_writes: bool = True,
        credentials: grpc.ChannelCredentials | None = None,
        options: ChannelOptions = (),
    ) -> None:
        """Prepare the connection; the arguments are those of `Client`.

        Names among several addresses are resolved here, while the loop waits: for names whose addresses
        change, give one that stands for all servers.

        Raises what `Client` raises, and RuntimeError where no event loop runs.
        """
        # gRPC would quietly take a loop that never runs, and the first call would fail far from here.
        asyncio.get_running_loop()
        target, channel_credentials, merged = connection(
            address,
            key=key,
            tls=tls,
            root_certificate=root_certificate,
            client_certificate=client_certificate,
            client_key=client_key,
            credentials=credentials,
            options=options,
        )
        revisions = Revisions(enabled=read_your_writes)
        calling = Calling(timeout, key, revisions)
        carrier = Calling(carrier_timeout, key, revisions)
        self._channel = (
            grpc.aio.insecure_channel(target, merged)
            if channel_credentials is None
            else grpc.aio.secure_channel(target, channel_credentials, merged)
        )
        self.call_routing = AsyncCallRouting(self._channel, calling)
        self.number_inventory = AsyncNumberInventory(self._channel, calling, carrier)
        self.directory = AsyncDirectory(self._channel, calling)

    async def close(self) -> None:
        """Close the connection at once; calls in flight raise `Cancelled`. May be called again."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
