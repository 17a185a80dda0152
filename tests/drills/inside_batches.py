"""A part of the drill `inside`: what a leg of a batch costs, and how much of that is the database's own."""

import contextlib
import itertools
import sqlite3
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
import uuid_utils

from localdial.v1 import call_routing_pb2 as pb
from localdial_server.domain.model import CallerIdReason, OutboundCall
from localdial_server.storage.call_log.group_commit import RecordCalls
from localdial_server.storage.call_log.insert import insertion
from localdial_server.storage.call_log.recorders import DatabaseRecorder
from localdial_server.storage.engines.sqlite import SqliteDatabase
from tests.support.databases import create_postgres, create_sqlite
from tests.support.postgres import PostgresServer

LEGS: Final = 100
_BATCHES: Final = 300

_CALLEES: Final = [f"+1415555{number:04}" for number in range(LEGS)]

Handle = Callable[[bytes, Any], Coroutine[Any, Any, bytes]]


def _request(*, validate_only: bool) -> bytes:
    return pb.BatchResolveOutboundCallerIdsRequest(
        requests=[
            pb.ResolveOutboundCallerIdRequest(
                organization_id="acme", user_id="ann", callee_number=callee, validate_only=validate_only
            )
            for callee in _CALLEES
        ]
    ).SerializeToString()


async def legs(
    handle_over: Callable[[RecordCalls], Handle], record_nothing: RecordCalls, context: object
) -> dict[str, float]:
    """Return the microseconds of CPU time of a leg, by how much of the work its batch does."""
    decided, recorded = _request(validate_only=True), _request(validate_only=False)
    with tempfile.TemporaryDirectory(prefix="localdial-") as folder:
        ours, alone = Path(folder, "localdial.db"), Path(folder, "alone.db")
        create_sqlite(ours)
        create_sqlite(alone)
        database = SqliteDatabase.open(ours)
        try:
            to_nothing = handle_over(record_nothing)
            to_sqlite = handle_over(DatabaseRecorder(database).record)
            with contextlib.closing(_connect(alone)) as connection:
                times = itertools.count(1)

                async def insert(_raw: bytes, _context: object) -> bytes:
                    statement = insertion(_calls(times), in_order=False).sqlite_statement()
                    assert statement is not None
                    begun_at = time.thread_time()
                    connection.execute(*statement)
                    taken["SQLite's statement and commit alone"].append(time.thread_time() - begun_at)
                    return b""

                handles = {
                    "decide": (to_nothing, decided),
                    "record": (to_nothing, recorded),
                    "record in SQLite, in all threads": (to_sqlite, recorded),
                    "SQLite's statement and commit alone": (insert, b""),
                }
                taken: dict[str, list[float]] = {name: [] for name in handles}
                for _ in range(_BATCHES):
                    for name, (handle, raw) in handles.items():
                        begun_at = time.process_time()
                        await handle(raw, context)
                        if handle is not insert:
                            taken[name].append(time.process_time() - begun_at)
        finally:
            await database.close()
    return {name: min(each) / LEGS * 1e6 for name, each in taken.items()}


def postgres_statement() -> float:
    """Return the microseconds by the clock that PostgreSQL takes for each of 100 records at once."""
    times = itertools.count(1)
    with (
        PostgresServer({}) as server,
        psycopg.connect(create_postgres(server), autocommit=True) as connection,
    ):
        taken = []
        for _ in range(_BATCHES):
            statement = insertion(_calls(times), in_order=True).statement()
            begun_at = time.perf_counter()
            result = connection.pgconn.exec_params(statement.sql, statement.parameters)
            taken.append(time.perf_counter() - begun_at)
            assert result.command_tuples == LEGS
    return min(taken) / LEGS * 1e6


def _connect(path: Path) -> sqlite3.Connection:
    """Return a connection as the server has it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _calls(times: "itertools.count[int]") -> Sequence[OutboundCall]:
    return [
        OutboundCall(
            "acme",
            str(uuid_utils.uuid7()),
            "ann",
            callee,
            "+14155550100",
            CallerIdReason.LOCAL_PRESENCE,
            next(times),
            1,
        )
        for callee in _CALLEES
    ]
