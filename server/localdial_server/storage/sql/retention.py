"""Deleting the records of old calls.

A call is old by its own time, against one cutoff that the caller fixes. The
last call to a callee is thereby kept as long as any other of its age. Times are
microseconds since the Unix epoch.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, select

from localdial_server.storage.sql.schema import outbound_calls, revisions

# A transaction each: nothing else waits long for one, and what is done is done.
_CALLS_PER_BATCH = 5000


def count_calls_before(engine: Engine, cutoff: int) -> int:
    """Answer how many calls there are from before the time."""
    with engine.connect() as connection:
        return sum(
            connection.execute(select(func.count()).where(*_between(organization_id, 0, cutoff))).scalar_one()
            for organization_id in _organizations(connection)
        )


def delete_calls_before(engine: Engine, cutoff: int, on_deleted: Callable[[int], None]) -> int:
    """Delete the calls from before the time, organization by organization, oldest first.

    Answers how many there were. ``on_deleted`` is told, after each batch, how
    many calls are deleted for good.
    """
    deleted = 0
    with engine.connect() as connection:
        organization_ids = _organizations(connection)
    for organization_id in organization_ids:
        begin = 0
        while begin < cutoff:
            with engine.begin() as connection:
                end = _end_of_batch(connection, organization_id, begin, cutoff)
                batch = delete(outbound_calls).where(*_between(organization_id, begin, end))
                count = connection.execute(batch).rowcount
            deleted += count
            # On from there: the index remembers for a while what was deleted.
            begin = end
            if count:
                on_deleted(deleted)
    return deleted


def _end_of_batch(connection: Connection, organization_id: str, begin: int, cutoff: int) -> int:
    """Answer the time before which there is about a batch of calls to delete."""
    times = (
        select(outbound_calls.c.call_time)
        .where(*_between(organization_id, begin, cutoff))
        .order_by(outbound_calls.c.call_time)
        .offset(_CALLS_PER_BATCH)
        .limit(1)
    )
    end = connection.scalar(times)
    # Calls of the same microsecond are deleted together, however many there are.
    return cutoff if end is None else max(end, begin + 1)


def _organizations(connection: Connection) -> Sequence[str]:
    """Answer every organization that ever was, for calls outlive theirs."""
    return connection.scalars(select(revisions.c.organization_id).order_by(revisions.c.organization_id)).all()


def _between(organization_id: str, begin: int, end: int) -> tuple[ColumnElement[bool], ...]:
    """Answer what finds the organization's calls from ``begin`` until before ``end``, by index."""
    calls = outbound_calls.c
    return calls.organization_id == organization_id, calls.call_time >= begin, calls.call_time < end
