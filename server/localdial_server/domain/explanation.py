"""Why a callee sees a caller ID: what came of each rule, and of each number that it could have chosen.

The decision is `decide_caller_id`'s own. Everything else is read from the same snapshot, so that the two
never disagree. What a snapshot lacks, numbers that are being bought or released, is added from elsewhere
and changes nothing that the snapshot says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.caller_id import CallerIdDecision, decide_caller_id
from localdial_server.domain.choice import NO_CANDIDATES, Candidates, rank_numbers
from localdial_server.domain.errors import NoCallerId
from localdial_server.domain.model import CallerIdReason, Number, NumberState
from localdial_server.domain.phone_keys import spellings
from localdial_server.domain.routing_snapshot import RoutingSnapshot

MOST_CANDIDATES: Final = 100
"""An explanation lists at most this many candidates."""

_NEEDS_AREA_CODE: Final = frozenset(
    {
        CallerIdReason.AGENT_CALLER_ID_LOCAL,
        CallerIdReason.LOCAL_PRESENCE,
        CallerIdReason.LOCAL_PRESENCE_MAPPED,
    }
)


class RuleOutcome(Enum):
    """What came of a rule."""

    CHOSEN = "chosen"
    NO_CANDIDATE = "no_candidate"
    """Nothing that the rule may choose is there."""
    SKIPPED = "skipped"
    """The rule does not apply, for a `SkipReason`."""
    NOT_REACHED = "not_reached"
    """An earlier rule gave the caller ID."""


class SkipReason(Enum):
    """Why a rule does not apply."""

    CALLEE_HAS_NO_AREA_CODE = "callee_has_no_area_code"
    CALLEES_OWN_NUMBER = "callees_own_number"
    """All that the rule could choose is the callee's own number."""


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """What came of one rule."""

    rule: CallerIdReason
    outcome: RuleOutcome
    detail: str
    """A sentence for people."""
    caller_id: str | None = None
    """The caller ID (E.164) that the rule looked at; None if there is none or the rule was not reached."""
    skip_reason: SkipReason | None = None
    """None unless the rule was skipped."""


class CandidateVerdict(Enum):
    """What came of a number that has the callee's area code, or is mapped to it."""

    CHOSEN = "chosen"
    LOST = "lost"
    """It could be shown, but another caller ID is."""
    NOT_ACTIVE = "not_active"
    """It is being bought or released."""
    CALLEES_OWN = "callees_own"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What came of one number (E.164)."""

    phone_number: str
    rule: CallerIdReason
    """The rule that could choose it: `LOCAL_PRESENCE` or `LOCAL_PRESENCE_MAPPED`."""
    verdict: CandidateVerdict
    state: NumberState
    rank: int = 0
    """Its place in the order in which the rule would choose, from 1; 0 if it cannot be chosen."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision about a call, and what came of each rule and each candidate, in order."""

    decision: CallerIdDecision | NoCallerId
    revision: int
    """The revision of the organization that the decision is based on."""
    rules: Sequence[RuleExplanation]
    candidates: Sequence[Candidate]
    """Those of rule 2, then those of rule 3, each by rank, then those without a rank. The first 100."""
    candidate_count: int
    """How many there are, including those that `candidates` leaves out."""


@dataclass(frozen=True, slots=True)
class InactiveNumbers:
    """The numbers that have an area code or are mapped to it, but are not active."""

    first: Sequence[Number] = ()
    """The first of them, by phone number."""
    count: int = 0
    """How many there are."""


def explain_caller_id(
    snapshot: RoutingSnapshot,
    user_id: str,
    callee_number: str,
    area_code: str | None,
    inactive: InactiveNumbers,
) -> Explanation:
    """Explain the decision of `decide_caller_id` with the same arguments.

    `inactive` are the organization's inactive numbers for this area code, as of another moment perhaps: a
    number that the snapshot has as active is listed as active.

    Raises `UserNotFound`.
    """
    decision: CallerIdDecision | NoCallerId
    try:
        decision = decide_caller_id(snapshot, user_id, callee_number, area_code)
    except NoCallerId as error:
        # A traceback would keep this frame in memory until the garbage collector finds the cycle.
        decision = error.with_traceback(None)
    rules = _Rules(snapshot, user_id, callee_number, area_code)
    candidates, count = _candidates(rules, decision, inactive)
    return Explanation(decision, snapshot.revision, list(rules.explained(decision)), candidates, count)


