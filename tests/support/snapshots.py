"""Routing snapshots from the numbers that an organization has."""

from collections.abc import Iterable, Mapping

from localdial_server.domain.model import Number, NumberState, Organization
from localdial_server.domain.routing_snapshot import RoutingSnapshot, build_snapshot


def snapshot_of(
    organization: Organization,
    revision: int,
    caller_ids: Mapping[str, str | None],
    numbers: Iterable[Number],
) -> RoutingSnapshot:
    """Build the snapshot of an organization from its users' caller IDs and its numbers of any state."""
    known = list(numbers)
    active = {number.phone_number: number.area_code for number in known if number.state is NumberState.ACTIVE}
    mappings = [
        (area_code, number.phone_number) for number in known for area_code in number.mapped_area_codes
    ]
    return build_snapshot(organization, revision, caller_ids, active, mappings)
