"""How the server starts on PostgreSQL, and what it says in one line when it cannot."""

import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from localdial.v1 import directory_pb2 as directory
from localdial.v1 import directory_pb2_grpc
from localdial_client import Client
from tests.functional.server_process import environment_with
from tests.support.postgres import PostgresServer

_DEADLINE_SECONDS = 90

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """Answer the URL of an empty database."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command of localdial to its end."""

    def run(command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            _command(command),
            env=_environment(tmp_path, **settings),
            capture_output=True,
            text=True,
            timeout=_DEADLINE_SECONDS,
            check=False,
        )

    return run


def _command(command: str) -> list[str]:
    return [sys.executable, "-m", "localdial_server", command]


def _environment(folder: Path, **settings: str) -> dict[str, str]:
    return environment_with(
        **{
            "LOCALDIAL_SPOOL_DIRECTORY": str(folder / "spool"),
            "LOCALDIAL_SCHEMA_WAIT_SECONDS": "0",
            "LOCALDIAL_LOG_FORMAT": "json",
            **settings,
        }
    )


def _said_in_one_line(ended: "subprocess.CompletedProcess[str]", *secrets: str) -> str:
    """See that it failed with one line; answer the line."""
    assert ended.returncode not in (0, -11, -6)
    assert ended.stdout == ""
    lines = [line for line in ended.stderr.splitlines() if line]
    assert len(lines) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    for secret in secrets:
        assert secret not in ended.stderr
    return lines[0]


