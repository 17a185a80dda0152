"""The index of called numbers, for call-backs while the database is down.

Each process indexes all organizations and drops none. One loop reads the revisions of all organizations
page by page, over and over, and rereads the organizations whose revision has changed. Changes that the
process makes, is notified of or polls for come first.
"""

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, func, select
from typing_extensions import override

from localdial_server.app.ports.number_index import CalledNumber, NumberIndex
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.phone_keys import spellings
from localdial_server.observability import metrics
from localdial_server.storage.engines.database import Readable
from localdial_server.storage.sql.schema import organizations, phone_number_owners, revisions, users

_log = logging.getLogger(__name__)

# How many revisions one transaction reads.
_PAGE_SIZE: Final = 500

# How many changed organizations one transaction reads, so that it ends in time if they are large.
_ORGANIZATIONS_PER_READ: Final = 50

# The shortest pause between two refreshes: it lets other loads take a connection, and collects changes.
_PAUSE_SECONDS: Final = 0.1

# Once the index is complete, a pause is this many times as long as the refresh before it. Otherwise a large
# organization that changes all the time, as during a purchase of many numbers, would be read all the time.
_PAUSE_PER_REFRESH: Final = 9


@dataclass(slots=True, eq=False)
class _Organization:
    """An organization in the index.

    `owned` are its E.164 numbers, and `caller_ids` those of its users, each once, without `+`, ascending:
    an integer takes half the memory of a string. `alone` is the organization itself.
    """

    organization_id: str
    revision: int
    organization_number: str | None = None
    owned: tuple[int, ...] = ()
    caller_ids: tuple[int, ...] = ()
    alone: "tuple[_Organization]" = field(init=False)

    def __post_init__(self) -> None:
        self.alone = (self,)


class _Holders:
    """The organizations that have a number, by number. Nearly always that is one."""

    def __init__(self) -> None:
        # All numbers that only one organization has share its `alone`.
        self._holders: dict[int, tuple[_Organization, ...]] = {}

    def __len__(self) -> int:
        return len(self._holders)

    def of(self, number: int) -> tuple[_Organization, ...]:
        """Return the organizations that have the number, the one that was read last at the end.

        A number that moves has two owners until both are read again; the last one is right.
        """
        return self._holders.get(number, ())

    def replace(self, organization: _Organization, before: Sequence[int], after: Sequence[int]) -> None:
        """Record that the organization has the numbers `after` instead of those `before`."""
        if before == after:
            # Most changes are of something else. A large organization then costs only this comparison.
            return
        had, has = set(before), set(after)
        for number in had - has:
            left = tuple(each for each in self._holders[number] if each is not organization)
            if left:
                self._holders[number] = left[0].alone if len(left) == 1 else left
            else:
                del self._holders[number]
        for number in has - had:
            others = self._holders.get(number)
            self._holders[number] = (*others, organization) if others else organization.alone


class _Page(NamedTuple):
    """The result of one transaction: the revisions that are not known, by organization_id.

    `last` is the last organization_id of the page; "" at the end.
    """

    changed: Mapping[str, int]
    last: str


