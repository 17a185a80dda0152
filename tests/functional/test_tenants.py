"""What each role may call where credentials are required, and what it learns of other organizations."""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from localdial.v1 import call_routing_pb2, directory_pb2, number_inventory_pb2
from localdial_client import Client
from localdial_server.domain.principals import Role
from tests.functional.server_process import ServerProcess
from tests.support.access import (
    FOR_NO_ORGANIZATION,
    FOREIGN,
    OWN,
    ROUTE,
    is_expected,
    methods,
    request_for,
)

ABSENT: Final = "nobody"
ISSUER, AUDIENCE = "https://login.example.com/", "localdial"
KEY: Final = ec.generate_private_key(ec.SECP256R1())
FREE_NUMBER: Final = "+12125550199"
CALLER: Final = "+14155550123"

SCOPED: Final = (Role.DIALER, Role.VIEWER, Role.MANAGER)


class Answer(NamedTuple):
    """Everything that a caller sees of an answer."""

    code: str
    message: str = ""
    details: bytes = b""
    response: bytes = b""

    @property
    def reason(self) -> str:
        info = error_details_pb2.ErrorInfo()
        status = status_pb2.Status.FromString(self.details)
        return info.reason if any(detail.Unpack(info) for detail in status.details) else ""

    def without(self, *texts: str) -> "Answer":
        """Return the answer without what the request said itself."""
        message, details = self.message, self.details
        for text in texts:
            # As long, because the details say how long a text is.
            blank = "*" * len(text)
            message, details = message.replace(text, blank), details.replace(text.encode(), blank.encode())
        return self._replace(message=message, details=details)


def token(role: Role, organization_id: str = OWN, **changed: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"{role}-of-{organization_id}",
        "exp": time.time() + 3600,
        "localdial_role": role.value,
        "localdial_organization": organization_id,
        **changed,
    }
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "k1"})


