"""All that an organization's calls are decided on, as one immutable value."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from localdial_server.domain.model import Number, NumberState, Organization, User


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number that may be shown, with the hash that spreads callees over it."""

    phone_number: str
    seed: int


@dataclass(frozen=True, slots=True)
class RoutingSnapshot:
    """An organization as of one revision.

    ``own`` and ``mapped`` hold the active numbers that serve an area code: by
    their own, or by a mapping. An area code without any is absent.
    """

    organization_id: str
    revision: int
    organization_number: str | None
    users: Mapping[str, User]
    own: Mapping[str, tuple[Candidate, ...]]
    mapped: Mapping[str, tuple[Candidate, ...]]


def hash64(text: str) -> int:
    """Hash a phone number to 64 bits: the same in every process and release."""
    return int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=8).digest(), "big")


def build_snapshot(
    organization: Organization, revision: int, users: Iterable[User], numbers: Iterable[Number]
) -> RoutingSnapshot:
    """Build the snapshot of an organization from its users and its numbers."""
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
        users={user.user_id: user for user in users},
        own={area_code: tuple(candidates) for area_code, candidates in own.items()},
        mapped={area_code: tuple(candidates) for area_code, candidates in mapped.items()},
    )
