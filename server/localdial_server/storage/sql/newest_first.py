"""Pages of lists that begin with the newest."""

from typing import Any

from sqlalchemy import ColumnElement, Select, tuple_

from localdial_server.app.ports.store import AuditQuery, CallQuery, InboundCallQuery


def newest_first(
    matching: Select[Any],
    key: tuple[ColumnElement[int], ColumnElement[str]],
    query: CallQuery | InboundCallQuery | AuditQuery,
    before: tuple[int, str] | None,
    limit: int,
) -> Select[Any]:
    """Return the page of the matching rows between the query's times, newest first.

    `key` is the time and the id that rows are sorted by. The page begins after the pair `before`, or with
    the newest row if that is None.
    """
    time, id_ = key
    if query.start_time is not None:
        matching = matching.where(time >= query.start_time)
    if before is not None and (query.end_time is None or before[0] < query.end_time):
        matching = matching.where(tuple_(time, id_) < before)
    elif query.end_time is not None:
        matching = matching.where(time < query.end_time)
    return matching.order_by(time.desc(), id_.desc()).limit(limit)
