"""The cases of the matrix that the rules decide, on the pure rules."""

from operator import attrgetter

import pytest

from localdial_server.domain.model import CallerIdReason, DestinationReason
from tests.scenarios.loader import load_cases
from tests.scenarios.rules_target import RulesTarget, is_decided_by_rules
from tests.scenarios.runner import run_case
from tests.scenarios.schema import Case

CASES = [case for case in load_cases() if is_decided_by_rules(case)]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
async def test_the_case_passes_on_the_rules_alone(case: Case) -> None:
    await run_case(case, RulesTarget())


def test_every_reason_is_among_these_cases() -> None:
    reasons = {getattr(step.expect, "reason", None) for case in CASES for step in case.steps}
    assert reasons - {None} == {reason.name for reason in (*CallerIdReason, *DestinationReason)}
