"""The state of the server, and of what is open in its database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from localdial_server.app.lookup import require_organization
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.server_state import CertificateStatus, ComponentStatus, ServerState
from localdial_server.app.ports.store import Reader, Store
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import NumberState

_DAY: Final = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class OpenWork:
    """How many numbers the carrier has not confirmed yet, and when the oldest began, if that is known."""

    count: int
    oldest_time: int | None


@dataclass(frozen=True, slots=True)
class OpenInDatabase:
    """What is open, of one organization or of all."""

    orders: OpenWork
    releases: OpenWork
    missed_call_backs: int
    """Of the last 24 hours."""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The state of the server. `open` is None while the database is down."""

    version: str
    start_time: int
    components: Sequence[ComponentStatus]
    certificates: Sequence[CertificateStatus]
    spooled_calls: int
    staleness: float | None
    open: OpenInDatabase | None


class Status:
    """The use case of GetStatus."""

    def __init__(self, store: Store, clock: Clock, server: ServerState) -> None:
        self._store = store
        self._clock = clock
        self._server = server

    async def report(self, organization_id: str | None) -> StatusReport:
        """Return the state of the server, and what is open of the organization; None: of all.

        Raises `OrganizationNotFound`.
        """
        since = self._clock.now() - _DAY

        def work(reader: Reader) -> OpenInDatabase:
            if organization_id is not None:
                require_organization(reader, organization_id)
            numbers = [
                number
                for number in reader.open_numbers()
                if organization_id in {None, number.organization_id}
            ]
            orders = [each.purchase_time for each in numbers if each.state is NumberState.PURCHASING]
            releases = [each.release_time for each in numbers if each.state is NumberState.RELEASING]
            missed = reader.count_missed_call_backs(organization_id, since)
            return OpenInDatabase(_open_work(orders), _open_work(releases), missed)

        server = self._server
        try:
            open_ = await self._store.read("status.report", work)
        except StorageUnavailable:
            open_ = None
        return StatusReport(
            server.version,
            server.start_time,
            server.components(),
            server.certificates(),
            server.spooled_calls(),
            server.staleness(),
            open_,
        )


def _open_work(times: Iterable[int | None]) -> OpenWork:
    all_times = list(times)
    return OpenWork(len(all_times), min((time for time in all_times if time is not None), default=None))
