"""Where a server keeps its files, and who may read them."""

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.functional.server_process import ServerProcess, environment_with
from tests.support.waiting import DEADLINE_SECONDS, wait_until

SERVE = (sys.executable, "-m", "localdial_server", "serve")


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@contextmanager
def serving(folder: Path, *through: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Serve from the folder as a daemon is started, with an ordinary umask and without other settings."""
    with subprocess.Popen(
        [*through, *SERVE],
        env=environment_with(**settings),
        cwd=folder,
        umask=0o022,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert "ready" in process.stdout.readline()
            yield process
        finally:
            process.kill()


def failed_start(folder: Path, **settings: str) -> str:
    """Start a server that cannot start from the folder; return what it says in one line."""
    ended = subprocess.run(
        SERVE,
        env=environment_with(**settings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    return line


def test_files_are_in_systemds_state_directory_not_where_the_server_was_started(tmp_path: Path) -> None:
    state, started_in = tmp_path / "state", tmp_path / "started"
    started_in.mkdir()
    with serving(started_in, STATE_DIRECTORY=str(state)):
        assert (state / "localdial.db").is_file()
    assert list(started_in.iterdir()) == []


def test_only_the_owner_may_read_the_database_and_its_folder(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    with serving(tmp_path, LOCALDIAL_STATE_DIRECTORY=str(state)):
        assert {file.name for file in state.iterdir()} >= {"localdial.db", "localdial.db-wal"}
        assert {mode(file) for file in state.iterdir()} == {"0o600"}
        assert mode(state) == mode(state.parent) == "0o700"


def test_only_the_owner_may_read_the_spool(migrated_url: str, tmp_path: Path) -> None:
    with serving(
        tmp_path, LOCALDIAL_DATABASE_URL=migrated_url, LOCALDIAL_STATE_DIRECTORY=str(tmp_path / "state")
    ):
        spool = tmp_path / "state" / "spool"
        assert {mode(path) for path in spool.rglob("*") if path.is_file()} == {"0o600"}
        assert {mode(path) for path in spool.rglob("*") if path.is_dir()} <= {"0o700"}
        assert mode(spool) == mode(spool.parent) == "0o700"


def test_a_server_does_not_begin_anew_beside_the_files_of_an_earlier_release(tmp_path: Path) -> None:
    old = tmp_path / "var" / "localdial.db"
    old.parent.mkdir()
    old.touch()
    state = tmp_path / "state"
    said = failed_start(tmp_path, STATE_DIRECTORY=str(state))
    assert f"{old} exists" in said
    assert f"{state / 'localdial.db'}, which would be used now, does not" in said
    assert f"set LOCALDIAL_STATE_DIRECTORY={tmp_path / 'var'}" in said.replace("Set", "set")
    assert not state.exists(), "nothing was created"
    with serving(tmp_path, STATE_DIRECTORY=str(state), LOCALDIAL_STATE_DIRECTORY="var"):
        pass
    state.mkdir()
    (state / "localdial.db").touch()
    with serving(tmp_path, STATE_DIRECTORY=str(state)):
        pass


@pytest.mark.parametrize("workers", ["1", "2"])
def test_calls_in_the_spool_of_an_earlier_release_are_not_forgotten(
    workers: str, migrated_url: str, tmp_path: Path
) -> None:
    old = tmp_path / "var" / "spool"
    old.mkdir(parents=True)
    said = failed_start(
        tmp_path,
        LOCALDIAL_DATABASE_URL=migrated_url,
        LOCALDIAL_WORKERS=workers,
        STATE_DIRECTORY=str(tmp_path / "state"),
    )
    assert f"{old} exists" in said
    assert str(tmp_path / "state" / "spool") in said


def test_a_hangup_of_a_service_does_not_stop_it(server: ServerProcess) -> None:
    server.signal(signal.SIGHUP)
    wait_until(lambda: "SIGHUP: there is no certificate to reload" in str(server.logged()))
    assert server.stop() == 0


def test_a_server_under_nohup_goes_on_after_a_hangup(tmp_path: Path) -> None:
    with serving(tmp_path, "nohup", LOCALDIAL_STATE_DIRECTORY=str(tmp_path)) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 0
