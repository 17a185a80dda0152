"""Deletion of the records of old calls, outbound and inbound.

Only the time of a call decides, compared with one cutoff: the last call to a callee is
not kept longer than others of its age. Times are microseconds since the epoch.
"""

import itertools
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, func, select

from localdial_server.storage.sql.schema import inbound_calls, outbound_calls, revisions

_TABLES = outbound_calls, inbound_calls

# One transaction deletes about this many, so that no other transaction waits long for it.
_CALLS_PER_BATCH = 5000


def count_calls_before(engine: Engine, cutoff: int) -> int:
    """Return how many calls were made before `cutoff`."""
    with engine.connect() as connection:
        return sum(
            connection.execute(
                select(func.count()).where(*_between(table, organization_id, 0, cutoff))
            ).scalar_one()
            for organization_id in _organizations(connection)
            for table in _TABLES
        )


def delete_calls_before(
    engine: Engine, cutoff: int, on_deleted: Callable[[int], None], batch_size: int = _CALLS_PER_BATCH
) -> int:
    """Delete the calls made before `cutoff`, by organization, oldest first; return how many.

    After each batch is committed, `on_deleted` gets the number of calls deleted so far.
    """
    deleted = 0
    with engine.connect() as connection:
        organization_ids = _organizations(connection)
    for organization_id, table in itertools.product(organization_ids, _TABLES):
        begin = 0
        while begin < cutoff:
            with engine.begin() as connection:
                left = _between(table, organization_id, begin, cutoff)
                end = _end_of_batch(connection, table, left, batch_size)
                # All calls of one microsecond are deleted together.
                end = cutoff if end is None else max(end, begin + 1)
                batch = delete(table).where(*_between(table, organization_id, begin, end))
                count = connection.execute(batch).rowcount
            deleted += count
            # Continue from `end`: a search from the beginning would pass the deleted rows, which stay
            # in the index for a while.
            begin = end
            if count:
                on_deleted(deleted)
    return deleted


def _end_of_batch(
    connection: Connection, table: Table, left: Sequence[ColumnElement[bool]], batch_size: int
) -> int | None:
    """Return the time before which there is about a batch of the calls that are left; None if all are."""
    times = select(table.c.call_time).where(*left).order_by(table.c.call_time).offset(batch_size).limit(1)
    return connection.scalar(times)


def _organizations(connection: Connection) -> Sequence[str]:
    """Return the organization_ids that were ever used: calls outlive their organization."""
    return connection.scalars(select(revisions.c.organization_id).order_by(revisions.c.organization_id)).all()


def _between(table: Table, organization_id: str, begin: int, end: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for calls with `begin` <= call_time < `end`, which an index answers."""
    calls = table.c
    return calls.organization_id == organization_id, calls.call_time >= begin, calls.call_time < end
