"""What the conformance suites need from each store.

A store is tested by a subclass of the suites with a `backend` fixture, which also names the
promises that the store cannot keep; see `test_stores`.
"""

from collections.abc import AsyncIterator, Mapping
from typing import ClassVar, Protocol

import pytest

from localdial_server.app.ports.store import Store
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.group_commit import GroupCommitLog
from localdial_server.storage.engines.database import Database
from tests.conformance.store_records import append
from tests.conformance.watched_database import WatchedDatabase
from tests.support.stores import call_log_on, store_on


class Backend(Protocol):
    """A database for one test, empty at first."""

    async def open(self) -> Database:
        """Open the database with the newest schema.

        Called again after the last one was closed, and by the suites of shared stores while it is
        open.
        """


class Home:
    """The backend's open database, and the store over it."""

    database: WatchedDatabase
    store: Store

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def open(self) -> None:
        """Open the database."""
        self.database = WatchedDatabase(await self._backend.open())
        self.store = store_on(self.database)

    async def record(self, *calls: OutboundCall) -> None:
        """Record calls."""
        await append(self.log(), calls)

    def log(self) -> GroupCommitLog:
        """Return a new call log over the database."""
        return call_log_on(self.database)

    async def reopen(self) -> None:
        """Close and open the database, as a restart of the server does."""
        await self.database.close()
        await self.open()


class StoreFixtures:
    """The fixtures of every suite."""

    # Promises that the store cannot keep: the name of the test, and the reason. These tests are
    # expected to fail; if one passes, the suite fails.
    lacks: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in cls.lacks:
            assert hasattr(cls, name), f"{cls.__name__} lacks {name}, which no suite promises"

    @pytest.fixture(autouse=True)
    def _expect_what_is_lacking(self, request: pytest.FixtureRequest) -> None:
        reason = self.lacks.get(request.function.__name__)
        if reason is not None:
            request.applymarker(pytest.mark.xfail(reason=reason))

    @pytest.fixture
    async def home(self, backend: Backend) -> AsyncIterator[Home]:
        home = Home(backend)
        await home.open()
        yield home
        await home.database.close()

    @pytest.fixture
    def store(self, home: Home) -> Store:
        return home.store


class SharedStoreFixtures(StoreFixtures):
    """The fixtures of the suites of shared stores: two servers, each with its own connections."""

    @pytest.fixture
    async def other(self, backend: Backend, home: Home) -> AsyncIterator[Home]:  # noqa: ARG002 - opened first
        other = Home(backend)
        await other.open()
        yield other
        await other.database.close()

    @pytest.fixture
    def stores(self, home: Home, other: Home) -> tuple[Store, Store]:
        return home.store, other.store
