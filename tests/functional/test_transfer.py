"""Commands move organizations between databases, completely or not at all."""

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import Engine

from localdial_server.admin import maintenance
from localdial_server.cli import maintenance as maintenance_commands
from localdial_server.domain.model import Organization
from localdial_server.storage.call_log.insert import insert_calls
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from localdial_server.storage.engines.database import VERSION_TABLE
from localdial_server.storage.sql.counting import count_before
from localdial_server.storage.sql.transaction import SqlTransaction
from tests.conformance.store_records import A, call, create
from tests.functional.databases import NewDatabase, contents, document, run_on
from tests.functional.server_process import ServerProcess
from tests.functional.test_cli import LOCALDIAL, TIMEOUT_SECONDS, environment, typed
from tests.support.databases import open_sqlite

KINDS = ("sqlite", "postgresql")


def with_history(calls: int) -> Callable[[Engine], None]:
    def work(engine: Engine) -> None:
        with engine.begin() as connection:
            create(Organization(A, "A"))(SqlTransaction(connection))
            recorded = [
                call(f"call-{index:06}", index, callee_number=f"+1628{2000000 + index}")
                for index in range(calls)
            ]
            insert_calls(connection, recorded)

    return work


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def start_on(
    url: str, *arguments: str, stdout: int | BinaryIO = subprocess.PIPE
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*LOCALDIAL, *arguments],
        env=environment(LOCALDIAL_DATABASE_URL=url),
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def test_organizations_move_from_sqlite_to_postgresql_and_back(
    start_server: Callable[..., ServerProcess], new_database: NewDatabase, tmp_path: Path
) -> None:
    old = start_server()

    def ask(server: ServerProcess, *arguments: str) -> Any:
        return document(run_on("", "--server", server.address, *arguments, "--json"))

    owned = ask(old, "demo")["numbers"]
    bought = ask(old, "numbers", "buy", "demo", "312", "--yes", "--request-id", "once")
    last_call = ask(old, "resolve", "demo", "bob", "+16285550155")
    revision = ask(old, "orgs", "get", "demo")["organization"]["revision"]
    old.stop()
    # Otherwise the new server would count calls that the old one has not counted, and so not exported.
    database = open_sqlite(Path(old.database))
    count_before(database.engine, 2**62)
    database.close_now()

    moved = new_database("postgresql")
    first, second, third = (str(tmp_path / f"{name}.jsonl") for name in ("first", "second", "third"))
    exported = document(run_on(f"sqlite:///{old.database}", "export", "--output", first, "--json"))
    assert document(run_on(moved, "import", first, "--json")) == exported
    assert exported["organizations"] == 2

    new = start_server(LOCALDIAL_DATABASE_URL=moved)
    assert ask(new, "orgs", "get", "demo")["organization"]["revision"] == revision
    assert ask(new, "numbers", "buy", "demo", "312", "--yes", "--request-id", "once") == bought
    # On PostgreSQL the server may keep running.
    assert run_on(moved, "export", "--output", second).exit_code == 0
    assert Path(second).read_bytes() == Path(first).read_bytes()
    # Last, because a call-back is recorded too.
    routed = ask(new, "route", owned[0]["phone_number"], "+16285550155")
    assert (routed["user_id"], routed["last_call_id"]) == ("bob", last_call["call_id"])
    new.stop()

    back = new_database("sqlite")
    assert run_on(back, "import", second).exit_code == 0
    assert run_on(back, "export", "--output", third).exit_code == 0
    assert Path(third).read_bytes() == Path(first).read_bytes()


def test_an_export_replaces_a_file_only_by_force(new_database: NewDatabase, tmp_path: Path) -> None:
    database = new_database("sqlite")
    path = tmp_path / "export.jsonl"
    path.write_text("precious")
    refused = run_on(database, "export", "--output", str(path))
    assert refused.exit_code == 2
    assert f"{path} exists; pass another --output, or --force to replace it" in refused.stderr
    assert [file.name for file in tmp_path.glob("export*")] == ["export.jsonl"]
    assert path.read_text() == "precious"
    assert run_on(database, "export", "--output", str(path), "--force").exit_code == 0
    assert '"organizations": 0' in path.read_text() or '"organizations":0' in path.read_text()


