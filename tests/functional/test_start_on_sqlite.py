"""The one-line errors if the server cannot use its SQLite file."""

import os
import re
import resource
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from localdial_server.admin.doctor import examine
from localdial_server.admin.doctor_finding import Finding, State
from localdial_server.runtime.storage import open_database
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import read_settings
from localdial_server.storage.engines import sqlite
from tests.functional.commands import Run, said_in_one_line
from tests.functional.server_process import ServerProcess
from tests.support.databases import create_sqlite
from tests.support.waiting import wait_until


@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize("size", [0, 60_000])
def test_a_sqlite_file_on_a_full_disk_is_reported_and_usable_afterwards(
    run_command: Run, tmp_path: Path, command: str, size: int
) -> None:
    url = f"sqlite:///{tmp_path / 'localdial.db'}"
    ended = run_command(
        command,
        prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        LOCALDIAL_DATABASE_URL=url,
        PYTHONDONTWRITEBYTECODE="1",
    )
    assert str(tmp_path / "localdial.db") in said_in_one_line(ended)
    assert run_command("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0


@pytest.mark.parametrize("pages", [0, 8])
def test_a_disk_that_became_full_is_reported_before_serving(
    run_command: Run, tmp_path: Path, pages: int
) -> None:
    """The disk has no room for the 32 KiB that SQLite needs to start, or only for those."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not _mounted("--types", "tmpfs", "--options", "size=1m", "tmpfs", str(folder)):
        pytest.skip("only root with the right to mount can create a small disk")
    try:
        create_sqlite(folder / "localdial.db")
        url = f"sqlite:///{folder / 'localdial.db'}"
        disk = os.statvfs(folder)
        (folder / "filling").write_bytes(b"-" * (disk.f_bavail - pages) * disk.f_bsize)
        for command in "serve", "migrate":
            assert "disk is full" in said_in_one_line(run_command(command, LOCALDIAL_DATABASE_URL=url))
        (folder / "filling").unlink()
        assert run_command("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("version", [(3, 7, 17), (3, 31, 1), (3, 35, 4)])
def test_a_sqlite_that_is_too_old_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sqlite, "VERSION", version)
    settings = read_settings(state_directory=str(tmp_path))
    shown = ".".join(map(str, version))
    said = f"Python uses SQLite {shown} here, but localdial needs 3.35.5 or later"
    with pytest.raises(StartError, match=re.escape(said)):
        open_database(settings)
    findings: list[Finding] = []
    assert not examine(settings, findings.append)
    [problem] = [finding for finding in findings if finding.state is State.PROBLEM]
    assert said in problem.text
    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_without_json_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_arguments: object) -> sqlite3.Connection:
        connection = real_connect(":memory:")
        connection.set_authorizer(
            lambda action, _table, name, *_: (
                sqlite3.SQLITE_DENY
                if action == sqlite3.SQLITE_FUNCTION and str(name).startswith("json")
                else sqlite3.SQLITE_OK
            )
        )
        return connection

    real_connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", connect)
    with pytest.raises(StartError, match="without JSON functions"):
        open_database(read_settings(state_directory=str(tmp_path)))


@pytest.mark.parametrize(
    ("version", "warned"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_the_doctor_warns_of_an_sqlite_that_can_corrupt_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], *, warned: bool
) -> None:
    assert sqlite.has_wal_reset_bug(version) is warned
    monkeypatch.setattr(sqlite, "has_wal_reset_bug", lambda: warned)
    findings: list[Finding] = []
    assert examine(read_settings(state_directory=str(tmp_path)), findings.append)
    assert [each.state for each in findings if each.check == "sqlite"] == [State.WARNING] * warned


def test_the_start_warns_of_an_sqlite_that_can_corrupt_the_database(
    start_server: Callable[..., ServerProcess],
) -> None:
    log = start_server().log
    wait_until(lambda: "any program on this machine" in log.read_text("utf-8"))
    wait_until(lambda: ("WAL-reset bug" in log.read_text("utf-8")) is sqlite.has_wal_reset_bug())


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_file_in_place_of_the_state_directory_is_reported(
    run_command: Run, tmp_path: Path, command: str
) -> None:
    file = tmp_path / "state"
    file.touch()
    ended = run_command(command, LOCALDIAL_DATABASE_URL="", LOCALDIAL_STATE_DIRECTORY=str(file))
    assert f"{file} is not a folder" in said_in_one_line(ended)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_sqlite_file_without_write_permission_is_reported_and_unchanged(
    run_command: Run, tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "database"
    file = folder / "localdial.db"
    url = f"sqlite:///{file}"
    assert run_command("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
    before, beside = file.read_bytes(), sorted(folder.iterdir())
    file.chmod(0o444)
    # Root can write such a file unless the capability is taken away.
    held = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    ended = run_command(command, through=held if os.geteuid() == 0 else (), LOCALDIAL_DATABASE_URL=url)
    assert f"{file}: it is read-only" in said_in_one_line(ended)
    assert (file.read_bytes(), sorted(folder.iterdir())) == (before, beside)


def test_a_read_only_sqlite_file_is_reported(run_command: Run, tmp_path: Path) -> None:
    file = tmp_path / "localdial.db"
    url = f"sqlite:///{file}"
    create_sqlite(file)
    before = file.read_bytes()
    with _ReadOnly(tmp_path) as is_read_only:
        if not is_read_only:
            pytest.skip("root needs the right to mount to make a file read-only")
        line = said_in_one_line(run_command("serve", LOCALDIAL_DATABASE_URL=url))
    assert str(file) in line
    assert file.read_bytes() == before


def _mounted(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0


class _ReadOnly:
    """Makes a folder and its files read-only, also for root if it has the right to mount."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_mounted = False

    def __enter__(self) -> bool:
        if os.geteuid() != 0:
            for path in [*self._folder.iterdir(), self._folder]:
                path.chmod(0o500)
            return True
        self._is_mounted = _mounted("--bind", str(self._folder), str(self._folder))
        if self._is_mounted:
            subprocess.run(["mount", "-o", "remount,ro,bind", self._folder], check=True)
        return self._is_mounted

    def __exit__(self, *_: object) -> None:
        if self._is_mounted:
            subprocess.run(["umount", self._folder], check=True)
        if os.geteuid() != 0:
            for path in [self._folder, *self._folder.iterdir()]:
                path.chmod(0o700)
