"""The Go programs against a live server: the README's and the dialer."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdial.v1.call_routing_pb2 import ListOutboundCallsRequest
from localdial_client import Client
from tests.functional.server_process import ServerProcess
from tests.support import go
from tests.support.waiting import DEADLINE_SECONDS

if go.missing():
    pytest.skip(f"{go.missing()} missing", allow_module_level=True)

README = (go.ROOT / "clients" / "go" / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the demo organization, whose calls each test counts before and after."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        subprocess.run(
            [sys.executable, "-m", "localdial_server", "demo"],
            env={**os.environ, "LOCALDIAL_SERVER": server.address},
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=DEADLINE_SECONDS,
        )
        yield server


@pytest.fixture
def dialer(server: ServerProcess) -> list[str]:
    """Return the command line of a dialer of the demo organization."""
    program = go.build("clients/go/examples/dialer", ".")
    return [str(program), "-server", server.address, "-organization", "demo", "-timeout", "10s"]


def list_of(folder: Path, *lines: str) -> str:
    path = folder / "list.csv"
    path.write_text("\n".join(["user_id,callee_number", *lines, ""]), "ascii")
    return str(path)


def end_of(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False)


def calls_at(server: ServerProcess) -> int:
    with Client(server.address) as client:
        request = ListOutboundCallsRequest(organization_id="demo", page_size=1000)
        return len(client.call_routing.list_outbound_calls(request).calls)


def test_the_readmes_program_prints_the_caller_id(server: ServerProcess, tmp_path: Path) -> None:
    (program,) = re.findall(r"^```go\n(package main\n.+?)^```$", README, re.MULTILINE | re.DOTALL)
    assert '"127.0.0.1:50051"' in program
    main = tmp_path / "main.go"
    main.write_text(program.replace("127.0.0.1:50051", server.address), "utf-8")
    answer = go.go("clients/go", "run", str(main))
    assert re.fullmatch(r"\+1415\d{7} CALLER_ID_REASON_LOCAL_PRESENCE_MAPPED\n", answer)


def test_the_dialer_dials_a_list_at_its_rate(
    dialer: list[str], server: ServerProcess, tmp_path: Path
) -> None:
    before = calls_at(server)
    lines = [f"bob,+1628555{number:04}" for number in range(60)]
    start = time.monotonic()
    ended = end_of(*dialer, "-rate", "60", "-legs", "6", list_of(tmp_path, *lines, "nobody,+16285550199"))
    took = time.monotonic() - start
    assert ended.returncode == 1, ended.stderr
    assert took >= 0.95
    said = ended.stdout.splitlines()
    assert sum("LOCAL_PRESENCE_MAPPED)" in line for line in said) == 60
    assert any(line.startswith("line 62: nobody calls +16285550199: not dialed: NOT_FOUND") for line in said)
    assert "      60 LOCAL_PRESENCE_MAPPED" in said
    assert "       1 USER_NOT_FOUND" in said
    assert re.search(
        r"latency of 11 calls, .*: p50 [\d.]+ ms p90 [\d.]+ ms p99 [\d.]+ ms max [\d.]+ ms", ended.stdout
    )
    assert calls_at(server) == before + 60


def test_the_dialer_dials_nothing_of_a_list_with_a_wrong_line(
    dialer: list[str], server: ServerProcess, tmp_path: Path
) -> None:
    before = calls_at(server)
    ended = end_of(*dialer, list_of(tmp_path, "bob,+16285550155", "bob,6285550155"))
    assert ended.returncode == 2
    assert 'list.csv:3: the callee_number "6285550155" is not E.164' in ended.stderr
    assert calls_at(server) == before


def test_an_interrupted_dialer_prints_its_summary(
    dialer: list[str], server: ServerProcess, tmp_path: Path
) -> None:
    before = calls_at(server)
    lines = [f"bob,+1628555{number:04}" for number in range(1000)]
    process = subprocess.Popen(
        [*dialer, "-rate", "20", "-legs", "1", list_of(tmp_path, *lines)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=DEADLINE_SECONDS)[0]
    assert process.returncode == 130
    dialed = said.count("who sees")
    assert 1 <= dialed < 1000
    assert f"{dialed} of 1000 legs dialed" in said
    # Every recorded call was printed, so no answer was lost.
    assert calls_at(server) == before + dialed


def test_the_dialer_reports_a_server_that_cannot_be_reached(tmp_path: Path) -> None:
    program = go.build("clients/go/examples/dialer", ".")
    command = [str(program), "-server", "127.0.0.1:1", "-organization", "demo", "-timeout", "10s"]
    ended = end_of(*command, list_of(tmp_path, "bob,+16285550155"))
    assert ended.returncode == 1
    assert "UNAVAILABLE" in ended.stdout
    assert "connection refused" in ended.stdout