@pytest.mark.parametrize(
    "arguments",
    [("export",), ("import", os.devnull), ("calls", "prune", "--older-than", "1d")],
    ids=["export", "import", "prune"],
)
class TestOfEachCommand:
    def test_an_sqlite_file_that_is_served_is_left_alone(
        self, server: ServerProcess, arguments: tuple[str, ...]
    ) -> None:
        refused = run_on(f"sqlite:///{server.database}", *arguments)
        assert refused.exit_code == 1
        assert refused.stdout == ""
        (line,) = refused.stderr.splitlines()
        assert "another localdial uses" in line
        assert "stop it first" in line

    def test_a_missing_database_is_not_created(self, arguments: tuple[str, ...], tmp_path: Path) -> None:
        refused = run_on(f"sqlite:///{tmp_path}/none/none.db", *arguments)
        assert refused.exit_code == 1
        (line,) = refused.stderr.splitlines()
        assert "does not exist" in line
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("script", "problem"),
        [
            ("", "is empty, and this release needs schema"),
            (f"UPDATE {VERSION_TABLE} SET version_num = '9999'", "has schema 9999"),
            ("CREATE TABLE invoices (id INTEGER)", "belongs to another program"),
        ],
        ids=["no schema", "newer", "foreign"],
    )
    def test_a_schema_that_is_not_this_releases_is_refused_and_not_migrated(
        self,
        arguments: tuple[str, ...],
        script: str,
        problem: str,
        tmp_path: Path,
        new_database: NewDatabase,
    ) -> None:
        path = tmp_path / "its.db"
        if "UPDATE" in script:
            path = Path(new_database("sqlite").removeprefix("sqlite:///"))
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        before = dump(path)
        refused = run_on(f"sqlite:///{path}", *arguments)
        assert refused.exit_code == 1
        (line,) = refused.stderr.splitlines()
        assert problem in line
        assert dump(path) == before


def test_errors_of_a_file_are_listed_by_line(new_database: NewDatabase, tmp_path: Path) -> None:
    source, target = new_database("sqlite", with_history(3)), new_database("sqlite")
    path = tmp_path / "export.jsonl"
    assert run_on(source, "export", "--output", str(path)).exit_code == 0
    path.write_bytes(path.read_bytes().replace(b'"user_id":"user"', b'"user_id":""'))
    refused = run_on(target, "import", str(path))
    assert refused.exit_code == 2
    lines = refused.stderr.splitlines()
    assert lines[0] == f"Error: {path} cannot be imported; nothing was changed"
    assert lines[1:] == [
        f"  line {line}, user_id: must be 1 to 128 visible ASCII characters, without spaces"
        for line in (3, 4, 5)
    ]
    assert not any(contents(target).values())


def test_an_unknown_organization_is_not_exported(new_database: NewDatabase) -> None:
    refused = run_on(new_database("sqlite"), "export", "--organization", "acme")
    assert refused.exit_code == 3
    assert refused.stderr == "Error: no such organization: acme\n"


def test_stdout_has_the_export_and_nothing_else(new_database: NewDatabase) -> None:
    source, target = new_database("sqlite", with_history(2)), new_database("sqlite")
    exported = run_on(source, "export", "--organization", A)
    kinds = [json.loads(line)["kind"] for line in exported.stdout.splitlines()]
    assert kinds == ["header", "organization", "call", "call", "audit_event", "end"]
    assert "calls: 2" in exported.stderr
    process = start_on(target, "import", "-")
    _, errors = process.communicate(exported.stdout_bytes, TIMEOUT_SECONDS)
    assert process.returncode == 0, errors
    assert run_on(target, "export").stdout == exported.stdout


