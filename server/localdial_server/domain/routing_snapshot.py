"""Everything that an organization's outbound calls are decided on, as one immutable value."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from localdial_server.domain.model import Number, NumberState, Organization
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


@dataclass(frozen=True, slots=True)
class NumberChanges:
    """A change of an organization that touched these numbers, and nothing else of its snapshot.

    `since` is the revision before the change. `numbers` has each touched number as the change left it, by
    phone number; None if it is gone.
    """

    since: int
    numbers: Mapping[str, Number | None]


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
    empty = RoutingSnapshot(
        organization.organization_id, revision, organization.organization_number, caller_ids, {}, {}
    )
    return _with_numbers(empty, active_numbers, mappings)


def change_numbers(snapshot: RoutingSnapshot, revision: int, changes: NumberChanges) -> RoutingSnapshot:
    """Return the snapshot after the changes, of that revision; it shares what did not change.

    `snapshot` must be of the revision `changes.since`.
    """
    active = [
        number
        for number in changes.numbers.values()
        if number is not None and number.state is NumberState.ACTIVE
    ]
    without = replace(
        snapshot,
        revision=revision,
        own=_without(snapshot.own, changes.numbers.keys()),
        mapped=_without(snapshot.mapped, changes.numbers.keys()),
    )
    return _with_numbers(
        without,
        {number.phone_number: number.area_code for number in active},
        [(area_code, number.phone_number) for number in active for area_code in number.mapped_area_codes],
    )


def _with_numbers(
    snapshot: RoutingSnapshot,
    active_numbers: Mapping[str, str | None],
    mappings: Iterable[tuple[str, str]],
) -> RoutingSnapshot:
    """Return the snapshot with these numbers, which it does not have yet; see `build_snapshot`."""
    own: defaultdict[str, list[Candidate]] = defaultdict(list)
    mapped: defaultdict[str, list[Candidate]] = defaultdict(list)
    candidates = {phone_number: candidate(phone_number) for phone_number in active_numbers}
    for phone_number, area_code in active_numbers.items():
        if area_code is not None:
            own[area_code].append(candidates[phone_number])
    for area_code, phone_number in mappings:
        if phone_number in candidates:
            mapped[area_code].append(candidates[phone_number])
    return replace(snapshot, own=_joined(snapshot.own, own), mapped=_joined(snapshot.mapped, mapped))


def _joined(
    by_area_code: Mapping[str, tuple[Candidate, ...]], added: Mapping[str, Iterable[Candidate]]
) -> Mapping[str, tuple[Candidate, ...]]:
    return {
        **by_area_code,
        **{
            area_code: (*by_area_code.get(area_code, ()), *candidates)
            for area_code, candidates in added.items()
        },
    }


def _without(
    by_area_code: Mapping[str, tuple[Candidate, ...]], phone_numbers: Collection[str]
) -> Mapping[str, tuple[Candidate, ...]]:
    left = {
        area_code: tuple(each for each in candidates if each[0] not in phone_numbers)
        for area_code, candidates in by_area_code.items()
        if any(phone_number in phone_numbers for phone_number, _ in candidates)
    }
    return {area_code: candidates for area_code, candidates in {**by_area_code, **left}.items() if candidates}


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
