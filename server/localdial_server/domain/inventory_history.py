"""Whether a number was in an organization's inventory at some time in the past."""

from collections.abc import Sequence

from localdial_server.domain.audit import AuditEvent, purchase_time_in
from localdial_server.domain.model import Number


def was_in_inventory(
    time: int, number: Number | None, removals: Sequence[AuditEvent] | None, *, reaches_back: bool
) -> bool | None:
    """Return whether the number was in the inventory at `time`, in whatever state; None if that is unknown.

    `number` is the one that is there now; None: it is not. `removals` are the records of its removals at
    `time` or later; None if there are too many to read. `reaches_back` is whether the record of the
    organization's changes reaches back to `time`.
    """
    if number is not None and number.purchase_time <= time:
        return True
    came = [purchase_time_in(each.before) for each in removals or ()]
    if any(each is not None and each <= time for each in came):
        return True
    return False if reaches_back and removals is not None else None
