"""The index of called numbers, for call-backs while the database is down.

Each process indexes all organizations and drops none. One loop reads the revisions of all organizations
page by page, over and over, and rereads the organizations whose revision has changed. Changes that the
process makes, is notified of or polls for come first.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection, select
from typing_extensions import override

from localdial_server.app.ports.number_index import CalledNumber, NumberIndex
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability import metrics
from localdial_server.storage.engines.database import Readable
from localdial_server.storage.sql.schema import organizations, phone_number_owners, revisions

_log = logging.getLogger(__name__)

# How many organizations one transaction reads.
_PAGE_SIZE: Final = 500

# The shortest pause between two transactions: it lets other loads take a connection, and collects changes.
_PAUSE_SECONDS: Final = 0.1


@dataclass(slots=True)
class _Organization:
    """An organization in the index. `numbers` are E.164 numbers without `+`, ascending.

    They are integers because a string takes twice the memory.
    """

    organization_id: str
    revision: int
    organization_number: str | None = None
    numbers: tuple[int, ...] = ()


class _Page(NamedTuple):
    """The result of one transaction. `last` is the last organization_id of the page; "" at the end."""

    changed: Sequence[_Organization]
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
        self._owners: dict[int, _Organization] = {}
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
        owner = self._owners.get(int(phone_number))
        if owner is None or owner.organization_number is None:
            return None
        return CalledNumber(owner.organization_id, owner.organization_number)

    def changed(self, organization_id: str, revision: int) -> None:
        """Reread the organization soon, unless the index has this revision or a newer one."""
        known = self._organizations.get(organization_id)
        if known is None or known.revision < revision:
            self._stale[organization_id] = None
            self._has_stale.set()

    async def run(self) -> None:
        """Read all organizations, then keep them current, until cancelled."""
        while True:
            wait = await self._refresh_or_log()
            await asyncio.sleep(_PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._has_stale.wait()

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
                "number_index.refresh",
                lambda connection: _read(connection, stale[:_PAGE_SIZE], after, self._organizations),
            )
        except BaseException:
            self._mark_stale(stale)
            raise
        self._mark_stale(stale[_PAGE_SIZE:])
        for organization in page.changed:
            self._replace(organization)
            # Resolves must not wait for a whole page.
            await asyncio.sleep(0)
        if after is not None:
            self._after = page.last
            self._is_complete = self._is_complete or not page.last
        metrics.INDEXED_NUMBERS.set(len(self._owners))

    def _mark_stale(self, organization_ids: Sequence[str]) -> None:
        if organization_ids:
            self._stale |= dict.fromkeys(organization_ids)
            self._has_stale.set()

    def _replace(self, read: _Organization) -> None:
        """Replace the organization in the index, or add it."""
        kept = self._organizations.setdefault(read.organization_id, read)
        before = kept.numbers if kept is not read else ()
        kept.revision, kept.organization_number = read.revision, read.organization_number
        if read.numbers == before:
            # Most changes are of users. A large organization then costs no more than this comparison.
            return
        for number in set(before).difference(read.numbers):
            # The number may be another organization's by now.
            if self._owners.get(number) is kept:
                del self._owners[number]
        kept.numbers = read.numbers
        self._owners |= dict.fromkeys(read.numbers, kept)


def _read(
    connection: Connection, stale: Sequence[str], after: str | None, known: Mapping[str, _Organization]
) -> _Page:
    """Read the stale organizations and the page after `after`, except those whose revision is `known`."""
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
        organization_id: _Organization(organization_id, revision)
        for organization_id, revision in current.items()
        if (entry := known.get(organization_id)) is None or entry.revision != revision
    }
    # Without an organization number, an organization's other numbers are of no use here.
    reachable = select(organizations.c.organization_id, organizations.c.organization_number).where(
        organizations.c.organization_id.in_(changed), organizations.c.organization_number.is_not(None)
    )
    for row in connection.execute(reachable):
        changed[row.organization_id].organization_number = row.organization_number
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    owned = select(phone_number_owners.c.organization_id, phone_number_owners.c.phone_number).where(
        phone_number_owners.c.organization_id.in_(
            [id_ for id_, organization in changed.items() if organization.organization_number is not None]
        )
    )
    for organization_id, phone_number in connection.execute(owned):
        numbers[organization_id].append(int(phone_number))
    for organization_id, owned_numbers in numbers.items():
        changed[organization_id].numbers = tuple(sorted(owned_numbers))
    return _Page(list(changed.values()), last)
