"""The area codes of requests."""

import pytest

from localdial_server.domain.errors import InvalidFields
from tests.unit.app.harness import FIRST, A, Harness


async def test_codes_of_other_countries_can_be_mapped(harness: Harness) -> None:
    await harness.bought()
    number, _ = await harness.inventory.map_area_codes(A, FIRST, ["+3491", "+4420", "+4930"])
    assert number.mapped_area_codes == ("+3491", "+4420", "+4930")


async def test_every_area_code_that_cannot_be_mapped_is_named_with_the_reason(harness: Harness) -> None:
    with pytest.raises(InvalidFields) as refused:
        await harness.inventory.map_area_codes(A, FIRST, ["628", "800", "415", "+44800", "+4420"])
    assert [(violation.field, violation.description[:4]) for violation in refused.value.violations] == [
        ("area_codes[1]", "must"),
        ("area_codes[2]", "is t"),
        ("area_codes[3]", "must"),
    ]
