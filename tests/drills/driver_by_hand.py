"""PostgreSQL without SQLAlchemy: psycopg in threads, and psycopg and asyncpg on the event loop.

The statements are those of `driver_sqlalchemy`, and `prepared` has the same meaning.
"""

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel

from localdial_server.domain.model import Organization, OutboundCall
from localdial_server.domain.routing_snapshot import build_snapshot
from localdial_server.storage.sql.rows import from_call
from localdial_server.storage.sql.schema import outbound_calls
from tests.drills.driver import CONNECTIONS, Commit, Driver, LookUp

T = TypeVar("T")


# The database computes the others.
_COLUMNS = [column for column in outbound_calls.c if column.computed is None]


class _Sql:
    """The statements as SQL text; each `{}` is a parameter."""

    _arrays = ", ".join("{}::bigint[]" if str(c.type) == "BIGINT" else "{}::text[]" for c in _COLUMNS)
    unnest = f"INSERT INTO outbound_calls SELECT * FROM unnest({_arrays}) ON CONFLICT DO NOTHING"
    insert = f"INSERT INTO outbound_calls VALUES ({', '.join(['{}'] * 8)}) ON CONFLICT DO NOTHING"
    owner = "SELECT organization_id FROM phone_number_owners WHERE phone_number = {}"
    organization = "SELECT * FROM organizations WHERE organization_id = {}"
    last_call = """
        SELECT * FROM outbound_calls WHERE organization_id = {} AND callee_number = {}
        ORDER BY call_time DESC, call_id DESC LIMIT 1
    """
    user = "SELECT * FROM users WHERE organization_id = {} AND user_id = {}"
    joined = """
        SELECT * FROM phone_number_owners AS o JOIN organizations USING (organization_id)
        LEFT JOIN LATERAL (
            SELECT * FROM outbound_calls WHERE organization_id = o.organization_id AND callee_number = {}
            ORDER BY call_time DESC, call_id DESC LIMIT 1
        ) AS c ON true
        LEFT JOIN users AS u ON u.organization_id = c.organization_id AND u.user_id = c.user_id
        WHERE o.phone_number = {}
    """
    revision = "SELECT revision FROM revisions WHERE organization_id = {}"
    caller_ids = "SELECT user_id, caller_id FROM users WHERE organization_id = {}"
    numbers = "SELECT phone_number, area_code FROM numbers WHERE organization_id = {} AND state = 'active'"
    mappings = (
        "SELECT area_code, phone_number FROM area_code_mappings WHERE organization_id = {} ORDER BY 1, 2"
    )


def _snapshot(organization: Any, revision: int, caller_ids: Any, numbers: Any, mappings: Any) -> None:
    build_snapshot(
        Organization(*organization),
        revision,
        dict(map(tuple, caller_ids)),
        dict(map(tuple, numbers)),
        mappings,
    )


def _columns(calls: Sequence[OutboundCall]) -> list[list[Any]]:
    return [list(column) for column in zip(*map(from_call, calls), strict=True)]


class Psycopg(Driver):
    """psycopg alone, in threads."""

    def __init__(self, url: str, *, prepared: bool) -> None:
        self._threads = ThreadPoolExecutor(CONNECTIONS)
        self._free: list[psycopg.Connection[Any]] = [
            psycopg.connect(url, prepare_threshold=0 if prepared else None) for _ in range(CONNECTIONS)
        ]

    async def commit(self, how: Commit, calls: Sequence[OutboundCall]) -> None:
        def work(connection: psycopg.Connection[Any]) -> None:
            if how is Commit.EXECUTEMANY:
                connection.cursor().executemany(_percent(_Sql.insert), [from_call(call) for call in calls])
            else:
                connection.execute(_percent(_Sql.unnest), _columns(calls))

        await self._run(work, None, autocommit=how is Commit.UNNEST)

    async def look_up(self, how: LookUp, called: str, caller: str) -> object:
        def queries(connection: psycopg.Connection[Any]) -> object:
            owner = connection.execute(_percent(_Sql.owner), (called,)).fetchone()
            assert owner is not None
            (organization_id,) = owner
            connection.execute(_percent(_Sql.organization), (organization_id,)).fetchone()
            call = connection.execute(_percent(_Sql.last_call), (organization_id, caller)).fetchone()
            assert call is not None
            return connection.execute(_percent(_Sql.user), (organization_id, call[2])).fetchone()

        def statement(connection: psycopg.Connection[Any]) -> object:
            return connection.execute(_percent(_Sql.joined), (caller, called)).fetchone()

        if how is LookUp.STATEMENT:
            return await self._run(statement, None, autocommit=True)
        return await self._run(queries, IsolationLevel.REPEATABLE_READ, autocommit=False)

    async def load(self, organization_id: str) -> None:
        def work(connection: psycopg.Connection[Any]) -> None:
            def rows(sql: str) -> Any:
                return connection.execute(_percent(sql), (organization_id,)).fetchall()

            _snapshot(
                rows(_Sql.organization)[0],
                rows(_Sql.revision)[0][0],
                rows(_Sql.caller_ids),
                rows(_Sql.numbers),
                rows(_Sql.mappings),
            )

        await self._run(work, IsolationLevel.REPEATABLE_READ, autocommit=False)

    async def close(self) -> None:
        self._threads.shutdown()
        for connection in self._free:
            connection.close()

    async def _run(
        self,
        work: Callable[[psycopg.Connection[Any]], T],
        isolation: IsolationLevel | None,
        *,
        autocommit: bool,
    ) -> T:
        def transact() -> T:
            connection = self._free.pop()
            try:
                connection.autocommit = autocommit
                connection.isolation_level = isolation
                result = work(connection)
                connection.commit()
                return result
            finally:
                self._free.append(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, transact)


