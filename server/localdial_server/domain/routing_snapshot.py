"""Everything that an organization's outbound calls are decided on, as one immutable value."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from localdial_server.domain.choice import NO_CANDIDATES, Candidates, candidates_of, hash_number
from localdial_server.domain.model import Number, NumberState, Organization


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
    own: Mapping[str, Candidates]
    mapped: Mapping[str, Candidates]


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
    return _with_numbers(empty, (), active_numbers, mappings)


def change_numbers(snapshot: RoutingSnapshot, revision: int, changes: NumberChanges) -> RoutingSnapshot:
    """Return the snapshot after the changes, of that revision; it shares what did not change.

    `snapshot` must be of the revision `changes.since`.
    """
    active = [
        number
        for number in changes.numbers.values()
        if number is not None and number.state is NumberState.ACTIVE
    ]
    return _with_numbers(
        replace(snapshot, revision=revision),
        changes.numbers.keys(),
        {number.phone_number: number.area_code for number in active},
        [(area_code, number.phone_number) for number in active for area_code in number.mapped_area_codes],
    )


def _with_numbers(
    snapshot: RoutingSnapshot,
    gone: Collection[str],
    active_numbers: Mapping[str, str | None],
    mappings: Iterable[tuple[str, str]],
) -> RoutingSnapshot:
    """Return the snapshot without the numbers in `gone`, then with the others; see `build_snapshot`."""
    # The rows of mappings bring strings of their own, which would be kept in memory beside the others.
    strings = {phone_number: phone_number for phone_number in active_numbers}
    own: defaultdict[str, list[str]] = defaultdict(list)
    mapped: defaultdict[str, list[str]] = defaultdict(list)
    for phone_number, area_code in active_numbers.items():
        if area_code is not None:
            own[area_code].append(phone_number)
    for area_code, phone_number in mappings:
        if phone_number in strings:
            mapped[area_code].append(strings[phone_number])
    sets = _SharedSets()
    return replace(
        snapshot,
        own=_changed(snapshot.own, gone, own, sets),
        mapped=_changed(snapshot.mapped, gone, mapped, sets),
    )


class _SharedSets:
    """The candidates of sets of numbers. Many area codes are often mapped to the same set, and share it."""

    def __init__(self) -> None:
        self._hashes: dict[str, bytes] = {}
        self._made: dict[tuple[str, ...], Candidates] = {}

    def candidates(self, phone_numbers: Iterable[str]) -> Candidates:
        """Return the numbers' candidates, which are equal for the same numbers in any order."""
        key = tuple(sorted(phone_numbers))
        if key not in self._made:
            for phone_number in key:
                if phone_number not in self._hashes:
                    self._hashes[phone_number] = hash_number(phone_number)
            self._made[key] = candidates_of({each: self._hashes[each] for each in key})
        return self._made[key]


def _changed(
    by_area_code: Mapping[str, Candidates],
    gone: Collection[str],
    added: Mapping[str, Sequence[str]],
    sets: _SharedSets,
) -> Mapping[str, Candidates]:
    changed = dict(by_area_code)
    for area_code in {*by_area_code, *added}:
        before, _, _ = by_area_code.get(area_code, NO_CANDIDATES)
        left = [phone_number for phone_number in before if phone_number not in gone]
        if area_code not in added and len(left) == len(before):
            continue
        if numbers := [*left, *added.get(area_code, ())]:
            changed[area_code] = sets.candidates(numbers)
        else:
            del changed[area_code]
    return changed


# Measured with tracemalloc; a test compares the estimate with the real size.
_ORGANIZATION_BYTES = 450
_USER_BYTES = 150
_AREA_CODE_BYTES = 100
_SET_BYTES = 110
_SET_OF_SEVERAL_BYTES = 70
_NUMBER_BYTES = 65
_CANDIDATE_BYTES = 8
_CANDIDATE_OF_SEVERAL_BYTES = 80


def estimated_size(snapshot: RoutingSnapshot) -> int:
    """Return an estimate of the snapshot's memory, in bytes."""
    size = _ORGANIZATION_BYTES + _USER_BYTES * len(snapshot.caller_ids)
    size += _AREA_CODE_BYTES * (len(snapshot.own) + len(snapshot.mapped))
    size += _NUMBER_BYTES * sum(len(numbers) for numbers, _, _ in snapshot.own.values())
    sets = {id(each): each for each in (*snapshot.own.values(), *snapshot.mapped.values())}
    for numbers, _, _ in sets.values():
        size += _SET_BYTES + _CANDIDATE_BYTES * len(numbers)
        if len(numbers) > 1:
            size += _SET_OF_SEVERAL_BYTES + _CANDIDATE_OF_SEVERAL_BYTES * len(numbers)
    return size
