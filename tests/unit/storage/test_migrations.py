"""The schema is brought up to date, or the database is left alone and the reason given."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from localdial_server.app.failures import NumberFailure, PublicError
from localdial_server.app.idempotency import IdempotentRequests
from localdial_server.app.numbers.delete import DeleteAnswer
from localdial_server.app.numbers.purchase import PurchaseAnswer
from localdial_server.app.ports.store import CallQuery, NumberQuery
from localdial_server.domain.errors import Reason
from localdial_server.domain.model import Organization
from localdial_server.domain.phone_keys import phone_key
from localdial_server.runtime.bootstrap import migrate as migrate_as_told
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import read_settings
from localdial_server.storage.engines.database import VERSION_TABLE
from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.engines.sqlite_file import DatabaseInUse
from localdial_server.storage.sql import migrations
from localdial_server.storage.sql.migrate import SchemaError, migrate, revisions, upgrade
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.schema import metadata
from localdial_server.storage.sql.transaction import SqlTransaction
from tests.conformance.store_records import last_call_to, number

# PostgreSQL silently cuts longer identifiers.
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


def _migrate_in_steps(path: Path) -> None:
    """Do what `migrate` does to a database of an earlier release, from the first on."""
    with _connection(path) as connection, connection.begin():
        upgrade(connection, revisions()[-1])


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
    """Describe all tables but the version's, independent of the order of their creation."""
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


def test_the_migrations_create_the_schema_that_the_queries_use(path: Path, tmp_path: Path) -> None:
    _migrate_in_steps(path)
    with _connection(path) as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True},
        )
        assert compare_metadata(context, metadata) == []
        assert _shape(connection) == _shape_of_metadata(tmp_path / "metadata.db")


def test_a_new_database_is_like_one_that_every_migration_has_changed(path: Path, tmp_path: Path) -> None:
    migrated = tmp_path / "migrated.db"
    _migrate_in_steps(migrated)
    _migrate(path)

    def version(path: Path) -> list[str]:
        # The texts of the other tables differ: SQLite keeps the statements.
        return [line for line in _dump(path) if VERSION_TABLE in line]

    assert version(path) == version(migrated) != []
    with _connection(path) as new, _connection(migrated) as old:
        assert _shape(new) == _shape(old)


@pytest.mark.parametrize(
    "change",
    [
        "DROP INDEX ix_outbound_calls_by_callee",
        "DROP INDEX ix_numbers_by_state; CREATE INDEX ix_numbers_by_state ON numbers (state)",
        "ALTER TABLE users ADD COLUMN e_mail VARCHAR(200)",
        "ALTER TABLE users DROP COLUMN work_phone",
        "DROP TABLE simulator_numbers; CREATE TABLE simulator_numbers (phone_number VARCHAR(16) NOT NULL)",
        "DROP TABLE revisions; CREATE TABLE revisions (organization_id VARCHAR(128), revision BIGINT)",
        "CREATE TABLE more (number INTEGER)",
    ],
)
def test_a_difference_between_the_schemas_would_be_found(path: Path, tmp_path: Path, change: str) -> None:
    _migrate(path)
    _script(path, change)
    with _connection(path) as connection:
        assert _shape(connection) != _shape_of_metadata(tmp_path / "metadata.db")


def test_a_failed_migration_leaves_nothing_behind(path: Path) -> None:
    _script(path, "CREATE VIEW users AS SELECT 1")
    before = _dump(path)
    with pytest.raises(DBAPIError, match="users"):
        _migrate(path)
    assert _dump(path) == before


def test_a_database_of_a_newer_release_is_refused_and_left_unchanged(path: Path) -> None:
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
def test_the_command_names_the_database_and_the_reason_in_one_line(
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


def test_a_second_process_cannot_open_the_file_until_the_first_one_ends(path: Path) -> None:
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


def test_the_names_of_the_migrations_are_their_versions_in_order() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__path__[0])))
    assert revisions() == [step.revision for step in scripts.walk_revisions()][::-1]


def _upgrade(engine: Engine, version: str) -> None:
    """Bring the schema to an older version."""
    with engine.begin() as connection:
        upgrade(connection, version)


