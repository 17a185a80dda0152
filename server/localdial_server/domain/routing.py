"""All that an organization's calls are decided on, as one immutable value."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from localdial_server.domain.model import Number, NumberState, Organization


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number that may be shown, with the hash that spreads callees over it."""

    phone_number: str
    seed: int


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
    numbers: Iterable[Number],
) -> RoutingSnapshot:
    """Build the snapshot of an organization from its users' caller IDs and its numbers."""
    own: defaultdict[str, list[Candidate]] = defaultdict(list)
    mapped: defaultdict[str, list[Candidate]] = defaultdict(list)
    for number in numbers:
        if number.state is not NumberState.ACTIVE:
            continue
        candidate = Candidate(number.phone_number, hash64(number.phone_number))
        if number.area_code is not None:
            own[number.area_code].append(candidate)
        for area_code in number.mapped_area_codes:
            mapped[area_code].append(candidate)
    return RoutingSnapshot(
        organization_id=organization.organization_id,
        revision=revision,
        organization_number=organization.organization_number,
        caller_ids=caller_ids,
        own={area_code: tuple(candidates) for area_code, candidates in own.items()},
        mapped={area_code: tuple(candidates) for area_code, candidates in mapped.items()},
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
