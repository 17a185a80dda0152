"""The gRPC status of each error, and the details that travel with it."""

import base64
import string
import urllib.parse
from pathlib import Path
from typing import Any

import google.rpc.error_details_pb2 as details
import pytest
from grpc import StatusCode

from localdial.v1 import errors_pb2
from localdial_server.domain import errors
from localdial_server.rpc.admission import Overloaded
from localdial_server.rpc.incidents import InternalError
from localdial_server.rpc.status import STATUS_OF, status_of, trailing_metadata

PUBLIC_REASONS = {
    value.name.removeprefix("ERROR_REASON_")
    for value in errors_pb2.ErrorReason.DESCRIPTOR.values
    if value.number != 0
}


def test_the_reasons_are_those_of_the_contract() -> None:
    assert {reason.name for reason in errors.Reason} == PUBLIC_REASONS
    assert [reason.value for reason in errors.Reason] == [reason.name for reason in errors.Reason]


def test_every_reason_has_a_status_and_an_error() -> None:
    assert set(STATUS_OF) == set(errors.Reason)
    assert {error.reason for error in errors.ServiceError.__subclasses__()} == set(errors.Reason)


@pytest.mark.parametrize("value", errors_pb2.ErrorReason.DESCRIPTOR.values[1:], ids=lambda value: value.name)
def test_the_status_is_the_one_that_the_contract_documents(value: Any) -> None:
    # The generated stubs have the contract's comments, and each reason's comment begins with its status.
    stub = Path(errors_pb2.__file__).with_suffix(".pyi").read_text("utf-8")
    name = value.name
    documented = stub.split(f"\n{name}: ErrorReason.ValueType")[1].split('"""')[1].split(".")[0]
    assert StatusCode[documented] is STATUS_OF[errors.Reason[name.removeprefix("ERROR_REASON_")]]


def test_an_error_carries_reason_domain_and_metadata() -> None:
    status = status_of(errors.UserNotFound("acme", "ann"))
    info = details.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain, dict(info.metadata)) == (
        "USER_NOT_FOUND",
        "localdial",
        {"organization_id": "acme", "user_id": "ann"},
    )


def test_an_error_reports_all_field_violations_at_once() -> None:
    status = status_of(
        errors.InvalidFields(
            [errors.FieldViolation("a", "is bad"), errors.FieldViolation("b[1]", "is worse")]
        )
    )
    bad = details.BadRequest()
    assert status.details[1].Unpack(bad)
    assert [(v.field, v.description) for v in bad.field_violations] == [("a", "is bad"), ("b[1]", "is worse")]


def test_an_error_that_may_be_temporary_has_a_retry_delay() -> None:
    for error in errors.StorageUnavailable(), errors.CarrierNotAvailable(), errors.PurchasePending("acme"):
        retry = details.RetryInfo()
        assert status_of(error).details[1].Unpack(retry)
        assert retry.retry_delay.ToTimedelta().total_seconds() > 0


def test_a_permanent_error_has_no_retry_delay() -> None:
    status = status_of(errors.NumberElsewhere())
    assert (status.code, len(status.details)) == (StatusCode.UNAVAILABLE.value[0], 1)
    assert "grpc-retry-pushback-ms" not in dict(trailing_metadata(status))


def test_an_internal_error_names_its_incident_and_nothing_else() -> None:
    status = status_of(InternalError("1234"))
    assert status.message == "internal error; the server's log has incident 1234"


def test_the_pushback_for_grpc_retries_equals_the_retry_delay() -> None:
    metadata = dict(trailing_metadata(status_of(errors.PurchasePending("acme"))))
    assert metadata["grpc-retry-pushback-ms"] == "5000"
    assert "grpc-retry-pushback-ms" not in dict(trailing_metadata(status_of(errors.NumberInUse("+1"))))


@pytest.mark.parametrize(("seconds_left", "told"), [(None, "5000"), (5.1, "5000"), (5.0, "-1"), (0.1, "-1")])
def test_the_pushback_for_grpc_retries_does_not_exceed_the_deadline(
    seconds_left: float | None, told: str
) -> None:
    metadata = dict(trailing_metadata(status_of(errors.PurchasePending("acme")), seconds_left))
    assert metadata["grpc-retry-pushback-ms"] == told


def test_an_error_can_set_its_own_retry_delay() -> None:
    retry = details.RetryInfo()
    assert status_of(errors.PurchaseLimitReached("acme", 3, 7200.5)).details[1].Unpack(retry)
    assert retry.retry_delay.ToTimedelta().total_seconds() == 7200.5
    assert status_of(errors.CarrierNotAvailable(30)).details[1].Unpack(retry)
    assert retry.retry_delay.ToTimedelta().total_seconds() == 30


def test_the_message_stays_short_with_many_violations() -> None:
    violations = [errors.FieldViolation(f"users[{index}].user_id", "is required") for index in range(1000)]
    error = errors.InvalidFields(violations)
    assert error.message.endswith("; and 995 more")
    assert len(status_of(error).message) < 500
    assert error.violations == tuple(violations)


# Values of fields come from the caller; a message or a path may quote them at any length and in any script.
@pytest.mark.parametrize(
    "text", ["must be a phone number", "x" * 100_000, "ä" * 100_000, "%" * 3000, "\U0001f4de" * 3000]
)
@pytest.mark.parametrize("count", [1, 6, 1000])
def test_the_details_and_the_message_stay_small_enough_for_every_client(text: str, count: int) -> None:
    violations = [errors.FieldViolation(f"users[{index}].{text}", text) for index in range(count)]
    status = status_of(errors.InvalidFields(violations))
    sent = dict(trailing_metadata(status))["grpc-status-details-bin"]
    assert isinstance(sent, bytes)
    # As HTTP/2 carries them, beside some 300 bytes of other headers.
    encoded = len(base64.b64encode(sent))
    assert encoded <= 6 * 1024
    assert encoded + len(urllib.parse.quote(status.message, safe=string.printable)) < 8 * 1024 - 300
    info, bad = details.ErrorInfo(), details.BadRequest()
    assert status.details[0].Unpack(info)
    assert dict(info.metadata) == {"violation_count": str(count)}
    assert status.details[1].Unpack(bad)
    assert 1 <= len(bad.field_violations) <= 100
    assert bad.field_violations[0].field.startswith("users[0].")


def test_an_error_lists_at_most_100_violations() -> None:
    violations = [errors.FieldViolation(f"f{index}", "is bad") for index in range(150)]
    status = status_of(errors.InvalidFields(violations))
    bad = details.BadRequest()
    assert status.details[1].Unpack(bad)
    assert [each.field for each in bad.field_violations] == [f"f{index}" for index in range(100)]
    assert status.message.endswith("; and 145 more")


def test_a_message_that_quotes_a_long_value_is_cut_off() -> None:
    status = status_of(errors.CarrierRefused("ä" * 5000))
    assert status.message.endswith("ä…")
    assert len(urllib.parse.quote(status.message, safe=string.printable)) < 1100


def test_an_overloaded_server_says_when_to_come_back() -> None:
    assert ("grpc-retry-pushback-ms", "250") in trailing_metadata(status_of(Overloaded(0.25)))
