"""The snapshot port: the routing state that resolves are decided on."""

from typing import Protocol

from localdial_server.domain.routing_snapshot import RoutingSnapshot


class RoutingSnapshots(Protocol):
    """The organizations' routing state, in memory."""

    def cached(self, organization_id: str) -> RoutingSnapshot | None:
        """Answer the snapshot if it is in memory, without waiting for anything."""

    async def get(self, organization_id: str, min_revision: int = 0) -> RoutingSnapshot:
        """Answer a snapshot of at least that revision, loading it where needed.

        Raises ``OrganizationNotFound``, ``RevisionNotReached`` and
        ``StorageUnavailable``.
        """

    async def advance(self, organization_id: str, revision: int) -> None:
        """Have no snapshot older than that revision in memory on return."""
