"""Checking the area codes of requests does not block the event loop."""

import asyncio
import time

import pytest

from localdial_server.app.numbers import geographic
from localdial_server.domain.area_codes import is_geographic_area_code
from localdial_server.domain.errors import InvalidFields
from tests.unit.app.harness import FIRST, A, Harness

_CHECK_SECONDS = 0.3


@pytest.fixture
def _slow_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def check_slowly(area_code: str) -> bool:
        if area_code.startswith("+"):
            time.sleep(_CHECK_SECONDS)
        return is_geographic_area_code(area_code)

    monkeypatch.setattr(geographic, "is_geographic_area_code", check_slowly)


@pytest.mark.usefixtures("_slow_checks")
async def test_checking_codes_of_other_countries_does_not_block_the_event_loop(harness: Harness) -> None:
    await harness.bought()
    longest = 0.0

    async def measure() -> None:
        nonlocal longest
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0.001)
            longest = max(longest, time.monotonic() - begun)

    measuring = asyncio.create_task(measure())
    number, _ = await harness.inventory.map_area_codes(A, FIRST, ["+4420", "+4930"])
    measuring.cancel()
    assert number.mapped_area_codes == ("+4420", "+4930")
    assert longest < _CHECK_SECONDS


async def test_every_area_code_that_cannot_be_mapped_is_named_with_the_reason(harness: Harness) -> None:
    with pytest.raises(InvalidFields) as refused:
        await harness.inventory.map_area_codes(A, FIRST, ["628", "800", "415", "+44800", "+4420"])
    assert [(violation.field, violation.description[:4]) for violation in refused.value.violations] == [
        ("area_codes[1]", "must"),
        ("area_codes[2]", "is t"),
        ("area_codes[3]", "must"),
    ]
