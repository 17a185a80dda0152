"""PostgreSQL, for any number of server processes on any number of machines.

Each kind of transaction has threads and connections of its own, so that none waits
for another kind. Reads see one moment (REPEATABLE READ). Changes are SERIALIZABLE
and run again where PostgreSQL asks for it. The call log inserts with single statements
that commit by themselves; those for outbound calls run on the event loop, without a
thread. Sessions behind a pgbouncer that pools transactions keep no state and no prepared
statements.

Only the probe decides that the database is down; one slow or failed transaction does
not. While the database is down, every call fails at once, and so does every call that still waits.
"""

import asyncio
import contextlib
import functools
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import psycopg
import psycopg.conninfo
from psycopg import IsolationLevel
from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine
from typing_extensions import override

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.storage.engines.database import Database, Insertion, Readable, Selection
from localdial_server.storage.engines.postgres_pool import TransactionPool
from localdial_server.storage.engines.postgres_statements import StatementRunner

T = TypeVar("T")

_log = logging.getLogger(__name__)

_READERS = 3
_LOADERS = 2
_WRITERS = 2

# How long a host may take to accept a connection. libpq allows at least 2 s.
_CONNECT_SECONDS = 2

# How libpq begins the cause of each failed attempt to connect, one for each host and address.
_ATTEMPT = re.compile(r"connection to server .*? failed: (.*)")

# The causes that no waiting ends: somebody has to change the URL or the server. A server that speaks
# another language than English is waited for. Not among them are the external systems that a server may
# ask for passwords, such as LDAP: they may be away.
_FOR_GOOD = re.compile(
    r"fe_sendauth: no password supplied"
    r"|FATAL:  (?:password|Peer|Ident) authentication failed for user"
    r"|FATAL:  no pg_hba\.conf entry for "
    r'|FATAL:  role ".*" (?:does not exist|is not permitted to log in)'
    r'|FATAL:  database ".*" does not exist'
    r"|FATAL:  permission denied for database "
)

# How long an insert into the call log or a probe may take. An outbound call waits for its
# insert, and if the insert fails, the spool records the call.
_SHORT_TIMEOUT_SECONDS = 1.0

# The planner prefers to scan a small table as a whole. A SERIALIZABLE transaction that does
# so conflicts with every change to the table, by any organization.
_BY_INDEX = "SET LOCAL enable_seqscan = off"


