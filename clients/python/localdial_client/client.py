"""The clients: a connection to the service, with one attribute per service."""

import asyncio
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import grpc
import grpc.aio

from localdial_client._async_services import (
    AsyncAdministration,
    AsyncCallRouting,
    AsyncDirectory,
    AsyncNumberInventory,
)
from localdial_client._channel import ChannelOptions
from localdial_client._connection import connection
from localdial_client._method import CallDefaults
from localdial_client._revisions import Revisions
from localdial_client._services import Administration, CallRouting, Directory, NumberInventory

# A phone call is waiting: an error that the dialer can act on is better than a late response.
DEFAULT_TIMEOUT: Final = 5.0
# The carrier may take seconds for each number, and after a timeout the caller has to ask again for the
# outcome of a purchase.
DEFAULT_CARRIER_TIMEOUT: Final = 60.0


class Client:
    """A connection to the service, for threads. Thread-safe: make one and share it.

    It connects with the first call. Make it after a fork, never before.
    """

    call_routing: CallRouting
    number_inventory: NumberInventory
    directory: Directory
    administration: Administration

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

        `address`: `host:port`, any other gRPC target such as `dns:///localdial.internal:50051`, or several
        `host:port`. Calls are spread over all servers.

        `key`: the API key. It is sent only over TLS, except to servers on this machine. `tls`: whether to
        encrypt the connection and verify the server's certificate, against `root_certificate` if given, else
        against the root certificates that come with gRPC. `client_certificate` and `client_key`: the
        certificate that the client presents, and its private key. All three are PEM, and each of them implies
        `tls`.

        `timeout`: the default deadline of a call, in seconds. `carrier_timeout`: the same for calls that wait
        for the carrier. `read_your_writes`: whether calls to resolve or explain see at least this client's
        own changes.

        `credentials`: channel credentials, for what `tls` and the certificates cannot express. `options`:
        additional gRPC channel options, which override those of this package.

        Raises ValueError for unusable arguments, and OSError if one of several addresses is a name that
        cannot be resolved.
        """
        target, channel_credentials, merged, retries = connection(
            address,
            key=key,
            tls=tls,
            root_certificate=root_certificate,
            client_certificate=client_certificate,
            client_key=client_key,
            credentials=credentials,
            options=options,
        )
        self._channel = (
            grpc.insecure_channel(target, merged)
            if channel_credentials is None
            else grpc.secure_channel(target, channel_credentials, merged)
        )
        self._closed = threading.Event()
        revisions = Revisions(enabled=read_your_writes)
        defaults = CallDefaults(timeout, key, revisions, retries, self._closed)
        carrier_defaults = CallDefaults(carrier_timeout, key, revisions, retries, self._closed)
        self.call_routing = CallRouting(self._channel, defaults)
        self.number_inventory = NumberInventory(self._channel, defaults, carrier_defaults)
        self.directory = Directory(self._channel, defaults)
        self.administration = Administration(self._channel, defaults)

    def close(self) -> None:
        """Close the connection immediately; calls in flight raise `Cancelled`. Closing again does nothing."""
        self._closed.set()
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """A connection to the service, for asyncio. It belongs to the event loop in which it was made.

    It connects with the first call. Make it after a fork, never before.
    """

    call_routing: AsyncCallRouting
    number_inventory: AsyncNumberInventory
    directory: AsyncDirectory
    administration: AsyncAdministration

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

        Names in several addresses are resolved here, which blocks the event loop. For servers that come and
        go, give one name that resolves to all of them.

        Raises what `Client` raises, and RuntimeError if no event loop is running.
        """
        # gRPC would silently use a loop that never runs, and the first call would fail far from here.
        asyncio.get_running_loop()
        target, channel_credentials, merged, retries = connection(
            address,
            key=key,
            tls=tls,
            root_certificate=root_certificate,
            client_certificate=client_certificate,
            client_key=client_key,
            credentials=credentials,
            options=options,
        )
        self._channel = (
            grpc.aio.insecure_channel(target, merged)
            if channel_credentials is None
            else grpc.aio.secure_channel(target, channel_credentials, merged)
        )
        self._closed = asyncio.Event()
        revisions = Revisions(enabled=read_your_writes)
        defaults = CallDefaults(timeout, key, revisions, retries, self._closed)
        carrier_defaults = CallDefaults(carrier_timeout, key, revisions, retries, self._closed)
        self.call_routing = AsyncCallRouting(self._channel, defaults)
        self.number_inventory = AsyncNumberInventory(self._channel, defaults, carrier_defaults)
        self.directory = AsyncDirectory(self._channel, defaults)
        self.administration = AsyncAdministration(self._channel, defaults)

    async def close(self) -> None:
        """Close the connection immediately; calls in flight raise `Cancelled`. Closing again does nothing."""
        self._closed.set()
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
