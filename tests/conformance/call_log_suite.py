"""The promises of the `CallLog` port, each as a test."""

import asyncio
from collections.abc import Sequence

import pytest

from localdial_server.app.ports.call_log import CallLog
from localdial_server.app.ports.store import CallQuery
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.group_commit import GroupCommitLog
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import A, B, append, call
from tests.support.stores import call_log_on
from tests.support.waiting import DEADLINE_SECONDS

_AN_HOUR = 3600.0


async def _recorded(home: Home, organization_id: str = A) -> Sequence[OutboundCall]:
    query = CallQuery(organization_id)
    return await home.store.read("test", lambda reader: reader.calls(query, None, 10_000))


def _append(call_log: CallLog, *calls: OutboundCall) -> asyncio.Task[Sequence[OutboundCall]]:
    async def bounded() -> Sequence[OutboundCall]:
        # An append that never ends fails the test instead of hanging it.
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await append(call_log, calls)

    return asyncio.create_task(bounded())


class CallLogSuite(StoreFixtures):
    """The call log over every database."""

    @pytest.fixture
    def call_log(self, home: Home) -> GroupCommitLog:
        return call_log_on(home.database)

    async def test_an_appended_call_is_recorded_when_the_append_returns(
        self, home: Home, call_log: CallLog
    ) -> None:
        assert await append(call_log, [call("c")]) == [call("c")]
        assert await _recorded(home) == [call("c")]

    async def test_recorded_calls_survive_a_restart(self, home: Home, call_log: CallLog) -> None:
        await append(call_log, [call("c", 1), call("d", 2)])
        await home.reopen()
        assert await _recorded(home) == [call("d", 2), call("c", 1)]

    async def test_a_later_call_with_the_same_call_id_does_not_change_the_first_record(
        self, home: Home, call_log: CallLog
    ) -> None:
        first = call("c", 5)
        await call_log.append([first])
        for later in (
            first,
            call("c", 4),
            call("c", 6),
            call("c", 5, user_id="other", callee_number="+12125550123"),
            first._replace(caller_id="+12125550100", revision=9),
        ):
            assert await append(call_log, [later]) == [first]
        assert await _recorded(home) == [first]

    async def test_the_first_of_equal_call_ids_in_one_append_is_recorded(
        self, home: Home, call_log: CallLog
    ) -> None:
        standing = await append(call_log, [call("c", 1), call("d", 2), call("c", 3)])
        assert standing == [call("c", 1), call("d", 2), call("c", 1)]
        assert await _recorded(home) == [call("d", 2), call("c", 1)]

    async def test_one_of_equal_call_ids_in_one_group_is_recorded_for_all(
        self, home: Home, call_log: CallLog
    ) -> None:
        gate = home.database.hold_write()
        first = _append(call_log, call("before"))
        await gate.reached()
        group = [_append(call_log, call("c", time), call(f"own-{time}", time)) for time in range(1, 6)]
        await asyncio.sleep(0)
        gate.open()
        await first
        answers = await asyncio.gather(*group)
        assert [answer[0] for answer in answers] == [call("c", 1)] * 5
        assert [answer[1] for answer in answers] == [call(f"own-{time}", time) for time in range(1, 6)]
        assert len(await _recorded(home)) == 7
        assert home.database.writes == 2

    async def test_the_first_of_equal_call_ids_in_two_groups_is_recorded(
        self, home: Home, call_log: CallLog
    ) -> None:
        gate = home.database.hold_write()
        first = _append(call_log, call("c", 1))
        await gate.reached()
        second = _append(call_log, call("c", 2), call("d", 3))
        gate.open()
        assert await first == [call("c", 1)]
        assert await second == [call("c", 1), call("d", 3)]

    async def test_concurrent_appends_of_a_call_id_make_one_record_and_return_it(
        self, home: Home, call_log: CallLog
    ) -> None:
        other_log = call_log_on(home.database)
        answers = await asyncio.gather(
            *(append(log, [call("c", time)]) for time in range(40) for log in (call_log, other_log))
        )
        (record,) = await _recorded(home)
        assert answers == [[record]] * 80

    async def test_organizations_do_not_clash_over_a_call_id(self, home: Home, call_log: CallLog) -> None:
        in_a, in_b = call("c", user_id="1"), call("c", user_id="2", organization_id=B)
        assert await append(call_log, [in_a, in_b]) == [in_a, in_b]
        again = [call("c", 9, organization_id=B), call("c", 9)]
        assert await append(call_log, again) == [in_b, in_a]
        assert await _recorded(home, A) == [in_a]
        assert await _recorded(home, B) == [in_b]

    @pytest.mark.parametrize("count", [3, 255, 256, 257, 500, 501, 1300])
    async def test_many_calls_are_recorded_at_once_and_answered_in_order(
        self, home: Home, call_log: CallLog, count: int
    ) -> None:
        calls = [call(f"c{index}", index) for index in range(count)]
        assert await append(call_log, calls) == calls
        assert home.database.writes == 1
        assert await _recorded(home) == calls[::-1]

    async def test_many_calls_with_many_repeats_are_answered_in_order(
        self, home: Home, call_log: CallLog
    ) -> None:
        organizations = (A, B)
        known = [
            call(f"c{index}", 1, organization_id=organization_id)
            for index in range(0, 700, 3)
            for organization_id in organizations
        ]
        await append(call_log, known)
        standing = {(item.organization_id, item.call_id): item for item in known}
        calls = [
            call(f"c{index}", 2, organization_id=organization_id)
            for index in range(700)
            for organization_id in organizations
        ]
        expected = [standing.get((item.organization_id, item.call_id), item) for item in calls]
        assert await append(call_log, calls) == expected
        assert len(await _recorded(home, A)) == len(await _recorded(home, B)) == 700

    async def test_the_first_of_equal_call_ids_in_a_large_append_is_recorded(
        self, home: Home, call_log: CallLog
    ) -> None:
        known = [call(f"c{index}", 1) for index in range(0, 800, 7)]
        await append(call_log, known)
        calls = [call(f"c{index % 800}", 2 + index) for index in range(1000)]
        first: dict[str, OutboundCall] = {}
        for each in (*known, *calls):
            first.setdefault(each.call_id, each)
        assert await append(call_log, calls) == [first[each.call_id] for each in calls]
        assert len(await _recorded(home)) == 800

    async def test_when_the_database_fails_every_waiting_caller_fails_and_nothing_is_recorded(
        self, home: Home, call_log: CallLog
    ) -> None:
        gate = home.database.hold_write()
        committed = _append(call_log, call("before"))
        await gate.reached()
        home.database.fail_write()
        waiting = [_append(call_log, call(f"c{index}"), call(f"d{index}")) for index in range(5)]
        await asyncio.sleep(0)
        gate.open()
        await committed
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StorageUnavailable] * 5
        assert await _recorded(home) == [call("before")]

    async def test_the_log_works_again_after_a_failure(self, home: Home, call_log: CallLog) -> None:
        gate = home.database.hold_write(fails=True)
        failing = _append(call_log, call("c", 1))
        await gate.reached()
        waiting = _append(call_log, call("d", 2))
        gate.open()
        with pytest.raises(StorageUnavailable):
            await failing
        assert await waiting == [call("d", 2)]
        assert await append(call_log, [call("c", 3)]) == [call("c", 3)]
        assert await _recorded(home) == [call("c", 3), call("d", 2)]

    async def test_when_a_caller_gives_up_its_record_stays_and_others_get_their_answers(
        self, home: Home, call_log: GroupCommitLog
    ) -> None:
        gate = home.database.hold_write()
        under_way = _append(call_log, call("under-way", 1))
        await gate.reached()
        waiting, other = _append(call_log, call("waiting", 2)), _append(call_log, call("other", 3))
        await asyncio.sleep(0)
        under_way.cancel()
        waiting.cancel()
        gate.open()
        assert await other == [call("other", 3)]
        await call_log.close()
        assert under_way.cancelled()
        assert waiting.cancelled()
        assert {item.call_id for item in await _recorded(home)} == {"under-way", "waiting", "other"}

    async def test_calls_that_wait_together_are_committed_together(
        self, home: Home, call_log: CallLog
    ) -> None:
        gate = home.database.hold_write()
        first = _append(call_log, call("first"))
        await gate.reached()
        waiting = [_append(call_log, call(f"c{index}")) for index in range(200)]
        await asyncio.sleep(0)
        gate.open()
        await asyncio.gather(first, *waiting)
        assert home.database.writes == 2
        assert len(await _recorded(home)) == 201

    async def test_a_lone_call_is_committed_without_being_kept_waiting(self, home: Home) -> None:
        call_log = call_log_on(home.database, _AN_HOUR)
        async with asyncio.timeout(DEADLINE_SECONDS):
            for index in range(5):
                await call_log.append([call(f"lone-{index}")])
            # A rush that is over does not delay the next call.
            await asyncio.gather(*(call_log.append([call(f"rush-{index}")]) for index in range(50)))
            await call_log.append([call("lone-again")])
        assert home.database.writes == 7

    async def test_closing_waits_for_all_that_was_appended(
        self, home: Home, call_log: GroupCommitLog
    ) -> None:
        gate = home.database.hold_write()
        first = _append(call_log, call("first", 1))
        await gate.reached()
        second = _append(call_log, call("second", 2))
        closing = asyncio.create_task(call_log.close())
        await asyncio.sleep(0)
        assert not closing.done()
        gate.open()
        await closing
        assert await _recorded(home) == [call("second", 2), call("first", 1)]
        await asyncio.gather(first, second)
        await call_log.close()
