"""The targets of the scenarios: the rules, the use cases, or a live server."""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import localdial_client
from localdial_server.app.outbound_calls import Leg
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.call_back import Destination
from localdial_server.domain.errors import NoCallerId, ServiceError
from localdial_server.domain.explanation import CandidateVerdict, Explanation
from localdial_server.domain.model import OutboundCall


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a resolve. Reasons have no prefix."""

    caller_id: str
    reason: str
    callee_area_code: str | None
    call_id: str | None
    revision: int

    @classmethod
    def of(cls, call: OutboundCall, callee_area_code: str | None) -> Self:
        """Return the answer that the call's record stands for."""
        return cls(
            caller_id=call.caller_id,
            reason=call.reason.name,
            callee_area_code=callee_area_code,
            call_id=call.call_id or None,
            revision=call.revision,
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """The destination of a call-back. `last_call` is a call_id."""

    organization: str
    destination: str
    reason: str
    shown: str
    fallback: str | None
    user: str | None
    last_call: str | None

    @classmethod
    def of(cls, destination: Destination) -> Self:
        """Return the connection to the destination."""
        last_call = destination.last_call
        return cls(
            organization=destination.organization_id,
            destination=destination.destination_number,
            reason=destination.reason.name,
            shown=destination.shown_number,
            fallback=destination.fallback_number,
            user=destination.user_id,
            last_call=last_call.call_id if last_call is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded call."""

    call_id: str
    user: str
    callee: str
    caller_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Explained:
    """An explained call. `decision` is an error that `refusals` knows if there is no caller ID to show.

    `outcomes` are those of the rules, in their order, without prefixes. `chosen` are the candidates that were
    chosen.
    """

    decision: Answer | ServiceError | localdial_client.LocaldialError
    outcomes: Sequence[tuple[str, str]]
    chosen: Sequence[str]


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """A recorded call, and where a call-back would go now; an error if nowhere.

    `now` is None if the user was deleted.
    """

    call: Call
    now: Explained | None
    call_back: Connection | ServiceError | localdial_client.LocaldialError


class Refused(Exception):
    """An operation was refused. `status` is the name of the gRPC status, or None without gRPC."""

    def __init__(
        self, reason: str, message: str, metadata: Mapping[str, str], status: str | None = None
    ) -> None:
        super().__init__(f"{reason}: {message} {dict(sorted(metadata.items()))}")
        self.reason = reason
        self.status = status


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Raise the errors of all targets as `Refused`."""
    try:
        yield
    except ServiceError as error:
        raise Refused(error.reason, error.message, error.metadata) from error
    except localdial_client.LocaldialError as error:
        raise Refused(error.reason, error.message, error.metadata, error.code.name) from error


class ScenarioTarget(Protocol):
    """The operations of the scenarios. Changes return the organization's revision.

    Each may raise an error that `refusals` knows.
    """

    async def set_organization(self, organization: str, organization_number: str | None) -> int:
        """Create or replace the organization."""

    async def delete_organization(self, organization: str) -> int:
        """Delete the organization."""

    async def set_user(
        self, organization: str, user: str, caller_id: str | None, work_phone: str | None
    ) -> int:
        """Create or replace the user."""

    async def delete_user(self, organization: str, user: str) -> int:
        """Delete the user."""

    async def add_numbers(self, organization: str, numbers: Collection[str]) -> int:
        """Buy these numbers, and import those that the account owns from the start."""

    async def import_external(self, organization: str, number: str) -> int:
        """Import the number as one that is held elsewhere."""

    async def delete_number(self, organization: str, number: str) -> int:
        """Delete the number."""

    async def map_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        """Map the area codes to the number."""

    async def unmap_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        """Remove the mappings of the area codes to the number."""

    async def list_numbers(self, organization: str) -> Mapping[str, Sequence[str]]:
        """Return the numbers, each with its mapped area codes."""

    async def resolve(self, leg: Leg) -> Answer:
        """Decide which caller ID the callee is shown."""

    async def explain(self, leg: Leg) -> Explained:
        """Explain which caller ID the callee is shown. The leg has no call_id."""

    async def explain_call(self, organization: str, call_id: str) -> ExplainedRecord | None:
        """Explain a recorded call. None if the target keeps no records."""

    async def route(self, called: str, caller: str) -> Connection:
        """Decide where a call-back goes."""

    async def list_calls(self, organization: str, callee: str | None, user: str | None) -> Sequence[Call]:
        """Return the recorded calls, newest first."""


def explained(explanation: Explanation, callee_area_code: str | None) -> Explained:
    """Return the domain's explanation as an answer of a target."""
    decision = explanation.decision
    return Explained(
        decision
        if isinstance(decision, NoCallerId)
        else Answer(
            caller_id=decision.caller_id,
            reason=decision.reason.name,
            callee_area_code=callee_area_code,
            call_id=None,
            revision=explanation.revision,
        ),
        [(each.rule.name, each.outcome.name) for each in explanation.rules],
        [each.phone_number for each in explanation.candidates if each.verdict is CandidateVerdict.CHOSEN],
    )


_OWNED_FROM_START = "5550199"


def split_orders(numbers: Collection[str]) -> tuple[list[str], dict[str, set[str]]]:
    """Return the numbers to import, and the numbers to buy by area code."""
    imports = [number for number in numbers if number.endswith(_OWNED_FROM_START)]
    purchases: dict[str, set[str]] = {}
    for number in numbers:
        if number not in imports:
            area_code = area_code_of(number)
            assert area_code is not None, f"{number} cannot be bought: it has no area code"
            purchases.setdefault(area_code, set()).add(number)
    return imports, purchases


def require_bought(bought: Collection[str], wanted: Collection[str]) -> None:
    """Fail unless the carrier sold the numbers of the case."""
    assert set(bought) == set(wanted), (
        f"the simulated carrier sold {sorted(bought)}, the case wants {sorted(wanted)}: numbers are sold in "
        "the order of its stock, the first ones first"
    )
