"""A webhook that cannot start says why."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.server_process import ServerProcess, environment_with
from tests.functional.webhook_process import WEBHOOK, webhook_address


@pytest.mark.parametrize("command", ["serve", "webhook"])
def test_a_webhook_on_a_port_in_use_is_refused(tmp_path: Path, command: str) -> None:
    server = ServerProcess(tmp_path, **WEBHOOK)
    server.start()
    try:
        address = webhook_address(server)
        settings = {**WEBHOOK, "LOCALDIAL_WEBHOOK_LISTEN": address}
        ended = subprocess.run(
            [sys.executable, "-m", "localdial_server", command],
            env=environment_with(**settings, LOCALDIAL_DATABASE_URL=f"sqlite:///{tmp_path}/other.db"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode != 0
        assert f"Error: cannot listen on {address}: the address is in use. Stop" in ended.stderr
        assert "Traceback" not in ended.stderr
    finally:
        assert server.stop() == 0
