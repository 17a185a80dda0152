"""The snapshot port: the routing state that resolves are decided on."""

from typing import Protocol

from localdial_server.domain.routing_snapshot import NumberChanges, RoutingSnapshot


class RoutingSnapshots(Protocol):
    """The organizations' routing state, in memory."""

    def cached(self, organization_id: str) -> RoutingSnapshot | None:
        """Return the snapshot without waiting, or None if it is not in memory."""

    async def get(self, organization_id: str, min_revision: int = 0) -> RoutingSnapshot:
        """Return a snapshot of at least that revision; load it if none is in memory.

        Raises `OrganizationNotFound`, `RevisionNotReached` and `StorageUnavailable`.
        """

    async def advance(
        self, organization_id: str, revision: int, changes: NumberChanges | None = None
    ) -> None:
        """Replace or drop a snapshot older than that revision; on return, no older snapshot is in memory.

        `changes` are all that the change to this revision did; None: it is not known to have touched
        only numbers.
        """
