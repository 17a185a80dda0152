"""The API over HTTP: the same calls as over gRPC, in other encodings."""

import gzip
import struct
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest, ResolveOutboundCallerIdResponse
from localdial.v1.directory_pb2 import (
    GetOrganizationRequest,
    Organization,
    SetOrganizationRequest,
    SetUserRequest,
    User,
)
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import Client
from localdial_server.rpc.contract import SERVICES, Contract
from tests.functional.http_caller import HttpCaller
from tests.functional.server_process import FRONT, ServerProcess

RESOLVE = "CallRouting/ResolveOutboundCallerId"
GET = "Directory/GetOrganization"
REQUEST = {
    "organizationId": "acme",
    "userId": "bob",
    "calleeNumber": "+14155550155",
    "validateOnly": True,
}
ACME = Organization(organization_id="acme", display_name="Acme", organization_number="+13035550199")

# On the fast front the port of gRPC speaks HTTP too.
ADDRESSES = ["own", *(["grpc"] if FRONT == "fast" else [])]


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    return start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0")


@pytest.fixture(params=ADDRESSES)
def http(request: pytest.FixtureRequest, server: ServerProcess) -> HttpCaller:
    return HttpCaller(server.page if request.param == "own" else f"http://{server.address}/")


@pytest.fixture
def expected(client: Client) -> ResolveOutboundCallerIdResponse:
    """The answer of gRPC to `REQUEST`."""
    client.directory.set_organization(SetOrganizationRequest(organization=ACME))
    client.directory.set_user(SetUserRequest(user=User(organization_id="acme", user_id="bob")))
    client.number_inventory.purchase_numbers(PurchaseNumbersRequest(organization_id="acme", area_code="415"))
    request = json_format.ParseDict(REQUEST, ResolveOutboundCallerIdRequest())
    return client.call_routing.resolve_outbound_caller_id(request)


def test_a_call_in_json_gets_the_answer_of_grpc(
    http: HttpCaller, expected: ResolveOutboundCallerIdResponse
) -> None:
    answer = http.call(RESOLVE, REQUEST)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json_format.Parse(answer.body, ResolveOutboundCallerIdResponse()) == expected


def test_a_call_in_binary_and_by_grpc_web_gets_the_answer_of_grpc(
    http: HttpCaller, expected: ResolveOutboundCallerIdResponse
) -> None:
    raw = json_format.ParseDict(REQUEST, ResolveOutboundCallerIdRequest()).SerializeToString()
    answer = http.post(RESOLVE, raw, content_type="application/proto")
    assert ResolveOutboundCallerIdResponse.FromString(answer.body) == expected
    framed = b"\0" + struct.pack(">I", len(raw)) + raw
    answer = http.post(RESOLVE, framed, content_type="application/grpc-web+proto")
    size = int.from_bytes(answer.body[1:5])
    assert ResolveOutboundCallerIdResponse.FromString(answer.body[5 : 5 + size]) == expected
    assert b"grpc-status: 0" in answer.body[5 + size :]


def test_every_method_of_the_contract_is_served(http: HttpCaller) -> None:
    contract = Contract()
    for service in SERVICES:
        for method in contract.service(service).methods:
            answer = http.call(f"{service}/{method.name}", {"nothing": 1})
            assert (answer.status, answer.reason) == (400, "MALFORMED_REQUEST"), method.full_name


@pytest.mark.parametrize("organization_id", ["nobody", "not an identifier!", ""])
def test_an_error_is_that_of_grpc(http: HttpCaller, server: ServerProcess, organization_id: str) -> None:
    answer = http.call(GET, {"organizationId": organization_id})
    request = GetOrganizationRequest(organization_id=organization_id).SerializeToString()
    with grpc.insecure_channel(server.address) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/localdial.v1.{GET}")
        with pytest.raises(grpc.RpcError) as raised:
            call(request, timeout=5)
    error: Any = raised.value
    assert answer.document["code"] == error.code().name.lower()
    assert answer.document["message"] == error.details()
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    assert [each["type"] for each in answer.document["details"]] == [
        each.type_url.rpartition("/")[2] for each in Status.FromString(details).details
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"calleNumber":"+1"}', "there is no field calleNumber; did you mean calleeNumber?"),
        (b'{"userId":5,"validateOnly":"x"}', "userId must be a string; validateOnly must be true or false"),
        (b'{"a":\n 1', "the body is not JSON: Expecting ',' delimiter at line 2, column 3"),
        (b"", "the body is empty; send a JSON object"),
        (b"[1]", "the body must be a JSON object"),
        (b"null", "the body must be a JSON object"),
        (b'{"userId":"\xff"}', "the body is not UTF-8 text: its byte 12 is wrong"),
        (b'{"userId":"a","userId":"b"}', "userId occurs twice"),
        (b"[" * 10_000, "nested too deeply"),
    ],
)
def test_json_that_cannot_be_read_is_refused_with_what_is_wrong_and_where(
    http: HttpCaller, body: bytes, problem: str
) -> None:
    answer = http.post(RESOLVE, body)
    assert (answer.status, answer.reason) == (400, "MALFORMED_REQUEST")
    assert problem in answer.document["message"]