def test_an_export_warns_about_calls_in_a_spool(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = new_database("postgresql", with_history(2))
    folder = tmp_path / "spool"
    monkeypatch.setenv("LOCALDIAL_SPOOL_DIRECTORY", str(folder))
    assert "Warning" not in run_on(source, "export").stderr
    spool = SpoolFolder(folder, 1_000_000).take()
    assert "Warning" not in run_on(source, "export").stderr
    asyncio.run(spool.add([call("waiting")]))
    exported = run_on(source, "export")
    assert exported.exit_code == 0
    assert "Warning: the spool" in exported.stderr
    spool.close_now()


def test_only_its_owner_can_read_an_export(new_database: NewDatabase, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    run_on(new_database("sqlite"), "export", "--output", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.glob("export*")] == [path.name]


def test_a_full_disk_is_reported_in_one_line(new_database: NewDatabase) -> None:
    with Path("/dev/full").open("wb") as full:
        process = start_on(new_database("sqlite", with_history(9)), "export", stdout=full)
        _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 1
    assert errors == b"Error: - cannot be written: No space left on device\n"


def test_a_closed_pipe_is_reported_in_one_line(new_database: NewDatabase) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        process = start_on(new_database("sqlite", with_history(9)), "export", stdout=gone)
        _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 1
    assert errors == b"Error: - cannot be written: Broken pipe\n"


@pytest.mark.parametrize(
    ("kind", "with_signal"),
    [("sqlite", signal.SIGKILL), ("postgresql", signal.SIGKILL), ("postgresql", signal.SIGINT)],
)
def test_an_interrupted_import_leaves_nothing(
    kind: str, with_signal: signal.Signals, new_database: NewDatabase
) -> None:
    exported = run_on(new_database("sqlite", with_history(20_000)), "export").stdout_bytes
    target = new_database(kind)
    process = start_on(target, "import", "-")
    assert process.stdin is not None
    # The write blocks until the import has read all but the content of the pipe. By then it has
    # inserted several times.
    process.stdin.write(exported[: len(exported) // 10 * 9])
    process.stdin.flush()
    process.send_signal(with_signal)
    _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode != 0
    assert b"Traceback" not in errors
    assert not any(contents(target).values())


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_export_leaves_the_existing_file(
    error: BaseException, new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text("of yesterday")

    def fail(*_: object) -> None:
        assert len(list(tmp_path.glob("export.jsonl.*.part"))) == 1
        raise error

    monkeypatch.setattr(maintenance, "export", fail)
    assert run_on(new_database("sqlite"), "export", "--output", str(path)).exit_code != 0
    assert path.read_text() == "of yesterday"
    assert [file.name for file in tmp_path.glob("export*")] == [path.name]


def test_a_file_that_appears_during_an_export_is_not_replaced(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "export.jsonl"
    exported, counts = maintenance.export, []

    def export_while_the_file_appears(*arguments: Any) -> Any:
        path.write_text("precious")
        counts.append(exported(*arguments))
        return counts[-1]

    monkeypatch.setattr(maintenance, "export", export_while_the_file_appears)
    # The file appears after the last look at the folder.
    monkeypatch.setattr(maintenance_commands, "_require_writable", lambda *_, **__: None)
    refused = run_on(new_database("sqlite"), "export", "--output", str(path))
    assert refused.exit_code == 2
    assert f"{path} exists" in refused.stderr
    assert len(counts) == 1
    assert path.read_text() == "precious"
    assert [file.name for file in tmp_path.glob("export*")] == [path.name]


def test_an_export_replaces_no_link_and_no_file_of_another_export(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    database = new_database("sqlite")
    link, other = tmp_path / "export.jsonl", tmp_path / "export.jsonl.part"
    link.symlink_to(tmp_path / "not there")
    other.write_text("of another export")
    refused = run_on(database, "export", "--output", str(link))
    assert refused.exit_code == 2
    assert "exists" in refused.stderr
    assert link.is_symlink()
    link.unlink()
    assert run_on(database, "export", "--output", str(link)).exit_code == 0
    assert other.read_text() == "of another export"


def test_an_export_is_written_where_files_have_no_links(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    path = tmp_path / "export.jsonl"
    assert run_on(new_database("sqlite"), "export", "--output", str(path)).exit_code == 0
    assert [file.name for file in tmp_path.glob("export*")] == [path.name]


def test_an_export_replaces_only_regular_files(new_database: NewDatabase) -> None:
    refused = run_on(new_database("sqlite"), "export", "--output", os.devnull)
    assert refused.exit_code == 2
    assert "is not a regular file" in refused.stderr
    assert not Path(os.devnull).is_file()


def test_on_a_terminal_progress_is_shown(new_database: NewDatabase, tmp_path: Path) -> None:
    source, target = new_database("sqlite", with_history(2_000)), new_database("sqlite")
    path = str(tmp_path / "export.jsonl")
    code, shown = typed("export", "--output", path, LOCALDIAL_DATABASE_URL=source)
    assert code == 0, shown
    assert "exporting" in shown
    assert "100%" in shown
    code, shown = typed("import", path, LOCALDIAL_DATABASE_URL=target)
    assert code == 0, shown
    # Only the last step is certain to be shown: earlier ones may finish between two updates.
    assert "verifying" in shown
    assert "100%" in shown
    assert "calls: 2,000" in shown
