"""A malformed matrix is an error, and the real one covers every rule."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from localdial_server.domain.model import CallerIdReason, DestinationReason
from tests.scenarios.expectations import STATUS
from tests.scenarios.loader import MatrixError, load_cases
from tests.scenarios.schema import AddNumberStep, Case

CASE: dict[str, Any] = {
    "name": "a case that is as it should be",
    "given": {
        "acme": {
            "organization_number": "+18005550150",
            "users": {"ann": {"caller_id": "+12125550142"}},
            "numbers": {"+14155550100": ["510"]},
        }
    },
    "steps": [
        {
            "resolve": {"user": "ann", "callee": "+14155550172"},
            "label": "first",
            "expect": {"caller_id": "+14155550100", "reason": "LOCAL_PRESENCE"},
        },
        {
            "route": {"called": "+14155550100", "caller": "+14155550172"},
            "expect": {"destination": "+18005550150", "reason": "ORGANIZATION_NUMBER"},
        },
    ],
}


def load(folder: Path, *cases: dict[str, Any]) -> list[Case]:
    (folder / "cases.yaml").write_text(yaml.safe_dump({"cases": list(cases)}), encoding="utf-8")
    return load_cases(folder)


def test_a_valid_case_is_loaded(tmp_path: Path) -> None:
    (case,) = load(tmp_path, CASE)
    assert case.name == CASE["name"]
    assert len(case.steps) == 2


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ([], "speed"),
        (["given", "acme"], "given / acme / speed"),
        (["given", "acme", "users", "ann"], "given / acme / users / ann / speed"),
        (["steps", 0], "steps / 0 / resolve / speed"),
        (["steps", 0, "resolve"], "steps / 0 / resolve / resolve / speed"),
        (["steps", 0, "expect"], "steps / 0 / resolve / expect / speed"),
        (["steps", 1], "steps / 1 / route / speed"),
        (["steps", 1, "route"], "steps / 1 / route / route / speed"),
        (["steps", 1, "expect"], "steps / 1 / route / expect / Routed / speed"),
    ],
)
def test_an_unknown_key_is_an_error(path: list[str | int], place: str, tmp_path: Path) -> None:
    case = copy.deepcopy(CASE)
    part: Any = case
    for key in path:
        part = part[key]
    part["speed"] = "fast"
    with pytest.raises(MatrixError) as raised:
        load(tmp_path, case)
    lines = str(raised.value).splitlines()
    assert lines[0] == "cases.yaml:"
    assert f"  '{CASE['name']}' / {place}: Extra inputs are not permitted" in lines


def test_an_unknown_key_next_to_the_cases_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump({"cases": [CASE], "speed": 1}), encoding="utf-8")
    with pytest.raises(MatrixError, match=r"speed: Extra inputs are not permitted"):
        load_cases(tmp_path)


def two_operations(case: dict[str, Any]) -> None:
    case["steps"][0]["delete_user"] = {"user": "ann"}


def no_operation(case: dict[str, Any]) -> None:
    del case["steps"][0]["resolve"]


def no_expectation(case: dict[str, Any]) -> None:
    del case["steps"][1]["expect"]


def no_steps(case: dict[str, Any]) -> None:
    case["steps"] = []


def number_without_quotes(case: dict[str, Any]) -> None:
    case["steps"][0]["resolve"]["callee"] = 14155550172


def number_without_plus(case: dict[str, Any]) -> None:
    case["steps"][0]["resolve"]["callee"] = "14155550172"


def unknown_reason(case: dict[str, Any]) -> None:
    case["steps"][0]["expect"]["reason"] = "LUCK"


def unknown_error(case: dict[str, Any]) -> None:
    case["steps"][0]["expect"] = {"error": "BAD_LUCK"}


def no_reason(case: dict[str, Any]) -> None:
    del case["steps"][0]["expect"]["reason"]


def two_answers(case: dict[str, Any]) -> None:
    case["steps"][0]["expect"]["one_of"] = ["+14155550100", "+14155550101"]


def answer_and_error(case: dict[str, Any]) -> None:
    case["steps"][0]["expect"]["error"] = "NO_CALLER_ID"


def error_and_area_code(case: dict[str, Any]) -> None:
    case["steps"][0]["expect"] = {"error": "NO_CALLER_ID", "callee_area_code": "415"}


def unknown_label(case: dict[str, Any]) -> None:
    case["steps"][0]["expect"] = {"answer_of": "nothing"}


def label_of_itself(case: dict[str, Any]) -> None:
    case["steps"][0]["expect"] = {"answer_of": "first"}


def label_of_another_kind(case: dict[str, Any]) -> None:
    many = {"user": "ann", "first_callee": "+14155552000", "count": 9}
    expect = {"spread_over": ["+14155550100"], "reason": "LOCAL_PRESENCE", "since": "first"}
    case["steps"].append({"resolve_many": many, "expect": expect})


def label_twice(case: dict[str, Any]) -> None:
    case["steps"].append(case["steps"][0])


def organization_not_said(case: dict[str, Any]) -> None:
    case["given"]["zenith"] = {}
    case["steps"] = case["steps"][:1]


def expected_organization_not_said(case: dict[str, Any]) -> None:
    case["given"]["zenith"] = {}
    case["steps"] = case["steps"][1:]


def move_without_before(case: dict[str, Any]) -> None:
    many = {"user": "ann", "first_callee": "+14155552000", "count": 9}
    expect = {"spread_over": ["+14155550100"], "reason": "LOCAL_PRESENCE", "moved_to": "+14155550100"}
    case["steps"].append({"resolve_many": many, "expect": expect})


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (two_operations, "a step does one of"),
        (no_operation, "a step does one of"),
        (no_expectation, "expect: Field required"),
        (no_steps, "at least 1 item"),
        (number_without_quotes, "valid string"),
        (number_without_plus, "match pattern"),
        (unknown_reason, "Input should be 'AGENT_CALLER_ID_LOCAL'"),
        (unknown_error, "Input should be 'ORGANIZATION_NOT_FOUND'"),
        (no_reason, "say the reason too"),
        (two_answers, "expect one of caller_id"),
        (answer_and_error, "expect one of caller_id"),
        (error_and_area_code, "say it all"),
        (unknown_label, "step 1 refers to nothing"),
        (label_of_itself, "step 1 refers to first"),
        (label_of_another_kind, "step 3 refers to first"),
        (label_twice, "step 3 repeats the label first"),
        (organization_not_said, "step 1 must say its organization"),
        (expected_organization_not_said, "step 1 must say its organization"),
        (move_without_before, "say since which step"),
    ],
)
def test_a_malformed_case_is_an_error(
    spoil: Callable[[dict[str, Any]], None], problem: str, tmp_path: Path
) -> None:
    case = copy.deepcopy(CASE)
    spoil(case)
    with pytest.raises(MatrixError) as raised:
        load(tmp_path, case)
    assert problem in str(raised.value)
    assert CASE["name"] in str(raised.value)


def test_a_repeated_case_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MatrixError, match="two cases named 'a case that is as it should be'"):
        load(tmp_path, CASE, CASE)


def test_a_case_name_repeated_in_another_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"cases": [CASE]}), encoding="utf-8")
    with pytest.raises(MatrixError, match=r"cases\.yaml: there are two cases named"):
        load(tmp_path, CASE)


def test_a_repeated_key_is_an_error(tmp_path: Path) -> None:
    text = yaml.safe_dump({"cases": [CASE]})
    (tmp_path / "cases.yaml").write_text(f"{text}\ncases: []\n", encoding="utf-8")
    with pytest.raises(MatrixError, match="the key 'cases' is repeated"):
        load_cases(tmp_path)


@pytest.mark.parametrize("text", ["cases: [", "", "cases:", "- 1", "cases: [1]", "cases: [{name: 1}]"])
def test_a_file_that_is_not_a_matrix_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MatrixError, match=r"^cases\.yaml:"):
        load_cases(tmp_path)


def test_every_reason_and_every_error_has_a_case() -> None:
    expected = {
        value
        for case in load_cases()
        for step in case.steps
        for value in (getattr(step.expect, "reason", None), getattr(step.expect, "error", None))
    }
    assert expected - {None} == {
        *(reason.name for reason in CallerIdReason),
        *(reason.name for reason in DestinationReason),
        *STATUS,
    }


def test_an_imported_number_is_used_by_one_case_only() -> None:
    given = [
        number
        for case in load_cases()
        for organization in case.given.values()
        for number in organization.numbers
    ]
    added = [
        step.add_number.number
        for case in load_cases()
        for step in case.steps
        if isinstance(step, AddNumberStep)
    ]
    imported = [number for number in (*given, *added) if number.endswith("5550199")]
    assert imported
    assert len(imported) == len(set(imported))
