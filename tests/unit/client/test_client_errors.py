"""The exceptions of failed calls, and their content."""

import pickle

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, Help, RetryInfo
from google.rpc.status_pb2 import Status

import localdial_client
from localdial.v1.directory_pb2 import BatchSetUsersRequest, GetUserRequest
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import (
    FieldViolation,
    InvalidArgument,
    LocaldialError,
    NotFound,
    Unavailable,
    from_status,
)
from tests.support.fake_server import FakeServer, fails, fails_raw, status

from .conftest import Api

USER_NOT_FOUND = ErrorInfo(
    domain="localdial",
    reason="USER_NOT_FOUND",
    metadata={"organization_id": "acme", "user_id": "ann"},
)
BAD_FIELDS = BadRequest(
    field_violations=[
        BadRequest.FieldViolation(field="user_id", description="is required"),
        BadRequest.FieldViolation(field="organization_id", description="must be visible ASCII"),
    ]
)
INVALID_FIELDS = ErrorInfo(domain="localdial", reason="INVALID_FIELDS")
ERROR_CODES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]


async def failure(api: Api, request: GetUserRequest | None = None) -> LocaldialError:
    with pytest.raises(LocaldialError) as caught:
        await api.call("directory.get_user", request or GetUserRequest())
    return caught.value


def class_name(code: grpc.StatusCode) -> str:
    """Return the class for a status: `NotFound` for `NOT_FOUND`, the base class if it has none."""
    name = "".join(word.capitalize() for word in code.name.split("_"))
    return name if hasattr(localdial_client, name) else "LocaldialError"


@pytest.mark.asyncio
@pytest.mark.parametrize("code", ERROR_CODES)
async def test_each_status_raises_its_own_class(server: FakeServer, api: Api, code: grpc.StatusCode) -> None:
    # Some statuses are retried first.
    server.answers(*[fails(code, "for people", USER_NOT_FOUND)] * 5)
    error = await failure(api)
    assert type(error).__name__ == class_name(code)
    assert (error.code, error.message, error.reason) == (code, "for people", "USER_NOT_FOUND")


def test_only_statuses_that_the_service_never_sends_have_no_class() -> None:
    assert {code.name for code in ERROR_CODES if class_name(code) == "LocaldialError"} == {
        "UNKNOWN",
        "ABORTED",
        "OUT_OF_RANGE",
        "DATA_LOSS",
    }


@pytest.mark.asyncio
async def test_an_error_has_its_reason_metadata_and_cause(server: FakeServer, api: Api) -> None:
    server.answers(fails(grpc.StatusCode.NOT_FOUND, "no such user", USER_NOT_FOUND))
    error = await failure(api)
    assert isinstance(error, NotFound)
    assert error.reason == "USER_NOT_FOUND"
    assert error.metadata == {"organization_id": "acme", "user_id": "ann"}
    assert (error.field_violations, error.retry_delay) == ((), None)
    assert isinstance(error.__cause__, grpc.RpcError)
    assert str(error) == "NOT_FOUND (USER_NOT_FOUND): no such user"


@pytest.mark.asyncio
async def test_an_error_has_every_invalid_field(server: FakeServer, api: Api) -> None:
    server.answers(fails(grpc.StatusCode.INVALID_ARGUMENT, "2 fields are wrong", INVALID_FIELDS, BAD_FIELDS))
    error = await failure(api)
    assert isinstance(error, InvalidArgument)
    assert error.field_violations == (
        FieldViolation("user_id", "is required"),
        FieldViolation(field="organization_id", description="must be visible ASCII"),
    )
    assert str(error) == (
        "INVALID_ARGUMENT (INVALID_FIELDS): user_id: is required; organization_id: must be visible ASCII"
    )


@pytest.mark.asyncio
async def test_an_error_has_as_many_invalid_fields_as_a_request_can_have(
    server: FakeServer, api: Api
) -> None:
    """They are sent in the trailing metadata, which gRPC limits to 8 KiB by default."""
    many = [
        BadRequest.FieldViolation(
            field=f"users[{index}].{field}", description="must be a phone number in E.164: " + "x" * 60
        )
        for index in range(1000)
        for field in ("user_id", "display_name", "caller_id", "work_phone")
    ]
    server.answers(
        fails(grpc.StatusCode.INVALID_ARGUMENT, "wrong", INVALID_FIELDS, BadRequest(field_violations=many))
    )
    with pytest.raises(InvalidArgument) as caught:
        await api.call("directory.batch_set_users", BatchSetUsersRequest())
    assert caught.value.reason == "INVALID_FIELDS"
    assert len(caught.value.field_violations) == len(many)


@pytest.mark.asyncio
async def test_an_error_says_how_many_invalid_fields_the_service_does_not_list(
    server: FakeServer, api: Api
) -> None:
    info = ErrorInfo(domain="localdial", reason="INVALID_FIELDS", metadata={"violation_count": "600"})
    server.answers(fails(grpc.StatusCode.INVALID_ARGUMENT, "wrong", info, BAD_FIELDS))
    error = await failure(api)
    assert error.unlisted_violations == 598
    assert str(error).endswith("; organization_id: must be visible ASCII; and 598 more")


