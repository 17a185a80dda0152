"""An export has everything in the database, and an import restores everything in the file."""

import hashlib
import io
import json
from dataclasses import replace

import pytest
from sqlalchemy import Engine, delete, select, text, update

from localdial_server.domain.audit import AuditEventKind
from localdial_server.domain.model import Organization
from localdial_server.storage.sql.counting import organizations_due, set_counted
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.schema import (
    area_code_mappings,
    call_counts,
    inbound_calls,
    numbers,
    organizations,
    outbound_calls,
    phone_number_owners,
    purchases,
    requests,
    users,
)
from localdial_server.storage.sql.transaction import SqlTransaction
from localdial_server.storage.transfer.export_file import UnknownOrganizations, export_all
from localdial_server.storage.transfer.import_file import import_all
from localdial_server.storage.transfer.problems import ImportRefused
from tests.conformance.store_records import A, B, Y, Z, call, create, number, own, user
from tests.unit.storage.conftest import KINDS, NewEngine
from tests.unit.storage.transfer_databases import (
    GONE,
    MAIN,
    events,
    everything,
    exported,
    fill,
    ignored,
    imported,
    lines_of,
    record_calls,
    records,
    rows,
)

# The kinds of records that version 7 of the format has brought.
WITH_VERSION_7 = {"call_count", "shown_caller_id"}


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_imported_data_is_the_same_as_the_exported(source: str, target: str, new_engine: NewEngine) -> None:
    old, new = new_engine(source), new_engine(target)
    fill(old)
    export = exported(old)
    end = imported(new, export)
    assert everything(new) == everything(old)
    assert rows(new) == rows(old)
    assert exported(new) == export
    assert {key: value for key, value in end.items() if key not in {"kind", "sha256"}} == {
        "organizations": 2,
        "deleted_organizations": 1,
        "users": 3,
        "numbers": 4,
        "requests": 2,
        "calls": 5,
        "inbound_calls": 3,
        "audit_events": 10,
        "call_counts": 4,
        "shown_caller_ids": 2,
    }


def test_all_organizations_are_exported_even_deleted_ones(export: bytes) -> None:
    found = [(record["kind"], record.get("organization_id")) for record in records(export)]
    assert found == [
        ("header", None),
        ("deleted_organization", GONE),
        ("call", GONE),
        ("inbound_call", GONE),
        *[("call_count", GONE)] * 2,
        ("shown_caller_id", GONE),
        ("organization", A),
        *[("user", A)] * 2,
        *[("number", A)] * 2,
        *[("request", A)] * 2,
        *[("call", A)] * 4,
        *[("inbound_call", A)] * 2,
        *[("audit_event", A)] * 6,
        *[("call_count", A)] * 2,
        ("shown_caller_id", A),
        ("organization", B),
        ("user", B),
        *[("number", B)] * 2,
        *[("audit_event", B)] * 4,
        ("end", None),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_calls_are_exported_oldest_first(kind: str, new_engine: NewEngine) -> None:
    engine = new_engine(kind)
    fill(engine)
    calls = [record["call_id"] for record in records(exported(engine, A)) if record["kind"] == "call"]
    assert calls == ["z", "B", "a", "b"]


def test_named_organizations_are_exported_and_no_others(sqlite: Engine) -> None:
    fill(sqlite)
    found = {record.get("organization_id") for record in records(exported(sqlite, B, B))}
    assert found == {None, B}


def test_unknown_organizations_are_named_and_nothing_is_written(sqlite: Engine) -> None:
    fill(sqlite)
    file = io.BytesIO()
    with pytest.raises(UnknownOrganizations, match=r"^nobody, none$"):
        export_all(sqlite, ["none", A, "nobody"], file.write, ignored)
    assert file.getvalue() == b""


@pytest.mark.slow
def test_an_export_from_postgresql_sees_one_moment(new_engine: NewEngine) -> None:
    engine = new_engine("postgresql")
    fill(engine)
    before = exported(engine)
    file = io.BytesIO()

    def write(lines: bytes) -> None:
        if not file.getvalue():
            with engine.begin() as connection:
                SqlTransaction(connection).put_users([user("new", B)])
                record_calls(connection, [call("new", 99)])
        file.write(lines)

    export_all(engine, [], write, ignored)
    assert file.getvalue() == before
    assert exported(engine) != before


@pytest.mark.slow
def test_a_history_of_several_chunks_is_exported_and_imported(new_engine: NewEngine) -> None:
    old, new = new_engine("postgresql"), new_engine("sqlite")
    fill(old)
    with old.begin() as connection:
        record_calls(connection, (call(f"more{index}", index % 100) for index in range(12_345)))
    export = exported(old)
    assert imported(new, export)["calls"] == 12_350
    assert rows(new) == rows(old)


def test_progress_ends_where_the_work_does(new_engine: NewEngine) -> None:
    old, new = new_engine("sqlite"), new_engine("sqlite")
    fill(old)
    seen: list[tuple[str, int, int | None]] = []
    file = io.BytesIO()
    export_all(old, [], file.write, lambda *progress: seen.append(progress))
    assert seen[-1] == ("exporting", 36, 36)
    import_all(new, io.BytesIO(file.getvalue()), lambda *progress: seen.append(progress))
    assert seen[-1] == ("verifying", 36, 36)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("kept", "expected"), [(1, 3), (2, 3), (3, 4), (9, 10)])
