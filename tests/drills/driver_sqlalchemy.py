"""PostgreSQL through SQLAlchemy, by psycopg in threads and by asyncpg on the event loop.

With `prepared`, statements are prepared once per connection and reused, which a
pgbouncer that pools transactions does not support in general.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, QueuePool, bindparam, create_engine, lateral, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine

from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.insert import insert_calls, insertion
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.snapshots.cache import read_snapshot
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.rows import from_call
from localdial_server.storage.sql.schema import organizations, outbound_calls, phone_number_owners, users
from tests.conformance.store_records import last_call_to
from tests.drills.driver import CONNECTIONS, Commit, Driver, LookUp

T = TypeVar("T")


def _joined() -> Executable:
    owner, calls = phone_number_owners.c, outbound_calls.c
    last = lateral(
        select(outbound_calls)
        .where(calls.organization_id == owner.organization_id, calls.callee_number == bindparam("caller"))
        .order_by(calls.call_time.desc(), calls.call_id.desc())
        .limit(1)
    )
    return (
        select(organizations, last, users)
        .select_from(phone_number_owners)
        .join(organizations, organizations.c.organization_id == owner.organization_id)
        .outerjoin(last, owner.organization_id == last.c.organization_id)
        .outerjoin(
            users,
            (users.c.organization_id == last.c.organization_id) & (users.c.user_id == last.c.user_id),
        )
        .where(owner.phone_number == bindparam("called"))
    )


_JOINED = _joined()
_INSERT = postgresql.insert(outbound_calls).on_conflict_do_nothing()


def _commit(how: Commit, calls: Sequence[OutboundCall]) -> Callable[[Connection], object]:
    if how is Commit.EXECUTEMANY:
        return lambda connection: connection.execute(
            _INSERT, [dict(zip(call._fields, from_call(call), strict=True)) for call in calls]
        )
    return lambda connection: insert_calls(connection, calls)


def _look_up(how: LookUp, called: str, caller: str) -> Callable[[Connection], object]:
    if how is LookUp.STATEMENT:
        return lambda connection: connection.execute(_JOINED, {"called": called, "caller": caller}).one()

    def work(connection: Connection) -> object:
        reader = SqlReader(connection)
        organization_id = reader.owner_of(called)
        assert organization_id is not None
        reader.organization(organization_id)
        call = last_call_to(reader, organization_id, caller)
        assert call is not None
        return reader.user(organization_id, call.user_id)

    return work


def _load(organization_id: str) -> Callable[[Connection], object]:
    return lambda connection: read_snapshot(SqlReader(connection), organization_id, None)


class ServerDriver(Driver):
    """The server's own: insertions by libpq on the loop, the rest by psycopg and SQLAlchemy in threads.

    Everything has a timeout.
    """

    def __init__(self, url: str) -> None:
        self._database = PostgresDatabase.open(url, timeout=30.0)

    async def commit(self, _: Commit, calls: Sequence[OutboundCall]) -> None:
        await self._database.append("test", insertion(calls, in_order=False))

    async def look_up(self, how: LookUp, called: str, caller: str) -> object:
        return await self._database.read("test", _look_up(how, called, caller))

    async def load(self, organization_id: str) -> None:
        await self._database.read("test", _load(organization_id))

    async def close(self) -> None:
        await self._database.close()


class PsycopgSqlAlchemy(Driver):
    """psycopg through SQLAlchemy Core, in threads."""

    def __init__(self, url: str, *, prepared: bool) -> None:
        self._threads = ThreadPoolExecutor(CONNECTIONS)
        self._engine = create_engine(
            url.replace("postgresql:", "postgresql+psycopg:"),
            poolclass=QueuePool,
            pool_size=CONNECTIONS,
            use_native_hstore=False,
            connect_args={"prepare_threshold": 0 if prepared else None},
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reads = self._engine.execution_options(isolation_level="REPEATABLE READ")

    async def commit(self, how: Commit, calls: Sequence[OutboundCall]) -> None:
        engine = self._autocommit if how is Commit.UNNEST else self._engine
        await self._run(engine, _commit(how, calls))

    async def look_up(self, how: LookUp, called: str, caller: str) -> object:
        engine = self._autocommit if how is LookUp.STATEMENT else self._reads
        return await self._run(engine, _look_up(how, called, caller))

    async def load(self, organization_id: str) -> None:
        await self._run(self._reads, _load(organization_id))

    async def close(self) -> None:
        self._threads.shutdown()
        self._engine.dispose()

    async def _run(self, engine: Any, work: Callable[[Connection], T]) -> T:
        def transact() -> T:
            with engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, transact)


class AsyncpgSqlAlchemy(Driver):
    """asyncpg through SQLAlchemy's async engine, on the event loop, with the same plain functions."""

    def __init__(self, url: str, *, prepared: bool) -> None:
        off: dict[str, Any] = {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: "",
        }
        self._engine = create_async_engine(
            url.replace("postgresql:", "postgresql+asyncpg:"),
            pool_size=CONNECTIONS,
            connect_args={} if prepared else off,
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reads = self._engine.execution_options(isolation_level="REPEATABLE READ")

    async def commit(self, how: Commit, calls: Sequence[OutboundCall]) -> None:
        engine = self._autocommit if how is Commit.UNNEST else self._engine
        async with engine.begin() as connection:
            await connection.run_sync(_commit(how, calls))

    async def look_up(self, how: LookUp, called: str, caller: str) -> object:
        engine = self._autocommit if how is LookUp.STATEMENT else self._reads
        async with engine.begin() as connection:
            return await connection.run_sync(_look_up(how, called, caller))

    async def load(self, organization_id: str) -> None:
        async with self._reads.begin() as connection:
            await connection.run_sync(_load(organization_id))

    async def close(self) -> None:
        await self._engine.dispose()
