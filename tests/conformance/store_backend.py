"""What the conformance suites of the stores need of each of them.

A store joins by a subclass of the suites with a fixture ``backend``, and says
there what it lacks; see ``test_stores``.
"""

from collections.abc import AsyncIterator, Mapping
from typing import ClassVar, Protocol

import pytest

from localdial_server.app.ports.store import Store
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.group_commit import GroupCommitLog
from localdial_server.storage.call_log.recorders import DatabaseRecorder
from localdial_server.storage.engines.database import Database
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.sql.store import SqlStore
from tests.conformance.store_records import append
from tests.conformance.watched_database import WatchedDatabase


class Backend(Protocol):
    """A database of the test's own, empty at first."""

    async def open(self) -> Database:
        """Open it with the newest schema.

        Called again when the last one was closed; by the suite of shared stores
        while it is open, too.
        """


class Home:
    """The backend's database, open, and the store over it."""

    database: WatchedDatabase
    store: Store

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def open(self) -> None:
        """Open the database."""
        self.database = WatchedDatabase(await self._backend.open())
        self.store = SqlStore(self.database, SnapshotCache(self.database))

    async def record(self, *calls: OutboundCall) -> None:
        """Record calls."""
        await append(self.log(), calls)

    def log(self) -> GroupCommitLog:
        """Answer a call log of its own over the database."""
        return GroupCommitLog(DatabaseRecorder(self.database), 0)

    async def reopen(self) -> None:
        """Close the database and open it, as after a restart of the server."""
        await self.database.close()
        await self.open()


class StoreFixtures:
    """What every suite of the stores begins with."""

    # Promises that the store cannot keep: the name of the test, and the reason.
    # They are expected to fail, and a store that keeps one after all is told.
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
    """What the suites of shared stores begin with: two servers, each with connections of its own."""

    @pytest.fixture
    async def other(self, backend: Backend, home: Home) -> AsyncIterator[Home]:  # noqa: ARG002 (opened first)
        other = Home(backend)
        await other.open()
        yield other
        await other.database.close()

    @pytest.fixture
    def stores(self, home: Home, other: Home) -> tuple[Store, Store]:
        return home.store, other.store
