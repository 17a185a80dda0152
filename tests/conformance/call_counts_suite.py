"""The promises of every store about the counts of calls."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection, delete

from localdial_server.app.ports.store import Store
from localdial_server.domain.call_counts import MICROSECONDS_PER_HOUR, CallCount, HourRange
from localdial_server.domain.model import CallerIdReason, OutboundCall
from localdial_server.storage.call_log.call_counter import CallCounter
from localdial_server.storage.call_log.late_calls import LateCalls
from localdial_server.storage.call_log.recorders import DatabaseRecorder
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.counting import database_time, hold_lease
from localdial_server.storage.sql.hour_counts import HourCounts, add_calls, store_counts
from localdial_server.storage.sql.schema import outbound_calls
from tests.conformance.store_backend import Home, SharedStoreFixtures, StoreFixtures
from tests.conformance.store_records import A, B, X, Y, call, create, number, own

T = TypeVar("T")

Reason = CallerIdReason

# Noon of 2026-11-20, in hours since the epoch.
NOON = 498_660
ALL = [HourRange(NOON - 1000, NOON + 1000)]
DAY = [HourRange(NOON - 12, NOON + 12)]
LONDON, TOLL_FREE, MADRID = "+442079460123", "+18005550123", "+34911234567"


def at(hour: int, call_id: str, caller_id: str = X, seconds: float = 0.0, **fields: object) -> OutboundCall:
    """Return a call that was made so many seconds after the hour began."""
    time = hour * MICROSECONDS_PER_HOUR + int(seconds * 1_000_000)
    made = call(call_id, time)._replace(caller_id=caller_id)
    return made._replace(**fields)  # type: ignore[arg-type]


class _Interrupted:
    """A database that does something else before each write."""

    def __init__(self, database: Database, before: Callable[[str], Awaitable[None]]) -> None:
        self.read = database.read
        self._database = database
        self._before = before

    async def write(self, name: str, work: Callable[[Connection], T]) -> T:
        await self._before(name)
        return await self._database.write(name, work)


async def count(home: Home) -> None:
    """Count as a server does at its next interval."""
    await home.store.write("test", lambda tx: (tx.bump_revision(A), tx.bump_revision(B)))
    await home.database.write("test", lambda connection: hold_lease(connection, 0))
    assert await CallCounter(home.database, interval=0.0).count()


async def counts(
    store: Store, kind: CallCount, ranges: Sequence[HourRange] = DAY, organization_id: str = A
) -> Mapping[str, Sequence[int]]:
    return await store.read("test", lambda reader: reader.call_counts(organization_id, kind, ranges))


class CallCountsSuite(StoreFixtures):
    """Every recorded call is counted once, in its hour."""

    async def test_calls_are_counted_by_caller_id_in_their_hour(self, home: Home) -> None:
        await home.record(at(NOON, "1"), at(NOON, "2", seconds=3599.999999), at(NOON + 1, "3"))
        await home.record(at(NOON, "4", Y), at(NOON, "5")._replace(organization_id=B))
        await count(home)
        hours = [HourRange(NOON - 1, NOON), HourRange(NOON, NOON + 1), HourRange(NOON + 1, NOON + 2)]
        assert await counts(home.store, CallCount.SHOWN, hours) == {X: [0, 2, 1], Y: [0, 1, 0]}
        assert await counts(home.store, CallCount.SHOWN, hours, B) == {X: [0, 1, 0]}

    async def test_ranges_may_begin_at_any_hour_and_last_any_number_of_hours(self, home: Home) -> None:
        made = [at(hour, str(hour)) for hour in range(NOON - 60, NOON + 60)]
        await home.record(*made)
        await count(home)
        for begin in range(NOON - 50, NOON - 24):
            ranges = [
                HourRange(begin, begin + 1),
                HourRange(begin + 1, begin + 24),
                HourRange(begin + 24, begin + 24),
                HourRange(begin + 24, begin + 72),
            ]
            assert await counts(home.store, CallCount.SHOWN, ranges) == {X: [1, 23, 0, 48]}

    async def test_a_subject_without_calls_in_the_ranges_is_left_out(self, home: Home) -> None:
        await home.record(at(NOON, "1"), at(NOON - 1, "2", Y))
        await count(home)
        assert await counts(home.store, CallCount.SHOWN, [HourRange(NOON, NOON + 1)]) == {X: [1]}
        assert await counts(home.store, CallCount.SHOWN, []) == {}

    async def test_calls_with_a_local_number_are_told_from_the_others(self, home: Home) -> None:
        await home.record(*(at(NOON, reason.value, reason=reason) for reason in Reason))
        await count(home)
        assert await counts(home.store, CallCount.LOCAL) == {"": [3]}
        assert await counts(home.store, CallCount.NOT_LOCAL) == {"628": [2]}

    async def test_the_area_codes_of_all_countries_are_counted(self, home: Home) -> None:
        callees = [LONDON, LONDON, TOLL_FREE, MADRID, "+4915112345678"]
        await home.record(
            *(
                at(NOON, str(index), reason=Reason.AGENT_CALLER_ID, callee_number=callee)
                for index, callee in enumerate(callees)
            )
        )
        await count(home)
        assert await counts(home.store, CallCount.NOT_LOCAL) == {"+4420": [2], "+3491": [1]}
        assert await counts(home.store, CallCount.SHOWN) == {X: [5]}

    async def test_counting_again_counts_no_call_twice(self, home: Home) -> None:
        await home.record(at(NOON, "1"), at(NOON, "2"))
        for _ in range(3):
            await count(home)
        assert await counts(home.store, CallCount.SHOWN) == {X: [2]}

    async def test_calls_that_are_recorded_after_a_count_are_added_by_the_next(self, home: Home) -> None:
        now = await home.database.read("test", database_time)
        hour = now // MICROSECONDS_PER_HOUR
        ranges = [HourRange(hour - 1, hour + 1)]
        for index in range(3):
            await home.record(call(str(index), now + index))
            await count(home)
            assert await counts(home.store, CallCount.SHOWN, ranges) == {X: [index + 1]}
        # A little out of order.
        await home.record(call("slow", now - 10_000_000))
        await count(home)
        assert await counts(home.store, CallCount.SHOWN, ranges) == {X: [4]}

    async def test_calls_are_counted_though_the_clock_was_set_back(self, home: Home) -> None:
        newest = at(NOON, "1")
        await home.record(newest)
        # By the clock at this time, the call was made long ago.
        await count(home)
        await home.record(at(NOON, "2", seconds=0.000001))
        await count(home)
        assert await counts(home.store, CallCount.SHOWN) == {X: [2]}

    async def test_a_call_that_is_recorded_much_later_is_counted(self, home: Home) -> None:
        await home.record(at(NOON, "1"))
        await count(home)
        late_calls = LateCalls(home.database)
        late = at(NOON - 500, "late"), at(NOON - 1, "later")
        # As the spool's calls are: marked when this returns.
        await DatabaseRecorder(home.database, late_calls).record_earlier(late)
        await count(home)
        assert await counts(home.store, CallCount.SHOWN, ALL) == {X: [3]}
        # As a server's whose clock is wrong: marked at an interval.
        await DatabaseRecorder(home.database, late_calls).record([at(NOON - 300, "wrong")])
        await count(home)
        await late_calls.mark()
        await count(home)
        assert await counts(home.store, CallCount.SHOWN, ALL) == {X: [4]}

    async def test_an_hour_that_is_marked_again_while_it_is_counted_is_counted_again(
        self, home: Home
    ) -> None:
        await home.record(at(NOON, "1"))
        await count(home)
        late_calls = LateCalls(home.database)
        await DatabaseRecorder(home.database, late_calls).record_earlier([at(NOON - 500, "2")])
        reads = 0

        async def record_another(name: str) -> None:
            nonlocal reads
            if name == "call_counter.unmark" and not reads:
                reads += 1
                await DatabaseRecorder(home.database, late_calls).record_earlier([at(NOON - 500, "3")])

        await home.database.write("test", lambda connection: hold_lease(connection, 0))
        counter = CallCounter(_Interrupted(home.database, record_another), 0.0)  # type: ignore[arg-type]
        assert await counter.count()
        assert await counts(home.store, CallCount.SHOWN, ALL) == {X: [3]}

    async def test_counts_outlive_the_calls_and_the_organization(self, home: Home) -> None:
        await home.record(at(NOON, "1"), at(NOON, "2"))
        await count(home)
        await home.database.write("test", lambda connection: connection.execute(delete(outbound_calls)))
        await home.store.write("test", create(A))
        await home.store.write("test", lambda tx: tx.delete_organization(A))
        await home.record(at(NOON, "3"))
        await count(home)
        assert await counts(home.store, CallCount.SHOWN) == {X: [2]}

    async def test_a_count_that_is_out_of_date_changes_nothing(self, home: Home) -> None:
        def add(connection: object) -> HourCounts:
            found = HourCounts()
            add_calls(
                connection,  # type: ignore[arg-type]
                A,
                NOON * MICROSECONDS_PER_HOUR,
                (NOON + 1) * MICROSECONDS_PER_HOUR,
                found,
            )
            return found

        await home.record(at(NOON, "1"))
        stale = await home.database.read("test", add)
        await home.record(at(NOON, "2", seconds=1))
        await count(home)
        await home.database.write("test", lambda connection: store_counts(connection, A, NOON, stale))
        assert await counts(home.store, CallCount.SHOWN) == {X: [2]}
        assert await home.store.read("test", lambda reader: reader.shown_times(A, [X])) == {
            X: NOON * MICROSECONDS_PER_HOUR + 1_000_000
        }

    async def test_an_hour_is_read_in_parts(self, home: Home) -> None:
        # Some at the same time.
        await home.record(*(at(NOON, str(index), seconds=index // 3) for index in range(20)))
        found = HourCounts()
        begin: int | None = NOON * MICROSECONDS_PER_HOUR
        parts = 0
        while begin is not None:
            begin = await home.database.read(
                "test",
                lambda connection, begin=begin: add_calls(
                    connection, A, begin, (NOON + 1) * MICROSECONDS_PER_HOUR, found, limit=4
                ),
            )
            parts += 1
        assert found.counts[CallCount.SHOWN, X] == 20
        assert parts > 3

    async def test_a_number_has_the_time_at_which_it_was_last_shown(self, home: Home) -> None:
        await home.store.write("test", create(A))
        await home.store.write("test", own(number(X), number(Y)))
        await home.record(at(NOON, "1"), at(NOON - 30, "2"))
        await count(home)
        shown = await home.store.read("test", lambda reader: reader.number(A, X))
        other = await home.store.read("test", lambda reader: reader.number(A, Y))
        assert shown is not None
        assert other is not None
        assert (shown.last_shown_time, other.last_shown_time) == (NOON * MICROSECONDS_PER_HOUR, None)
        await home.store.write("test", lambda tx: tx.update_numbers([shown]))
        assert await home.store.read("test", lambda reader: reader.shown_times(A, [X, Y])) == {
            X: shown.last_shown_time
        }

    async def test_the_time_of_the_last_count_is_known(self, home: Home) -> None:
        assert await home.store.read("test", lambda reader: reader.counted_until()) is None
        before = await home.database.read("test", database_time)
        await count(home)
        counted_until = await home.store.read("test", lambda reader: reader.counted_until())
        assert counted_until is not None
        assert before <= counted_until <= await home.database.read("test", database_time)


class SharedCallCountsSuite(SharedStoreFixtures):
    """One of several servers counts at a time."""

    async def test_one_server_counts_at_a_time(self, home: Home, other: Home) -> None:
        await home.store.write("test", create(A))
        await home.record(at(NOON, "1"))
        assert await CallCounter(home.database, interval=60.0).count()
        assert not await CallCounter(other.database, interval=60.0).count()
        await count(other)
        assert await counts(home.store, CallCount.SHOWN) == {X: [1]}