@pytest.mark.parametrize(
    ("rpc", "body"),
    [
        (RESOLVE, b'{"organizationId":"acme","userId":"bob","user_id":"ann"}'),
        (RESOLVE, b'{"user_id":"bob","userId":"bob"}'),
        (RESOLVE, b'{"user_id":null,"userId":"bob"}'),
        ("Directory/SetUser", b'{"user":{"organizationId":"acme","user_id":"bob","userId":"ann"}}'),
        ("Directory/BatchSetUsers", b'{"users":[{"userId":"a"},{"userId":"b","user_id":"c"}]}'),
    ],
)
def test_a_field_under_both_of_its_names_is_refused(http: HttpCaller, rpc: str, body: bytes) -> None:
    answer = http.post(rpc, body)
    assert (answer.status, answer.reason) == (400, "MALFORMED_REQUEST")
    assert "userId and user_id are the same field; send only one of them" in answer.document["message"]


def test_wrong_fields_deep_in_a_list_are_named_all_at_once(http: HttpCaller) -> None:
    users = [{"userId": "a"}, {"userId": 1, "workFone": "+1"}]
    answer = http.call("Directory/BatchSetUsers", {"organizationId": "acme", "users": users})
    assert answer.document["message"] == (
        "the request cannot be read: users[1].userId must be a string; there is no field users[1].workFone; "
        "did you mean workPhone?"
    )


def test_there_is_no_get_and_no_other_content_type(http: HttpCaller) -> None:
    answer = http.send("GET", f"/localdial.v1.{RESOLVE}?encoding=json&message=%7B%7D")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    for kind in "text/plain", "application/x-www-form-urlencoded", "json", "application/grpc":
        answer = http.post(RESOLVE, b"{}", content_type=kind)
        assert answer.status == 415, kind
        assert "application/json" in answer.document["message"]
    assert http.call("CallRouting/Unknown", {}).status == 404


def test_a_compressed_request_is_read_and_a_bomb_is_refused(http: HttpCaller) -> None:
    small = gzip.compress(b'{"organizationId":"nobody"}')
    assert http.post(GET, small, content_encoding="gzip").reason == "ORGANIZATION_NOT_FOUND"
    bomb = gzip.compress(b" " * 30_000_000)
    assert len(bomb) < 40_000
    answer = http.post(GET, bomb, content_encoding="gzip")
    assert (answer.status, answer.reason) == (429, "REQUEST_TOO_LARGE")


def test_a_large_request_is_refused_and_the_largest_that_the_rules_allow_is_not(http: HttpCaller) -> None:
    answer = http.post(GET, b" " * 60_000)
    assert (answer.status, answer.reason) == (429, "REQUEST_TOO_LARGE")
    # In JSON, Python writes each of these characters as 12 bytes.
    users = [
        {
            "organizationId": "nobody",
            "userId": f"{number:064}",
            "displayName": "\N{GRINNING FACE}" * 200,
            "workPhone": "+14155550155",
        }
        for number in range(1000)
    ]
    answer = http.call("Directory/BatchSetUsers", {"organizationId": "nobody", "users": users})
    assert answer.reason == "ORGANIZATION_NOT_FOUND"


def test_a_deadline_ends_a_purchase_with_the_advice_of_grpc(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0", LOCALDIAL_SIMULATOR_LATENCY_MS="2000")
    http = HttpCaller(server.page)
    assert http.call("Directory/SetOrganization", {"organization": {"organizationId": "acme"}}).status == 200
    document = {"organizationId": "acme", "areaCode": "415", "quantity": 1, "requestId": "one"}
    answer = http.call("NumberInventory/PurchaseNumbers", document, connect_timeout_ms="700")
    assert (answer.status, answer.reason) == (503, "PURCHASE_PENDING")
    assert int(answer.headers["retry-after"]) >= 1
    answer = http.call(GET, {"organizationId": "acme"}, connect_timeout_ms="0")
    assert (answer.status, answer.document["code"]) == (504, "deadline_exceeded")


def test_credentials_are_asked_for_before_a_request_is_read(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0", LOCALDIAL_REQUIRE_CREDENTIALS="true")
    http = HttpCaller(server.page)
    for headers in {}, {"authorization": "Bearer ldk_x"}, {"authorization": "Basic YTpi"}:
        answer = http.post(RESOLVE, b"{", **headers)
        assert (answer.status, answer.reason) == (401, "UNAUTHENTICATED")
