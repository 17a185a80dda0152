"""gRPC's own log."""

import os
import subprocess
import sys

import pytest

_BIND_TWICE = """
import socket

import localdial_server
import grpc

with socket.create_server(("127.0.0.1", 0)) as taken:
    try:
        grpc.server(None, options=[("grpc.so_reuseport", 0)]).add_insecure_port(
            f"127.0.0.1:{taken.getsockname()[1]}"
        )
    except RuntimeError:
        print("refused")
"""


@pytest.mark.parametrize(("verbosity", "is_silent"), [(None, True), ("ERROR", False)])
def test_grpc_is_silent_on_stderr_unless_its_log_is_asked_for(
    verbosity: str | None, *, is_silent: bool
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"}
    if verbosity is not None:
        environment["GRPC_VERBOSITY"] = verbosity
    ended = subprocess.run(
        [sys.executable, "-c", _BIND_TWICE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout == "refused\n"
    assert ("add_port" not in ended.stderr) == is_silent
