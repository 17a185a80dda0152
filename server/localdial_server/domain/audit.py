"""The record of changes: who changed what, when, from where, and what was there before and after.

What was there is written as the JSON of a message of the contract, with the contract's names of fields.
It has no bookkeeping that the contract does not show, such as the time of the sweep's next attempt. A
change of nothing but bookkeeping is not recorded.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.model import Number, Organization, User

Content = Mapping[str, Any]
"""The fields that are set of what was there before or after a change; empty if nothing was."""

NOTHING: Final[Content] = {}

# A page of 1,000 events must fit into one message, of which clients accept 4 MB.
MOST_AREA_CODES: Final = 200
"""The most area codes in one event; further ones get further events."""
_LONGEST_REFUSAL: Final = 300

_FAILED_PRECONDITION: Final = 9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# The end of the year 9999, in microseconds since the epoch. An import may bring later times.
_LAST_TIME: Final = 253_402_300_799_999_999

# One encoder for all, because making one takes longer than its use.
_to_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class AuditEventKind(Enum):
    """What was changed."""

    ORGANIZATION_SET = "organization_set"
    ORGANIZATION_DELETED = "organization_deleted"
    USER_SET = "user_set"
    USER_DELETED = "user_deleted"
    NUMBER_ADDED = "number_added"
    NUMBER_CHANGED = "number_changed"
    NUMBER_REMOVED = "number_removed"
    AREA_CODES_MAPPED = "area_codes_mapped"
    AREA_CODES_UNMAPPED = "area_codes_unmapped"
    API_KEY_CREATED = "api_key_created"
    API_KEY_ROTATED = "api_key_rotated"
    API_KEY_REVOKED = "api_key_revoked"
    ORGANIZATIONS_IMPORTED = "organizations_imported"
    RECORDS_PRUNED = "records_pruned"


LONGEST_PRINCIPAL: Final = 256
"""Longer names of principals are cut off."""

SYSTEM: Final = "system"
"""The principal of changes that the server makes on its own, such as those of the sweep."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """The record of one change. Texts are empty where there is nothing to say."""

    organization_id: str
    """Empty for a change that belongs to no organization, such as that of an admin's key."""
    event_id: str
    """Of the events with the same time, later ones have greater identifiers."""
    event_time: int
    """In microseconds since the epoch."""
    kind: AuditEventKind
    subject: str
    """The user_id, the phone number or the key_id; empty for the organization itself."""
    principal: str
    address: str
    method: str
    """The RPC, such as `Directory.SetUser`."""
    request_id: str
    before: str
    """What was there before the change, as a JSON object."""
    after: str


def organization_content(organization: Organization | None) -> Content:
    """Return the organization as an `Organization` of the contract; `NOTHING` for None."""
    if organization is None:
        return NOTHING
    return _set_fields(
        organization_id=organization.organization_id,
        display_name=organization.display_name,
        organization_number=organization.organization_number,
    )


def user_content(user: User | None) -> Content:
    """Return the user as a `User` of the contract; `NOTHING` for None."""
    if user is None:
        return NOTHING
    return _set_fields(
        organization_id=user.organization_id,
        user_id=user.user_id,
        display_name=user.display_name,
        caller_id=user.caller_id,
        work_phone=user.work_phone,
    )


def number_content(number: Number | None) -> Content:
    """Return the number as a `LocalPresenceNumber` of the contract; `NOTHING` for None.

    Its mappings are left out, because their changes are events of their own.
    """
    if number is None:
        return NOTHING
    refusal = number.release_refusal
    return _set_fields(
        organization_id=number.organization_id,
        phone_number=number.phone_number,
        area_code=number.area_code,
        state=f"NUMBER_STATE_{number.state.name}",
        locality=number.locality,
        region=number.region,
        carrier=number.carrier,
        carrier_number_id=number.carrier_number_id,
        purchase_time=time_content(number.purchase_time),
        release_status=refusal and {"code": _FAILED_PRECONDITION, "message": refusal[:_LONGEST_REFUSAL]},
    )


def area_code_contents(area_codes: Sequence[str]) -> Iterator[Content]:
    """Yield the area codes of a mapping as contents of events, in parts of `MOST_AREA_CODES`."""
    for begin in range(0, len(area_codes), MOST_AREA_CODES):
        yield {"area_codes": area_codes[begin : begin + MOST_AREA_CODES]}


def api_key_content(api_key: ApiKey | None) -> Content:
    """Return the key as an `ApiKey` of the contract, without its last use; `NOTHING` for None."""
    if api_key is None:
        return NOTHING
    times = {
        "create_time": api_key.create_time,
        "expire_time": api_key.expire_time,
        "revoke_time": api_key.revoke_time,
        "rotate_time": api_key.rotate_time,
        "former_secret_expire_time": api_key.former_expire_time,
    }
    return _set_fields(
        key_id=api_key.key_id,
        display_name=api_key.display_name,
        role=f"ROLE_{api_key.role.name}",
        organization_id=api_key.organization_id,
        **{name: time_content(time) for name, time in times.items() if time is not None},
    )


def time_content(microseconds: int) -> str:
    """Return the time, in microseconds since the epoch, as the JSON of a `Timestamp`."""
    time = _EPOCH + timedelta(microseconds=min(microseconds, _LAST_TIME))
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def purchase_time_in(content: str) -> int | None:
    """Return the time at which the number of an event's `before` or `after` came into the inventory.

    In microseconds since the epoch. None if the content has none.
    """
    time = json.loads(content).get("purchase_time") if content else None
    return None if time is None else (datetime.fromisoformat(time) - _EPOCH) // timedelta(microseconds=1)


def to_json(content: Content) -> str:
    """Return the content as a JSON object; empty if nothing was there."""
    return _to_json(content) if content else ""


def _set_fields(**fields: object) -> Content:
    return {name: value for name, value in fields.items() if value}
