"""What came of each rule and of each candidate, and that it follows from the decision."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.caller_id import CallerIdDecision, decide_caller_id
from localdial_server.domain.errors import NoCallerId, UserNotFound
from localdial_server.domain.explanation import (
    MOST_CANDIDATES,
    CandidateVerdict,
    Explanation,
    InactiveNumbers,
    RuleOutcome,
    SkipReason,
    explain_caller_id,
)
from localdial_server.domain.model import CallerIdReason, Number, NumberState, Organization
from localdial_server.domain.phone_keys import phone_key
from localdial_server.domain.routing_snapshot import RoutingSnapshot
from tests.support.snapshots import snapshot_of

CALLEE = "+14155550172"
LOCAL, MAPPED = CallerIdReason.LOCAL_PRESENCE, CallerIdReason.LOCAL_PRESENCE_MAPPED
CHOSEN, LOST = CandidateVerdict.CHOSEN, CandidateVerdict.LOST
NOTHING_INACTIVE = InactiveNumbers()


def number(phone_number: str, *mapped: str, state: NumberState = NumberState.ACTIVE) -> Number:
    return Number(
        organization_id="acme",
        phone_number=phone_number,
        area_code=area_code_of(phone_number),
        state=state,
        carrier="simulator",
        reference="",
        purchase_time=0,
        mapped_area_codes=mapped,
    )


def acme(
    *numbers: Number, caller_id: str | None = None, organization_number: str | None = None
) -> RoutingSnapshot:
    organization = Organization("acme", organization_number=organization_number)
    return snapshot_of(organization, 7, {"ann": caller_id}, numbers)


def explain(
    snapshot: RoutingSnapshot, callee: str = CALLEE, inactive: Sequence[Number] = (), count: int = 0
) -> Explanation:
    numbers = InactiveNumbers(inactive, max(count, len(inactive)))
    return explain_caller_id(snapshot, "ann", callee, area_code_of(callee), numbers)


def decided(snapshot: RoutingSnapshot, callee: str) -> CallerIdDecision | NoCallerId:
    try:
        return decide_caller_id(snapshot, "ann", callee, area_code_of(callee))
    except NoCallerId as error:
        return error


def comparable(decision: CallerIdDecision | NoCallerId) -> object:
    return (decision.message, decision.metadata) if isinstance(decision, NoCallerId) else decision


def outcomes(explanation: Explanation) -> list[str]:
    return [each.outcome.value for each in explanation.rules]


# The rules.


def test_each_rule_says_why_it_gave_no_caller_id() -> None:
    snapshot = acme(number("+12125550100"), caller_id="+12125550142")
    explanation = explain(snapshot)
    assert explanation.decision == ("+12125550142", CallerIdReason.AGENT_CALLER_ID)
    assert explanation.revision == 7
    assert [(each.outcome.value, each.caller_id, each.detail) for each in explanation.rules] == [
        (
            "no_candidate",
            "+12125550142",
            "The caller ID of the user, +12125550142, has the area code 212, not 415.",
        ),
        ("no_candidate", None, "The organization has no active number with the area code 415."),
        ("no_candidate", None, "The organization has no active number that the area code 415 is mapped to."),
        ("chosen", "+12125550142", "The caller ID of the user, +12125550142, is shown."),
        ("not_reached", None, "An earlier rule gave the caller ID."),
    ]


def test_no_caller_id_is_an_answer() -> None:
    explanation = explain(acme())
    assert isinstance(explanation.decision, NoCallerId)
    assert explanation.decision.metadata["user_id"] == "ann"
    assert outcomes(explanation) == ["no_candidate"] * 5
    assert [each.detail for each in explanation.rules][3:] == [
        "The user has no caller ID.",
        "The organization has no organization number.",
    ]


def test_without_an_area_code_the_first_three_rules_are_skipped() -> None:
    snapshot = acme(number("+14155550100"), organization_number="+18005550150")
    explanation = explain(snapshot, "+18005550172")
    assert outcomes(explanation) == ["skipped", "skipped", "skipped", "no_candidate", "chosen"]
    reasons = [each.skip_reason for each in explanation.rules]
    assert reasons == [SkipReason.CALLEE_HAS_NO_AREA_CODE] * 3 + [None, None]
    assert (explanation.candidates, explanation.candidate_count) == ([], 0)


def test_a_rule_that_could_only_choose_the_callees_own_number_is_skipped() -> None:
    snapshot = acme(number(CALLEE), caller_id=CALLEE, organization_number=CALLEE)
    explanation = explain(snapshot)
    assert outcomes(explanation) == ["skipped", "skipped", "no_candidate", "skipped", "skipped"]
    assert {each.skip_reason for each in explanation.rules} == {SkipReason.CALLEES_OWN_NUMBER, None}
    assert [each.caller_id for each in explanation.rules] == [CALLEE, CALLEE, None, CALLEE, CALLEE]


def test_an_unknown_user_is_not_explained() -> None:
    with pytest.raises(UserNotFound):
        explain_caller_id(acme(), "bob", CALLEE, "415", NOTHING_INACTIVE)


# The candidates.


def test_candidates_are_those_of_rule_2_by_rank_then_of_rule_3_then_the_others() -> None:
    mapped = [number(f"+1510555010{line}", "415") for line in range(3)]
    snapshot = acme(*[number(f"+1415555010{line}") for line in range(3)], number(CALLEE), *mapped)
    buying = number("+14155550103", state=NumberState.PURCHASING)
    releasing = number("+15105550107", "415", state=NumberState.RELEASING)
    explanation = explain(snapshot, inactive=[buying, releasing])
    assert isinstance(explanation.decision, CallerIdDecision)
    found = [(each.rule, each.verdict, each.rank, each.state) for each in explanation.candidates]
    active = NumberState.ACTIVE
    assert found == [
        (LOCAL, CHOSEN, 1, active),
        (LOCAL, LOST, 2, active),
        (LOCAL, LOST, 3, active),
        (MAPPED, LOST, 1, active),
        (MAPPED, LOST, 2, active),
        (MAPPED, LOST, 3, active),
        (LOCAL, CandidateVerdict.CALLEES_OWN, 0, active),
        (LOCAL, CandidateVerdict.NOT_ACTIVE, 0, NumberState.PURCHASING),
        (MAPPED, CandidateVerdict.NOT_ACTIVE, 0, NumberState.RELEASING),
    ]
    assert explanation.candidates[0].phone_number == explanation.decision.caller_id
    assert explanation.candidate_count == 9
    assert explanation.rules[1].detail == (
        f"Of the 3 active numbers with the area code 415, this callee sees {explanation.decision.caller_id}."
    )


def test_the_second_rank_is_shown_when_the_first_is_gone() -> None:
    numbers = [number(f"+141555501{line:02}") for line in range(20)]
    first, second, *_ = [each.phone_number for each in explain(acme(*numbers)).candidates]
    without = explain(acme(*[each for each in numbers if each.phone_number != first]))
    assert without.candidates[0].phone_number == second


def test_a_number_that_was_deleted_since_the_snapshot_is_listed_once_as_the_snapshot_has_it() -> None:
    deleted = number("+14155550100", state=NumberState.RELEASING)
    explanation = explain(acme(number("+14155550100")), inactive=[deleted])
    assert [(each.verdict, each.state) for each in explanation.candidates] == [(CHOSEN, NumberState.ACTIVE)]
    assert explanation.candidate_count == 1


def test_only_the_first_candidates_are_listed_and_all_are_counted() -> None:
    numbers = [number(f"+1415555{line:04}") for line in range(1000, 1300)]
    explanation = explain(acme(*numbers), inactive=[number("+14155559999")], count=50)
    assert len(explanation.candidates) == MOST_CANDIDATES
    assert [each.rank for each in explanation.candidates] == list(range(1, MOST_CANDIDATES + 1))
    assert explanation.candidate_count == 350


# It follows from the decision, for any snapshot.

phones = st.sampled_from(
    [
        *(f"+1{code}555{line:04}" for code in ("415", "628") for line in (100, 101, 172)),
        "+18005550150",
        "+442079460000",
        # One phone in two spellings.
        "+5491123456789",
        "+541123456789",
    ]
)
maybe_phones = st.none() | phones
area_codes = st.sampled_from(["415", "628", "+4420", "+5411"])


@st.composite
def snapshots(draw: st.DrawFn) -> RoutingSnapshot:
    numbers = draw(st.lists(phones, unique=True, max_size=8))
    return acme(
        *[number(each, *draw(st.sets(area_codes)) - {area_code_of(each)}) for each in numbers],
        caller_id=draw(maybe_phones),
        organization_number=draw(maybe_phones),
    )


@given(snapshots(), phones)
def test_the_rules_follow_from_the_snapshot_and_the_decision_is_their_first(
    snapshot: RoutingSnapshot, callee: str
) -> None:
    explanation = explain(snapshot, callee)
    assert comparable(explanation.decision) == comparable(decided(snapshot, callee))

    # The rules again, in the shortest form.
    place, agent, main = area_code_of(callee), snapshot.caller_ids["ann"], snapshot.organization_number
    fitting: list[list[str]] = [
        [agent] if agent is not None and area_code_of(agent) == place else [],
        [*snapshot.own.get(place or "", ((), b"", b""))[0]],
        [*snapshot.mapped.get(place or "", ((), b"", b""))[0]],
        [agent] if agent is not None else [],
        [main] if main is not None else [],
    ]
    expected: list[tuple[RuleOutcome, SkipReason | None]] = []
    for index, numbers in enumerate(fitting):
        if any(outcome is RuleOutcome.CHOSEN for outcome, _ in expected):
            expected.append((RuleOutcome.NOT_REACHED, None))
        elif index < 3 and place is None:
            expected.append((RuleOutcome.SKIPPED, SkipReason.CALLEE_HAS_NO_AREA_CODE))
        elif any(phone_key(each) != phone_key(callee) for each in numbers):
            expected.append((RuleOutcome.CHOSEN, None))
        elif numbers or (index == 0 and agent is not None and phone_key(agent) == phone_key(callee)):
            expected.append((RuleOutcome.SKIPPED, SkipReason.CALLEES_OWN_NUMBER))
        else:
            expected.append((RuleOutcome.NO_CANDIDATE, None))
    assert [(each.outcome, each.skip_reason) for each in explanation.rules] == expected

    # Every number of the area code is a candidate, and only the shown one is the chosen one.
    assert sorted(each.phone_number for each in explanation.candidates) == sorted(
        itertools.chain(*(fitting[1:3] if place else ()))
    )
    for candidate in explanation.candidates:
        is_decision = explanation.decision == (candidate.phone_number, candidate.rule)
        assert (candidate.verdict is CHOSEN) == is_decision
        assert (candidate.rank == 0) == (phone_key(candidate.phone_number) == phone_key(callee))
