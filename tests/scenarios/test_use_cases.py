"""The matrix on the use cases."""

from operator import attrgetter

import pytest

from tests.scenarios.loader import load_cases
from tests.scenarios.runner import run_case
from tests.scenarios.schema import Case
from tests.scenarios.use_case_target import UseCaseTarget


@pytest.mark.parametrize("case", load_cases(), ids=attrgetter("name"))
async def test_the_case_passes_on_the_use_cases(case: Case, use_case_target: UseCaseTarget) -> None:
    await run_case(case, use_case_target)
