from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localdial_server.runtime.bootstrap import application
from localdial_server.settings.settings import read_settings
from tests.scenarios.use_case_target import UseCaseTarget
from tests.support.databases import create_sqlite


@pytest.fixture
async def use_case_target(tmp_path: Path) -> AsyncIterator[UseCaseTarget]:
    """Return the use cases over SQLite and the simulated carrier."""
    create_sqlite(tmp_path / "localdial.db")
    settings = read_settings(database_url=f"sqlite:///{tmp_path}/localdial.db")
    async with application(settings) as app:
        yield UseCaseTarget(app.use_cases)