class Server(NamedTuple):
    """A server with two organizations, each with a user, two numbers and a call under the same call_id."""

    channel: grpc.Channel
    numbers: dict[str, str]
    log: Path

    def call(self, name: str, request: Message, credential: str | None) -> Answer:
        metadata = [] if credential is None else [("authorization", f"Bearer {credential}")]
        method: Any = self.channel.unary_unary(
            f"/localdial.v1.{name.replace('.', '/')}",
            request_serializer=lambda message: message.SerializeToString(),
        )
        try:
            return Answer("OK", response=method(request, metadata=metadata, timeout=30))
        except grpc.RpcError as error:
            failed: Any = error
            details = dict(failed.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
            return Answer(failed.code().name, failed.details(), details)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("tenants")) as server:
        yield server


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Serve from this folder."""
    public = jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    keys = folder / "jwks.json"
    keys.write_text(json.dumps({"keys": [{**public, "kid": "k1"}]}))
    settings = {
        "LOCALDIAL_JWT_ISSUER": ISSUER,
        "LOCALDIAL_JWT_AUDIENCE": AUDIENCE,
        "LOCALDIAL_JWT_JWKS": str(keys),
    }
    with ServerProcess(folder, **settings) as process:
        with Client(process.address, key=token(Role.ADMIN)) as admin:
            numbers = {name: _set_up(admin, name) for name in (OWN, FOREIGN)}
        with grpc.insecure_channel(process.address, [("grpc.enable_retries", 0)]) as channel:
            yield Server(channel, numbers, process.log)


def _set_up(admin: Client, organization_id: str) -> str:
    """Create the organization, and return a number that it owns."""
    organization = directory_pb2.Organization(organization_id=organization_id)
    admin.directory.set_organization(directory_pb2.SetOrganizationRequest(organization=organization))
    user = directory_pb2.User(organization_id=organization_id, user_id="ann", work_phone="+12125550111")
    admin.directory.set_user(directory_pb2.SetUserRequest(user=user))
    bought = admin.number_inventory.purchase_numbers(
        number_inventory_pb2.PurchaseNumbersRequest(
            organization_id=organization_id, area_code="415", quantity=2, request_id="purchase"
        )
    )
    admin.call_routing.resolve_outbound_caller_id(
        call_routing_pb2.ResolveOutboundCallerIdRequest(
            organization_id=organization_id, user_id="ann", callee_number=CALLER, call_id="call"
        )
    )
    return bought.numbers[0].phone_number


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", methods())
def test_a_role_may_call_its_methods_and_no_other(server: Server, name: str, role: Role) -> None:
    # Without the fields that the method needs besides, so nothing is changed; permission comes first.
    own = server.call(name, request_for(name, OWN), token(role))
    assert own.code not in {"UNAUTHENTICATED", "INTERNAL", "UNKNOWN"}
    # The simulated carrier has one account, which all organizations share.
    is_shared = role is Role.MANAGER and name.endswith((".ImportNumbers", ".ListImportableNumbers"))
    assert (own.reason == "PERMISSION_DENIED") == (not is_expected(name, role) or is_shared)


@pytest.mark.parametrize("role", SCOPED)
@pytest.mark.parametrize("name", sorted(set(methods()) - FOR_NO_ORGANIZATION))
def test_a_foreign_organization_looks_like_one_that_does_not_exist(
    server: Server, name: str, role: Role
) -> None:
    foreign, absent = (
        server.call(name, request_for(name, organization_id), token(role))
        for organization_id in (FOREIGN, ABSENT)
    )
    assert foreign == absent
    assert foreign.reason == "PERMISSION_DENIED"


@pytest.mark.parametrize("name", methods())
@pytest.mark.parametrize("credential", [None, "ldk_aaaaaaaaaaaa_" + "x" * 43, "wrong", "a.b.c"])
def test_without_a_valid_credential_nothing_is_learned(
    server: Server, name: str, credential: str | None
) -> None:
    answers = {
        server.call(name, request_for(name, each), credential).without(each)
        for each in (OWN, FOREIGN, ABSENT)
    }
    (answer,) = answers
    assert answer.code == "UNAUTHENTICATED"
    assert answer.reason == "UNAUTHENTICATED"


@pytest.mark.parametrize("allow_degraded", [False, True])
def test_a_number_of_another_organization_is_not_found_by_a_dialer(
    server: Server, *, allow_degraded: bool
) -> None:
    def route(number: str, role: Role = Role.DIALER) -> Answer:
        request = call_routing_pb2.RouteInboundCallRequest(
            called_number=number, caller_number=CALLER, allow_degraded=allow_degraded
        )
        return server.call(ROUTE, request, token(role))

    foreign = route(server.numbers[FOREIGN])
    assert foreign.without(server.numbers[FOREIGN]) == route(FREE_NUMBER).without(FREE_NUMBER)
    assert foreign.reason == "NUMBER_NOT_FOUND"
    assert route(server.numbers[OWN]).code == "OK"
    assert route(server.numbers[FOREIGN], Role.GATEWAY).code == "OK"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("NumberInventory.GetNumber", {}),
        ("NumberInventory.MapAreaCodes", {"area_codes": ["628"]}),
        ("NumberInventory.UnmapAreaCodes", {"area_codes": ["628"]}),
    ],
)
def test_a_number_of_another_organization_looks_like_no_number(
    server: Server, name: str, fields: dict[str, Any]
) -> None:
    def answer(number: str) -> Answer:
        request: Any = request_for(name, OWN)
        request.MergeFrom(type(request)(phone_number=number, **fields))
        return server.call(name, request, token(Role.MANAGER)).without(number)

    assert answer(server.numbers[FOREIGN]) == answer(FREE_NUMBER)
    assert answer(FREE_NUMBER).reason == "NUMBER_NOT_FOUND"


def test_deleting_a_number_of_another_organization_fails_as_for_no_number(server: Server) -> None:
    def failure(number: str) -> bytes:
        request = number_inventory_pb2.DeleteNumbersRequest(
            organization_id=OWN, phone_numbers=[number], request_id=f"delete {number[-4:]}".replace(" ", "-")
        )
        answer = server.call("NumberInventory.DeleteNumbers", request, token(Role.MANAGER))
        response = number_inventory_pb2.DeleteNumbersResponse.FromString(answer.response)
        (failed,) = response.failures
        return failed.SerializeToString().replace(number.encode(), b"*" * len(number))

    assert failure(server.numbers[FOREIGN]) == failure(FREE_NUMBER)


def test_a_page_token_of_another_organization_looks_like_a_broken_one(server: Server) -> None:
    def list_with(page_token: str, role: Role, organization_id: str) -> Answer:
        request = number_inventory_pb2.ListNumbersRequest(
            organization_id=organization_id, page_size=1, page_token=page_token
        )
        return server.call("NumberInventory.ListNumbers", request, token(role, organization_id))

    first = list_with("", Role.VIEWER, FOREIGN)
    foreign = number_inventory_pb2.ListNumbersResponse.FromString(first.response).next_page_token
    assert foreign
    assert list_with(foreign, Role.VIEWER, OWN) == list_with("broken", Role.VIEWER, OWN)


def test_identifiers_that_another_organization_used_are_free(server: Server) -> None:
    def resolve(call_id: str) -> Answer:
        request = call_routing_pb2.ResolveOutboundCallerIdRequest(
            organization_id="third", user_id="bob", callee_number="+14155550177", call_id=call_id
        )
        return server.call(
            "CallRouting.ResolveOutboundCallerId", request, token(Role.DIALER, "third")
        ).without(call_id)

    def purchase(request_id: str) -> Answer:
        request = number_inventory_pb2.PurchaseNumbersRequest(
            organization_id="third", area_code="212", request_id=request_id
        )
        return server.call("NumberInventory.PurchaseNumbers", request, token(Role.MANAGER, "third"))

    admin = token(Role.ADMIN)
    third = directory_pb2.Organization(organization_id="third", organization_number="+13125550100")
    server.call("Directory.SetOrganization", directory_pb2.SetOrganizationRequest(organization=third), admin)
    user = directory_pb2.User(organization_id="third", user_id="bob")
    server.call("Directory.SetUser", directory_pb2.SetUserRequest(user=user), admin)
    # `call` and `purchase` are those of both other organizations.
    assert resolve("call").code == resolve("fresh").code == "OK"
    assert purchase("purchase").code == purchase("fresh").code == "OK"


@pytest.mark.parametrize(
    "changed",
    [{"aud": "another"}, {"exp": 1}, {"iss": "https://evil.example/"}, {"localdial_role": "root"}],
)
def test_a_token_that_is_not_for_this_server_is_refused(server: Server, changed: dict[str, Any]) -> None:
    request = request_for("Directory.GetOrganization", OWN)
    answer = server.call("Directory.GetOrganization", request, token(Role.VIEWER, **changed))
    assert answer.code == "UNAUTHENTICATED"


def test_no_credential_reaches_the_log(server: Server) -> None:
    sent = token(Role.VIEWER, aud="another")
    server.call("Directory.ListOrganizations", request_for("Directory.ListOrganizations", OWN), sent)
    logged = server.log.read_text("utf-8")
    assert sent not in logged
    assert sent.rpartition(".")[2] not in logged
