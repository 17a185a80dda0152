"""The fields that must hold possible phone numbers, and those that accept any E.164 number."""

from typing import Any

import pytest

from localdial_server.domain.errors import InvalidFields
from localdial_server.domain.possible_numbers import why_impossible
from localdial_server.rpc.contract import PACKAGE, Contract

CONTRACT = Contract()

# Fields that store or dial a number.
STRICT: dict[str, tuple[dict[str, Any], str]] = {
    "ResolveOutboundCallerIdRequest": ({"organization_id": "a", "user_id": "u"}, "callee_number"),
    "ImportNumbersRequest": ({"organization_id": "a"}, "phone_numbers[0]"),
    "SetOrganizationRequest": ({}, "organization.organization_number"),
    "SetUserRequest": ({}, "user.caller_id"),
    "SetUserRequest ": ({}, "user.work_phone"),
    "BatchSetUsersRequest": ({"organization_id": "a"}, "users[0].caller_id"),
}

# Fields that find stored numbers, which may be from before the rule.
LENIENT: dict[str, tuple[dict[str, Any], str]] = {
    "GetNumberRequest": ({"organization_id": "a"}, "phone_number"),
    "DeleteNumbersRequest": ({"organization_id": "a", "request_id": "r"}, "phone_numbers[0]"),
    "MapAreaCodesRequest": ({"organization_id": "a", "area_codes": ["415"]}, "phone_number"),
    "UnmapAreaCodesRequest": ({"organization_id": "a", "area_codes": ["415"]}, "phone_number"),
    "ListOutboundCallsRequest": ({"organization_id": "a"}, "callee_number"),
}

IMPOSSIBLE = [
    "+1415555010",
    "+114155550100",
    "+1415555",
    "+14151550100",
    "+4402079460000",
    "+44442079460000",
    "+9991234567",
    "+17378742833",
    "+12562533",
    "+86282452253",
]
POSSIBLE = ["+14155550100", "+18615550100", "+442079460000", "+390612345678", "+80012345678"]


def _violations(name: str, fields: dict[str, Any], path: str, number: str) -> dict[str, str]:
    message: Any = CONTRACT.message_class(f"{PACKAGE}.{name.strip()}")(**fields)
    target = message
    *holders, last = path.split(".")
    for holder in holders:
        inner = getattr(target, holder.removesuffix("[0]"))
        target = inner.add() if holder.endswith("[0]") else inner
        for key, value in (("organization_id", "a"), ("user_id", "u")):
            if hasattr(target, key):
                setattr(target, key, value)
    if last.endswith("[0]"):
        getattr(target, last.removesuffix("[0]")).append(number)
    else:
        setattr(target, last, number)
    try:
        CONTRACT.check(message)
    except InvalidFields as refused:
        return {violation.field: violation.description for violation in refused.violations}
    return {}


@pytest.mark.parametrize("name", STRICT)
@pytest.mark.parametrize("number", IMPOSSIBLE)
def test_an_impossible_number_is_neither_stored_nor_dialed(name: str, number: str) -> None:
    fields, path = STRICT[name]
    violations = _violations(name, fields, path, number)
    assert list(violations) == [path]
    reason = why_impossible(number)
    assert reason is not None
    assert violations[path].startswith(reason)


@pytest.mark.parametrize("name", STRICT)
@pytest.mark.parametrize("number", POSSIBLE)
def test_a_possible_number_is_accepted_whether_or_not_it_is_assigned(name: str, number: str) -> None:
    assert _violations(name, *STRICT[name], number) == {}


@pytest.mark.parametrize("name", LENIENT)
@pytest.mark.parametrize("number", [*IMPOSSIBLE, *POSSIBLE])
def test_what_is_stored_can_still_be_found(name: str, number: str) -> None:
    assert _violations(name, *LENIENT[name], number) == {}


def test_a_leg_of_a_batch_is_left_to_the_check_of_the_leg() -> None:
    path = "requests[0].callee_number"
    assert _violations("BatchResolveOutboundCallerIdsRequest", {}, path, "+1415555010") == {}


def test_an_optional_number_may_be_empty() -> None:
    assert _violations("SetUserRequest", {}, "user.caller_id", "") == {}


def test_a_correction_that_is_certain_is_suggested() -> None:
    fields, path = STRICT["ResolveOutboundCallerIdRequest"]
    name = "ResolveOutboundCallerIdRequest"
    assert "did you mean +442079460000?" in _violations(name, fields, path, "+4402079460000")[path]
    assert "did you mean" not in _violations(name, fields, path, "+1415555010")[path]
    assert "did you mean" not in _violations(name, fields, path, "415555010.0")[path]


def test_all_mistakes_of_an_item_come_before_those_of_the_next() -> None:
    request: Any = CONTRACT.message_class(f"{PACKAGE}.BatchSetUsersRequest")(organization_id="a")
    for _ in range(2):
        request.users.add(organization_id="a", user_id="with space", caller_id="+4402079460000")
    with pytest.raises(InvalidFields) as refused:
        CONTRACT.check(request)
    fields = [violation.field for violation in refused.value.violations]
    assert fields == [f"users[{index}].{field}" for index in (0, 1) for field in ("user_id", "caller_id")]
