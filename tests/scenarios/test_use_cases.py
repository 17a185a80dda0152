"""The matrix on the use cases."""

from operator import attrgetter

import pytest

from tests.scenarios.loader import load_cases
from tests.scenarios.runner import run_case
from tests.scenarios.schema import Case
from tests.scenarios.use_case_target import UseCaseTarget

# The contract refuses invalid fields before a use case sees them.
CASES = [
    case
    for case in load_cases()
    if not any(getattr(step.expect, "error", None) == "INVALID_FIELDS" for step in case.steps)
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
async def test_the_case_passes_on_the_use_cases(case: Case, use_case_target: UseCaseTarget) -> None:
    await run_case(case, use_case_target)
