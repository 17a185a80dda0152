"""The runner detects every kind of wrong answer; a matrix that cannot fail would prove nothing."""

from typing import Any

import pytest

from tests.scenarios.runner import run_case
from tests.scenarios.schema import Case
from tests.scenarios.target import Refused, ScenarioTarget
from tests.scenarios.use_case_target import UseCaseTarget

GIVEN = {
    "acme": {
        "organization_number": "+18005550150",
        "users": {"ann": {"work_phone": "+13125550151"}, "bob": {}},
        "numbers": {"+14155550100": ["510"], "+14155550101": []},
    }
}
BOTH = ["+14155550100", "+14155550101"]
CALL = {"user": "ann", "callee": "+14155550172", "call_id": "c1"}
MANY = {"user": "ann", "first_callee": "+14155552000", "count": 40}
BACK = {"called": "+14155550100", "caller": "+14155550172"}
CALLED = {"resolve": CALL, "label": "first", "expect": {"one_of": BOTH, "reason": "LOCAL_PRESENCE"}}
SPREAD = {"resolve_many": MANY, "label": "many", "expect": {"spread_over": BOTH, "reason": "LOCAL_PRESENCE"}}
ROUTED = {
    "destination": "+13125550151",
    "reason": "LAST_CALLER",
    "fallback": "+18005550150",
    "user": "ann",
    "last_call": "c1",
}


async def play(target: ScenarioTarget, *steps: dict[str, Any]) -> None:
    case = Case.model_validate({"name": "a case of the runner", "given": GIVEN, "steps": list(steps)})
    await run_case(case, target)


async def test_correct_expectations_hold(use_case_target: UseCaseTarget) -> None:
    await play(
        use_case_target,
        CALLED,
        {"resolve": CALL, "expect": {"answer_of": "first"}},
        {
            "resolve": CALL | {"call_id": "c2"},
            "expect": {"caller_id_of": "first", "reason": "LOCAL_PRESENCE"},
        },
        {
            "resolve": {"user": "ann", "callee": "+15105550172"},
            "expect": {
                "caller_id": "+14155550100",
                "reason": "LOCAL_PRESENCE_MAPPED",
                "callee_area_code": "510",
            },
        },
        SPREAD,
        {"delete_number": {"number": "+14155550101"}},
        {
            "resolve_many": MANY,
            "expect": {
                "spread_over": BOTH[:1],
                "reason": "LOCAL_PRESENCE",
                "since": "many",
                "moved_from": "+14155550101",
            },
        },
        {"route": BACK, "expect": ROUTED | {"last_call": "c2"}},
        {"list_numbers": {}, "expect": {"numbers": {"+14155550100": ["510"]}}},
        {"delete_user": {"user": "cat"}, "expect": {"error": "USER_NOT_FOUND"}},
    )


@pytest.mark.parametrize(
    "step",
    [
        {"resolve": CALL, "expect": {"caller_id": "+14155550102", "reason": "LOCAL_PRESENCE"}},
        {"resolve": CALL, "expect": {"one_of": ["+14155550102", "+14155550103"], "reason": "LOCAL_PRESENCE"}},
        {"resolve": CALL, "expect": {"one_of": BOTH, "reason": "AGENT_CALLER_ID"}},
        {
            "resolve": CALL,
            "expect": {"one_of": BOTH, "reason": "LOCAL_PRESENCE", "callee_area_code": "510"},
        },
        {
            "resolve": CALL,
            "expect": {"one_of": BOTH, "reason": "LOCAL_PRESENCE", "callee_area_code": None},
        },
        {"resolve": CALL | {"call_id": "c2"}, "expect": {"answer_of": "first"}},
        {
            "resolve": {"user": "ann", "callee": "+13105550172"},
            "expect": {"caller_id_of": "first", "reason": "ORGANIZATION_NUMBER"},
        },
        {"resolve": CALL, "expect": {"error": "NO_CALLER_ID"}},
        {
            "resolve_many": MANY,
            "expect": {"spread_over": [*BOTH, "+14155550102"], "reason": "LOCAL_PRESENCE"},
        },
        {"resolve_many": MANY, "expect": {"spread_over": BOTH[:1], "reason": "LOCAL_PRESENCE"}},
        {"resolve_many": MANY, "expect": {"spread_over": BOTH, "reason": "LOCAL_PRESENCE_MAPPED"}},
        {
            "resolve_many": MANY,
            "expect": {
                "spread_over": BOTH,
                "reason": "LOCAL_PRESENCE",
                "since": "many",
                "moved_to": "+14155550100",
            },
        },
        {"route": BACK, "expect": ROUTED | {"destination": "+13125550152"}},
        {"route": BACK, "expect": ROUTED | {"reason": "ORGANIZATION_NUMBER"}},
        {"route": BACK, "expect": ROUTED | {"user": "bob"}},
        {"route": BACK, "expect": ROUTED | {"last_call": "c2"}},
        {"route": BACK, "expect": ROUTED | {"organization": "zenith"}},
        {"route": BACK, "expect": {key: ROUTED[key] for key in ("destination", "reason", "user")}},
        {"route": BACK, "expect": {"error": "NO_DESTINATION"}},
        {"list_calls": {}, "expect": {"calls": []}},
        {"list_calls": {}, "expect": {"calls": [{"user": "bob", "callee": "+14155550172"}]}},
        {
            "list_calls": {},
            "expect": {"calls": [{"user": "ann", "callee": "+14155550172", "call_id": "c2"}]},
        },
        {"list_numbers": {}, "expect": {"numbers": {"+14155550100": ["510"]}}},
        {"list_numbers": {}, "expect": {"numbers": {"+14155550100": [], "+14155550101": []}}},
        {"set_user": {"user": "ann"}, "expect": {"error": "USER_NOT_FOUND"}},
    ],
)
async def test_a_wrong_expectation_fails(use_case_target: UseCaseTarget, step: dict[str, Any]) -> None:
    with pytest.raises(AssertionError) as raised:
        await play(use_case_target, CALLED, SPREAD, step)
    assert "in step 3 of 'a case of the runner'" in raised.value.__notes__[0]


@pytest.mark.parametrize(
    "step",
    [
        {"resolve": CALL | {"user": "cat"}, "expect": {"caller_id": BOTH[0], "reason": "LOCAL_PRESENCE"}},
        {"resolve": CALL | {"user": "bob"}, "expect": {"error": "NO_CALLER_ID"}},
        {"route": {"called": "+14155550109"}, "expect": {"error": "NO_DESTINATION"}},
        {"delete_user": {"user": "cat"}},
    ],
)
async def test_an_unexpected_refusal_fails(use_case_target: UseCaseTarget, step: dict[str, Any]) -> None:
    with pytest.raises(Refused) as raised:
        await play(use_case_target, CALLED, step)
    assert "in step 2 of 'a case of the runner'" in raised.value.__notes__[0]