class PostgresDatabase(Database):
    """A PostgreSQL server, which other processes may share.

    `timeout` bounds each transaction, and `short_timeout` inserts into the call log and probes, in
    seconds. Each may wait for a connection for as long again.
    """

    def __init__(self, url: str, timeout: float, short_timeout: float = _SHORT_TIMEOUT_SECONDS) -> None:
        self._url = url
        self._is_down = False
        self._limited_log = LimitedLog(_log)
        self._failure = asyncio.Event()
        read_only = functools.partial(self._engine, isolation=IsolationLevel.REPEATABLE_READ, read_only=True)
        self._reads = TransactionPool("read", read_only(_READERS), _READERS, timeout)
        self._loads = TransactionPool("load", read_only(_LOADERS), _LOADERS, timeout)
        self._writes = TransactionPool(
            "write",
            self._engine(_WRITERS, IsolationLevel.SERIALIZABLE),
            _WRITERS,
            timeout,
            first_statement=_BY_INDEX,
        )
        short_timeout = min(timeout, short_timeout)
        self._appends = TransactionPool("append", self._engine(1, None), 1, short_timeout, repeatable=True)
        connect = functools.partial(_connect_on_loop, self._url)
        self._statements = StatementRunner(connect, short_timeout)
        self._later_statements = StatementRunner(connect, short_timeout)
        self._selections = StatementRunner(connect, timeout)
        self._probes = TransactionPool("probe", self._engine(1, None), 1, short_timeout, repeatable=True)
        self._runners = self._statements, self._later_statements, self._selections
        self._pools = self._reads, self._loads, self._writes, self._appends

    @classmethod
    def open(
        cls, url: str, timeout: float, short_timeout: float = _SHORT_TIMEOUT_SECONDS
    ) -> "PostgresDatabase":
        """Open the database at a libpq URL, after checking that it accepts a connection.

        Raises `psycopg.Error`, whose text says what is wrong.
        """
        _connect(url).close()
        return cls(url, timeout, short_timeout)

    @functools.cached_property
    def engine(self) -> Engine:
        """An engine for an administrator's work, which no timeout bounds."""
        return create_engine(
            "postgresql+psycopg://",
            creator=functools.partial(_connect, self._url),
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,
        )

    @property
    def is_down(self) -> bool:
        """Whether the last probe failed."""
        return self._is_down

    @override
    async def read(self, name: str, work: Callable[[Connection], T]) -> T:
        if isinstance(work, Selection):
            # A single statement sees one moment, as a transaction of REPEATABLE READ does.
            selected = await self._unless_down(name, lambda: self._selections.run(name, work.statement()))
            result: T = work.result(selected.get_value(0, 0) or b"")
            return result
        return await self._run(self._reads, name, work)

    @override
    async def write(self, name: str, work: Callable[[Connection], T]) -> T:
        return await self._run(self._writes, name, work)

    @override
    async def append(self, name: str, work: Callable[[Connection], T]) -> T:
        if isinstance(work, Insertion):
            # An error here is a bug. The work meets it again, and raises it as SQLAlchemy does.
            with contextlib.suppress(psycopg.Error):
                statement = work.statement()
                runner = self._statements if work.is_waited_for else self._later_statements
                inserted = await self._unless_down(name, lambda: runner.run(name, statement))
                if inserted.command_tuples == work.count:
                    result: T = work.result
                    return result
            # Some rows were there already. The work finds out which.
        return await self._run(self._appends, name, work)

    @property
    def loads(self) -> Readable:
        """A source of reads of whole organizations, with threads and connections of its own."""
        return _Loads(functools.partial(self._run, self._loads))

    async def probe(self, name: str, work: Callable[[Connection], T]) -> T:
        """Run `work`, a single query: the database is down if it fails, and up if it succeeds.

        Call it at intervals, and when `wait_for_failure` returns. A standby counts as down.

        Raises `StorageUnavailable`.
        """

        def on_the_primary(connection: Connection) -> T:
            if connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on":
                connection.invalidate()
                raise StorageUnavailable from ConnectionError("the database can only be read")
            return work(connection)

        self._failure.clear()
        try:
            result = await self._probes.run(name, on_the_primary)
        except StorageUnavailable as error:
            if not self._is_down:
                self._is_down = True
                _log.warning("the database is down", extra={"cause": str(error.__cause__)})
                for each in (*self._pools, *self._runners):
                    each.give_up()
            raise
        if self._is_down:
            self._is_down = False
            _log.warning("the database is up again")
        return result

    async def wait_for_failure(self) -> None:
        """Wait until the database fails a transaction; return at once if it has since the last probe."""
        await self._failure.wait()

    @override
    async def close(self) -> None:
        await asyncio.gather(
            *(runner.close() for runner in self._runners),
            *(asyncio.to_thread(pool.close) for pool in (*self._pools, self._probes)),
        )

    async def _run(self, pool: TransactionPool, name: str, work: Callable[[Connection], T]) -> T:
        return await self._unless_down(name, lambda: pool.run(name, work))

    async def _unless_down(self, name: str, run: Callable[[], Awaitable[T]]) -> T:
        if self._is_down:
            raise StorageUnavailable
        try:
            return await run()
        except StorageUnavailable as error:
            # Without a cause the work itself raised this error, which says nothing about the database.
            if error.__cause__ is not None:
                self._failure.set()
                self._log_no_answer(error.__cause__, name)
            raise

    def _log_no_answer(self, cause: BaseException, name: str) -> None:
        """Log a missing answer or connection, but not often. The next probe may succeed and log nothing."""
        if isinstance(cause, ConnectionError | TimeoutError):
            self._limited_log.warning(
                "the database did not answer", extra={"unit_of_work": name, "cause": str(cause)}
            )

    def _engine(
        self, connections: int, isolation: IsolationLevel | None, *, read_only: bool = False
    ) -> Engine:
        def connect() -> "psycopg.Connection[Any]":
            connection = _connect(self._url)
            # psycopg sets these with each BEGIN, not once for the session.
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
            # Phone numbers do not belong in the log.
            hide_parameters=True,
            # SQLAlchemy would look for hstore on every new connection.
            use_native_hstore=False,
        )


class _Loads(Readable):
    def __init__(self, run: "_Run") -> None:
        self._run = run

    @override
    async def read(self, name: str, work: Callable[[Connection], T]) -> T:
        return await self._run(name, work)


class _Run(Protocol):
    async def __call__(self, name: str, work: Callable[[Connection], T], /) -> T: ...


def conninfo(url: str) -> str:
    """Return the libpq connection string of a URL, with our defaults for what the URL leaves out."""
    parameters = psycopg.conninfo.conninfo_to_dict(url)
    parameters.setdefault("connect_timeout", _CONNECT_SECONDS)
    parameters.setdefault("application_name", "localdial")
    # PGCLIENTENCODING in the environment must not change it.
    parameters["client_encoding"] = "utf8"
    if "," in str(parameters.get("host", "")):
        # Connect to the host that accepts writes, also after a failover.
        parameters.setdefault("target_session_attrs", "read-write")
    return psycopg.conninfo.make_conninfo("", **parameters)


def refuses_for_good(message: str) -> bool:
    """Return whether, by libpq's message, every host refused the connection and no waiting ends that."""
    causes = _ATTEMPT.findall(message)
    return bool(causes) and all(map(_FOR_GOOD.match, causes))


def _connect(url: str) -> "psycopg.Connection[Any]":
    connection: psycopg.Connection[Any] = psycopg.connect(conninfo(url), prepare_threshold=None)
    # pgbouncer may hand us a session that listens for another client; without a handler
    # psycopg would keep every notification in memory.
    connection.add_notify_handler(_ignore)
    return connection


async def _connect_on_loop(url: str) -> "psycopg.AsyncConnection[Any]":
    return await psycopg.AsyncConnection.connect(conninfo(url), autocommit=True, prepare_threshold=None)


def _ignore(_notification: object) -> None:
    """Do nothing."""