_PARTIAL_ANSWER = """{"numbers":[
    {"organization_id":"org","phone_number":"+14155550100","area_code":"415","state":"active",
     "carrier":"c","reference":"bought","purchase_time":10,"request_id":"open","mapped_area_codes":[],
     "locality":"","region":"","carrier_number_id":"PN1","carrier_account":""},
    {"organization_id":"org","phone_number":"+14155550101","area_code":"415","state":"active",
     "carrier":"c","reference":"gone","purchase_time":11,"request_id":"open","mapped_area_codes":[],
     "locality":"","region":"","carrier_number_id":"PN2","carrier_account":""}
    ],"unfilled_count":0,"revision":0,"unfilled_error":null}"""

_DELETE_ANSWER = (
    '{"deleted":[],"failures":[{"phone_number":"+14155550109","reason":"NUMBER_NOT_FOUND",'
    '"message":"it\'s not hére","metadata":{"phone_number":"+14155550109"}}],"revision":7}'
)


def _fill_version_3(engine: Engine) -> None:
    """Store a purchase that is half done, one that is answered, and a deletion that is answered."""
    number = (
        "INSERT INTO numbers (organization_id, phone_number, state, carrier, carrier_number_id, reference,"
        " request_id, locality, region, purchase_time) VALUES ('org', :n, :s, 'c', '', :r, :q, '', '', :t)"
    )
    request = "INSERT INTO requests VALUES ('org', :q, :arguments, :answer, :is_final, 1)"
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO organizations VALUES ('org', '', NULL)"))
        for n, s, r, q, t in (
            ("+14155550100", "active", "bought", "open", 10),
            ("+14155550102", "purchasing", "old", "open", 12),
            ("+14155550103", "purchasing", "new", "open", 13),
            ("+14155550104", "active", "answered", "answered", 14),
            ("+14155550105", "purchasing", "import-1", None, 15),
        ):
            connection.execute(text(number), {"n": n, "s": s, "r": r, "q": q, "t": t})
        for q, arguments, answer, is_final in (
            ("open", "purchase {}", _PARTIAL_ANSWER, False),
            ("answered", "purchase {}", '{"numbers":[],"unfilled_count":1,"revision":1}', True),
            ("deletion", "delete {}", _DELETE_ANSWER, True),
        ):
            parameters = {"q": q, "arguments": arguments, "answer": answer, "is_final": is_final}
            connection.execute(text(request), parameters)
        for r, t in ("bought", 10), ("new", 9), ("answered", 14):
            connection.execute(text("INSERT INTO purchases VALUES ('org', :r, :t)"), {"r": r, "t": t})


