"""PostgreSQL, for any number of server processes on any number of machines.

Each kind of transaction has threads and connections of its own, so that none
waits behind another kind: reads see one moment (REPEATABLE READ), changes are
SERIALIZABLE and run again where PostgreSQL says so, and the call log inserts
with single statements that commit by themselves. Nothing is kept in a session
and nothing is prepared in one, as a pgbouncer that pools transactions requires.

Whether the database is away, a probe decides and nothing else: one slow or failed
transaction says little about it. From then on everything fails at once, and what
still waits is given up, until the probe finds it back.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import psycopg
import psycopg.conninfo
from psycopg import IsolationLevel
from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.database import Reads
from localdial_server.storage.engines.postgres_pool import Lane

T = TypeVar("T")

_log = logging.getLogger(__name__)

_READERS = 3
_LOADERS = 2
_WRITERS = 2

# How long a host may take to accept a connection. libpq rounds up to 2 s.
_CONNECT_SECONDS = 2

# How long a lone insert or a probe may take: those who wait for an insert have a
# borrower on the line, and have the spool to turn to.
_SHORT_PATIENCE_SECONDS = 1.0

# While transactions get no answer, the log says so this often.
_QUIET_SECONDS = 10.0


# A SERIALIZABLE transaction that reads a small table as a whole, as the planner
# likes to, conflicts with every change of it, whosever.
_BY_INDEX = "SET LOCAL enable_seqscan = off"


class PostgresDatabase:
    """A ``Database`` on a PostgreSQL server. It may be shared with other processes."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._away = False
        self._quiet_until = 0.0
        self._doubt = asyncio.Event()
        self._reads = Lane(
            "read", self._engine(_READERS, IsolationLevel.REPEATABLE_READ, read_only=True), _READERS, timeout
        )
        self._writes = Lane(
            "write",
            self._engine(_WRITERS, IsolationLevel.SERIALIZABLE),
            _WRITERS,
            timeout,
            first=_BY_INDEX,
        )
        self._loads = Lane(
            "load", self._engine(_LOADERS, IsolationLevel.REPEATABLE_READ, read_only=True), _LOADERS, timeout
        )
        short = min(timeout, _SHORT_PATIENCE_SECONDS)
        self._appends = Lane("append", self._engine(1, None), 1, short, repeatable=True)
        self._lanes = self._reads, self._loads, self._writes, self._appends
        self._probes = Lane("probe", self._engine(1, None), 1, short, repeatable=True)

    @classmethod
    def open(cls, url: str, timeout: float) -> "PostgresDatabase":
        """Open the database at a libpq URL, after one look whether it answers.

        ``timeout`` bounds each transaction, in seconds. Raises
        ``psycopg.Error``, which says in words what is wrong.
        """
        _connect(url).close()
        return cls(url, timeout)

    @functools.cached_property
    def engine(self) -> Engine:
        """An engine for the work of an administrator, which may take its time."""
        return create_engine(
            "postgresql+psycopg://",
            creator=functools.partial(_connect, self._url),
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,
        )

    @property
    def is_away(self) -> bool:
        """Whether the database did not answer when it was last asked."""
        return self._away

    async def read(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work`` on one consistent view of the database."""
        return await self._run(self._reads, work, name)

    async def write(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work`` in a transaction, again from the start where it lost against another."""
        return await self._run(self._writes, work, name)

    async def append(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work``, whose statements commit one by one; it may run twice."""
        return await self._run(self._appends, work, name)

    @property
    def loads(self) -> Reads:
        """What organizations are loaded from: no list delays a load, and no load a list."""
        return _Loads(self._run, self._loads)

    async def probe(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, a single query: if it fails, the database is away, and else it is there.

        A standby is not what is looked for. To be called every so often, and when
        ``wait_for_doubt`` returns.
        """

        def on_the_primary(connection: Connection) -> T:
            if connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on":
                connection.invalidate()
                raise StorageUnavailable from ConnectionError("the database can only be read")
            return work(connection)

        self._doubt.clear()
        try:
            result = await self._probes.run(on_the_primary)
        except StorageUnavailable as error:
            if not self._away:
                self._away = True
                _log.warning("the database is away", extra={"cause": str(error.__cause__)})
                for lane in self._lanes:
                    lane.give_up()
            raise
        if self._away:
            self._away = False
            _log.warning("the database is back")
        return result

    async def wait_for_doubt(self) -> None:
        """Wait until there is reason to believe that the database is away."""
        await self._doubt.wait()

    async def close(self) -> None:
        """Finish what is running and let go of the connections."""
        await asyncio.gather(*(asyncio.to_thread(lane.close) for lane in (*self._lanes, self._probes)))

    async def _run(self, lane: Lane, work: Callable[[Connection], T], name: str) -> T:
        if self._away:
            raise StorageUnavailable
        try:
            return await lane.run(work, name)
        except StorageUnavailable as error:
            # Work that raises this by itself gives no cause, and says nothing of the database.
            if error.__cause__ is not None:
                self._doubt.set()
                self._tell(error.__cause__, name)
            raise

    def _tell(self, cause: BaseException | None, name: str) -> None:
        """Log that there was no answer, or no connection: the probe may have both."""
        now = time.monotonic()
        if isinstance(cause, ConnectionError | TimeoutError) and now >= self._quiet_until:
            self._quiet_until = now + _QUIET_SECONDS
            _log.warning("the database did not answer", extra={"unit_of_work": name, "cause": str(cause)})

    def _engine(
        self, connections: int, isolation: IsolationLevel | None, *, read_only: bool = False
    ) -> Engine:
        def connect() -> "psycopg.Connection[Any]":
            connection = _connect(self._url)
            # Said with each BEGIN, not once to the session.
            connection.isolation_level = isolation
            connection.read_only = read_only
            connection.autocommit = isolation is None
            return connection

        return create_engine(
            "postgresql+psycopg://",
            creator=connect,
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            # Phone numbers do not belong into the log.
            hide_parameters=True,
            # It would be looked for with every new connection.
            use_native_hstore=False,
        )


class _Loads:
    def __init__(self, run: "_Run", lane: Lane) -> None:
        self._run = run
        self._lane = lane

    async def read(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work`` on one consistent view of the database."""
        return await self._run(self._lane, work, name)


class _Run(Protocol):
    async def __call__(self, lane: Lane, work: Callable[[Connection], T], name: str) -> T: ...


def conninfo(url: str) -> str:
    """Write a libpq URL with what we ask of every connection, where it does not say."""
    parameters = psycopg.conninfo.conninfo_to_dict(url)
    parameters.setdefault("connect_timeout", _CONNECT_SECONDS)
    parameters.setdefault("application_name", "localdial")
    # Whatever the environment says.
    parameters["client_encoding"] = "utf8"
    if "," in str(parameters.get("host", "")):
        # Of several hosts the one that takes changes, be it after a failover.
        parameters.setdefault("target_session_attrs", "read-write")
    return psycopg.conninfo.make_conninfo("", **parameters)


def _connect(url: str) -> "psycopg.Connection[Any]":
    connection: psycopg.Connection[Any] = psycopg.connect(conninfo(url), prepare_threshold=None)
    # A pooled session may listen for someone else; without a handler psycopg would
    # keep every notice for ever.
    connection.add_notify_handler(_ignore)
    return connection


def _ignore(_notice: object) -> None:
    """Do nothing."""