def test_a_revision_never_goes_back(
    kind: str, kept: int, expected: int, new_engine: NewEngine, sqlite: Engine
) -> None:
    target = new_engine(kind)
    with sqlite.begin() as connection:
        for _ in range(3):
            create(A)(SqlTransaction(connection))
    with target.begin() as connection:
        for _ in range(kept):
            SqlTransaction(connection).bump_revision(A)
    imported(target, exported(sqlite))
    with target.begin() as connection:
        assert SqlReader(connection).revision(A) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_every_organization_that_exists_already_is_reported_and_nothing_changes(
    kind: str, new_engine: NewEngine, export: bytes
) -> None:
    target = new_engine(kind)
    with target.begin() as connection:
        create(A, B)(SqlTransaction(connection))
    before = rows(target)
    with pytest.raises(ImportRefused) as caught:
        imported(target, export)
    named = [message for _, _, message in caught.value.problems]
    assert named == [f"the organization {name} exists already" for name in (A, B)]
    assert rows(target) == before


@pytest.mark.parametrize("kind", KINDS)
def test_calls_of_a_deleted_organization_are_not_mixed_with_imported_ones(
    kind: str, new_engine: NewEngine, export: bytes
) -> None:
    target = new_engine(kind)
    with target.begin() as connection:
        SqlTransaction(connection).bump_revision(A)
        record_calls(connection, [call("left", 1)])
    with pytest.raises(ImportRefused, match=f"calls of a deleted organization {A}"):
        imported(target, export)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_that_another_organization_owns_is_reported_and_nothing_changes(
    kind: str, new_engine: NewEngine, export: bytes
) -> None:
    target = new_engine(kind)
    with target.begin() as connection:
        transaction = SqlTransaction(connection)
        create(Organization("owner", "", MAIN), "another")(transaction)
        assert transaction.claim(MAIN, "owner")
        own(number(Y, "owner"), number(Z, "another"))(transaction)
    before = rows(target)
    with pytest.raises(ImportRefused) as caught:
        imported(target, export)
    assert [(field, message) for _, field, message in caught.value.problems] == [
        ("organization_number", f"{MAIN} belongs to the organization owner"),
        ("phone_number", f"{Y} belongs to the organization owner"),
        ("phone_number", f"{Z} belongs to the organization another"),
    ]
    assert rows(target) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_of_another_organization_is_refused_in_any_spelling(kind: str, new_engine: NewEngine) -> None:
    source, target = new_engine("sqlite"), new_engine(kind)
    with source.begin() as connection:
        transaction = SqlTransaction(connection)
        create(A)(transaction)
        own(number("+5215512345678"))(transaction)
        assert transaction.claim("+5215512345678", A)
        transaction.bump_revision(A)
    export = exported(source)
    with target.begin() as connection:
        transaction = SqlTransaction(connection)
        create("owner")(transaction)
        assert transaction.claim("+525512345678", "owner")
    with pytest.raises(ImportRefused) as caught:
        imported(target, export)
    assert [problem.message for problem in caught.value.problems] == [
        "+5215512345678 belongs to the organization owner"
    ]
    with target.begin() as connection:
        SqlTransaction(connection).disclaim("+525512345678", "owner")
    imported(target, export)
    with target.connect() as connection:
        owners = SqlReader(connection).owners_of(["+525512345678", "+5215512345678"])
        assert owners == {"+525512345678": A, "+5215512345678": A}


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_is_recorded_in_the_name_of_no_organization(kind: str, new_engine: NewEngine) -> None:
    old, new = new_engine("sqlite"), new_engine(kind)
    fill(old)
    imported(new, exported(old))
    (event,) = events(new, "")
    assert (event.principal, event.kind) == ("cli", AuditEventKind.ORGANIZATIONS_IMPORTED)
    after = json.loads(event.after)
    assert after["organization_ids"] == [GONE, A, B]
    assert (after["users"], after["audit_events"]) == (3, 10)
    assert not [record for record in records(exported(new)) if record.get("organization_id") == ""]