@pytest.fixture(params=["sqlite", "postgresql"])
def version_3(request: pytest.FixtureRequest, path: Path) -> Iterator[Engine]:
    """Return a database with the schema and data of version 0003."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    else:
        url = request.getfixturevalue("postgres").create_database()
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    _upgrade(engine, "0003")
    _fill_version_3(engine)
    yield engine
    engine.dispose()


def test_the_orders_of_an_unanswered_purchase_are_found_after_the_migration(version_3: Engine) -> None:
    migrate(version_3)
    with version_3.connect() as connection:
        reader = SqlReader(connection)
        found = [
            (number.phone_number, number.reference, number.state.value)
            for number in reader.numbers_of_request("org", "open")
        ]
        assert found == [
            ("+14155550100", "bought", "active"),
            ("+14155550101", "gone", "released"),
            ("+14155550102", "old", "purchasing"),
            ("+14155550103", "new", "purchasing"),
        ]
        stored = reader.request("org", "open")
        assert stored is not None
        assert stored.answer is None
        # Orders of the last day still count.
        assert reader.purchases_since("org", 13) == (1, 14)
        assert reader.purchases_since("org", 0) == (5, 9)


def test_the_read_lag_is_unchanged_by_the_migration(version_3: Engine) -> None:
    migrate(version_3)
    with version_3.connect() as connection:
        numbers = SqlReader(connection).numbers(NumberQuery("org"), "", 9)
        assert [number.carrier_busy_until for number in numbers] == [10, 12, 13, 14, 15]
        assert [number.purchase_time for number in numbers] == [10, 12, 13, 14, 15]


def test_a_number_has_a_version_after_the_migration(version_3: Engine) -> None:
    _upgrade(version_3, "0004")
    migrate(version_3)
    with version_3.begin() as connection:
        transaction = SqlTransaction(connection)
        number, *_ = transaction.numbers(NumberQuery("org"), "", 9)
        assert number.version == 0
        assert transaction.update_numbers([number]) == [replace(number, version=1)]
        assert transaction.number("org", number.phone_number) == replace(number, version=1)


def test_no_release_is_refused_after_the_migration(version_3: Engine) -> None:
    migrate(version_3)
    with version_3.connect() as connection:
        numbers = SqlReader(connection).numbers(NumberQuery("org"), "", 9)
        assert {(number.release_refusal, number.release_retry_time) for number in numbers} == {(None, None)}


def test_a_number_gets_the_creator_that_the_record_of_changes_has(version_3: Engine) -> None:
    _upgrade(version_3, "0011")
    event = (
        "INSERT INTO audit_events VALUES"
        " ('org', :time, :time_id, :kind, '+14155550100', :by, '', '', '', '', '')"
    )
    with version_3.begin() as connection:
        for time, kind, by in (
            (1, "number_added", "key:before"),
            (2, "number_removed", "key:before"),
            (3, "number_added", "key:now"),
            (4, "number_changed", "system"),
        ):
            values = {"time": time, "time_id": str(time), "kind": kind, "by": by}
            connection.execute(text(event), values)
    migrate(version_3)
    with version_3.connect() as connection:
        numbers = SqlReader(connection).numbers(NumberQuery("org"), "", 9)
        assert [number.created_by for number in numbers] == ["key:now", "", "", "", ""]


_CALL = (
    "INSERT INTO outbound_calls (organization_id, call_id, user_id, callee_number, caller_id, reason,"
    " call_time, revision) VALUES ('org', :callee, 'ann', :callee, '', 'local_presence', :time, 1)"
)

_CALLEES = (
    *("+14155550177", "+442079460123", "+5215512345678", "+525512345678", "+5491123456789", "+541123456789"),
    *("+5511987654321", "+551187654321", "+5511977654321", "+5511922345678", "+3780549882345", "+378882345"),
    *("+54111523456789", "+54221151234567", "+54220215123456", "+54112345156789", "+54111234567890"),
    *("+390549882345", "+39054988234", "+521551234567", "+52155123456789", "+55119", "+1234567"),
    *("+123456789012345", "+543415151515151", "+54341515151515"),
)


def test_recorded_calls_are_found_by_either_number_of_the_phone(version_3: Engine) -> None:
    with version_3.begin() as connection:
        for time, callee in enumerate(_CALLEES):
            connection.execute(text(_CALL), {"callee": callee, "time": time})
    migrate(version_3)
    with version_3.begin() as connection:
        # A server of the previous release goes on during an upgrade.
        later = _CALL.replace(":callee, 'ann'", "'later', 'ann'")
        connection.execute(text(later), {"callee": "+5218112345678", "time": 99})
        found = connection.execute(text("SELECT callee_number, callee_key FROM outbound_calls")).all()
        assert {row.callee_number: row.callee_key for row in found} == {
            number: phone_key(number) for number in (*_CALLEES, "+5218112345678")
        }
        reader = SqlReader(connection)
        for number, call_id in (
            ("+5215512345678", "+525512345678"),
            ("+541123456789", "+54111523456789"),
            ("+3780549882345", "+390549882345"),
            ("+551187654321", "+551187654321"),
            ("+528112345678", "later"),
        ):
            last = last_call_to(reader, "org", number)
            assert last is not None
            assert last.call_id == call_id
        both = reader.calls(CallQuery("org", callee_number="+525512345678"), None, 9)
        assert [call.callee_number for call in both] == ["+525512345678", "+5215512345678"]


def test_an_older_key_of_callees_is_replaced(version_3: Engine) -> None:
    _upgrade(version_3, "0008")
    kind = "STORED" if version_3.dialect.name == "postgresql" else "VIRTUAL"
    with version_3.begin() as connection:
        for statement in (
            "DROP INDEX ix_outbound_calls_by_callee",
            "ALTER TABLE outbound_calls DROP COLUMN callee_key",
            (
                "ALTER TABLE outbound_calls ADD COLUMN callee_key VARCHAR(16)"
                f" GENERATED ALWAYS AS (callee_number) {kind}"
            ),
            (
                "CREATE INDEX ix_outbound_calls_by_callee"
                " ON outbound_calls (organization_id, callee_key, call_time, call_id)"
            ),
            _CALL.replace(":callee", "'+54111523456789'").replace(":time", "1"),
        ):
            connection.execute(text(statement))
    migrate(version_3)
    with version_3.connect() as connection:
        assert last_call_to(SqlReader(connection), "org", "+5491123456789") is not None
        indexes = inspect(connection).get_indexes("outbound_calls")
        assert "ix_outbound_calls_by_callee" in {index["name"] for index in indexes}


def test_each_number_of_a_phone_finds_the_organization_after_the_migration(version_3: Engine) -> None:
    with version_3.begin() as connection:
        connection.execute(text("INSERT INTO organizations VALUES ('rival', '', NULL)"))
        for phone_number, organization_id in (
            ("+525512345678", "org"),
            ("+14155550100", "org"),
            # Claimed by two, as was possible before.
            ("+541123456789", "org"),
            ("+5491123456789", "rival"),
        ):
            connection.execute(
                text("INSERT INTO phone_number_owners (phone_number, organization_id) VALUES (:n, :o)"),
                {"n": phone_number, "o": organization_id},
            )
    migrate(version_3)
    with version_3.connect() as connection:
        owner_of = SqlReader(connection).owner_of
        assert owner_of("+5215512345678") == owner_of("+525512345678") == owner_of("+14155550100") == "org"
        assert (owner_of("+541123456789"), owner_of("+5491123456789")) == ("org", "rival")


def test_stored_numbers_get_the_area_codes_that_this_release_knows(version_3: Engine) -> None:
    migrate(version_3)
    known = {"+34911234567": "+3491", "+48221234567": "+4822", "+14155550100": "415", "+6561234567": None}
    stored = {"+34911234567": None, "+48221234567": "+482", "+14155550100": "415", "+6561234567": None}
    with version_3.begin() as connection:
        transaction = SqlTransaction(connection)
        transaction.put_organization(Organization("spain"))
        for phone_number, area_code in stored.items():
            transaction.add_numbers([replace(number(phone_number, "spain"), area_code=area_code)])
        before = {id_: transaction.bump_revision(id_) for id_ in ("spain", "org")}
    for _ in range(2):
        migrate(version_3)
        with version_3.connect() as connection:
            reader = SqlReader(connection)
            assert reader.active_numbers("spain") == known
            # Running servers reload this organization, once, and no other.
            assert reader.revision("spain") == before["spain"] + 1
            assert reader.revision("org") == before["org"]


def test_a_pending_order_keeps_its_request_after_the_migration(version_3: Engine) -> None:
    _upgrade(version_3, "0004")
    migrate(version_3)
    with version_3.connect() as connection:
        open_numbers = SqlReader(connection).open_numbers()
        assert {number.reference: number.request_id for number in open_numbers} == {
            "old": "open",
            "new": "open",
            "import-1": None,
        }


def test_stored_answers_are_read_after_the_migration(version_3: Engine) -> None:
    migrate(version_3)
    with version_3.connect() as connection:
        reader = SqlReader(connection)
        bought, deleted = (
            answers.answer(reader, "org", request_id)
            for answers, request_id in (
                (IdempotentRequests("purchase", PurchaseAnswer), "answered"),
                (IdempotentRequests("delete", DeleteAnswer), "deletion"),
            )
        )
    assert bought == PurchaseAnswer((), 1, 1)
    error = PublicError(Reason.NUMBER_NOT_FOUND, "it's not hére", {"phone_number": "+14155550109"})
    assert deleted == DeleteAnswer((), (NumberFailure("+14155550109", error),), 7)


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
