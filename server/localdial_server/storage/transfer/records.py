"""The lines of an export: one JSON object each, in one form and one order.

The form is exact to the byte: the same content gives the same file, whatever database it
comes from. An import is verified by exporting it again.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Annotated, Any, Final, Literal, NamedTuple, NotRequired

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import to_json
from typing_extensions import TypedDict

from localdial_server.domain.audit import AuditEventKind
from localdial_server.domain.call_counts import CallCount
from localdial_server.domain.formats import AREA_CODE, E164, IDENTIFIER, Format
from localdial_server.domain.model import CallerIdReason, DestinationReason, InboundCallOutcome, NumberState

FORMAT: Final = "localdial-export"
VERSION: Final = 7
READABLE_VERSIONS: Final = frozenset({5, 6, VERSION})
"""Version 5 has no record of changes, and version 6 has neither counts of calls nor who bought a number."""
WITH_AUDIT_EVENTS: Final = 6
WITH_COUNTS: Final = 7

# Wider than what requests may have: names that earlier releases accepted must remain importable.
_STORED_NAME: Final = Format(
    "^[^\\p{Cc}\\p{Zl}\\p{Zp}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]{0,200}$",
    "must be up to 200 characters, without control characters",
)
# PostgreSQL stores every character but NUL.
_NO_NUL: Final = Format("^[^\\x00]*$", "must have no NUL characters")
_UUID: Final = Format("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "must be a UUID in lower case")
_CHECKSUM: Final = Format("^[0-9a-f]{64}$", "must be a SHA-256 in hexadecimal digits")
_REQUIREMENTS: Final = {
    format_.pattern: format_.requirement
    for format_ in (IDENTIFIER, E164, AREA_CODE, _STORED_NAME, _NO_NUL, _UUID, _CHECKSUM)
}


def _distinct_and_sorted(area_codes: list[str]) -> list[str]:
    if area_codes != sorted(set(area_codes)):
        raise ValueError("must be sorted, each once")
    return area_codes


def _sorted_by_reference(purchases: list["PurchaseRecord"]) -> list["PurchaseRecord"]:
    references = [purchase["reference"] for purchase in purchases]
    if references != sorted(set(references)):
        raise ValueError("must be sorted by reference, each once")
    return purchases


_Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER.pattern)]
_PhoneNumber = Annotated[str, StringConstraints(pattern=E164.pattern)]
_AreaCode = Annotated[str, StringConstraints(pattern=AREA_CODE.pattern)]
_Text = Annotated[str, StringConstraints(pattern=_NO_NUL.pattern)]
_Text16 = Annotated[_Text, StringConstraints(max_length=16)]
_Text32 = Annotated[_Text, StringConstraints(max_length=32)]
_Text64 = Annotated[_Text, StringConstraints(max_length=64)]
_Text128 = Annotated[_Text, StringConstraints(max_length=128)]
_Text256 = Annotated[_Text, StringConstraints(max_length=256)]
_EventId = Annotated[str, StringConstraints(pattern=_UUID.pattern)]
_Text200 = Annotated[_Text, StringConstraints(max_length=200)]
_DisplayName = Annotated[str, StringConstraints(pattern=_STORED_NAME.pattern)]
# The range of a BIGINT.
_Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
# Less than the largest BIGINT, so that later bumps fit.
_Revision = Annotated[int, Field(ge=0, le=2**62)]
# Microseconds since the epoch.
_Time = _Count
# The range of an INTEGER.
_HourCount = Annotated[int, Field(ge=0, le=2**31 - 1)]
# Days since the epoch.
_Day = _HourCount


class Header(TypedDict):
    """The first line."""

    kind: Literal["header"]
    format: str
    version: int


class OrganizationRecord(TypedDict):
    """An organization; the lines of its own data follow."""

    kind: Literal["organization"]
    organization_id: _Identifier
    revision: _Revision
    display_name: _DisplayName
    organization_number: _PhoneNumber | None


class DeletedOrganizationRecord(TypedDict):
    """A deleted organization's revision; the lines of its calls follow."""

    kind: Literal["deleted_organization"]
    organization_id: _Identifier
    revision: _Revision


class UserRecord(TypedDict):
    """A row of `users`."""

    kind: Literal["user"]
    organization_id: _Identifier
    user_id: _Identifier
    display_name: _DisplayName
    caller_id: _PhoneNumber | None
    work_phone: _PhoneNumber | None


