"""The coverage example, on a live server."""

import subprocess
import sys
from pathlib import Path

import pytest

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import MapAreaCodesRequest, PurchaseNumbersRequest
from localdial_client import Client
from tests.functional.server_process import ServerProcess

COVERAGE = Path(__file__).parents[2] / "clients" / "python" / "examples" / "coverage.py"
CALLS = {
    "+14155550172": 3,
    "+15105550172": 2,
    "+13125550172": 1,
    "+12125550172": 4,
    "+12125550173": 1,
    "+18085550172": 1,
    "+18005550172": 1,
}

# The purchase follows the calls, so that the caller IDs of then differ from those of now.
RECORDED = """
Coverage of acme, calls of ann

area code  calls  covered by             shown
---------  -----  ---------------------  ------------
212            5  -                      +13125550142
415            3  own number             +14155550100
510            2  mapped number          +14155550100
312            1  the agent's caller ID  +13125550142
808            1  -                      +13125550142
none           1  -                      +13125550142

Calls by what covers them

covered by             calls  share
---------------------  -----  -----
-                          7  53.8%
own number                 3  23.1%
mapped number              2  15.4%
the agent's caller ID      1  7.7%

A local number is shown on 46.2% of 13 calls.
When they were made it was 7.7%.

Buy next

area code  calls  local then  on sale
---------  -----  ----------  -----------------
212            5  84.6%       NY
808            1  92.3%       sold out: map one
"""


@pytest.fixture(scope="module")
def address(server: ServerProcess) -> str:
    with Client(server.address) as client:
        organization = Organization(organization_id="acme")
        client.directory.set_organization(SetOrganizationRequest(organization=organization))
        user = User(organization_id="acme", user_id="ann", caller_id="+13125550142")
        client.directory.set_user(SetUserRequest(user=user))
        for callee, times in CALLS.items():
            for _ in range(times):
                client.call_routing.resolve_outbound_caller_id(
                    ResolveOutboundCallerIdRequest(
                        organization_id="acme", user_id="ann", callee_number=callee
                    )
                )
        client.number_inventory.purchase_numbers(
            PurchaseNumbersRequest(organization_id="acme", area_code="415")
        )
        client.number_inventory.map_area_codes(
            MapAreaCodesRequest(organization_id="acme", phone_number="+14155550100", area_codes=["510"])
        )
    return server.address


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(COVERAGE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_recorded_calls_are_grouped_by_what_covers_them(address: str) -> None:
    result = run("acme", "--server", address)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == RECORDED


def test_a_list_of_callees_is_grouped_by_what_covers_them(address: str, tmp_path: Path) -> None:
    callees = tmp_path / "callees.csv"
    callees.write_text("name,callee_number\nBea,+14155550172\nCy,+442071838750\nDee,415-555-0172\n", "utf-8")
    result = run("acme", "--server", address, "--callees", str(callees))
    assert (result.returncode, result.stderr) == (0, "")
    assert "A local number is shown on 50.0% of 2 calls." in result.stdout
    assert "When they were made" not in result.stdout
    assert "Calls left out because the number is not in E.164: 1, such as '415-555-0172'." in result.stdout
    assert "+4420" in result.stdout.partition("Buy next")[2]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nobody"], "ORGANIZATION_NOT_FOUND"),
        (["acme", "--user", "zoe"], "USER_NOT_FOUND"),
        (["acme", "--callees", "nothing.csv"], "nothing.csv"),
        (["acme", "--callees", "names.csv"], "no column callee_number"),
    ],
)
def test_errors_are_reported_in_one_line(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.csv").write_text("name\nBea\n", "utf-8")
    result = run(*arguments, "--server", address)
    assert result.returncode == 1
    assert problem in result.stderr
    assert len(result.stderr.splitlines()) == 1
