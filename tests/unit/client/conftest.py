"""The server, and both clients behind one interface, so that each test covers both."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from operator import attrgetter
from typing import Any, Protocol

import pytest
import pytest_asyncio

from localdial_client import AsyncClient, Client, async_pages, pages
from tests.support.fake_server import FakeServer


class Api(Protocol):
    """Either client. A `path` names a method, such as `directory.get_user`."""

    async def call(self, path: str, request: Any, **options: Any) -> Any:
        """Call the method and return its response."""

    async def pages(self, path: str, request: Any) -> list[Any]:
        """Return all pages of a list, in order."""

    async def close(self) -> None:
        """Close the client."""


class SyncApi:
    """A `Client`, called in threads so that the event loop of the test keeps running."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, path: str, request: Any, **options: Any) -> Any:
        return await asyncio.to_thread(attrgetter(path)(self.client), request, **options)

    async def pages(self, path: str, request: Any) -> list[Any]:
        return await asyncio.to_thread(lambda: list(pages(attrgetter(path)(self.client), request)))

    async def close(self) -> None:
        await asyncio.to_thread(self.client.close)


class AsyncApi:
    """An `AsyncClient`."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client

    async def call(self, path: str, request: Any, **options: Any) -> Any:
        return await attrgetter(path)(self.client)(request, **options)

    async def pages(self, path: str, request: Any) -> list[Any]:
        return [page async for page in async_pages(attrgetter(path)(self.client), request)]

    async def close(self) -> None:
        await self.client.close()


Connect = Callable[..., Api]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """Yield a server that does not listen yet."""
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def address(server: FakeServer) -> str:
    """Start the server and return its address."""
    return server.start()


@pytest_asyncio.fixture(params=["sync", "asyncio"])
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    """Yield a function that makes a client of one kind, which is closed after the test."""
    made: list[Api] = []

    def make(address: str, **options: Any) -> Api:
        api: Api
        if request.param == "sync":
            api = SyncApi(Client(address, **options))
        else:
            api = AsyncApi(AsyncClient(address, **options))
        made.append(api)
        return api

    yield make
    for api in made:
        await api.close()


@pytest_asyncio.fixture
async def api(connect: Connect, address: str) -> Api:
    """Return a client of the server."""
    return connect(address)
