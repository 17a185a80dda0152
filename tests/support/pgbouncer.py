"""A real pgbouncer in transaction mode, in front of a real PostgreSQL.

with PostgresServer() as server, PgBouncer(server) as pgbouncer:
    url = pgbouncer.url_of(server.create_database())
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from tests.support.daemon import Daemon
from tests.support.postgres import ROLE, PostgresServer

# Debian installs it in a folder that only root's PATH contains.
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

_SETTINGS = {
    "listen_addr": "127.0.0.1",
    "unix_socket_dir": "",
    "auth_type": "scram-sha-256",
    "admin_users": ROLE,
    "pool_mode": "transaction",
    "default_pool_size": "5",
    "min_pool_size": "3",
    # Use another connection for every transaction, so that code that relies on the state of a
    # session fails at once.
    "server_round_robin": "1",
    "max_client_conn": "200",
}


class PgBouncer(Daemon):
    """A pgbouncer for all databases of the server. `settings` override the defaults here."""

    def __init__(self, server: PostgresServer, settings: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._server = server
        self._settings = {**_SETTINGS, **(settings or {})}

    def url_of(self, database_url: str) -> str:
        """Return the URL of the server's database through pgbouncer."""
        assert f":{self._server.port}/" in database_url
        return database_url.replace(f":{self._server.port}/", f":{self.port}/")

    def connect(self) -> psycopg.Connection[Any]:
        """Connect to pgbouncer's console, which answers `SHOW POOLS` and similar commands."""
        url = self.url_of(self._server.url("pgbouncer"))
        # The console supports only simple queries.
        return psycopg.connect(url, connect_timeout=10, autocommit=True, cursor_factory=psycopg.ClientCursor)

    def command(self) -> Sequence[str | Path]:
        """Return the command line that serves on `self.port` in the foreground."""
        assert PROGRAM is not None, "pgbouncer is missing"
        users = self.folder / "users"
        users.write_text(f'"{ROLE}" "{self._server.password}"\n')
        users.chmod(0o644)
        settings = {**self._settings, "listen_port": str(self.port), "auth_file": str(users)}
        configuration = self.folder / "pgbouncer.ini"
        lines = [f"{name} = {value}" for name, value in settings.items()]
        configuration.write_text(
            "\n".join(
                ["[databases]", f"* = host=127.0.0.1 port={self._server.port}", "[pgbouncer]", *lines, ""]
            )
        )
        configuration.chmod(0o644)
        return [PROGRAM, configuration]
