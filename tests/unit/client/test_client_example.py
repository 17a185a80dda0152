"""The example of the client runs."""

import subprocess
import sys
from pathlib import Path

import grpc

from localdial.v1.call_routing_pb2 import (
    CALLER_ID_REASON_ORGANIZATION_NUMBER,
    DESTINATION_REASON_LAST_CALLER,
    ResolveOutboundCallerIdResponse,
    RouteInboundCallResponse,
)
from localdial.v1.directory_pb2 import SetOrganizationResponse, SetUserResponse
from tests.support.fake_server import FakeServer, fails

CLIENT = Path(__file__).parents[3] / "clients" / "python"
REVISION = 7


def run(address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "examples/call_and_call_back.py", address]
    return subprocess.run(command, cwd=CLIENT, capture_output=True, text=True, timeout=60, check=False)


def test_the_example_shows_a_call_and_its_call_back(server: FakeServer, address: str) -> None:
    server.answers(
        SetOrganizationResponse(),
        SetUserResponse(revision=REVISION),
        ResolveOutboundCallerIdResponse(
            caller_id="+14085550100", reason=CALLER_ID_REASON_ORGANIZATION_NUMBER, revision=REVISION
        ),
        RouteInboundCallResponse(
            destination_number="+14155550142", user_id="ann", reason=DESTINATION_REASON_LAST_CALLER
        ),
    )
    result = run(address)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "ann calls +12125550123, who sees +14085550100",
        "  because: CALLER_ID_REASON_ORGANIZATION_NUMBER",
        "+12125550123 calls back and is connected with +14155550142",
        "  because: DESTINATION_REASON_LAST_CALLER, user ann",
    ]
    resolve, route = (each.request for each in server.received[2:])
    assert resolve.min_revision == REVISION
    assert (route.called_number, route.caller_number) == ("+14085550100", "+12125550123")


def test_the_example_reports_errors(server: FakeServer, address: str) -> None:
    server.answers(fails(grpc.StatusCode.INTERNAL, "a fault"))
    result = run(address)
    assert result.returncode == 1
    assert "INTERNAL: a fault" in result.stderr
    assert "Traceback" not in result.stderr