@pytest.mark.parametrize("kind", KINDS)
def test_an_organization_that_was_deleted_comes_back_and_keeps_the_record_of_both_lives(
    kind: str, new_engine: NewEngine
) -> None:
    engine = new_engine(kind)
    with engine.begin() as connection:
        transaction = SqlTransaction(connection)
        create(Organization(B, "first"))(transaction)
    export = exported(engine, B)
    first_life = events(engine, B)
    with engine.begin() as connection:
        transaction = SqlTransaction(connection)
        transaction.delete_organization(B)
        transaction.bump_revision(B)
    imported(engine, export)
    both_lives = events(engine, B)
    assert [event.kind for event in both_lives] == [
        AuditEventKind.ORGANIZATION_DELETED,
        AuditEventKind.ORGANIZATION_SET,
    ]
    assert both_lives[1:] == first_life


def test_an_export_of_the_former_version_without_a_record_of_changes_is_imported(
    new_engine: NewEngine, export: bytes
) -> None:
    target = new_engine("sqlite")
    *lines, end = [
        record for record in records(export) if record["kind"] not in {"audit_event", *WITH_VERSION_7}
    ]
    lines[0]["version"] = 5
    del end["call_counts"], end["shown_caller_ids"]
    for record in lines:
        for field in "created_by", "release_time":
            record.pop(field, None)
    del end["audit_events"]
    body = lines_of(lines)
    former = body + lines_of([end | {"sha256": hashlib.sha256(body).hexdigest()}])
    assert "audit_events" not in imported(target, former)
    assert exported(target) == exported(target, A, B, GONE)
    with_creators = [
        {**record, "created_by": "", "release_time": None} if record["kind"] == "number" else record
        for record in lines[1:]
    ]
    assert records(exported(target))[1:-1] == with_creators
    assert events(target, A) == []


def test_an_export_of_version_6_without_counts_and_creators_of_numbers_is_imported(
    new_engine: NewEngine, export: bytes
) -> None:
    target = new_engine("sqlite")
    *lines, end = [record for record in records(export) if record["kind"] not in WITH_VERSION_7]
    lines[0]["version"] = 6
    del end["call_counts"], end["shown_caller_ids"]
    for record in lines:
        if record["kind"] == "number":
            del record["created_by"], record["release_time"]
    body = lines_of(lines)
    imported(target, body + lines_of([end | {"sha256": hashlib.sha256(body).hexdigest()}]))
    creators = [record["created_by"] for record in records(exported(target)) if record["kind"] == "number"]
    assert set(creators) == {""}


def test_the_counts_of_an_export_replace_those_of_a_former_organization(
    new_engine: NewEngine, export: bytes
) -> None:
    target = new_engine("sqlite")
    imported(target, export)
    with target.begin() as connection:
        for table in (
            *(outbound_calls, inbound_calls, area_code_mappings, numbers, phone_number_owners),
            *(purchases, requests, users, organizations),
        ):
            connection.execute(delete(table))
        connection.execute(update(call_counts).values(h00=99))
        set_counted(connection, A, 50)
    imported(target, export)
    with target.begin() as connection:
        assert set(connection.scalars(select(call_counts.c.h00))) == {1, 4}
        # The calls that were imported are counted anew.
        due, _ = organizations_due(connection, 0, "", 9)
        assert (A, 0) in {(each.organization_id, each.since) for each in due}


def test_imported_numbers_get_the_area_codes_that_this_release_knows(new_engine: NewEngine) -> None:
    source, target = new_engine("sqlite"), new_engine("sqlite")
    with source.begin() as connection:
        transaction = SqlTransaction(connection)
        create(A)(transaction)
        own(replace(number("+34911234567"), area_code=None))(transaction)
        transaction.bump_revision(A)
    imported(target, exported(source))
    with target.connect() as connection:
        assert SqlReader(connection).active_numbers(A) == {"+34911234567": "+3491"}


def test_a_record_that_the_database_stores_differently_is_found(new_engine: NewEngine, export: bytes) -> None:
    target = new_engine("sqlite")
    with target.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER spoil AFTER INSERT ON users BEGIN "
                "UPDATE users SET display_name = 'x' WHERE user_id = 'ann'; END"
            )
        )
    with pytest.raises(ImportRefused, match="gives back"):
        imported(target, export)
    assert not any(rows(target).values())
