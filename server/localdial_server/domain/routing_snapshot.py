"""Everything that an organization's outbound calls are decided on, as one immutable value."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from localdial_server.domain.model import Organization
from localdial_server.domain.rendezvous import Candidate, candidate


@dataclass(frozen=True, slots=True)
class RoutingSnapshot:
    """An organization as of one revision. Phone numbers are E.164.

    `caller_ids` has every user's caller ID by `user_id`; None if the user has none.
    `own` and `mapped` have the active numbers of each area code: those with that area
    code, and those mapped to it. An area code without numbers is absent.
    """

    organization_id: str
    revision: int
    organization_number: str | None
    caller_ids: Mapping[str, str | None]
    own: Mapping[str, tuple[Candidate, ...]]
    mapped: Mapping[str, tuple[Candidate, ...]]


def build_snapshot(
    organization: Organization,
    revision: int,
    caller_ids: Mapping[str, str | None],
    active_numbers: Mapping[str, str | None],
    mappings: Iterable[tuple[str, str]],
) -> RoutingSnapshot:
    """Build the snapshot of an organization.

    `active_numbers` has the area code, or None, of each active number. `mappings` are pairs
    of area code and phone number; those of numbers that are not active are left out.
    """
    own: defaultdict[str, list[Candidate]] = defaultdict(list)
    mapped: defaultdict[str, list[Candidate]] = defaultdict(list)
    candidates = {phone_number: candidate(phone_number) for phone_number in active_numbers}
    for phone_number, area_code in active_numbers.items():
        if area_code is not None:
            own[area_code].append(candidates[phone_number])
    for area_code, phone_number in mappings:
        if phone_number in candidates:
            mapped[area_code].append(candidates[phone_number])
    return RoutingSnapshot(
        organization_id=organization.organization_id,
        revision=revision,
        organization_number=organization.organization_number,
        caller_ids=caller_ids,
        own={area_code: tuple(numbers) for area_code, numbers in own.items()},
        mapped={area_code: tuple(numbers) for area_code, numbers in mapped.items()},
    )


# Measured with tracemalloc; a test compares the estimate with the real size.
_ORGANIZATION_BYTES = 450
_USER_BYTES = 150
_AREA_CODE_BYTES = 130
_NUMBER_BYTES = 155
_MAPPING_BYTES = 8


def estimated_size(snapshot: RoutingSnapshot) -> int:
    """Return an estimate of the snapshot's memory, in bytes."""
    return (
        _ORGANIZATION_BYTES
        + _USER_BYTES * len(snapshot.caller_ids)
        + _AREA_CODE_BYTES * (len(snapshot.own) + len(snapshot.mapped))
        + _NUMBER_BYTES * sum(map(len, snapshot.own.values()))
        + _MAPPING_BYTES * sum(map(len, snapshot.mapped.values()))
    )