@pytest.mark.parametrize("total", ["", "2", "1", "many", "-3"])
def test_an_error_without_a_greater_total_lists_every_invalid_field(total: str) -> None:
    listed = [FieldViolation("a", "is bad"), FieldViolation("b", "is bad")]
    error = InvalidArgument(metadata={"violation_count": total}, field_violations=listed)
    assert error.unlisted_violations == 0
    assert str(error) == "INVALID_ARGUMENT: a: is bad; b: is bad"


@pytest.mark.asyncio
async def test_the_retry_delay_is_in_seconds(server: FakeServer, api: Api) -> None:
    delay = RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000))
    server.answers(fails(grpc.StatusCode.ABORTED, "later", INVALID_FIELDS, delay))
    assert (await failure(api)).retry_delay == pytest.approx(2.5)


@pytest.mark.asyncio
async def test_details_of_other_types_and_domains_are_ignored(server: FakeServer, api: Api) -> None:
    proxy = ErrorInfo(domain="proxy.example", reason="TOO_BUSY", metadata={"zone": "a"})
    server.answers(
        fails(grpc.StatusCode.NOT_FOUND, "no such user", Help(), USER_NOT_FOUND, proxy),
        fails(grpc.StatusCode.ABORTED, "busy", proxy),
    )
    assert (await failure(api)).reason == "USER_NOT_FOUND"
    foreign = await failure(api)
    assert (foreign.reason, foreign.metadata, foreign.message) == ("", {}, "busy")


@pytest.mark.asyncio
async def test_an_error_without_details_has_no_reason(server: FakeServer, api: Api) -> None:
    server.answers(fails(grpc.StatusCode.INTERNAL, "a fault"))
    error = await failure(api)
    assert (error.reason, error.metadata, error.field_violations, error.retry_delay) == ("", {}, (), None)
    assert str(error) == "INTERNAL: a fault"


@pytest.mark.asyncio
async def test_unreadable_details_do_not_hide_the_error(server: FakeServer, api: Api) -> None:
    broken_detail = Status()
    broken_detail.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")
    broken_detail.details.extend(status(grpc.StatusCode.INTERNAL, "", BAD_FIELDS).details)
    server.answers(
        fails_raw(grpc.StatusCode.NOT_FOUND, "no such user", b"\xff\xff"),
        fails_raw(grpc.StatusCode.NOT_FOUND, "no such user", broken_detail.SerializeToString()),
    )
    unreadable = await failure(api)
    assert isinstance(unreadable, NotFound)
    assert (unreadable.message, unreadable.reason) == ("no such user", "")
    in_part = await failure(api)
    assert (in_part.message, in_part.reason) == ("no such user", "")
    assert in_part.field_violations[0].field == "user_id"


@pytest.mark.asyncio
async def test_an_error_has_the_request_as_it_was_sent(server: FakeServer, api: Api) -> None:
    """Without it, a purchase whose answer was lost could not be repeated safely."""
    server.answers(fails(grpc.StatusCode.INTERNAL, "a fault"))
    with pytest.raises(LocaldialError) as caught:
        await api.call("number_inventory.purchase_numbers", PurchaseNumbersRequest(area_code="415"))
    sent = server.received[0].request
    assert sent.request_id
    assert caught.value.request == sent
    assert str(caught.value) == f"INTERNAL: a fault [request_id {sent.request_id}]"


@pytest.mark.asyncio
async def test_a_server_that_is_not_there_is_unavailable(server: FakeServer, api: Api) -> None:
    server.stop()
    error = await failure(api)
    assert isinstance(error, Unavailable)
    assert (error.reason, error.metadata, error.retry_delay) == ("", {}, None)
    assert error.message


def test_from_status_returns_the_error_for_a_status_in_a_response() -> None:
    error = from_status(status(grpc.StatusCode.NOT_FOUND, "no such user", USER_NOT_FOUND))
    assert isinstance(error, NotFound)
    assert (error.code, error.message, error.reason) == (
        grpc.StatusCode.NOT_FOUND,
        "no such user",
        "USER_NOT_FOUND",
    )
    assert error.metadata["user_id"] == "ann"
    assert error.request is None
    assert error.__cause__ is None


def test_from_status_returns_the_base_class_for_a_status_that_grpc_does_not_define() -> None:
    error = from_status(Status(code=99, message="odd"))
    assert type(error) is LocaldialError
    assert (error.code, error.message) == (grpc.StatusCode.UNKNOWN, "odd")


def test_from_status_refuses_the_status_ok() -> None:
    with pytest.raises(ValueError, match="OK"):
        from_status(Status())


def test_errors_can_be_created_and_pickled() -> None:
    error = NotFound(
        "no such user",
        reason="USER_NOT_FOUND",
        metadata={"user_id": "ann"},
        field_violations=[FieldViolation("user_id", "is unknown")],
        retry_delay=1.5,
        request=GetUserRequest(user_id="ann"),
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is NotFound
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
    assert copy.code is grpc.StatusCode.NOT_FOUND
