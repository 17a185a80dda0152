"""The expectations of a case's steps."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tests.scenarios.operations import AreaCode, Name, PhoneNumber, Strict

CallerIdReason = Literal[
    "AGENT_CALLER_ID_LOCAL",
    "LOCAL_PRESENCE",
    "LOCAL_PRESENCE_MAPPED",
    "AGENT_CALLER_ID",
    "ORGANIZATION_NUMBER",
]
DestinationReason = Literal["LAST_CALLER", "CALLER_ID_OWNER", "ORGANIZATION_NUMBER"]
ErrorReason = Literal[
    "ORGANIZATION_NOT_FOUND",
    "USER_NOT_FOUND",
    "NUMBER_NOT_FOUND",
    "NUMBER_IN_USE",
    "NO_CALLER_ID",
    "NO_DESTINATION",
    "CALL_ID_REUSED",
    "REVISION_NOT_REACHED",
    "INVALID_FIELDS",
]

# The gRPC status of each. Only the reasons that a scenario expects are in this list.
STATUS: dict[str, str] = {
    "INVALID_FIELDS": "INVALID_ARGUMENT",
    "ORGANIZATION_NOT_FOUND": "NOT_FOUND",
    "USER_NOT_FOUND": "NOT_FOUND",
    "NUMBER_NOT_FOUND": "NOT_FOUND",
    "NUMBER_IN_USE": "ALREADY_EXISTS",
    "NO_CALLER_ID": "FAILED_PRECONDITION",
    "NO_DESTINATION": "FAILED_PRECONDITION",
    "CALL_ID_REUSED": "ALREADY_EXISTS",
    "REVISION_NOT_REACHED": "FAILED_PRECONDITION",
}


class Refusal(Strict):
    error: ErrorReason


class Resolved(Strict):
    """A caller ID and its reason, or the answer to another step, or an error."""

    caller_id: PhoneNumber | None = None
    one_of: Annotated[list[PhoneNumber], Field(min_length=2)] | None = None
    # The label of a step with the same caller ID.
    caller_id_of: Name | None = None
    reason: CallerIdReason | None = None
    # Not checked if left out; null means that the callee has none.
    callee_area_code: AreaCode | None = None

    # The label of a step with exactly the same answer.
    answer_of: Name | None = None

    error: ErrorReason | None = None

    @model_validator(mode="after")
    def _is_one_answer(self) -> Self:
        shown = {"caller_id", "one_of", "caller_id_of"} & self.model_fields_set
        whole = {"answer_of", "error"} & self.model_fields_set
        if len(shown | whole) != 1:
            raise ValueError("expect one of caller_id, one_of, caller_id_of, answer_of and error")
        if shown and self.reason is None:
            raise ValueError("say the reason too")
        if whole and self.model_fields_set != whole:
            raise ValueError("answer_of and error say it all")
        return self


class ManyResolved(Strict):
    """Every callee is shown one of `spread_over`, and each of those is shown to some callee.

    `since`: compare with the step of this label. Exactly those callees see another
    number that saw `moved_from` then or see `moved_to` now. If neither is given, no
    callee may see another number.
    """

    spread_over: Annotated[list[PhoneNumber], Field(min_length=1)]
    reason: CallerIdReason
    since: Name | None = None
    moved_from: PhoneNumber | None = None
    moved_to: PhoneNumber | None = None

    @model_validator(mode="after")
    def _moves_are_since_a_step(self) -> Self:
        if self.since is None and (self.moved_from or self.moved_to):
            raise ValueError("say since which step")
        return self


class Routed(Strict):
    """The destination of a call-back. Fields that are left out are not set in the answer."""

    # Optional if only one organization is given.
    organization: Name | None = None
    destination: PhoneNumber
    reason: DestinationReason
    # Which of the two numbers the phone shows.
    # A number where the caller or the called number is not in E.164.
    shown: Literal["caller", "called"] | PhoneNumber = "caller"
    fallback: PhoneNumber | None = None
    user: Name | None = None
    # The call_id of the last call to the caller.
    last_call: Name | None = None


class ListedCall(Strict):
    """A recorded call. Fields that are left out are not checked."""

    call_id: Name | None = None
    user: Name
    callee: PhoneNumber
    caller_id: PhoneNumber | None = None
    reason: CallerIdReason | None = None


class CallsListed(Strict):
    """All calls, newest first."""

    calls: list[ListedCall]


class NumbersListed(Strict):
    """All numbers, each with its mapped area codes in ascending order."""

    numbers: dict[PhoneNumber, list[AreaCode]]
