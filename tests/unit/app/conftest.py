"""A house for the tests of the use cases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localdial_server.app import orders
from tests.unit.app.house import A, B, House


@pytest.fixture(autouse=True)
def _look_ups_follow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for delays in "_DELAYS_WHEN_UNKNOWN", "_DELAYS_WHEN_PENDING":
        monkeypatch.setattr(orders, delays, tuple(0.0 for _ in getattr(orders, delays)))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with two organizations, in which the books must balance in the end."""
    house = House(tmp_path / "localdial.db")
    house.open()
    for organization_id in A, B:
        await house.add_organization(organization_id)
    yield house
    try:
        assert await house.discrepancies() == []
        assert house.faults.is_spent()
    finally:
        await house.crash()
