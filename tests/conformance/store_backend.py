"""What the conformance suites of the stores need of each of them.

A store joins by a subclass of the suites with a fixture ``backend``; see
``test_stores``.
"""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from localdial_server.app.store import Store
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log import GroupCommitLog
from localdial_server.storage.database import Database
from localdial_server.storage.store import SqlStore
from tests.conformance.watched_database import WatchedDatabase


class Backend(Protocol):
    """A database of the test's own, empty at first."""

    async def open(self) -> Database:
        """Open it with the newest schema; called again only when the last one was closed."""


class Home:
    """The backend's database, open, and the store over it."""

    database: WatchedDatabase
    store: Store

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def open(self) -> None:
        """Open the database."""
        self.database = WatchedDatabase(await self._backend.open())
        self.store = SqlStore(self.database)

    async def record(self, *calls: OutboundCall) -> None:
        """Record calls."""
        await GroupCommitLog(self.database, 0).append(calls)

    async def reopen(self) -> None:
        """Close the database and open it, as after a restart of the server."""
        await self.database.close()
        await self.open()


class StoreFixtures:
    """What every suite of the stores begins with."""

    @pytest.fixture
    async def home(self, backend: Backend) -> AsyncIterator[Home]:
        home = Home(backend)
        await home.open()
        yield home
        await home.database.close()

    @pytest.fixture
    def store(self, home: Home) -> Store:
        return home.store