class _Rules:
    """The facts about one call, as `decide_caller_id` reads them from the snapshot."""

    def __init__(
        self, snapshot: RoutingSnapshot, user_id: str, callee_number: str, area_code: str | None
    ) -> None:
        self.callee_number = callee_number
        self.callee_numbers = spellings(callee_number)
        self.area_code = area_code
        self._agent_caller_id = snapshot.caller_ids[user_id]
        self._organization_number = snapshot.organization_number
        self.numbers: dict[CallerIdReason, Candidates] = {
            rule: by_area_code.get(area_code, NO_CANDIDATES) if area_code is not None else NO_CANDIDATES
            for rule, by_area_code in (
                (CallerIdReason.LOCAL_PRESENCE, snapshot.own),
                (CallerIdReason.LOCAL_PRESENCE_MAPPED, snapshot.mapped),
            )
        }

    def explained(self, decision: CallerIdDecision | NoCallerId) -> Iterator[RuleExplanation]:
        """Yield what came of each rule, in their order."""
        is_decided = False
        for rule in CallerIdReason:
            if is_decided:
                yield RuleExplanation(rule, RuleOutcome.NOT_REACHED, "An earlier rule gave the caller ID.")
            elif isinstance(decision, CallerIdDecision) and rule is decision.reason:
                is_decided = True
                caller_id = decision.caller_id
                yield RuleExplanation(rule, RuleOutcome.CHOSEN, self._why_chosen(rule, caller_id), caller_id)
            elif self.area_code is None and rule in _NEEDS_AREA_CODE:
                yield RuleExplanation(
                    rule,
                    RuleOutcome.SKIPPED,
                    "The callee's number has no geographic area code.",
                    skip_reason=SkipReason.CALLEE_HAS_NO_AREA_CODE,
                )
            elif rule in self.numbers:
                yield self._without_number(rule)
            else:
                yield self._without_caller_id(rule)

    def _why_chosen(self, rule: CallerIdReason, caller_id: str) -> str:
        if rule in self.numbers:
            numbers, _, _ = self.numbers[rule]
            others = len([each for each in numbers if each not in self.callee_numbers]) - 1
            if others == 0:
                return f"{caller_id} is the only active number {self._that_fits(rule)}."
            return (
                f"Of the {others + 1:,} active numbers {self._that_fits(rule)}, this callee sees {caller_id}."
            )
        of_area_code = f" has the callee's area code {self.area_code}"
        is_local = rule is CallerIdReason.AGENT_CALLER_ID_LOCAL
        return f"{self._of_rule(rule)}, {caller_id},{of_area_code if is_local else ' is shown'}."

    def _without_number(self, rule: CallerIdReason) -> RuleExplanation:
        numbers, _, _ = self.numbers[rule]
        fits = self._that_fits(rule)
        if not numbers:
            return RuleExplanation(
                rule, RuleOutcome.NO_CANDIDATE, f"The organization has no active number {fits}."
            )
        return RuleExplanation(
            rule,
            RuleOutcome.SKIPPED,
            f"The only active number {fits} is the callee's own.",
            numbers[0],
            SkipReason.CALLEES_OWN_NUMBER,
        )

    def _without_caller_id(self, rule: CallerIdReason) -> RuleExplanation:
        is_agents = rule is not CallerIdReason.ORGANIZATION_NUMBER
        caller_id = self._agent_caller_id if is_agents else self._organization_number
        if caller_id is None:
            nothing = (
                "The user has no caller ID." if is_agents else "The organization has no organization number."
            )
            return RuleExplanation(rule, RuleOutcome.NO_CANDIDATE, nothing)
        name = f"{self._of_rule(rule)}, {caller_id},"
        if caller_id in self.callee_numbers:
            return RuleExplanation(
                rule,
                RuleOutcome.SKIPPED,
                f"{name} is the callee's own number.",
                caller_id,
                SkipReason.CALLEES_OWN_NUMBER,
            )
        code = area_code_of(caller_id)
        has = f"has the area code {code}" if code is not None else "has no geographic area code"
        return RuleExplanation(
            rule, RuleOutcome.NO_CANDIDATE, f"{name} {has}, not {self.area_code}.", caller_id
        )

    def _of_rule(self, rule: CallerIdReason) -> str:
        if rule is CallerIdReason.ORGANIZATION_NUMBER:
            return "The organization number"
        return "The caller ID of the user"

    def _that_fits(self, rule: CallerIdReason) -> str:
        if rule is CallerIdReason.LOCAL_PRESENCE:
            return f"with the area code {self.area_code}"
        return f"that the area code {self.area_code} is mapped to"


def _candidates(
    rules: _Rules, decision: CallerIdDecision | NoCallerId, inactive: InactiveNumbers
) -> tuple[Sequence[Candidate], int]:
    """Return the first candidates, and how many there are."""
    chosen = decision if isinstance(decision, CallerIdDecision) else None
    active = {number for numbers, _, _ in rules.numbers.values() for number in numbers}
    others = [each for each in inactive.first if each.phone_number not in active]
    count = sum(len(numbers) for numbers, _, _ in rules.numbers.values())
    count += inactive.count - (len(inactive.first) - len(others))
    listed = [
        Candidate(
            phone_number,
            rule,
            CandidateVerdict.CHOSEN
            if chosen is not None and chosen == (phone_number, rule)
            else CandidateVerdict.LOST,
            NumberState.ACTIVE,
            rank,
        )
        for rule, numbers in rules.numbers.items()
        for rank, phone_number in enumerate(rank_numbers(numbers, rules.callee_number, MOST_CANDIDATES), 1)
    ]
    listed += [
        Candidate(phone_number, rule, CandidateVerdict.CALLEES_OWN, NumberState.ACTIVE)
        for rule, (numbers, _, _) in rules.numbers.items()
        for phone_number in numbers
        if phone_number in rules.callee_numbers
    ]
    listed += [
        Candidate(
            each.phone_number,
            CallerIdReason.LOCAL_PRESENCE
            if each.area_code == rules.area_code
            else CallerIdReason.LOCAL_PRESENCE_MAPPED,
            CandidateVerdict.NOT_ACTIVE,
            each.state,
        )
        for each in others
    ]
    return listed[:MOST_CANDIDATES], count
