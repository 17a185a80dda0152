"""The fixture that the tests of the use cases share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.app.harness import A, B, Harness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    """Yield a harness with two organizations; in the end its inventory must match the carrier account."""
    harness = Harness(tmp_path / "localdial.db")
    harness.open()
    for organization_id in A, B:
        await harness.add_organization(organization_id)
    yield harness
    try:
        assert await harness.discrepancies() == []
        assert harness.faults.is_spent()
    finally:
        await harness.crash()
