"""Deletion of old records: of calls, outbound and inbound, and of changes.

Only the time of a record decides, compared with one cutoff: the last call to a callee is
not kept longer than others of its age. Times are microseconds since the epoch.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Engine, delete, func, select, true

from localdial_server.storage.sql.counting import count_before
from localdial_server.storage.sql.schema import audit_events, inbound_calls, outbound_calls, revisions

# One transaction deletes about this many, so that no other transaction waits long for it.
_RECORDS_PER_BATCH = 5000


class _Part(NamedTuple):
    """A part of a table, whose records an index has in the order of their times."""

    time: Column[Any]
    is_in_part: ColumnElement[bool]

    def between(self, begin: int, end: int) -> Sequence[ColumnElement[bool]]:
        """Return the conditions for records with `begin` <= time < `end`."""
        return self.is_in_part, self.time >= begin, self.time < end


_CHANGES = [_Part(audit_events.c.event_time, true())]


def count_calls_before(engine: Engine, cutoff: int) -> int:
    """Return how many calls were made before `cutoff`."""
    return _count(engine, _calls(engine), cutoff)


def delete_calls_before(
    engine: Engine, cutoff: int, on_deleted: Callable[[int], None], batch_size: int = _RECORDS_PER_BATCH
) -> int:
    """Delete the calls made before `cutoff`, by organization, oldest first; return how many.

    Calls that are not counted yet are counted first. After each batch is committed, `on_deleted` gets the
    number of calls deleted so far.
    """
    count_before(engine, cutoff)
    return _delete(engine, _calls(engine), cutoff, on_deleted, batch_size)


def count_changes_before(engine: Engine, cutoff: int) -> int:
    """Return how many changes were recorded before `cutoff`."""
    return _count(engine, _CHANGES, cutoff)


def delete_changes_before(
    engine: Engine, cutoff: int, on_deleted: Callable[[int], None], batch_size: int = _RECORDS_PER_BATCH
) -> int:
    """Delete the changes recorded before `cutoff`, oldest first, like `delete_calls_before`."""
    return _delete(engine, _CHANGES, cutoff, on_deleted, batch_size)


def _calls(engine: Engine) -> Sequence[_Part]:
    """Return the calls of each organization_id that was ever used: calls outlive their organization."""
    with engine.connect() as connection:
        ids = select(revisions.c.organization_id).order_by(revisions.c.organization_id)
        return [
            _Part(table.c.call_time, table.c.organization_id == organization_id)
            for organization_id in connection.scalars(ids)
            for table in (outbound_calls, inbound_calls)
        ]


def _count(engine: Engine, parts: Sequence[_Part], cutoff: int) -> int:
    with engine.connect() as connection:
        return sum(
            connection.execute(
                select(func.count()).select_from(part.time.table).where(*part.between(0, cutoff))
            ).scalar_one()
            for part in parts
        )


def _delete(
    engine: Engine, parts: Sequence[_Part], cutoff: int, on_deleted: Callable[[int], None], batch_size: int
) -> int:
    deleted = 0
    for part in parts:
        begin = 0
        while begin < cutoff:
            with engine.begin() as connection:
                end = _end_of_batch(connection, part, begin, cutoff, batch_size)
                # All records of one microsecond are deleted together.
                end = cutoff if end is None else max(end, begin + 1)
                batch = delete(part.time.table).where(*part.between(begin, end))
                count = connection.execute(batch).rowcount
            deleted += count
            # Continue from `end`: a search from the beginning would pass the deleted rows, which stay
            # in the index for a while.
            begin = end
            if count:
                on_deleted(deleted)
    return deleted


def _end_of_batch(
    connection: Connection, part: _Part, begin: int, cutoff: int, batch_size: int
) -> int | None:
    """Return the time before which there is about a batch of the records that are left; None if all are."""
    left = select(part.time).where(*part.between(begin, cutoff))
    return connection.scalar(left.order_by(part.time).offset(batch_size).limit(1))
