"""What commands load: each library takes time and memory at every start."""

import subprocess
import sys

import pytest

REPORT = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"


def loaded_by(code: str) -> set[str]:
    """Return the modules that a new process has loaded after this code."""
    run = subprocess.run(
        [sys.executable, "-c", REPORT + code], capture_output=True, encoding="utf-8", check=True
    )
    return set(run.stderr.split())


@pytest.mark.parametrize(
    ("code", "unneeded"),
    [
        (
            "sys.argv[1:] = ['--version']; from localdial_server.cli import main; main()",
            {"grpc", "google.protobuf", "pydantic", "rich", "localdial_client"},
        ),
        (
            (
                "sys.argv[1:] = ['--json', 'resolve', 'acme', 'ann', '+1', '--server', 'nonsense']\n"
                "from localdial_server.cli import main\n"
                "try: main()\n"
                "except SystemExit: assert 'localdial_server.cli.routing' in sys.modules"
            ),
            {"importlib.metadata", "localdial_server.cli.numbers", "pydantic", "rich"},
        ),
        (
            "import localdial_server.cli.supervise",
            {"google.protobuf", "grpc", "prometheus_client", "pydantic", "rich", "sqlalchemy", "typer"},
        ),
        (
            (
                "import localdial_server.cli.serve, localdial_server.runtime.serve\n"
                "import localdial_server.runtime.fast_front\n"
                "from localdial_server.settings.values import read_values; read_values().settings()"
            ),
            {
                "alembic",
                "cryptography",
                "jwt",
                "protovalidate",
                "psycopg",
                "pydantic",
                "pydantic_core",
                "rich",
                "sqlalchemy.dialects.postgresql",
                "starlette",
                "twilio",
                "uvicorn",
            },
        ),
    ],
)
def test_nothing_unneeded_is_loaded(code: str, unneeded: set[str]) -> None:
    assert loaded_by(code) & unneeded == set()
