"""The formats in the domain are those of the contract."""

from collections.abc import Mapping
from typing import Any

import pytest

from localdial_server.domain import formats
from localdial_server.domain.formats import Format
from localdial_server.rpc.contract import Contract

_FORMATS = {
    "is_e164": formats.E164,
    "is_area_code": formats.AREA_CODE,
    "is_identifier": formats.IDENTIFIER,
    "is_display_name": formats.DISPLAY_NAME,
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
    assert set(rules) == set(_FORMATS)


@pytest.mark.parametrize(("name", "format_"), _FORMATS.items())
def test_a_format_is_that_of_the_contract(rules: Mapping[str, Any], name: str, format_: Format) -> None:
    pattern = format_.pattern.replace("\\", "\\\\")
    assert rules[name].expression == f"!rule || this.matches('{pattern}')"
    assert rules[name].message == format_.requirement
