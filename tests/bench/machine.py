"""The machine of a run, and the versions of what is compared."""

import importlib.metadata
import json
import os
import platform
import re
import sqlite3
import subprocess
from pathlib import Path

from tests.support.postgres import programs

_RIVALS = Path(__file__).parent / "rivals"

_SERVER_PACKAGES = ("grpcio", "h2corn", "protobuf", "protovalidate", "uvloop", "sqlalchemy", "psycopg")
_GO_MODULES = ("google.golang.org/grpc", "github.com/jackc/pgx/v5")


def conditions(command: str) -> dict[str, str]:
    """Return what must be the same for a run to be continued, by name."""
    packages = [f"{name} {importlib.metadata.version(name)}" for name in _SERVER_PACKAGES]
    required = re.findall(r"(\S+) (v\S+)", (_RIVALS / "go/go.mod").read_text("utf-8"))
    modules = [f"{name} {version}" for name, version in required if name in _GO_MODULES]
    node_packages = json.loads((_RIVALS / "node/package.json").read_text("utf-8"))["dependencies"]
    return {
        "command": command,
        "commit": _output("git", "describe", "--always", "--dirty"),
        "machine": f"{_processor()}, {os.cpu_count()} cores; {platform.system()} {platform.release()}",
        "localdial": ", ".join(
            [f"Python {platform.python_version()}", *packages, f"SQLite {sqlite3.sqlite_version}"]
        ),
        "Go": ", ".join([_output("go", "env", "GOVERSION"), *modules]),
        "Node": ", ".join(
            [_output("node", "--version"), *(f"{name} {version}" for name, version in node_packages.items())]
        ),
        "database": f"{_output(str(programs() / 'postgres'), '--version')}, fsync on",
        "load": _output("h2load", "--version"),
    }


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    return platform.machine() if found is None else found[1]


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
