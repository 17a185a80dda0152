"""The statements that a store runs, seen on their way to the database and back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from localdial_server.app.ports.store import Reader, Store
from localdial_server.storage.engines.database import Statement as PostgresStatement
from localdial_server.storage.engines.postgres_connection import LoopConnection


@dataclass(frozen=True)
class Statement:
    """What the driver was given."""

    sql: str
    parameters: Any


async def queries_of(store: Store, work: Callable[[Reader], object]) -> Sequence[Statement]:
    """Run a read; answer the queries that it ran."""
    with seen_statements("SELECT", "WITH") as seen:
        await store.read("test", work)
    return seen


@contextmanager
def failures() -> Iterator[list[BaseException]]:
    """Collect what statements fail with, also where they are run again."""
    seen: list[BaseException] = []

    def see(context: ExceptionContext) -> None:
        seen.append(context.original_exception)

    async def run_and_see(connection: LoopConnection, statement: PostgresStatement) -> object:
        try:
            return await run(connection, statement)
        except psycopg.Error as error:
            seen.append(error)
            raise

    event.listen(Engine, "handle_error", see)
    run = LoopConnection.run
    LoopConnection.run = run_and_see  # type: ignore[assignment,method-assign]  # both are awaited
    try:
        yield seen
    finally:
        event.remove(Engine, "handle_error", see)
        LoopConnection.run = run  # type: ignore[method-assign]


@contextmanager
def seen_statements(*kinds: str) -> Iterator[list[Statement]]:
    """Collect the statements that begin with one of these words."""
    seen: list[Statement] = []

    def see(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(kinds):
            seen.append(Statement(statement, parameters))

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", see)
