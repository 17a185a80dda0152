"""Each bad input gets a clear status with ErrorInfo and every invalid field."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import grpc
import pytest
from google.protobuf.message import Message

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial_client import (
    AlreadyExists,
    Client,
    FailedPrecondition,
    InvalidArgument,
    LocaldialError,
    NotFound,
    ResourceExhausted,
    from_status,
)
from tests.functional.server_process import ServerProcess

MINE, THEIRS = "mine", "theirs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        for organization_id in MINE, THEIRS:
            organization = directory.Organization(organization_id=organization_id)
            client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
            client.directory.set_user(
                directory.SetUserRequest(
                    user=directory.User(
                        organization_id=organization_id, user_id="ann", caller_id="+13125550142"
                    )
                )
            )
        yield client


@pytest.fixture(scope="module")
def my_number(client: Client) -> str:
    return buy(client, MINE)


@pytest.fixture(scope="module")
def their_number(client: Client) -> str:
    return buy(client, THEIRS)


def buy(client: Client, organization_id: str) -> str:
    request = inventory.PurchaseNumbersRequest(organization_id=organization_id, area_code="415")
    return client.number_inventory.purchase_numbers(request).numbers[0].phone_number


def refused(call: Callable[[], object], error: type[LocaldialError], reason: str) -> LocaldialError:
    with pytest.raises(error) as caught:
        call()
    assert caught.value.reason == reason
    return caught.value


def fields_of(call: Callable[[], object]) -> dict[str, str]:
    error = refused(call, InvalidArgument, "INVALID_FIELDS")
    return {violation.field: violation.description for violation in error.field_violations}


def resolve(client: Client, **fields: Any) -> Callable[[], Message]:
    request = calls.ResolveOutboundCallerIdRequest(
        **{"organization_id": MINE, "user_id": "ann", "callee_number": "+14155550123", **fields}
    )
    return lambda: client.call_routing.resolve_outbound_caller_id(request)


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        ("4155550123", "+14155550123"),
        ("(415) 555-0123", "+14155550123"),
        ("1-415-555-0123", "+14155550123"),
        ("+1415\uff15550123", "+14155550123"),
        ("+14155550123\n", "+14155550123"),
        ("+" + "1" * 299, None),
        ("+0123456789", None),
        ("+123456", None),
        ("anonymous", None),
    ],
)
def test_a_number_that_is_not_e164_is_refused_with_a_suggestion(
    client: Client, number: str, meant: str | None
) -> None:
    fields = fields_of(resolve(client, callee_number=number))
    assert list(fields) == ["callee_number"]
    assert "must be a phone number in E.164" in fields["callee_number"]
    assert ("did you mean" in fields["callee_number"]) == (meant is not None)
    assert meant is None or meant in fields["callee_number"]


def test_all_bad_fields_are_named_at_once(client: Client) -> None:
    fields = fields_of(
        resolve(client, organization_id="", user_id="a b", callee_number="x", call_id="ü", min_revision=-1)
    )
    assert set(fields) == {"organization_id", "user_id", "callee_number", "call_id", "min_revision"}


def test_fields_of_nested_messages_are_named_by_their_path(client: Client) -> None:
    users = [
        directory.User(organization_id=MINE, user_id="fine"),
        directory.User(organization_id=MINE, user_id="", caller_id="123", display_name="bell\a"),
    ]
    request = directory.BatchSetUsersRequest(organization_id=MINE, users=users)
    assert set(fields_of(lambda: client.directory.batch_set_users(request))) == {
        "users[1].user_id",
        "users[1].caller_id",
        "users[1].display_name",
    }


def test_a_name_is_stored_without_the_spaces_and_marks_around_it(client: Client) -> None:
    def set_name(name: str) -> directory.SetUserResponse:
        user = directory.User(organization_id=MINE, user_id="named", display_name=name)
        return client.directory.set_user(directory.SetUserRequest(user=user))

    first = set_name("\u200fعلي\u200f \n")
    assert first.user.display_name == "علي"
    assert set_name("علي").revision == first.revision, "a repeat changes nothing"
    assert set_name("\ufeffعلي").revision == first.revision
    request = directory.GetUserRequest(organization_id=MINE, user_id="named")
    assert client.directory.get_user(request).user.display_name == "علي"
    assert set_name(" \u200b ").user.display_name == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Acme\u00ad Loans", "character 5 is SOFT HYPHEN (U+00AD)"),
        ("Acme\ue000", "character 5 is PRIVATE USE CHARACTER (U+E000)"),
        ("Acme\U000e0041", "character 5 is TAG LATIN CAPITAL LETTER A (U+E0041)"),
        ("A" + "\u0301" * 199, "at most 8 combining marks in a row; character 10"),
    ],
)
def test_a_name_that_people_cannot_read_is_refused_by_its_character(
    client: Client, name: str, problem: str
) -> None:
    organization = directory.Organization(organization_id=MINE, display_name=name)
    request = directory.SetOrganizationRequest(organization=organization)
    fields = fields_of(lambda: client.directory.set_organization(request))
    assert problem in fields["organization.display_name"]


def test_a_batch_must_have_users_of_one_organization_each_only_once(client: Client) -> None:
    users = [
        directory.User(organization_id=MINE, user_id="ann"),
        directory.User(organization_id=THEIRS, user_id="bob"),
        directory.User(organization_id=MINE, user_id="ann"),
    ]
    request = directory.BatchSetUsersRequest(organization_id=MINE, users=users)
    assert set(fields_of(lambda: client.directory.batch_set_users(request))) == {
        "users[1].organization_id",
        "users[2].user_id",
    }


def test_an_unknown_enum_value_is_refused(client: Client) -> None:
    request = inventory.ListNumbersRequest(organization_id=MINE, state=99)  # type: ignore[arg-type]  # no such state
    assert set(fields_of(lambda: client.number_inventory.list_numbers(request))) == {"state"}


def test_a_negative_page_size_is_refused(client: Client) -> None:
    request = directory.ListUsersRequest(organization_id=MINE, page_size=-1)
    assert set(fields_of(lambda: client.directory.list_users(request))) == {"page_size"}


def test_a_page_token_of_another_organization_is_refused(client: Client) -> None:
    users = [directory.User(organization_id=MINE, user_id=f"user{index}") for index in range(3)]
    client.directory.batch_set_users(directory.BatchSetUsersRequest(organization_id=MINE, users=users))
    first = client.directory.list_users(directory.ListUsersRequest(organization_id=MINE, page_size=1))
    request = directory.ListUsersRequest(organization_id=THEIRS, page_token=first.next_page_token)
    assert set(fields_of(lambda: client.directory.list_users(request))) == {"page_token"}


@pytest.mark.parametrize(
    "area_code", ["800", "900", "500", "911", "000", "41", "4155", "+1415", "+447", "abc", ""]
)
def test_an_area_code_that_is_not_geographic_is_refused(client: Client, area_code: str) -> None:
    request = inventory.PurchaseNumbersRequest(organization_id=MINE, area_code=area_code)
    assert set(fields_of(lambda: client.number_inventory.purchase_numbers(request))) == {"area_code"}


@pytest.mark.parametrize("quantity", [0, -1, 101, 1000])
def test_a_quantity_out_of_bounds_is_refused(client: Client, quantity: int) -> None:
    request = inventory.PurchaseNumbersRequest(organization_id=MINE, area_code="415", quantity=quantity)
    assert set(fields_of(lambda: client.number_inventory.purchase_numbers(request))) == {"quantity"}


def test_a_number_cannot_be_mapped_to_its_own_area_code(client: Client, my_number: str) -> None:
    request = inventory.MapAreaCodesRequest(
        organization_id=MINE, phone_number=my_number, area_codes=["628", "415", "800"]
    )
    fields = fields_of(lambda: client.number_inventory.map_area_codes(request))
    assert set(fields) == {"area_codes[1]", "area_codes[2]"}
    assert "own area code" in fields["area_codes[1]"]
    found = client.number_inventory.get_number(
        inventory.GetNumberRequest(organization_id=MINE, phone_number=my_number)
    )
    assert list(found.number.mapped_area_codes) == []


def test_another_organizations_number_looks_like_an_unknown_number(client: Client, their_number: str) -> None:
    def ask(phone_number: str) -> tuple[str, str, dict[str, str]]:
        request = inventory.GetNumberRequest(organization_id=MINE, phone_number=phone_number)
        error = refused(lambda: client.number_inventory.get_number(request), NotFound, "NUMBER_NOT_FOUND")
        metadata = dict(error.metadata)
        assert metadata.pop("phone_number") == phone_number
        return error.message, error.reason, metadata

    assert ask(their_number) == ask("+14155559999")
    mapping = inventory.MapAreaCodesRequest(
        organization_id=MINE, phone_number=their_number, area_codes=["628"]
    )
    refused(lambda: client.number_inventory.map_area_codes(mapping), NotFound, "NUMBER_NOT_FOUND")
    deletion = inventory.DeleteNumbersRequest(organization_id=MINE, phone_numbers=[their_number])
    (failure,) = client.number_inventory.delete_numbers(deletion).failures
    assert from_status(failure.status).reason == "NUMBER_NOT_FOUND"


def test_the_same_request_id_with_other_arguments_is_refused(client: Client) -> None:
    def purchase(area_code: str) -> inventory.PurchaseNumbersResponse:
        return client.number_inventory.purchase_numbers(
            inventory.PurchaseNumbersRequest(
                organization_id=MINE, area_code=area_code, request_id="only-once"
            )
        )

    first = purchase("312")
    refused(lambda: purchase("212"), AlreadyExists, "REQUEST_ID_REUSED")
    assert purchase("312") == first


def test_the_same_call_id_for_another_callee_is_refused(client: Client) -> None:
    resolve(client, call_id="call-1")()
    error = refused(
        resolve(client, call_id="call-1", callee_number="+12125550123"), AlreadyExists, "CALL_ID_REUSED"
    )
    assert error.metadata == {"call_id": "call-1"}


def test_a_revision_that_was_never_reached_is_refused(client: Client) -> None:
    error = refused(resolve(client, min_revision=2**62), FailedPrecondition, "REVISION_NOT_REACHED")
    assert int(error.metadata["revision"]) > 0


def test_a_caller_number_may_be_any_text_of_up_to_256_characters(client: Client, my_number: str) -> None:
    organization = directory.Organization(organization_id=MINE, organization_number="+13125550150")
    client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))

    def route(caller_number: str) -> calls.RouteInboundCallResponse:
        return client.call_routing.route_inbound_call(
            calls.RouteInboundCallRequest(called_number=my_number, caller_number=caller_number)
        )

    for caller_number in "", "anonymous", "\0", "sip:x@example.com", "☎" * 256:
        assert route(caller_number).destination_number == "+13125550150"
    assert set(fields_of(lambda: route("1" * 257))) == {"caller_number"}


def test_a_bad_leg_of_a_batch_does_not_affect_the_others(client: Client) -> None:
    def leg(
        organization_id: str = MINE, user_id: str = "ann", callee_number: str = "+13125550123"
    ) -> calls.ResolveOutboundCallerIdRequest:
        return calls.ResolveOutboundCallerIdRequest(
            organization_id=organization_id, user_id=user_id, callee_number=callee_number
        )

    request = calls.BatchResolveOutboundCallerIdsRequest(
        requests=[leg(), leg(callee_number="x"), leg(user_id="nobody"), leg(organization_id="none"), leg()]
    )
    results = client.call_routing.batch_resolve_outbound_caller_ids(request).results
    reasons = [from_status(result.status).reason if result.HasField("status") else "" for result in results]
    assert reasons == ["", "INVALID_FIELDS", "USER_NOT_FOUND", "ORGANIZATION_NOT_FOUND", ""]
    assert [violation.field for violation in from_status(results[1].status).field_violations] == [
        "callee_number"
    ]


@pytest.mark.parametrize("legs", [0, 501])
def test_a_batch_of_no_legs_or_too_many_is_refused(client: Client, legs: int) -> None:
    request = calls.BatchResolveOutboundCallerIdsRequest(
        requests=[calls.ResolveOutboundCallerIdRequest()] * legs
    )
    call = client.call_routing.batch_resolve_outbound_caller_ids
    assert set(fields_of(lambda: call(request))) == {"requests"}


def test_a_request_over_the_size_limit_is_refused(client: Client) -> None:
    request = directory.SetUserRequest(user=directory.User(display_name="x" * 16 * 1024))
    error = refused(lambda: client.directory.set_user(request), ResourceExhausted, "REQUEST_TOO_LARGE")
    assert error.metadata == {"size_bytes": str(request.ByteSize()), "max_size_bytes": "16384"}


def call_raw(server: ServerProcess, method: str, request: bytes) -> tuple[grpc.StatusCode, set[str]]:
    """Call a method with these bytes; return its status and the names of its trailers."""
    with grpc.insecure_channel(server.address) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        with pytest.raises(grpc.RpcError) as caught:
            call(request, timeout=5)
    failed = cast(grpc.Call, caught.value)
    return failed.code(), {name for name, _ in failed.trailing_metadata()}


def test_bytes_that_are_not_a_message_are_refused(server: ServerProcess) -> None:
    code, trailers = call_raw(server, "/localdial.v1.CallRouting/RouteInboundCall", b"\xff\xff\xff")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "grpc-status-details-bin" in trailers


def test_an_unknown_method_is_unimplemented(server: ServerProcess) -> None:
    code, _ = call_raw(server, "/localdial.v1.CallRouting/Nonsense", b"")
    assert code is grpc.StatusCode.UNIMPLEMENTED
