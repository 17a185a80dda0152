"""The time of the newest outbound call."""

from sqlalchemy import Connection, func, select

from localdial_server.storage.sql.schema import outbound_calls, revisions


def newest_call_time(connection: Connection) -> int:
    """Return the time of the newest call of all organizations, in microseconds since the epoch; 0: none.

    It reads one entry of an index for each organization.
    """
    of_organization = outbound_calls.c.organization_id == revisions.c.organization_id
    newest = select(func.max(outbound_calls.c.call_time)).where(of_organization).scalar_subquery()
    return connection.scalar(select(func.max(newest)).select_from(revisions)) or 0
