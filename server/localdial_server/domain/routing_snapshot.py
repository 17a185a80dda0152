"""All that an organization's calls are decided on, as one immutable value."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from localdial_server.domain.model import Organization

# A number that may be shown, with the hash that spreads callees over it. A plain
# tuple, of which Python's garbage collector keeps no account: there are many.
Candidate = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RoutingSnapshot:
    """An organization as of one revision.

    ``caller_ids`` holds every user's own caller ID, or None, by user_id.
    ``own`` and ``mapped`` hold the active numbers that serve an area code: by
    their own, or by a mapping. An area code without any is absent.
    """

    organization_id: str
    revision: int
    organization_number: str | None
    caller_ids: Mapping[str, str | None]
    own: Mapping[str, tuple[Candidate, ...]]
    mapped: Mapping[str, tuple[Candidate, ...]]


def hash64(text: str) -> int:
    """Hash a phone number to 64 bits: the same in every process and release."""
    return int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=8).digest(), "big")


def build_snapshot(
    organization: Organization,
    revision: int,
    caller_ids: Mapping[str, str | None],
    active_numbers: Mapping[str, str | None],
    mappings: Iterable[tuple[str, str]],
) -> RoutingSnapshot:
    """Build the snapshot of an organization.

    ``caller_ids`` is by user_id, ``active_numbers`` tells the area code of each by
    phone number, ``mappings`` are area codes with phone numbers.
    """
    own: defaultdict[str, list[Candidate]] = defaultdict(list)
    mapped: defaultdict[str, list[Candidate]] = defaultdict(list)
    candidates = {phone_number: (phone_number, hash64(phone_number)) for phone_number in active_numbers}
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


# As measured with tracemalloc; a test holds them to it.
_ORGANIZATION_BYTES = 450
_USER_BYTES = 150
_AREA_CODE_BYTES = 130
_NUMBER_BYTES = 155
_MAPPING_BYTES = 8


def estimated_size(snapshot: RoutingSnapshot) -> int:
    """Estimate how much memory the snapshot takes, in bytes."""
    return (
        _ORGANIZATION_BYTES
        + _USER_BYTES * len(snapshot.caller_ids)
        + _AREA_CODE_BYTES * (len(snapshot.own) + len(snapshot.mapped))
        + _NUMBER_BYTES * sum(map(len, snapshot.own.values()))
        + _MAPPING_BYTES * sum(map(len, snapshot.mapped.values()))
    )