class SqlNumberIndex(NumberIndex):
    """The index over any database.

    `interval` is the time between two pages, in seconds. `is_shared`: other processes change the database,
    so pages are read for as long as the process lives; otherwise only until all have been read once.
    """

    def __init__(self, database: Readable, interval: float, *, is_shared: bool) -> None:
        self._database = database
        self._interval = interval
        self._is_shared = is_shared
        self._organizations: dict[str, _Organization] = {}
        self._owners = _Holders()
        self._users = _Holders()
        # Organizations that may have changed, in the order in which the index learned of it.
        self._stale: dict[str, None] = {}
        self._has_stale = asyncio.Event()
        self._after = ""
        self._is_complete = False

    @property
    def is_complete(self) -> bool:
        """Whether every organization has been read at least once."""
        return self._is_complete

    @override
    def find(self, phone_number: str) -> CalledNumber | None:
        # The database has a row for each spelling of an owned number.
        holders = set(self._owners.of(int(phone_number))[-1:])
        if not holders and self._is_complete:
            # Another organization, not read yet, could own the number or have a user with this caller ID.
            holders = {each for spelling in spellings(phone_number) for each in self._users.of(int(spelling))}
        if len(holders) != 1:
            return None
        (organization,) = holders
        if organization.organization_number is None:
            return None
        return CalledNumber(organization.organization_id, organization.organization_number)

    def changed(self, organization_id: str, revision: int) -> None:
        """Reread the organization soon, unless the index has this revision or a newer one."""
        known = self._organizations.get(organization_id)
        if known is None or known.revision < revision:
            self._stale[organization_id] = None
            self._has_stale.set()

    async def run(self) -> None:
        """Read all organizations, then keep them current, until cancelled."""
        while True:
            begun = time.monotonic()
            wait = await self._refresh_or_log()
            await asyncio.sleep(self._pause(time.monotonic() - begun))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._has_stale.wait()

    def _pause(self, refresh_seconds: float) -> float:
        """Return the pause after a refresh, in seconds: at most `interval`, at least the shortest."""
        pause = min(_PAUSE_PER_REFRESH * refresh_seconds, self._interval) if self._is_complete else 0.0
        return max(pause, _PAUSE_SECONDS)

    async def _refresh_or_log(self) -> float | None:
        """Refresh once; return the longest wait for a change after it, in seconds; None for no limit."""
        try:
            await self.refresh()
        except StorageUnavailable:
            # The database logs this itself. While it is down, learning of a change does not help.
            await asyncio.sleep(self._interval)
        except Exception:  # noqa: BLE001 - the loop must go on, or the index would grow stale
            _log.exception("reading the numbers of organizations failed")
            await asyncio.sleep(self._interval)
        else:
            if self._is_complete:
                return self._interval if self._is_shared else None
        return 0

    async def refresh(self) -> None:
        """Reread the changed organizations, and the next page. Raises `StorageUnavailable`."""
        stale, self._stale = list(self._stale), {}
        self._has_stale.clear()
        after = self._after if self._is_shared or not self._is_complete else None
        try:
            page = await self._database.read(
                "number_index.revisions",
                lambda connection: _changes(connection, stale[:_PAGE_SIZE], after, self._organizations),
            )
            changed = list(page.changed)
            for begin in range(0, len(changed), _ORGANIZATIONS_PER_READ):
                # A later change has a later revision, which has the organization read again.
                part = {id_: page.changed[id_] for id_ in changed[begin : begin + _ORGANIZATIONS_PER_READ]}
                for organization in await self._database.read(
                    "number_index.refresh", functools.partial(_read, changed=part)
                ):
                    self._replace(organization)
                    # Resolves must not wait for a whole page.
                    await asyncio.sleep(0)
        except BaseException:
            self._mark_stale(stale)
            raise
        self._mark_stale(stale[_PAGE_SIZE:])
        if after is not None:
            self._after = page.last
            self._is_complete = self._is_complete or not page.last
        metrics.INDEXED_NUMBERS.set(len(self._owners) + len(self._users))

    def _mark_stale(self, organization_ids: Sequence[str]) -> None:
        if organization_ids:
            self._stale |= dict.fromkeys(organization_ids)
            self._has_stale.set()

    def _replace(self, read: _Organization) -> None:
        """Replace the organization in the index, or add it."""
        kept = self._organizations.setdefault(read.organization_id, _Organization(read.organization_id, 0))
        kept.revision, kept.organization_number = read.revision, read.organization_number
        self._owners.replace(kept, kept.owned, read.owned)
        self._users.replace(kept, kept.caller_ids, read.caller_ids)
        kept.owned, kept.caller_ids = read.owned, read.caller_ids


def _changes(
    connection: Connection, stale: Sequence[str], after: str | None, known: Mapping[str, _Organization]
) -> _Page:
    """Find the stale organizations and those of the page after `after` whose revision is not `known`."""
    of_organization = select(revisions.c.organization_id, revisions.c.revision)
    # A restored backup may lack an organization: then its revision is 0 again.
    current = dict.fromkeys(stale, 0)
    rows = list(connection.execute(of_organization.where(revisions.c.organization_id.in_(stale))))
    last = ""
    if after is not None:
        # Revisions outlive their organizations, so that a deleted one is found here too.
        page = (
            of_organization.where(revisions.c.organization_id > after)
            .order_by(revisions.c.organization_id)
            .limit(_PAGE_SIZE)
        )
        on_page = connection.execute(page).all()
        rows += on_page
        last = on_page[-1].organization_id if len(on_page) == _PAGE_SIZE else ""
        current |= {id_: 0 for id_ in list(known) if after < id_ and (not last or id_ <= last)}
    current |= {row.organization_id: row.revision for row in rows}
    changed = {
        organization_id: revision
        for organization_id, revision in current.items()
        if (entry := known.get(organization_id)) is None or entry.revision != revision
    }
    return _Page(changed, last)


def _read(connection: Connection, changed: Mapping[str, int]) -> Iterable[_Organization]:
    """Read the organizations, given by their revisions. One that does not exist has nothing."""
    found = {
        organization_id: _Organization(organization_id, revision)
        for organization_id, revision in changed.items()
    }
    with_number = select(organizations.c.organization_id, organizations.c.organization_number)
    for row in connection.execute(with_number.where(organizations.c.organization_id.in_(changed))):
        found[row.organization_id].organization_number = row.organization_number
    # Without an organization number, an organization still keeps others from its numbers.
    owned = select(phone_number_owners.c.organization_id, phone_number_owners.c.phone_number)
    for organization_id, numbers in _numbers(
        connection, owned.where(phone_number_owners.c.organization_id.in_(changed))
    ).items():
        found[organization_id].owned = numbers
    caller_ids = select(users.c.organization_id, users.c.caller_id).distinct()
    for organization_id, numbers in _numbers(
        connection, caller_ids.where(users.c.organization_id.in_(changed), users.c.caller_id.is_not(None))
    ).items():
        found[organization_id].caller_ids = numbers
    return found.values()


def _numbers(connection: Connection, query: Select[Any]) -> Mapping[str, tuple[int, ...]]:
    """Return the phone numbers, ascending, by organization_id; the query has these two columns."""
    organization_id, phone_number = query.subquery().c
    # One row for each organization: reading a row for each number takes two to four times as long.
    joined = select(organization_id, func.aggregate_strings(phone_number, ",")).group_by(organization_id)
    return {
        # In a loop of Python, which lets other threads run in the middle.
        id_: tuple(sorted([int(number) for number in numbers.split(",")]))
        for id_, numbers in connection.execute(joined)
    }