class PsycopgAsync(Driver):
    """psycopg alone, on the event loop."""

    def __init__(self, free: "asyncio.Queue[psycopg.AsyncConnection[Any]]") -> None:
        self._free = free

    @classmethod
    async def open(cls, url: str, *, prepared: bool) -> "PsycopgAsync":
        free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            threshold = 0 if prepared else None
            free.put_nowait(
                await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=threshold)
            )
        return cls(free)

    async def commit(self, how: Commit, calls: Sequence[OutboundCall]) -> None:
        async with self._connection() as connection:
            if how is Commit.UNNEST:
                await connection.execute(_percent(_Sql.unnest), _columns(calls))
                return
            async with connection.transaction():
                if how is Commit.EXECUTEMANY:
                    rows = [from_call(call) for call in calls]
                    await connection.cursor().executemany(_percent(_Sql.insert), rows)
                else:
                    await connection.execute(_percent(_Sql.unnest), _columns(calls))

    async def look_up(self, how: LookUp, called: str, caller: str) -> object:
        async with self._connection() as connection:

            async def row(sql: str, *parameters: object) -> Any:
                return await (await connection.execute(_percent(sql), parameters)).fetchone()

            if how is LookUp.STATEMENT:
                return await row(_Sql.joined, caller, called)
            async with _reading(connection):
                (organization_id,) = await row(_Sql.owner, called)
                await row(_Sql.organization, organization_id)
                call = await row(_Sql.last_call, organization_id, caller)
                return await row(_Sql.user, organization_id, call[2])

    async def load(self, organization_id: str) -> None:
        async with self._connection() as connection, _reading(connection):

            async def rows(sql: str) -> Any:
                return await (await connection.execute(_percent(sql), (organization_id,))).fetchall()

            _snapshot(
                (await rows(_Sql.organization))[0],
                (await rows(_Sql.revision))[0][0],
                await rows(_Sql.caller_ids),
                await rows(_Sql.numbers),
                await rows(_Sql.mappings),
            )

    async def close(self) -> None:
        while not self._free.empty():
            await self._free.get_nowait().close()

    @contextlib.asynccontextmanager
    async def _connection(self) -> "AsyncIterator[psycopg.AsyncConnection[Any]]":
        connection = await self._free.get()
        try:
            yield connection
        finally:
            self._free.put_nowait(connection)


@contextlib.asynccontextmanager
async def _reading(connection: "psycopg.AsyncConnection[Any]") -> AsyncIterator[None]:
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with connection.transaction():
            yield
    finally:
        await connection.set_isolation_level(None)


class Asyncpg(Driver):
    """asyncpg alone, on the event loop."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, *, prepared: bool) -> "Asyncpg":
        # asyncpg is installed only for drills.
        asyncpg = importlib.import_module("asyncpg")
        size = 100 if prepared else 0
        return cls(
            await asyncpg.create_pool(
                url,
                min_size=CONNECTIONS,
                max_size=CONNECTIONS,
                statement_cache_size=size,
                reset=_keep_session,
            )
        )

    async def commit(self, how: Commit, calls: Sequence[OutboundCall]) -> None:
        async with self._pool.acquire() as connection:
            if how is Commit.UNNEST:
                await connection.execute(_dollar(_Sql.unnest), *_columns(calls))
                return
            async with connection.transaction():
                if how is Commit.EXECUTEMANY:
                    await connection.executemany(_dollar(_Sql.insert), [from_call(call) for call in calls])
                else:
                    await connection.execute(_dollar(_Sql.unnest), *_columns(calls))

    async def look_up(self, how: LookUp, called: str, caller: str) -> object:
        async with self._pool.acquire() as connection:
            if how is LookUp.STATEMENT:
                return await connection.fetchrow(_dollar(_Sql.joined), caller, called)
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                organization_id = await connection.fetchval(_dollar(_Sql.owner), called)
                await connection.fetchrow(_dollar(_Sql.organization), organization_id)
                call = await connection.fetchrow(_dollar(_Sql.last_call), organization_id, caller)
                return await connection.fetchrow(_dollar(_Sql.user), organization_id, call["user_id"])

    async def load(self, organization_id: str) -> None:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            _snapshot(
                await connection.fetchrow(_dollar(_Sql.organization), organization_id),
                await connection.fetchval(_dollar(_Sql.revision), organization_id),
                await connection.fetch(_dollar(_Sql.caller_ids), organization_id),
                await connection.fetch(_dollar(_Sql.numbers), organization_id),
                await connection.fetch(_dollar(_Sql.mappings), organization_id),
            )

    async def close(self) -> None:
        await self._pool.close()


async def _keep_session(_: Any) -> None:
    """Skip asyncpg's reset of a released session, which costs a round trip."""


def _percent(sql: str) -> Any:
    return sql.replace("{}", "%s")


def _dollar(sql: str) -> str:
    return sql.format(*(f"${place}" for place in range(1, sql.count("{}") + 1)))
