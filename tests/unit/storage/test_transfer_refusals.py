"""A file that is not exactly what an export has written is refused, and nothing of it is imported."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from localdial_server.storage.transfer.problems import ImportRefused
from tests.conformance.store_records import A, X
from tests.unit.storage.conftest import KINDS, NewEngine
from tests.unit.storage.transfer_databases import imported, lines_of, rows

Records = list[dict[str, Any]]
Change = Callable[[Records], object]


def changed(export: bytes, change: Change) -> bytes:
    """Return the export with changed records and a last line that fits them."""
    *records, end = [json.loads(line) for line in export.splitlines()]
    change(records)
    for kind in "organization", "deleted_organization", "user", "number", "request", "call", "audit_event":
        end[f"{kind}s"] = sum(record.get("kind") == kind for record in records)
    body = lines_of(records)
    return body + lines_of([end | {"sha256": hashlib.sha256(body).hexdigest()}])


def refusal(engine: Engine, file: bytes) -> ImportRefused:
    """Check that nothing is imported, and return the reason."""
    before = rows(engine)
    with pytest.raises(ImportRefused) as caught:
        imported(engine, file)
    assert rows(engine) == before
    return caught.value


def of_kind(records: Records, kind: str, number: int = 0) -> dict[str, Any]:
    return [record for record in records if record["kind"] == kind][number]


def setting(kind: str, /, **values: object) -> Change:
    return lambda records: of_kind(records, kind).update(values)


def twice(kind: str) -> Change:
    def change(records: Records) -> None:
        record = of_kind(records, kind)
        records.insert(records.index(record), record)

    return change


def without(kind: str, field: str | None = None) -> Change:
    def change(records: Records) -> None:
        record = of_kind(records, kind)
        if field is None:
            records.remove(record)
        else:
            del record[field]

    return change


def swapped(records: Records) -> None:
    users = [index for index, record in enumerate(records) if record["kind"] == "user"]
    records[users[0]], records[users[1]] = records[users[1]], records[users[0]]


def user_of_the_deleted(records: Records) -> None:
    records.insert(2, of_kind(records, "user") | {"organization_id": "gone"})


def test_a_correct_file_that_the_tests_rewrote_is_imported(sqlite: Engine, export: bytes) -> None:
    assert changed(export, lambda _: None) == export
    imported(sqlite, changed(export, setting("user", display_name="Anna")))
    assert any("Anna" in row for row in rows(sqlite)["users"])


def test_a_name_that_an_earlier_release_accepted_is_imported(sqlite: Engine, export: bytes) -> None:
    imported(sqlite, changed(export, setting("user", display_name=" An\u200bn\ue000 ")))
    assert any(" An\u200bn\ue000 " in row for row in rows(sqlite)["users"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            setting("call", callee_number="4155550123"),
            "line 3: callee_number must be a phone number in E.164",
        ),
        (setting("call", callee_number="+14155550123\n"), "callee_number must be a phone number in E.164"),
        (setting("call", callee_number="+1415555\uff10123"), "callee_number must be a phone number in E.164"),
        (setting("call", reason="because"), "line 3: reason must be 'agent_caller_id_local'"),
        (setting("call", call_time="7"), "line 3: call_time must be a valid integer"),
        (setting("call", call_time=7.0), "line 3: call_time must be a valid integer"),
        (setting("call", call_time=-1), "line 3: call_time must be greater than or equal to 0"),
        (setting("call", call_time=2**63), "line 3: call_time must be less than or equal to"),
        (setting("call", call_id=""), "line 3: call_id must be 1 to 128 visible ASCII"),
        (setting("call", call_id="x" * 129), "line 3: call_id must be 1 to 128 visible ASCII"),
        (setting("call", call_id=None), "line 3: call_id must be a valid string"),
        (setting("call", color="red"), "line 3: color is not a field of such a record"),
        (setting("call", kind="sms"), "line 3: kind is unknown to this release"),
        (without("call", "kind"), "line 3:  is not a record"),
        (without("call", "user_id"), "line 3: user_id is missing"),
        (
            setting("user", display_name="bell\a"),
            "display_name must be up to 200 characters, without control characters",
        ),
        (
            setting("user", display_name="x" * 201),
            "display_name must be up to 200 characters, without control characters",
        ),
        (setting("user", work_phone="soon"), "work_phone must be a phone number"),
        (setting("number", area_code="1415"), "area_code must be a NANP area code"),
        (setting("number", state="lost"), "state must be 'purchasing'"),
        (setting("number", carrier="\0"), "carrier must have no NUL"),
        (setting("number", mapped_area_codes=["628", "510"]), "mapped_area_codes must be sorted"),
        (setting("number", mapped_area_codes=["510", "x"]), "mapped_area_codes.1 must be a NANP area code"),
        (setting("request", create_time="now"), "create_time must be a valid integer"),
        (
            setting("request", purchases=[{"reference": "r", "phone_number": X, "purchase_time": -1}]),
            "purchases.0.purchase_time must be greater",
        ),
        (
            setting("request", purchases=[{"reference": "r", "phone_number": X, "purchase_time": 1}] * 2),
            "purchases must be sorted by reference, each once",
        ),
        (setting("request", arguments="\0"), "arguments must have no NUL"),
        (setting("organization", revision=-1), "revision must be greater"),
        (setting("header", version=1), "line 1: version is 1, and this release of localdial reads 5 and 6"),
        (setting("header", format="another"), "line 1:  is not the first line of an export"),
        (without("header"), "line 1:  is not the first line of an export"),
        (twice("header"), "line 2:  is out of place"),
        (twice("organization"), "occurs twice or is out of place"),
        (twice("user"), "occurs twice or is out of place"),
        (twice("number"), "occurs twice or is out of place"),
        (twice("request"), "occurs twice or is out of place"),
        (twice("call"), "line 4:  occurs twice or is out of place"),
        (twice("audit_event"), "occurs twice or is out of place"),
        (setting("audit_event", event_kind="guess"), "event_kind must be"),
        (setting("audit_event", event_id="1"), "event_id must be a UUID in lower case"),
        (swapped, "occurs twice or is out of place"),
        (without("organization"), "organization_id must be that of the organization line before this line"),
        (
            user_of_the_deleted,
            "line 3: kind must be one of call, inbound_call, audit_event, call_count, shown_caller_id",
        ),
    ],
)
def test_a_wrong_record_is_reported_with_its_line_and_field(
    sqlite: Engine, export: bytes, change: Change, problem: str
) -> None:
    assert problem in str(refusal(sqlite, changed(export, change)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_id_that_occurs_twice_is_refused(kind: str, new_engine: NewEngine, export: bytes) -> None:
    def again(records: Records) -> None:
        last = of_kind(records, "call", -1)
        records.insert(records.index(last) + 1, last | {"call_time": last["call_time"] + 1})

    assert "has an id that is taken" in str(refusal(new_engine(kind), changed(export, again)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_with_two_owners_in_the_file_is_refused(
    kind: str, new_engine: NewEngine, export: bytes
) -> None:
    def change(records: Records) -> None:
        of_kind(records, "organization", 1)["organization_number"] = X

    problem = f"organization_number {X} belongs to the organization {A}"
    assert problem in str(refusal(new_engine(kind), changed(export, change)))


def test_all_wrong_lines_are_reported_at_once(sqlite: Engine, export: bytes) -> None:
    def change(records: Records) -> None:
        for record in records:
            if record["kind"] == "call":
                record |= {"reason": "because", "user_id": ""}

    problems = refusal(sqlite, changed(export, change)).problems
    assert [(line, field) for line, field, _ in problems] == [
        (line, field) for line in (3, 15, 16, 17, 18) for field in ("reason", "user_id")
    ]


def test_at_most_twenty_wrong_lines_are_reported(sqlite: Engine, export: bytes) -> None:
    def change(records: Records) -> None:
        records += [of_kind(records, "call") | {"reason": "because"} for _ in range(100)]

    assert len(refusal(sqlite, changed(export, change)).problems) == 20


def test_the_lines_of_a_missing_organization_are_one_problem(sqlite: Engine, export: bytes) -> None:
    def change(records: Records) -> None:
        records.remove(of_kind(records, "organization", 1))

    (problem,) = refusal(sqlite, changed(export, change)).problems
    assert problem.field == "organization_id"


def test_a_file_that_is_cut_off_anywhere_is_refused(sqlite: Engine, export: bytes) -> None:
    for length in range(0, len(export), 37):
        assert "is where the file was cut off" in str(refusal(sqlite, export[:length]))
    assert "is where the file was cut off" in str(refusal(sqlite, export[:-1]))


def test_a_file_with_any_bit_flipped_is_refused(sqlite: Engine, export: bytes) -> None:
    for index in range(0, len(export), 13):
        damaged = bytearray(export)
        damaged[index] ^= 1 << index % 8
        refusal(sqlite, bytes(damaged))


def test_a_file_that_was_edited_is_refused(sqlite: Engine, export: bytes) -> None:
    error = refusal(sqlite, export.replace(b'"user_id":"ann"', b'"user_id":"eve"'))
    assert [(problem.field, problem.line) for problem in error.problems] == [("sha256", 38)]


@pytest.mark.parametrize(
    "kind", ["organization", "deleted_organization", "user", "number", "request", "call"]
)
def test_a_wrong_count_is_reported(sqlite: Engine, export: bytes, kind: str) -> None:
    wrong = re.sub(rb'("%ss":)[0-9]' % kind.encode(), rb"\g<1>9", export)
    (problem,) = refusal(sqlite, wrong).problems
    assert problem.field == f"{kind}s"
    assert problem.message.startswith("is 9 here, but ")


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(b",", b", ", 1),
        lambda line: line.replace(b'"kind":"call"', b'"kind":"call","kind":"call"'),
        lambda line: line.replace(b'"z"', b'"\\u007a"'),
        lambda line: b'{"organization_id":"org-a","kind":"call",' + line.split(b",", 2)[2],
    ],
    ids=["a space", "a field twice", "an escape", "another order"],
)
def test_a_line_in_another_form_is_reported(
    sqlite: Engine, export: bytes, change: Callable[[bytes], bytes]
) -> None:
    lines = export.splitlines(keepends=True)
    index = next(index for index, line in enumerate(lines) if b'"call_id":"z"' in line)
    before = lines[index]
    lines[index] = change(before)
    assert lines[index] != before
    assert f"line {index + 1}:  is not in the exact form that an export has" in str(
        refusal(sqlite, b"".join(lines))
    )


@pytest.mark.parametrize("more", [b"\n", b"{}\n", b"x"])
def test_a_file_with_content_after_its_last_line_is_refused(
    sqlite: Engine, export: bytes, more: bytes
) -> None:
    assert "is the last line of an export, but the file goes on" in str(refusal(sqlite, export + more))


@pytest.mark.parametrize(
    "file", [b"", b"\n", b"\x1f\x8b\x08", b"null\n", b"[]\n", b"\xff\n", b"user_id,name\n"]
)
def test_a_file_that_is_not_an_export_is_refused(sqlite: Engine, file: bytes) -> None:
    assert refusal(sqlite, file).problems[0].line == 1
