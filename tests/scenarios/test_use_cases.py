"""The matrix on the use cases, over SQLite and the simulated carrier."""

from operator import attrgetter
from pathlib import Path

import pytest

from localdial_server.runtime.bootstrap import application
from localdial_server.settings.settings import read_settings
from tests.scenarios.loader import load_cases
from tests.scenarios.runner import run_case
from tests.scenarios.schema import Case
from tests.scenarios.use_case_target import UseCaseTarget
from tests.support.databases import create_sqlite


@pytest.mark.parametrize("case", load_cases(), ids=attrgetter("name"))
async def test_use_cases(case: Case, tmp_path: Path) -> None:
    create_sqlite(tmp_path / "localdial.db")
    settings = read_settings(database_url=f"sqlite:///{tmp_path}/localdial.db")
    async with application(settings) as app:
        await run_case(case, UseCaseTarget(app.use_cases))
