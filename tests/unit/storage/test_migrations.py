"""The schema is brought up to date, or the database is left alone and the reason given."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from localdial_server.runtime.bootstrap import migrate as migrate_as_told
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import read_settings
from localdial_server.storage.engines.database import VERSION_TABLE
from localdial_server.storage.engines.sqlite import DatabaseInUse, SqliteDatabase
from localdial_server.storage.sql.migrate import SchemaError, migrate
from localdial_server.storage.sql.schema import metadata

# PostgreSQL cuts longer identifiers off, without a word.
_LONGEST_IDENTIFIER = 63


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "localdial.db"


def _migrate(path: Path) -> tuple[str | None, str]:
    database = SqliteDatabase.open(path)
    try:
        return migrate(database.engine)
    finally:
        asyncio.run(database.close())


@contextmanager
def _connection(path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _script(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _shape(connection: Connection) -> dict[str, Any]:
    """Describe all tables but the version's, in whatever order they were made."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(table)
            ],
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(table))),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "checks": sorted(map(str, inspector.get_check_constraints(table))),
            "indexes": sorted(map(str, inspector.get_indexes(table))),
            "options": inspector.get_table_options(table),
        }
        for table in inspector.get_table_names()
        if table != VERSION_TABLE
    }


def _shape_of_metadata(path: Path) -> dict[str, Any]:
    with _connection(path) as connection:
        metadata.create_all(connection)
        return _shape(connection)


def test_a_fresh_database_is_migrated_to_the_newest_version(path: Path) -> None:
    before, after = _migrate(path)
    assert before is None
    assert _migrate(path) == (after, after)


def test_an_empty_file_counts_as_fresh(path: Path) -> None:
    path.touch()
    before, after = _migrate(path)
    assert before is None
    assert _migrate(path) == (after, after)


def test_migrating_again_changes_nothing(path: Path) -> None:
    _migrate(path)
    _script(path, "INSERT INTO organizations VALUES ('org', 'name', NULL)")
    before = _dump(path)
    _migrate(path)
    assert _dump(path) == before


def test_the_migrations_build_the_schema_that_the_queries_are_written_for(path: Path, tmp_path: Path) -> None:
    _migrate(path)
    with _connection(path) as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True},
        )
        assert compare_metadata(context, metadata) == []
        assert _shape(connection) == _shape_of_metadata(tmp_path / "metadata.db")


@pytest.mark.parametrize(
    "change",
    [
        "DROP INDEX ix_outbound_calls_by_callee",
        "DROP INDEX ix_numbers_by_state; CREATE INDEX ix_numbers_by_state ON numbers (state)",
        "ALTER TABLE users ADD COLUMN e_mail VARCHAR(200)",
        "ALTER TABLE users DROP COLUMN caller_id",
        "DROP TABLE simulator_numbers; CREATE TABLE simulator_numbers (phone_number VARCHAR(16) NOT NULL)",
        "DROP TABLE revisions; CREATE TABLE revisions (organization_id VARCHAR(128), revision BIGINT)",
        "CREATE TABLE more (number INTEGER)",
    ],
)
def test_a_difference_of_the_schemas_would_be_seen(path: Path, tmp_path: Path, change: str) -> None:
    _migrate(path)
    _script(path, change)
    with _connection(path) as connection:
        assert _shape(connection) != _shape_of_metadata(tmp_path / "metadata.db")


def test_a_migration_that_fails_half_way_leaves_nothing_behind(path: Path) -> None:
    _script(path, "CREATE VIEW users AS SELECT 1")
    before = _dump(path)
    with pytest.raises(DBAPIError, match="users"):
        _migrate(path)
    assert _dump(path) == before


def test_a_database_of_a_newer_release_is_refused_and_left_as_it_was(path: Path) -> None:
    _migrate(path)
    _script(path, f"UPDATE {VERSION_TABLE} SET version_num = '9999'; CREATE TABLE of_tomorrow (a)")
    before = path.read_bytes()
    with pytest.raises(SchemaError, match=r"9999.*newer"):
        _migrate(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "tables",
    [
        "CREATE TABLE invoices (id INTEGER PRIMARY KEY); INSERT INTO invoices VALUES (1)",
        "CREATE TABLE users (id INTEGER PRIMARY KEY)",
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0001')",
    ],
    ids=["tables", "a table with a name of ours", "migrated by Alembic"],
)
def test_the_database_of_another_program_is_refused_and_not_touched(path: Path, tables: str) -> None:
    _script(path, tables)
    before = path.read_bytes()
    with pytest.raises(SchemaError, match="another program"):
        _migrate(path)
    assert path.read_bytes() == before
    assert not path.with_name(f"{path.name}-wal").exists()


def test_a_file_that_is_no_database_is_refused_and_not_touched(path: Path) -> None:
    text = b"Dear diary, today was a day like any other.\n" * 100
    path.write_bytes(text)
    with pytest.raises(DBAPIError, match="not a database"):
        _migrate(path)
    assert path.read_bytes() == text


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.write_bytes(b"no database" * 1000), "not a database"),
        (lambda path: _script(path, "CREATE TABLE invoices (id INTEGER)"), "another program"),
        (lambda path: path.mkdir(), "open"),
    ],
    ids=["no database", "of another program", "a folder"],
)
def test_the_command_names_the_database_and_says_in_one_line_why_it_cannot_be_used(
    path: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    spoil(path)
    with pytest.raises(StartError, match=reason) as refused:
        migrate_as_told(read_settings(database_url=f"sqlite:///{path}"))
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "sqlalche.me" not in str(refused.value)


_HOLD = """
import sys
from pathlib import Path
from localdial_server.storage.engines.sqlite import SqliteDatabase

database = SqliteDatabase.open(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_kept_off_the_file_until_the_first_one_ends(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(DatabaseInUse):
            SqliteDatabase.open(path)
        with pytest.raises(StartError, match="another localdial"):
            migrate_as_told(read_settings(database_url=f"sqlite:///{path}"))
        holder.kill()
        holder.communicate()
    before, _ = _migrate(path)
    assert before is None


def test_no_identifier_is_longer_than_postgresql_allows() -> None:
    names = [
        name
        for table in metadata.tables.values()
        for name in (
            table.name,
            *(column.name for column in table.columns),
            *(constraint.name for constraint in table.constraints),
            *(index.name for index in table.indexes),
        )
    ]
    assert all(isinstance(name, str) for name in names), names
    assert [name for name in names if len(str(name)) > _LONGEST_IDENTIFIER] == []
    assert len(VERSION_TABLE) <= _LONGEST_IDENTIFIER
