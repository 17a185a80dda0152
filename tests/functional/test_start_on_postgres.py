"""The start on PostgreSQL, and the one-line errors if it fails."""

import asyncio
import json
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import NullPool, create_engine, event

from localdial.v1 import directory_pb2 as directory
from localdial.v1 import directory_pb2_grpc
from localdial_client import Client
from localdial_server.runtime.bootstrap import application
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import read_settings
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from localdial_server.storage.sql.migrate import migrate, missing_migration, revisions, upgrade
from tests.conformance.store_records import call
from tests.functional.commands import Run, command_line, environment_of, said_in_one_line
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """Return the URL of an empty database."""
    url = postgres.create_database()
    postgres.execute("DROP ROLE IF EXISTS idle; CREATE ROLE idle NOLOGIN PASSWORD 's3cret'")
    yield url
    postgres.drop_database(url)


def _tables(postgres: PostgresServer, url: str) -> set[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return {name for (name,) in postgres.execute(query, url.rpartition("/")[2])}


async def _refusal(url: str, folder: Path, *, wait_seconds: float = 0) -> str:
    """Return the error of a server that gives up waiting for the schema."""
    settings = read_settings(
        database_url=url, spool_directory=str(folder / "spool"), database_wait_seconds=wait_seconds
    )
    async with application(settings) as app:
        with pytest.raises(StartError) as refused:
            await app.wait_until_usable(asyncio.Event(), settings.listen)
    (line,) = str(refused.value).splitlines()
    return line


def _query(parameters: str) -> Callable[[str, PostgresServer], str]:
    return lambda url, _postgres: f"{url}?{parameters}"


# A start ends at once for these, however long it may wait for the database.
_FOR_GOOD = (
    "a wrong password",
    "no password",
    "an unknown user",
    "a missing database",
    "a role without login",
)

UNUSABLE: dict[str, tuple[Callable[[str, PostgresServer], str], str]] = {
    "a wrong password": (
        lambda url, postgres: url.replace(postgres.password, "s3cret"),
        "password authentication failed",
    ),
    "no password": (lambda url, postgres: url.replace(f":{postgres.password}", ""), "no password supplied"),
    "an unknown user": (lambda url, _: url.replace("localdial:", "nobody:"), "authentication failed"),
    "a missing database": (lambda url, _: url.rpartition("/")[0] + "/missing", "does not exist"),
    "a role without login": (
        lambda url, postgres: url.replace(f"localdial:{postgres.password}", "idle:s3cret"),
        "is not permitted to log in",
    ),
    "a port where nobody is": (lambda url, postgres: url.replace(f":{postgres.port}/", ":1/"), "refused"),
    "a host that is not known": (
        lambda url, _: url.replace("127.0.0.1", "nowhere.invalid"),
        "nowhere.invalid",
    ),
    "a URL that is none": (lambda url, _: url.replace("://", "//"), "must be an SQLite or a PostgreSQL URL"),
    "another database's URL": (
        lambda url, _: url.replace("postgresql:", "mysql:"),
        "must be an SQLite or a PostgreSQL URL",
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
def test_an_unusable_url_is_reported_in_one_line(
    run_command: Run,
    url: str,
    postgres: PostgresServer,
    change: Callable[[str, PostgresServer], str],
    said: str,
) -> None:
    # Both commands open the database in the same way, so each case runs only one of them.
    command = "serve" if list(UNUSABLE.values()).index((change, said)) % 2 else "migrate"
    ended = run_command(
        command, LOCALDIAL_DATABASE_URL=change(url, postgres), LOCALDIAL_DATABASE_WAIT_SECONDS="0"
    )
    line = said_in_one_line(ended, postgres.password, "s3cret")
    assert said in line
    assert _tables(postgres, url) == set()


@pytest.mark.parametrize("name", _FOR_GOOD)
async def test_a_start_does_not_wait_where_waiting_cannot_help(
    url: str, postgres: PostgresServer, tmp_path: Path, name: str
) -> None:
    change, said = UNUSABLE[name]
    begun = time.monotonic()
    line = await _refusal(change(url, postgres), tmp_path, wait_seconds=600)
    assert time.monotonic() - begun < DEADLINE_SECONDS
    assert said in line
    assert "LOCALDIAL_DATABASE_URL" in line
    assert postgres.password not in line


async def test_a_start_waits_for_another_host_that_may_accept_what_one_refuses(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    two_hosts = url.replace(f"127.0.0.1:{postgres.port}", f"127.0.0.1:1,127.0.0.1:{postgres.port}")
    begun = time.monotonic()
    await _refusal(two_hosts.replace(postgres.password, "s3cret"), tmp_path, wait_seconds=1)
    assert time.monotonic() - begun >= 1


async def test_an_empty_database_must_be_migrated_first(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    line = await _refusal(url, tmp_path)
    assert "is empty" in line
    assert "localdial migrate" in line
    assert postgres.password not in line
    assert _tables(postgres, url) == set()


async def test_an_older_schema_must_be_migrated_first(
    run_command: Run, url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    oldest, *_, newest = revisions()
    with engine.begin() as connection:
        upgrade(connection, oldest)
    line = await _refusal(url, tmp_path)
    assert f"has schema {oldest}" in line
    assert "localdial migrate" in line
    query, name = "SELECT version_num FROM localdial_schema_version", url.rpartition("/")[2]
    assert postgres.execute(query, name) == [(oldest,)]
    assert f"from {oldest} to {newest}" in run_command("migrate", LOCALDIAL_DATABASE_URL=url).stdout
    assert postgres.execute(query, name) == [(newest,)]


def test_a_migration_that_ends_during_the_check_of_the_schema_is_not_another_programs(url: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    other = create_engine(engine.url, poolclass=NullPool)

    @event.listens_for(engine, "after_cursor_execute")
    def migrate_after_the_first_question(*arguments: object) -> None:
        if "pg_class" in str(arguments[2]):
            migrate(other)

    assert "localdial migrate" in str(missing_migration(engine))
    assert missing_migration(engine) is None


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_newer_schema_is_refused_and_unchanged(
    run_command: Run, migrated_url: str, postgres: PostgresServer, command: str
) -> None:
    name = migrated_url.rpartition("/")[2]
    postgres.execute("UPDATE localdial_schema_version SET version_num = '9999'", name)
    postgres.execute("DROP TABLE outbound_calls", name)
    # The command must not wait for the schema either.
    ended = run_command(command, LOCALDIAL_DATABASE_URL=migrated_url)
    line = said_in_one_line(ended, postgres.password)
    assert "newer" in line
    assert postgres.execute("SELECT version_num FROM localdial_schema_version", name) == [("9999",)]
    assert "outbound_calls" not in _tables(postgres, migrated_url)


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_another_programs_database_is_refused_and_unchanged(
    run_command: Run, url: str, postgres: PostgresServer, command: str
) -> None:
    postgres.execute("CREATE TABLE theirs (x int)", url.rpartition("/")[2])
    ended = run_command(command, LOCALDIAL_DATABASE_URL=url)
    assert "another program" in said_in_one_line(ended, postgres.password)
    assert _tables(postgres, url) == {"theirs"}


@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_name_is_refused(
    run_command: Run, postgres: PostgresServer, command: str, encoding: str
) -> None:
    name = f"in_{encoding}".lower()
    postgres.execute(f"DROP DATABASE IF EXISTS {name}")
    postgres.execute(f"CREATE DATABASE {name} OWNER localdial ENCODING '{encoding}' TEMPLATE template0")
    ended = run_command(command, LOCALDIAL_DATABASE_URL=postgres.url(name))
    line = said_in_one_line(ended, postgres.password)
    assert f"encoding is {encoding}" in line
    assert _tables(postgres, postgres.url(name)) == set()


def test_a_role_without_the_right_to_create_tables_is_reported(
    run_command: Run, postgres: PostgresServer
) -> None:
    postgres.execute("CREATE DATABASE not_mine TEMPLATE template0")
    line = said_in_one_line(
        run_command("migrate", LOCALDIAL_DATABASE_URL=postgres.url("not_mine")), postgres.password
    )
    assert "permission denied" in line
    postgres.execute("DROP DATABASE not_mine")


def test_concurrent_migrations_all_succeed_and_one_migrates(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    with ExitStack() as started:
        processes = [
            started.enter_context(
                subprocess.Popen(
                    command_line("migrate"),
                    env=environment_of(tmp_path, LOCALDIAL_DATABASE_URL=url),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(3)
        ]
        said = [process.communicate(timeout=DEADLINE_SECONDS) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert sorted("was migrated" in stdout for stdout, _ in said) == [False, False, True]
    assert "outbound_calls" in _tables(postgres, url)


def test_a_failed_migration_leaves_nothing_behind(
    run_command: Run, url: str, postgres: PostgresServer
) -> None:
    name = url.rpartition("/")[2]
    # Take a name that the migration needs late, in a place where nothing else looks.
    postgres.execute("CREATE SEQUENCE simulator_numbers", name)
    line = said_in_one_line(run_command("migrate", LOCALDIAL_DATABASE_URL=url), postgres.password)
    assert "simulator_numbers" in line
    assert _tables(postgres, url) == set()


class Waiting:
    """A server that was started but does not serve yet, and perhaps never will."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.address = ""
        self.process = subprocess.Popen(
            command_line("serve"),
            env=environment_of(folder, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # Limit the time of a test that waits for output.
        self._timer = threading.Timer(DEADLINE_SECONDS, self.process.kill)
        self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self.process.kill()
        self.process.communicate()

    def until_logged(self, event: str) -> str:
        """Wait for a log line with the event and return it; remember the address that the log mentions."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if event in line:
                if line.startswith("{"):
                    self.address = json.loads(line).get("address", self.address)
                return line
        raise AssertionError(f"the server ended before it logged {event}")

    def health(self) -> int:
        with grpc.insecure_channel(self.address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            response = stub.Check(  # type: ignore[attr-defined]  # the stubs package lacks it
                health_pb2.HealthCheckRequest(), timeout=DEADLINE_SECONDS, wait_for_ready=True
            )
            return int(response.status)


def test_a_server_that_waits_for_the_schema_reports_not_serving_until_the_migration(
    run_command: Run, url: str, tmp_path: Path
) -> None:
    with Waiting(tmp_path, LOCALDIAL_DATABASE_URL=url) as server:
        assert "localdial migrate" in server.until_logged("waiting for the schema")
        assert server.health() == health_pb2.HealthCheckResponse.NOT_SERVING
        with grpc.insecure_channel(server.address) as channel:
            stub = directory_pb2_grpc.DirectoryStub(channel)
            with pytest.raises(grpc.RpcError) as refused:
                stub.ListOrganizations(directory.ListOrganizationsRequest(), timeout=DEADLINE_SECONDS)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert run_command("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
        server.until_logged('"serving"')
        assert server.health() == health_pb2.HealthCheckResponse.SERVING
        with Client(server.address) as client:
            client.directory.list_organizations(directory.ListOrganizationsRequest())


def test_sigterm_stops_a_server_that_waits_for_the_schema_cleanly(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    with Waiting(tmp_path, LOCALDIAL_DATABASE_URL=url) as server:
        server.until_logged("waiting for the schema")
        server.process.terminate()
        assert server.process.wait(DEADLINE_SECONDS) == 0
        assert server.process.stderr is not None
        assert "Traceback" not in server.process.stderr.read()
    assert _tables(postgres, url) == set()


async def test_the_wait_for_the_schema_ends_in_an_error(url: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    assert "localdial migrate" in await _refusal(url, tmp_path, wait_seconds=1)
    assert time.monotonic() - begun >= 1


def test_the_wait_for_the_schema_survives_a_restart_of_the_database(
    run_command: Run, url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    with Waiting(tmp_path, LOCALDIAL_DATABASE_URL=url) as server:
        server.until_logged("waiting for the schema")
        postgres.stop()
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                # The server checks the schema every half second.
                server.process.wait(3)
        finally:
            postgres.start()
        assert run_command("migrate", LOCALDIAL_DATABASE_URL=url).returncode == 0
        server.until_logged('"serving"')


def test_a_server_waits_for_a_database_that_is_away_at_its_start(
    migrated_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    postgres.stop()
    try:
        with Waiting(tmp_path, LOCALDIAL_DATABASE_URL=migrated_url) as server:
            assert f"port {postgres.port} failed" in server.until_logged("waiting for the database")
            assert server.health() == health_pb2.HealthCheckResponse.NOT_SERVING
            postgres.start()
            server.until_logged('"serving"')
    finally:
        if not postgres.is_running:
            postgres.start()


def test_a_server_that_waits_for_the_database_stops_when_it_is_told_to(
    url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    with Waiting(tmp_path, LOCALDIAL_DATABASE_URL=url.replace(f":{postgres.port}/", ":1/")) as server:
        server.until_logged("waiting for the database")
        server.process.terminate()
        assert server.process.wait(DEADLINE_SECONDS) == 0


def test_a_spool_directory_that_is_a_file_is_reported(
    run_command: Run, migrated_url: str, tmp_path: Path
) -> None:
    in_its_place = tmp_path / "file"
    in_its_place.write_text("mine")
    for path in in_its_place, in_its_place / "below":
        line = said_in_one_line(
            run_command("serve", LOCALDIAL_DATABASE_URL=migrated_url, LOCALDIAL_SPOOL_DIRECTORY=str(path))
        )
        assert "LOCALDIAL_SPOOL_DIRECTORY" in line
    assert in_its_place.read_text() == "mine"


async def test_the_spool_of_another_database_is_refused_and_unchanged(
    run_command: Run, postgres: PostgresServer, migrated_url: str, tmp_path: Path
) -> None:
    def serve(url: str, until: str) -> None:
        with Waiting(tmp_path, LOCALDIAL_DATABASE_URL=url) as server:
            server.until_logged(until)

    # A server of this database has used the folder and left calls there.
    serve(migrated_url, '"serving"')
    folder = SpoolFolder(tmp_path / "spool", 1_000_000)
    spool = folder.take()
    [(identity,)] = postgres.execute("SELECT value FROM identity", migrated_url.rpartition("/")[2])
    folder.claim(str(identity), spool)
    await spool.add([call("waiting")])
    await spool.close()
    other = create_postgres(postgres)
    try:
        ended = run_command("serve", LOCALDIAL_DATABASE_URL=other)
        assert ended.returncode == 1
        said = f"Error: {tmp_path / 'spool'} is the spool of another database"
        assert ended.stderr.splitlines()[-1].startswith(said)
        assert postgres.execute("SELECT count(*) FROM outbound_calls", other.rpartition("/")[2]) == [(0,)]
        # A server of the same database records them, and then the folder is free.
        serve(migrated_url, "the spool is empty")
        assert postgres.execute("SELECT call_id FROM outbound_calls", migrated_url.rpartition("/")[2]) == [
            ("waiting",)
        ]
        serve(other, '"serving"')
    finally:
        postgres.drop_database(other)


def test_a_spool_directory_on_a_full_disk_is_reported(
    run_command: Run, migrated_url: str, tmp_path: Path
) -> None:
    ended = run_command(
        "serve",
        prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        LOCALDIAL_DATABASE_URL=migrated_url,
        PYTHONDONTWRITEBYTECODE="1",
    )
    line = said_in_one_line(ended)
    assert line.startswith(f"Error: cannot keep calls in {tmp_path / 'spool'} (LOCALDIAL_SPOOL_DIRECTORY): ")
    assert "sqlalche" not in line


def test_a_spool_directory_that_is_not_writable_is_reported(run_command: Run, migrated_url: str) -> None:
    # Not even root can create a folder there.
    line = said_in_one_line(
        run_command("serve", LOCALDIAL_DATABASE_URL=migrated_url, LOCALDIAL_SPOOL_DIRECTORY="/proc/spool")
    )
    assert "LOCALDIAL_SPOOL_DIRECTORY" in line
