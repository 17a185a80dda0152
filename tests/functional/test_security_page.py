"""The commands of the security page expose a server, as its readers would."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.grpcurl_page import GRPCURL, install_grpcurl
from tests.functional.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
NAME, ADDRESS = "localdial.example.com", "localdial.example.com:50051"

EXPOSING = PAGE.split("## Exposing a server")[1].split("## TLS")[0]
CLIENT_CERTIFICATES = PAGE.split("### Client certificates")[1].split("\n## ")[0]


def blocks(section: str) -> list[str]:
    return re.findall(r"^```sh\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)


def run(script: str, folder: Path, server: ServerProcess | None = None) -> str:
    """Run a block of the page in the folder, with the address of the server instead of the page's."""
    if server is not None:
        script = script.replace(ADDRESS, server.address.replace("127.0.0.1", "localhost"))
    script = script.replace(NAME, "localhost")
    ended = subprocess.run(
        ["bash", "-euc", f'localdial() {{ "{sys.executable}" -m localdial_server "$@"; }}\n{script}'],
        env={
            **os.environ,
            "PATH": f"{GRPCURL.parent}:{os.environ['PATH']}",
            "LOCALDIAL_DATABASE_URL": f"sqlite:///{folder}/localdial.db",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


# The first build of grpcurl takes minutes on a busy machine.
@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")
def test_the_commands_of_the_page_expose_a_server(tmp_path: Path) -> None:
    make, serve, call = blocks(EXPOSING)
    run(make, tmp_path)
    prepare, serve_command = serve.strip().rsplit("\n", 1)
    assert serve_command.startswith("localdial serve ")
    run(prepare, tmp_path)
    assert (tmp_path / "admin.key").stat().st_mode & 0o077 == 0
    settings = {name: str(tmp_path / file) for name, file in re.findall(r"(LOCALDIAL_TLS\w+)=(\S+)", serve)}
    with ServerProcess(tmp_path, **settings, LOCALDIAL_REQUIRE_CREDENTIALS="true") as server:
        localdial, grpcurl = call.splitlines()
        assert "ORGANIZATION" in run(localdial, tmp_path, server)
        if shutil.which("go") is None:
            pytest.skip("Go is missing, which grpcurl is installed with")
        install_grpcurl()
        assert "localdial.v1.CallRouting" in run(grpcurl, tmp_path, server)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")
def test_the_commands_of_the_page_make_a_client_certificate(tmp_path: Path) -> None:
    run(blocks(EXPOSING)[0], tmp_path)
    [make_and_call] = blocks(CLIENT_CERTIFICATES)
    settings = {
        "LOCALDIAL_TLS_CERTIFICATE": "server.pem",
        "LOCALDIAL_TLS_KEY": "server.key",
        "LOCALDIAL_TLS_CLIENT_CA": "ca.pem",
    }
    with ServerProcess(
        tmp_path,
        **{name: str(tmp_path / file) for name, file in settings.items()},
        LOCALDIAL_TLS_CLIENT_CERTIFICATES="required",
    ) as server:
        assert "ORGANIZATION" in run(make_and_call, tmp_path, server)
