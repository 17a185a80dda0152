"""The durability of an SQLite file, and its lock against other processes."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.database import Insertion, SqliteStatement, Statement
from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.engines.sqlite_file import DatabaseInUse
from tests.support.databases import create_sqlite
from tests.support.waiting import DEADLINE_SECONDS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "localdial.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    create_sqlite(path)
    database = SqliteDatabase.open(path)
    await database.write(
        "test", lambda connection: connection.exec_driver_sql("CREATE TABLE counter (value)")
    )
    await database.write(
        "test", lambda connection: connection.exec_driver_sql("INSERT INTO counter VALUES (0)")
    )
    yield database
    await database.close()


@pytest.fixture
def tool(path: Path, database: SqliteDatabase) -> Iterator[sqlite3.Connection]:
    """Open the file as the sqlite3 shell does, without regard to our lock."""
    assert database
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)) as tool:
        yield tool


def _value(connection: Connection) -> object:
    return connection.exec_driver_sql("SELECT value FROM counter").scalar_one()


def _add_one(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE counter SET value = value + 1")


@pytest.mark.parametrize(
    ("pragma", "expected"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
async def test_every_connection_is_set_up_for_durability(
    database: SqliteDatabase, pragma: str, expected: object
) -> None:
    def read(connection: Connection) -> object:
        return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()

    assert await database.write("test", read) == expected
    assert await asyncio.gather(*(database.read("test", read) for _ in range(8))) == [expected] * 8


async def test_a_transaction_has_the_write_lock_from_its_first_query_on(
    database: SqliteDatabase, tool: sqlite3.Connection
) -> None:
    def read_and_write(connection: Connection) -> None:
        before = _value(connection)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            tool.execute("UPDATE counter SET value = 100")
        connection.exec_driver_sql("UPDATE counter SET value = ?", (int(str(before)) + 1,))

    await database.write("test", read_and_write)
    assert await database.read("test", _value) == 1


async def test_a_transaction_waits_while_a_tool_holds_the_file(
    database: SqliteDatabase, tool: sqlite3.Connection
) -> None:
    tool.execute("BEGIN IMMEDIATE")
    tool.execute("UPDATE counter SET value = 100")
    writing = asyncio.ensure_future(database.write("test", _add_one))
    await asyncio.wait({writing}, timeout=0.05)
    assert not writing.done()
    tool.execute("COMMIT")
    await writing
    assert await database.read("test", _value) == 101


async def test_reads_go_on_while_a_tool_holds_the_file(
    database: SqliteDatabase, tool: sqlite3.Connection
) -> None:
    tool.execute("BEGIN IMMEDIATE")
    tool.execute("UPDATE counter SET value = 100")
    assert await database.read("test", _value) == 0
    tool.execute("ROLLBACK")


async def test_a_failure_of_the_database_is_storage_unavailable_and_its_cause_is_logged(
    database: SqliteDatabase,
) -> None:
    def fail(connection: Connection) -> None:
        _add_one(connection)
        connection.exec_driver_sql("INSERT INTO missing VALUES (1)")

    for run in database.write, database.read:
        with pytest.raises(StorageUnavailable) as failed:
            await run("test", fail)
        assert "missing" not in failed.value.message
        assert "missing" in str(failed.value.__cause__)
    # Nothing of it is left in the file or on the connections.
    await database.write("test", _add_one)
    assert await database.read("test", _value) == 1


async def test_a_file_is_opened_once_at_a_time(path: Path, database: SqliteDatabase) -> None:
    with pytest.raises(DatabaseInUse):
        SqliteDatabase.open(path)
    await database.write("test", _add_one)
    assert await database.read("test", _value) == 1


async def test_a_link_to_the_file_does_not_open_it_twice(path: Path, database: SqliteDatabase) -> None:
    assert await database.read("test", _value) == 0
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(DatabaseInUse):
        SqliteDatabase.open(link)


async def test_a_closed_file_can_be_opened_again(path: Path) -> None:
    first = SqliteDatabase.open(path)
    await first.close()
    second = SqliteDatabase.open(path)
    await second.close()


async def test_the_folders_of_a_new_file_are_created(tmp_path: Path) -> None:
    path = tmp_path / "var" / "data" / "localdial.db"
    database = SqliteDatabase.open(path)
    await database.write("test", lambda connection: connection.exec_driver_sql("CREATE TABLE t (c)"))
    await database.close()
    assert path.exists()


async def test_closing_waits_for_writes(path: Path, database: SqliteDatabase) -> None:
    begun, finish = threading.Event(), threading.Event()

    def add_one_slowly(connection: Connection) -> None:
        _add_one(connection)
        begun.set()
        assert finish.wait(DEADLINE_SECONDS)

    writing = asyncio.ensure_future(database.write("test", add_one_slowly))
    assert await asyncio.to_thread(begun.wait, DEADLINE_SECONDS)
    ending = asyncio.ensure_future(database.close())
    await asyncio.wait({ending}, timeout=0.05)
    assert not ending.done()
    finish.set()
    await asyncio.gather(writing, ending)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT value FROM counter").fetchone() == (1,)


def _move(path: Path, to: Path) -> None:
    to.mkdir(exist_ok=True)
    for file in path.parent.glob(f"{path.name}*"):
        file.rename(to / file.name)


def _replace(path: Path, to: Path) -> None:
    _move(path, to)
    create_sqlite(path)


def _delete(path: Path, _to: Path) -> None:
    path.unlink()


def _delete_log(path: Path, _to: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


@pytest.mark.parametrize("remove", [_move, _replace, _delete, _delete_log])
async def test_no_transaction_uses_files_that_the_next_start_would_not_find(
    path: Path,
    database: SqliteDatabase,
    tmp_path: Path,
    remove: Callable[[Path, Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    remove(path, tmp_path / "elsewhere")
    assert not database.is_in_place
    for _ in range(5):
        for run in database.read, database.write, database.append:
            with pytest.raises(StorageUnavailable):
                await run("test", _value)
    (record,) = caplog.records
    assert record.getMessage().startswith("the database is not in its place")


async def test_a_file_that_is_moved_during_a_transaction_fails_it(
    path: Path, database: SqliteDatabase, tmp_path: Path
) -> None:
    def add_one(connection: Connection) -> None:
        _add_one(connection)
        _move(path, tmp_path / "elsewhere")

    with pytest.raises(StorageUnavailable):
        await database.write("test", add_one)


async def test_a_file_that_is_put_back_is_used_again(
    path: Path, database: SqliteDatabase, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    _move(path, elsewhere)
    with pytest.raises(StorageUnavailable):
        await database.write("test", _add_one)
    _move(elsewhere / path.name, tmp_path)
    assert database.is_in_place
    await database.write("test", _add_one)
    assert await database.read("test", _value) == 1


async def test_a_full_disk_is_logged_once_and_without_a_traceback(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    create_sqlite(path)
    database = SqliteDatabase.open(path, max_bytes=400_000)
    for _ in range(20):
        with pytest.raises(StorageUnavailable):
            await database.write(
                "test",
                lambda connection: connection.exec_driver_sql("CREATE TABLE t AS SELECT zeroblob(999999)"),
            )
    await database.close()
    (record,) = caplog.records
    assert not record.exc_info
    assert (record.cause, record.unit_of_work) == ("database or disk is full", "test")  # type: ignore[attr-defined]


async def test_a_file_is_opened_once_even_if_its_lock_file_is_deleted(
    path: Path, database: SqliteDatabase
) -> None:
    path.with_name(f"{path.name}.lock").unlink()
    with pytest.raises(DatabaseInUse):
        SqliteDatabase.open(path)
    await database.write("test", _add_one)


async def test_a_file_with_hard_links_is_refused(path: Path, tmp_path: Path) -> None:
    create_sqlite(path)
    other = tmp_path / "other.db"
    other.hardlink_to(path)
    for name in path, other:
        with pytest.raises(OSError, match="it has 2 hard links"):
            SqliteDatabase.open(name)
    other.unlink()
    await SqliteDatabase.open(path).close()


async def test_a_hard_link_to_an_open_file_does_not_open_it_twice(
    path: Path, database: SqliteDatabase, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    other.hardlink_to(path)
    with pytest.raises(OSError, match="it has 2 hard links"):
        SqliteDatabase.open(other)
    await database.write("test", _add_one)


def _insertion(*keys: int) -> Insertion[str]:
    """Return the insertion of these keys into the table `t`, which inserts those that it does not have."""
    statement = f"INSERT INTO t VALUES {', '.join('(?)' for _ in keys)} ON CONFLICT DO NOTHING"

    def work(connection: Connection) -> str:
        connection.exec_driver_sql(statement, keys)
        return "worked"

    return Insertion(
        work,
        lambda: Statement(b"", []),
        len(keys),
        "inserted",
        sqlite_statement=lambda: SqliteStatement(statement, keys),
    )


@pytest.fixture
async def table(database: SqliteDatabase) -> None:
    statement = "CREATE TABLE t (key INTEGER PRIMARY KEY CHECK (key < 100))"
    await database.write("test", lambda connection: connection.exec_driver_sql(statement))


@pytest.mark.usefixtures("table")
async def test_an_insertion_of_new_rows_is_committed_without_its_work(
    database: SqliteDatabase, tool: sqlite3.Connection
) -> None:
    assert await database.append("test", _insertion(1, 2)) == "inserted"
    assert tool.execute("SELECT key FROM t").fetchall() == [(1,), (2,)]
    assert await database.append("test", _insertion(2, 3)) == "worked"
    assert tool.execute("SELECT key FROM t").fetchall() == [(1,), (2,), (3,)]


@pytest.mark.usefixtures("table")
async def test_an_insertion_that_breaks_a_rule_inserts_nothing_and_raises_as_its_work_does(
    database: SqliteDatabase, tool: sqlite3.Connection
) -> None:
    with pytest.raises(IntegrityError):
        await database.append("test", _insertion(1, 100))
    assert tool.execute("SELECT key FROM t").fetchall() == []
    assert await database.append("test", _insertion(1)) == "inserted"


@pytest.mark.usefixtures("table")
async def test_an_insertion_that_the_disk_refuses_is_storage_unavailable_and_is_logged_once(
    database: SqliteDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    def bound(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await database.write("test", lambda connection: connection.exec_driver_sql("CREATE TABLE big (blob)"))
    await database.write("test", bound)
    large = Insertion(
        lambda _: "worked",
        lambda: Statement(b"", []),
        1,
        "inserted",
        sqlite_statement=lambda: SqliteStatement("INSERT INTO big VALUES (zeroblob(99999))", ()),
    )
    for _ in range(5):
        with pytest.raises(StorageUnavailable):
            await database.append("test", large)
    (record,) = caplog.records
    assert (record.cause, record.unit_of_work) == ("database or disk is full", "test")  # type: ignore[attr-defined]
    assert await database.append("test", _insertion(1)) == "inserted"


@pytest.mark.usefixtures("table")
async def test_an_insertion_into_files_that_the_next_start_would_not_find_fails(
    path: Path, database: SqliteDatabase, tmp_path: Path
) -> None:
    assert await database.append("test", _insertion(1)) == "inserted"
    _move(path, tmp_path / "elsewhere")
    with pytest.raises(StorageUnavailable):
        await database.append("test", _insertion(2))


@pytest.mark.usefixtures("table")
async def test_an_insertion_does_its_work_after_its_connection_was_closed(database: SqliteDatabase) -> None:
    await asyncio.to_thread(database.engine.dispose)
    assert await database.append("test", _insertion(1)) == "worked"
    assert await database.append("test", _insertion(2)) == "inserted"


@pytest.mark.usefixtures("table")
async def test_an_insertion_never_becomes_part_of_a_transaction_that_is_still_open(
    database: SqliteDatabase, tool: sqlite3.Connection
) -> None:
    # No commit would follow, so its rows would not be durable.
    with closing(database.engine.raw_connection()) as connection:
        connection.execute("BEGIN")
        inserting = asyncio.create_task(database.append("test", _insertion(1)))
        await asyncio.wait({inserting}, timeout=0.1)
        assert not inserting.done()
    assert await inserting == "worked"
    assert tool.execute("SELECT key FROM t").fetchall() == [(1,)]
