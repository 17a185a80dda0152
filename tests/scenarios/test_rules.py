"""The matrix on the pure rules."""

from operator import attrgetter

import pytest

from tests.scenarios.loader import load_cases
from tests.scenarios.rules_target import RulesTarget
from tests.scenarios.runner import run_case
from tests.scenarios.schema import Case


@pytest.mark.parametrize("case", load_cases(), ids=attrgetter("name"))
async def test_rules(case: Case) -> None:
    await run_case(case, RulesTarget())
