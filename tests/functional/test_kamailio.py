"""Kamailio with the configuration of the docs asks localdial over HTTP about real calls of sipp."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdial.v1.call_routing_pb2 import (
    InboundCallOutcome,
    ListInboundCallsRequest,
    ListOutboundCallsRequest,
    ResolveOutboundCallerIdRequest,
)
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import Client
from tests.functional.server_process import ServerProcess
from tests.functional.sip import BORROWER, DIALER, IS_INSTALLED, PACKAGES, Phone, call, kamailio
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(
    not IS_INSTALLED, reason=f"Kamailio or sipp is missing: apt-get install {PACKAGES}"
)

LOCAL = "+14155550100"
CALLEE = "+14155550155"
WORK_PHONE = "+13125550151"
ORGANIZATION = "+18005550150"
FALLBACK = "+18005550199"


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    return start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0")


@pytest.fixture(autouse=True)
def acme(client: Client) -> Client:
    acme = Organization(organization_id="acme", organization_number=ORGANIZATION)
    client.directory.set_organization(SetOrganizationRequest(organization=acme))
    for name, phone in ("ann", WORK_PHONE), ("bob", ""):
        user = User(organization_id="acme", user_id=name, work_phone=phone)
        client.directory.set_user(SetUserRequest(user=user))
    client.number_inventory.purchase_numbers(PurchaseNumbersRequest(organization_id="acme", area_code="415"))
    return client


@pytest.fixture
def trunk(tmp_path: Path) -> Iterator[Phone]:
    with Phone(tmp_path, "trunk").running() as phone:
        yield phone


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[Phone]:
    with Phone(tmp_path, "phones").running() as phone:
        yield phone


@pytest.fixture
def proxy(tmp_path: Path, server: ServerProcess, trunk: Phone, phones: Phone) -> Iterator[str]:
    with kamailio(tmp_path, **defines(server, trunk, phones)) as address:
        yield address


def defines(server: ServerProcess, trunk: Phone, phones: Phone) -> dict[str, str]:
    """Return the settings of the configuration for these servers."""
    return {
        "LOCALDIAL": f"{server.page}localdial.v1.",
        "DIALER": DIALER,
        "TRUNK": trunk.address,
        "PHONES": phones.address,
        "FALLBACK": FALLBACK,
    }


def outcomes(client: Client) -> list[InboundCallOutcome.ValueType]:
    """Return the outcomes of the organization's call-backs."""
    listed = client.call_routing.list_inbound_calls(ListInboundCallsRequest(organization_id="acme"))
    return [each.outcome for each in listed.calls]


def call_by_ann(client: Client) -> None:
    """Let ann call the callee, without Kamailio."""
    request = ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number=CALLEE)
    client.call_routing.resolve_outbound_caller_id(request)


def caller_of(invite: str) -> str:
    return str(re.findall(r"^From:.*?sip:([^@]*)@", invite, re.MULTILINE)[0])


def callee_of(invite: str) -> str:
    return str(re.findall(r"^INVITE sip:([^@]*)@", invite)[0])


def test_an_outbound_call_shows_the_caller_id_that_localdial_resolved(
    acme: Client, proxy: str, trunk: Phone
) -> None:
    assert call(proxy, DIALER, CALLEE, "agent", "X-User: ann") == 0
    (invite,) = trunk.invites()
    assert (callee_of(invite), caller_of(invite)) == (CALLEE, LOCAL)
    assert "X-User" not in invite
    listed = acme.call_routing.list_outbound_calls(ListOutboundCallsRequest(organization_id="acme"))
    assert [(each.user_id, each.callee_number, each.caller_id) for each in listed.calls] == [
        ("ann", CALLEE, LOCAL)
    ]


def test_a_call_back_rings_the_agent_who_called_and_its_outcome_is_reported(
    acme: Client, proxy: str, phones: Phone
) -> None:
    call_by_ann(acme)
    assert call(proxy, BORROWER, LOCAL, CALLEE) == 0
    (invite,) = phones.invites()
    assert (callee_of(invite), caller_of(invite)) == (WORK_PHONE, CALLEE)
    wait_until(lambda: outcomes(acme) == [InboundCallOutcome.INBOUND_CALL_OUTCOME_ANSWERED])


def test_a_call_back_that_nobody_answers_rings_the_fallback_and_is_reported_as_missed(
    tmp_path: Path, server: ServerProcess, acme: Client, trunk: Phone
) -> None:
    call_by_ann(acme)
    with (
        Phone(tmp_path, "busy", "busy").running() as busy,
        kamailio(tmp_path, **defines(server, trunk, busy)) as address,
    ):
        assert call(address, BORROWER, LOCAL, CALLEE) == 1
        assert [callee_of(each) for each in busy.invites()] == [WORK_PHONE, ORGANIZATION]
    wait_until(lambda: outcomes(acme) == [InboundCallOutcome.INBOUND_CALL_OUTCOME_MISSED])


def test_a_call_back_without_a_callers_number_rings_the_organization(proxy: str, phones: Phone) -> None:
    assert call(proxy, BORROWER, LOCAL, "anonymous") == 0
    (invite,) = phones.invites()
    assert callee_of(invite) == ORGANIZATION


def test_a_call_back_rings_the_fallback_while_localdial_is_down(
    server: ServerProcess, proxy: str, phones: Phone
) -> None:
    server.kill()
    assert call(proxy, BORROWER, LOCAL, CALLEE) == 0
    (invite,) = phones.invites()
    assert callee_of(invite) == FALLBACK


def test_calls_that_localdial_refuses_are_refused(proxy: str, trunk: Phone) -> None:
    assert call(proxy, DIALER, CALLEE, "agent", "X-User: nobody") == 1
    assert call(proxy, DIALER, CALLEE, "agent", 'X-User: a"b') == 1
    assert call(proxy, BORROWER, "+14155550187", CALLEE) == 1
    assert trunk.invites() == []