class NumberRecord(TypedDict):
    """A row of `numbers`, and its mappings. Before version 7 it has no `created_by` and no `release_time`."""

    kind: Literal["number"]
    organization_id: _Identifier
    phone_number: _PhoneNumber
    area_code: _AreaCode | None
    state: NumberState
    carrier: _Text32
    carrier_number_id: _Text128
    carrier_account: _Text64
    reference: _Text64
    locality: _Text200
    region: _Text16
    purchase_time: _Time
    carrier_busy_until: _Time
    version: _Count
    release_refusal: _Text | None
    release_refusal_cause: _Text16 | None
    release_refused_time: _Time | None
    release_retry_time: _Time | None
    created_by: NotRequired[_Text256]
    release_time: NotRequired[_Time | None]
    mapped_area_codes: Annotated[list[_AreaCode], AfterValidator(_distinct_and_sorted)]


class PurchaseRecord(TypedDict):
    """A row of `purchases`, within the request that ordered the number."""

    reference: _Text64
    phone_number: _PhoneNumber
    purchase_time: _Time


class RequestRecord(TypedDict):
    """A row of `requests`. After an import a repeat gets the same answer, or continues the request.

    `purchases` has the orders of a request that has no answer yet, sorted by reference.
    """

    kind: Literal["request"]
    organization_id: _Identifier
    request_id: _Identifier
    arguments: _Text
    answer: _Text | None
    create_time: _Time
    purchases: Annotated[list[PurchaseRecord], AfterValidator(_sorted_by_reference)]


class CallRecord(TypedDict):
    """A row of `outbound_calls`."""

    kind: Literal["call"]
    organization_id: _Identifier
    call_id: _Identifier
    user_id: _Identifier
    callee_number: _PhoneNumber
    caller_id: _PhoneNumber
    reason: CallerIdReason
    call_time: _Time
    revision: _Count


class InboundCallRecord(TypedDict):
    """A row of `inbound_calls`."""

    kind: Literal["inbound_call"]
    organization_id: _Identifier
    call_id: _Identifier
    call_time: _Time
    called_number: _PhoneNumber | None
    caller_number: _PhoneNumber | None
    destination_number: _PhoneNumber | None
    reason: DestinationReason | None
    user_id: _Identifier | None
    fallback_number: _PhoneNumber | None
    last_call_id: _Identifier | None
    last_call_time: _Time | None
    degraded: bool
    outcome: Annotated[int, Field(ge=0, le=max(InboundCallOutcome))]
    outcome_time: _Time | None


class AuditEventRecord(TypedDict):
    """A row of `audit_events`."""

    kind: Literal["audit_event"]
    organization_id: _Identifier
    event_time: _Time
    event_id: _EventId
    event_kind: AuditEventKind
    subject: _Text128
    principal: _Text256
    address: _Text64
    method: _Text64
    request_id: _Text128
    before: _Text
    after: _Text


class CallCountRecord(TypedDict):
    """A row of `call_counts`, with a count for each hour of the day."""

    kind: Literal["call_count"]
    organization_id: _Identifier
    count_kind: CallCount
    day: _Day
    subject: _Text16
    hours: Annotated[list[_HourCount], Field(min_length=24, max_length=24)]


class ShownCallerIdRecord(TypedDict):
    """A row of `shown_caller_ids`."""

    kind: Literal["shown_caller_id"]
    organization_id: _Identifier
    caller_id: _PhoneNumber
    call_time: _Time


class End(TypedDict):
    """The last line: the number of records of each kind, and the SHA-256 of all lines before it.

    In version 5 it has no `audit_events`, and before version 7 no counts of calls.
    """

    kind: Literal["end"]
    organizations: _Count
    deleted_organizations: _Count
    users: _Count
    numbers: _Count
    requests: _Count
    calls: _Count
    inbound_calls: _Count
    audit_events: NotRequired[_Count]
    call_counts: NotRequired[_Count]
    shown_caller_ids: NotRequired[_Count]
    sha256: Annotated[str, StringConstraints(pattern=_CHECKSUM.pattern)]


Record = (
    OrganizationRecord
    | DeletedOrganizationRecord
    | UserRecord
    | NumberRecord
    | RequestRecord
    | CallRecord
    | InboundCallRecord
    | AuditEventRecord
    | CallCountRecord
    | ShownCallerIdRecord
)
Line = Header | Record | End

