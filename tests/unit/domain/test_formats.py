"""The formats in the domain are those of the contract."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdial_server.domain import formats
from localdial_server.domain.formats import Format
from localdial_server.domain.possible_numbers import is_possible
from localdial_server.rpc.contract import Contract

_FORMATS = {
    "is_e164": formats.E164,
    "is_area_code": formats.AREA_CODE,
    "is_identifier": formats.IDENTIFIER,
}


@pytest.fixture(scope="module")
def rules() -> Mapping[str, Any]:
    """Return the rule of each format of the contract."""
    contract = Contract()
    predefined = contract._pool.FindFileByName("buf/validate/validate.proto").extensions_by_name["predefined"]
    found: dict[str, Any] = {}
    for name, extension in contract._pool.FindFileByName(
        "localdial/v1/rules.proto"
    ).extensions_by_name.items():
        # Only the contract's own pool knows the extension.
        options: Any = contract.message_class("google.protobuf.FieldOptions")()
        options.ParseFromString(extension.GetOptions().SerializeToString())
        (found[name],) = options.Extensions[predefined].cel
    return found


def test_the_contract_has_no_other_formats(rules: Mapping[str, Any]) -> None:
    assert set(rules) == {*_FORMATS, "is_phone_number", "is_display_name"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.from_regex(r"\+[0-9]{6,16}", fullmatch=True)
    | st.from_regex(r"\+1[2-9][0-9]{2}[0-9]{7}", fullmatch=True)
)
def test_the_contracts_part_of_the_phone_number_rule_refuses_no_possible_number(
    rules: Mapping[str, Any], number: str
) -> None:
    match = re.fullmatch(r"!rule \|\| this\.matches\('(.+)'\)", rules["is_phone_number"].expression)
    assert match is not None
    if is_possible(number):
        assert re.fullmatch(match[1], number)


@pytest.mark.parametrize(("name", "format_"), _FORMATS.items())
def test_a_format_is_that_of_the_contract(rules: Mapping[str, Any], name: str, format_: Format) -> None:
    pattern = format_.pattern.replace("\\", "\\\\")
    assert rules[name].expression == f"!rule || this.matches('{pattern}')"
    assert rules[name].message == format_.requirement
