"""Checks that explanations agree with what they explain, whatever the case."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from localdial_server.app.outbound_calls import Leg
from localdial_server.domain.model import CallerIdReason
from tests.scenarios.target import (
    Answer,
    Call,
    Connection,
    Explained,
    ExplainedRecord,
    Refused,
    ScenarioTarget,
    refusals,
)

T = TypeVar("T")

_RULES = [reason.name for reason in CallerIdReason]
_CHOOSING = {"LOCAL_PRESENCE", "LOCAL_PRESENCE_MAPPED"}


async def require_explained(target: ScenarioTarget, leg: Leg) -> None:
    """Check that the explanation of a leg has the answer or the error of a resolve that records nothing."""
    asked = replace(leg, call_id=None, validate_only=True)
    decided = await _answer_or_refusal(target.resolve(asked))
    explained = await _answer_or_refusal(target.explain(asked))
    if isinstance(explained, Explained):
        await _require_decision(explained, decided)
    else:
        # The explanation is refused for the same reason.
        assert _comparable(explained) == _comparable(decided)
        assert "NO_CALLER_ID" not in str(explained)


async def require_record_explained(target: ScenarioTarget, leg: Leg, answer: Answer) -> None:
    """Check that the explanation of a recorded call has the record, and what holds now."""
    assert answer.call_id is not None
    record = await target.explain_call(leg.organization_id, answer.call_id)
    if record is None:
        return
    assert record.call == Call(
        answer.call_id, leg.user_id, leg.callee_number, answer.caller_id, answer.reason
    )
    asked = replace(leg, call_id=None, validate_only=True, min_revision=0)
    decided = await _answer_or_refusal(target.resolve(asked))
    if record.now is None:
        assert isinstance(decided, Refused)
        assert decided.reason == "USER_NOT_FOUND"
    else:
        await _require_decision(record.now, decided)
    await _require_call_back(target, leg, record)


async def _require_decision(explained: Explained, decided: Answer | Refused) -> None:
    decision = await _answer_or_refusal(_decision_of(explained))
    assert _comparable(decision) == _comparable(decided)
    # What came of the rules follows from the decision.
    rules, outcomes = zip(*explained.outcomes, strict=True)
    assert list(rules) == _RULES
    chosen = decided.reason if isinstance(decided, Answer) else None
    before = _RULES.index(chosen) if chosen is not None else len(_RULES)
    assert set(outcomes[:before]) <= {"NO_CANDIDATE", "SKIPPED"}
    assert (
        list(outcomes[before:])
        == ["CHOSEN", *["NOT_REACHED"] * (len(_RULES) - before - 1)][: len(_RULES) - before]
    )
    assert explained.chosen == (
        [decided.caller_id] if isinstance(decided, Answer) and chosen in _CHOOSING else []
    )


async def _require_call_back(target: ScenarioTarget, leg: Leg, record: ExplainedRecord) -> None:
    """Check that the call-back would go where it goes, unless the number is another organization's now."""
    called = await _answer_or_refusal(target.route(record.call.caller_id, leg.callee_number))
    told = await _answer_or_refusal(_call_back_of(record))
    if isinstance(called, Connection) and called.organization != leg.organization_id:
        assert isinstance(told, Refused)
        assert told.reason == "NUMBER_NOT_FOUND"
    elif isinstance(called, Connection):
        assert isinstance(told, Connection)
        assert replace(told, last_call=called.last_call) == called
    else:
        assert isinstance(told, Refused)
        assert told.reason == called.reason


async def _decision_of(explained: Explained) -> Answer:
    if not isinstance(explained.decision, Answer):
        raise explained.decision
    return explained.decision


async def _call_back_of(record: ExplainedRecord) -> Connection:
    if not isinstance(record.call_back, Connection):
        raise record.call_back
    return record.call_back


async def _answer_or_refusal(asking: Awaitable[T]) -> T | Refused:
    try:
        with refusals():
            return await asking
    except Refused as refused:
        return refused


def _comparable(answer: object) -> object:
    return (str(answer), answer.status) if isinstance(answer, Refused) else answer