_LINES: TypeAdapter[Line] = TypeAdapter(
    Annotated[Line, Field(discriminator="kind")],
    config=ConfigDict(extra="forbid", strict=True, use_enum_values=True),
)

# The order of the kinds within an organization, and the sort key of each.
_ORDER: Final = {
    "organization": (0, itemgetter("organization_id")),
    "deleted_organization": (0, itemgetter("organization_id")),
    "user": (1, itemgetter("user_id")),
    "number": (2, itemgetter("phone_number")),
    "request": (3, itemgetter("request_id")),
    "call": (4, itemgetter("call_time", "call_id")),
    "inbound_call": (5, itemgetter("call_time", "call_id")),
    "audit_event": (6, itemgetter("event_time", "event_id")),
    "call_count": (7, itemgetter("count_kind", "day", "subject")),
    "shown_caller_id": (8, itemgetter("caller_id")),
}


class FieldProblem(NamedTuple):
    """A problem with a field, or with the whole line if `field` is empty."""

    field: str
    message: str


class BadLineError(Exception):
    """The line does not belong in an export."""

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{problem.field} {problem.message}" for problem in problems))
        self.problems = problems


def parse(line: bytes) -> Line:
    """Parse a line, without its line end. Raises `BadLineError`."""
    try:
        record = _LINES.validate_json(line)
    except ValidationError as error:
        raise BadLineError(*map(_problem_of, error.errors(include_url=False, include_input=False))) from None
    if to_json(record) != line:
        # Spaces, another order of the fields, or a field twice.
        raise BadLineError(FieldProblem("", "is not in the exact form that an export has"))
    return record


def serialize(records: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the records as lines.

    The fields must be in the order of the record's type. Their names must be plain `str`:
    serializing SQLAlchemy's subclass takes 60 times as long.
    """
    return b"".join([to_json(record) + b"\n" for record in records])


def sort_key(record: Record) -> tuple[str, int, Any]:
    """Return the sort key of the record, which is unique in an export."""
    rank, key_of = _ORDER[record["kind"]]
    return record["organization_id"], rank, key_of(record)


class Tally:
    """The counts and the checksum of the lines so far, of an export in this version of the format."""

    def __init__(self, version: int = VERSION) -> None:
        self.version = version
        self._counts: Counter[str] = Counter()
        self._sha256 = hashlib.sha256()

    def add(self, kind: str, count: int, lines: bytes) -> None:
        """Count the lines, which are all of one kind."""
        self._counts[kind] += count
        self._sha256.update(lines)

    @property
    def records(self) -> int:
        """The number of records."""
        return sum(self._counts[kind] for kind in _ORDER)

    def end(self) -> End:
        """Return the last line of an export of the lines so far."""
        counts = self._counts
        end = End(
            kind="end",
            organizations=counts["organization"],
            deleted_organizations=counts["deleted_organization"],
            users=counts["user"],
            numbers=counts["number"],
            requests=counts["request"],
            calls=counts["call"],
            inbound_calls=counts["inbound_call"],
            audit_events=counts["audit_event"],
            call_counts=counts["call_count"],
            shown_caller_ids=counts["shown_caller_id"],
            sha256=self._sha256.hexdigest(),
        )
        if self.version < WITH_AUDIT_EVENTS:
            del end["audit_events"]
        if self.version < WITH_COUNTS:
            del end["call_counts"], end["shown_caller_ids"]
        return end


def _problem_of(detail: Mapping[str, Any]) -> FieldProblem:
    # Never repeat the value: it may be a phone number.
    field = ".".join(str(part) for part in detail["loc"][1:])
    message = str(detail["msg"]).removeprefix("Value error, ")
    match detail["type"]:
        case "string_pattern_mismatch":
            message = _REQUIREMENTS[detail["ctx"]["pattern"]]
        case "json_invalid":
            message = "is not JSON"
        case "union_tag_not_found" | "dict_type":
            message = "is not a record of an export"
        case "union_tag_invalid":
            field, message = "kind", "is unknown to this release of localdial"
        case "missing":
            message = "is missing"
        case "extra_forbidden":
            message = "is not a field of such a record"
        case _:
            message = message.replace("Input should", "must").replace("String should", "must")
    return FieldProblem(field, message)