def _tables(postgres: PostgresServer, url: str) -> set[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return {name for (name,) in postgres.execute(query, url.rpartition("/")[2])}


def _query(parameters: str) -> Callable[[str, PostgresServer], str]:
    return lambda url, _postgres: f"{url}?{parameters}"


UNUSABLE: dict[str, tuple[Callable[[str, PostgresServer], str], str]] = {
    "a wrong password": (
        lambda url, postgres: url.replace(postgres.password, "s3cret"),
        "password authentication failed",
    ),
    "no password": (lambda url, postgres: url.replace(f":{postgres.password}", ""), "no password supplied"),
    "an unknown user": (lambda url, _: url.replace("localdial:", "nobody:"), "authentication failed"),
    "a missing database": (lambda url, _: url.rpartition("/")[0] + "/missing", "does not exist"),
    "a port where nobody is": (lambda url, postgres: url.replace(f":{postgres.port}/", ":1/"), "refused"),
    "a host that is not known": (
        lambda url, _: url.replace("127.0.0.1", "nowhere.invalid"),
        "nowhere.invalid",
    ),
    "a port that is none": (lambda url, postgres: url.replace(f":{postgres.port}/", ":99999/"), "port"),
    "a port in words": (lambda url, postgres: url.replace(f":{postgres.port}/", ":abc/"), "port"),
    "a time-out in words": (_query("connect_timeout=soon"), "LOCALDIAL_DATABASE_URL"),
    "a wrong sslmode": (_query("sslmode=always"), "sslmode"),
    "TLS where there is none": (_query("sslmode=require"), "SSL"),
    "a certificate that is missing": (_query("sslmode=verify-full&sslrootcert=/missing"), "SSL"),
    "an unknown option of the server": (_query("options=-cnonsense%3D1"), "nonsense"),
}


@pytest.mark.parametrize(("change", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_url_that_cannot_be_used_is_answered_with_one_line(
    run: Run, url: str, postgres: PostgresServer, change: Callable[[str, PostgresServer], str], said: str
) -> None:
    # Every other one to the other command, as both open the database alike.
    command = "serve" if list(UNUSABLE.values()).index((change, said)) % 2 else "migrate"
    ended = run(command, LOCALDIAL_DATABASE_URL=change(url, postgres))
    line = _said_in_one_line(ended, postgres.password, "s3cret")
    assert said in line
    assert _tables(postgres, url) == set()


def test_an_empty_database_is_to_be_migrated_first(run: Run, url: str, postgres: PostgresServer) -> None:
    line = _said_in_one_line(run("serve", LOCALDIAL_DATABASE_URL=url), postgres.password)
    assert "is empty" in line
    assert "localdial migrate" in line
    assert _tables(postgres, url) == set()


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_newer_schema_is_refused_and_left_alone(
    run: Run, url: str, postgres: PostgresServer, command: str
) -> None:
    name = url.rpartition("/")[2]
    assert run("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
    postgres.execute("UPDATE localdial_schema_version SET version_num = '9999'", name)
    postgres.execute("DROP TABLE outbound_calls", name)
    # Nor is it waited for.
    ended = run(command, LOCALDIAL_DATABASE_URL=url, LOCALDIAL_SCHEMA_WAIT_SECONDS="3600")
    line = _said_in_one_line(ended, postgres.password)
    assert "newer" in line
    assert postgres.execute("SELECT version_num FROM localdial_schema_version", name) == [("9999",)]
    assert "outbound_calls" not in _tables(postgres, url)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_another_programs_database_is_refused_and_left_alone(
    run: Run, url: str, postgres: PostgresServer, command: str
) -> None:
    postgres.execute("CREATE TABLE theirs (x int)", url.rpartition("/")[2])
    ended = run(command, LOCALDIAL_DATABASE_URL=url, LOCALDIAL_SCHEMA_WAIT_SECONDS="3600")
    assert "another program" in _said_in_one_line(ended, postgres.password)
    assert _tables(postgres, url) == {"theirs"}


@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_name_is_refused(
    run: Run, postgres: PostgresServer, command: str, encoding: str
) -> None:
    name = f"in_{encoding}".lower()
    postgres.execute(f"DROP DATABASE IF EXISTS {name}")
    postgres.execute(f"CREATE DATABASE {name} OWNER localdial ENCODING '{encoding}' TEMPLATE template0")
    ended = run(command, LOCALDIAL_DATABASE_URL=postgres.url(name), LOCALDIAL_SCHEMA_WAIT_SECONDS="3600")
    line = _said_in_one_line(ended, postgres.password)
    assert f"encoding is {encoding}" in line
    assert _tables(postgres, postgres.url(name)) == set()


def test_a_role_that_may_not_make_tables_is_told(run: Run, postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE not_mine TEMPLATE template0")
    line = _said_in_one_line(
        run("migrate", LOCALDIAL_DATABASE_URL=postgres.url("not_mine")), postgres.password
    )
    assert "permission denied" in line
    postgres.execute("DROP DATABASE not_mine")


def test_of_two_migrations_at_once_one_migrates_and_both_succeed(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    with ExitStack() as started:
        processes = [
            started.enter_context(
                subprocess.Popen(
                    _command("migrate"),
                    env=_environment(tmp_path, LOCALDIAL_DATABASE_URL=url),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(3)
        ]
        said = [process.communicate(timeout=_DEADLINE_SECONDS) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert sorted("was migrated" in stdout for stdout, _ in said) == [False, False, True]
    assert "outbound_calls" in _tables(postgres, url)


def test_a_migration_that_fails_half_way_leaves_nothing_behind(
    run: Run, url: str, postgres: PostgresServer
) -> None:
    name = url.rpartition("/")[2]
    # A name that the migration needs late is taken, where only it looks.
    postgres.execute("CREATE SEQUENCE simulator_numbers", name)
    line = _said_in_one_line(run("migrate", LOCALDIAL_DATABASE_URL=url), postgres.password)
    assert "simulator_numbers" in line
    assert _tables(postgres, url) == set()


class Waiting:
    """A server that was started and does not serve yet, or perhaps never will."""

    def __init__(self, folder: Path, **settings: str) -> None:
        port_taken_by_nobody = _free_port()
        self.address = f"127.0.0.1:{port_taken_by_nobody}"
        self.process = subprocess.Popen(
            _command("serve"),
            env=_environment(folder, LOCALDIAL_LISTEN=self.address, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # Nothing hangs for want of a reader, nor for ever.
        self._timer = threading.Timer(_DEADLINE_SECONDS, self.process.kill)
        self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self.process.kill()
        self.process.communicate()

    def until_logged(self, event: str) -> str:
        """Wait for a line of the log."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if event in line:
                return line
        raise AssertionError(f"it ended before it logged {event}")

    def health(self) -> int:
        with grpc.insecure_channel(self.address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            response = stub.Check(  # type: ignore[attr-defined]
                health_pb2.HealthCheckRequest(), timeout=_DEADLINE_SECONDS, wait_for_ready=True
            )
            return int(response.status)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_while_the_schema_is_waited_for_it_is_healthy_and_serves_nothing_until_it_is_migrated(
    run: Run, url: str, tmp_path: Path
) -> None:
    settings = {"LOCALDIAL_DATABASE_URL": url, "LOCALDIAL_SCHEMA_WAIT_SECONDS": "3600"}
    with Waiting(tmp_path, **settings) as server:
        assert "localdial migrate" in server.until_logged("waiting for the schema")
        assert server.health() == health_pb2.HealthCheckResponse.NOT_SERVING
        with grpc.insecure_channel(server.address) as channel:
            stub = directory_pb2_grpc.DirectoryStub(channel)
            with pytest.raises(grpc.RpcError) as refused:
                stub.ListOrganizations(directory.ListOrganizationsRequest(), timeout=_DEADLINE_SECONDS)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert run("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
        server.until_logged('"serving"')
        assert server.health() == health_pb2.HealthCheckResponse.SERVING
        with Client(server.address) as client:
            client.directory.list_organizations(directory.ListOrganizationsRequest())


def test_sigterm_while_the_schema_is_waited_for_ends_it_cleanly(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = {"LOCALDIAL_DATABASE_URL": url, "LOCALDIAL_SCHEMA_WAIT_SECONDS": "3600"}
    with Waiting(tmp_path, **settings) as server:
        server.until_logged("waiting for the schema")
        server.process.terminate()
        assert server.process.wait(_DEADLINE_SECONDS) == 0
        assert server.process.stderr is not None
        assert "Traceback" not in server.process.stderr.read()
    assert _tables(postgres, url) == set()


def test_a_schema_that_does_not_come_in_time_is_said(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = {"LOCALDIAL_DATABASE_URL": url, "LOCALDIAL_SCHEMA_WAIT_SECONDS": "1"}
    with Waiting(tmp_path, **settings) as server:
        line = server.until_logged("Error")
        assert "localdial migrate" in line
        assert postgres.password not in line
        assert server.process.wait(_DEADLINE_SECONDS) not in (0, None)


def test_a_restart_of_the_database_while_the_schema_is_waited_for_is_no_reason_to_end(
    run: Run, url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = {"LOCALDIAL_DATABASE_URL": url, "LOCALDIAL_SCHEMA_WAIT_SECONDS": "3600"}
    with Waiting(tmp_path, **settings) as server:
        server.until_logged("waiting for the schema")
        postgres.stop()
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                # It looks every half second.
                server.process.wait(3)
        finally:
            postgres.start()
        assert run("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
        server.until_logged('"serving"')


def test_a_spool_directory_that_is_none_is_said(run: Run, url: str, tmp_path: Path) -> None:
    assert run("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
    in_its_place = tmp_path / "file"
    in_its_place.write_text("mine")
    for path in in_its_place, in_its_place / "below":
        line = _said_in_one_line(
            run("serve", LOCALDIAL_DATABASE_URL=url, LOCALDIAL_SPOOL_DIRECTORY=str(path))
        )
        assert "LOCALDIAL_SPOOL_DIRECTORY" in line
    assert in_its_place.read_text() == "mine"


def test_a_spool_directory_that_is_not_writable_is_said(run: Run, url: str) -> None:
    assert run("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
    # Not even root may make a folder there.
    line = _said_in_one_line(
        run("serve", LOCALDIAL_DATABASE_URL=url, LOCALDIAL_SPOOL_DIRECTORY="/proc/spool")
    )
    assert "LOCALDIAL_SPOOL_DIRECTORY" in line


@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize("size", [0, 60_000])
def test_an_sqlite_file_on_a_full_disk_is_said_and_usable_afterwards(
    run: Run, tmp_path: Path, command: str, size: int
) -> None:
    url = f"sqlite:///{tmp_path / 'localdial.db'}"
    ended = subprocess.run(
        _command(command),
        env=_environment(tmp_path, LOCALDIAL_DATABASE_URL=url, PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=_DEADLINE_SECONDS,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    assert str(tmp_path / "localdial.db") in _said_in_one_line(ended)
    assert run("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0


def test_an_sqlite_file_that_is_read_only_is_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "localdial.db"
    url = f"sqlite:///{file}"
    assert run("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
    before = file.read_bytes()
    with _ReadOnly(tmp_path) as is_read_only:
        if not is_read_only:
            pytest.skip("only the owner can take the right to write away, or root with mounts")
        line = _said_in_one_line(run("serve", LOCALDIAL_DATABASE_URL=url))
    assert str(file) in line
    assert file.read_bytes() == before


class _ReadOnly:
    """Makes a folder and what is in it read-only, for root too where it may mount."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_mounted = False

    def __enter__(self) -> bool:
        if os.geteuid() != 0:
            for path in [*self._folder.iterdir(), self._folder]:
                path.chmod(0o500)
            return True
        mount = ["mount", "--bind", str(self._folder), str(self._folder)]
        self._is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        if self._is_mounted:
            subprocess.run(["mount", "-o", "remount,ro,bind", self._folder], check=True)
        return self._is_mounted

    def __exit__(self, *_: object) -> None:
        if self._is_mounted:
            subprocess.run(["umount", self._folder], check=True)
        if os.geteuid() != 0:
            for path in [self._folder, *self._folder.iterdir()]:
                path.chmod(0o700)
