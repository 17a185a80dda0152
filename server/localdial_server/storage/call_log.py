"""The call log: every answered resolve is in it, committed before the answer.

Records that wait at the same time are committed together. A lone call is
committed at once. Under load the log collects for a moment before it commits,
since a commit costs about the same for one record as for many; how long grows
with the number of records that a commit finds waiting, up to a bound.
"""

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Executable, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from localdial_server.domain.model import OutboundCall
from localdial_server.storage.database import Database
from localdial_server.storage.rows import from_call, to_call
from localdial_server.storage.schema import outbound_calls

# A commit that found this many records waiting is under full load: collect for
# as long as is allowed.
_FULL_LOAD = 4

# Well under the number of parameters that a statement may have.
_KEYS_PER_QUERY = 500

_Waiting = tuple[Sequence[OutboundCall], asyncio.Future[Sequence[OutboundCall]]]


class GroupCommitLog:
    """The ``CallLog`` port over any ``Database``.

    ``max_delay`` bounds, in seconds, how long records are collected.
    """

    def __init__(self, database: Database, max_delay: float) -> None:
        self._database = database
        self._max_delay = max_delay
        self._waiting: list[_Waiting] = []
        self._commits: asyncio.Task[None] | None = None

    async def append(self, calls: Sequence[OutboundCall]) -> Sequence[OutboundCall]:
        """Record the calls, all or none; durable on return.

        Answers, for each, the call that stands under its call_id: itself, or the
        one that was recorded before, whatever it says.

        Raises ``StorageUnavailable``, after which none was recorded.
        """
        if not calls:
            return calls
        recorded: asyncio.Future[Sequence[OutboundCall]] = asyncio.get_running_loop().create_future()
        self._waiting.append((calls, recorded))
        if self._commits is None:
            self._commits = asyncio.create_task(self._commit_all())
        return await recorded

    async def close(self) -> None:
        """Wait until all that was appended is committed or has failed."""
        if self._commits is not None:
            await self._commits

    async def _commit_all(self) -> None:
        """Commit group after group until nothing waits any more."""
        load = 0.0
        try:
            while self._waiting:
                if load > 1:
                    await asyncio.sleep(self._max_delay * min(1.0, load / _FULL_LOAD))
                group, self._waiting = self._waiting, []
                load = (load + len(group)) / 2
                await self._commit(group)
        finally:
            self._commits = None

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            records = [call for calls, _ in group for call in calls]
            stored = await self._database.append(lambda connection: insert_calls(connection, records))
        except Exception as error:  # noqa: BLE001 (each caller is told, or it would wait for ever)
            for _, recorded in group:
                if not recorded.done():
                    recorded.set_exception(error)
            return
        begin = 0
        for calls, recorded in group:
            end = begin + len(calls)
            # A caller that gave up has cancelled its future; the record stands.
            if not recorded.done():
                recorded.set_result(stored[begin:end])
            begin = end


# Built once: SQLAlchemy finds a statement's compiled form faster when it has seen
# the very object before.
_INSERT: Mapping[str, Executable] = {
    name: dialect.insert(outbound_calls).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


def insert_calls(connection: Connection, calls: Sequence[OutboundCall]) -> Sequence[OutboundCall]:
    """Insert the calls whose call_id is new; answer what stands under each call_id."""
    inserted = connection.execute(_INSERT[connection.dialect.name], [from_call(call) for call in calls])
    if inserted.rowcount == len(calls):
        return calls
    standing: dict[tuple[str, str], OutboundCall] = {}
    key = tuple_(outbound_calls.c.organization_id, outbound_calls.c.call_id)
    for begin in range(0, len(calls), _KEYS_PER_QUERY):
        wanted = [(call.organization_id, call.call_id) for call in calls[begin : begin + _KEYS_PER_QUERY]]
        for row in connection.execute(select(outbound_calls).where(key.in_(wanted))):
            standing[row.organization_id, row.call_id] = to_call(row)
    return [standing[call.organization_id, call.call_id] for call in calls]
