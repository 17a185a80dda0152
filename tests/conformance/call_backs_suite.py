"""The promises of the `CallBacks` port, each as a test."""

import asyncio
from collections.abc import Sequence

import pytest

from localdial_server.app.ports.call_backs import CallBack, CallBackFacts
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import InboundCall, InboundCallOutcome, Organization, User
from localdial_server.storage.call_log.inbound import InboundDatabaseRecorder
from localdial_server.storage.sql.call_back_groups import GroupedCallBacks
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import CALLEE, A, B, X, Y, call, create

_MAIN, _WORK, _OTHER_WORK = "+13125550150", "+13125550160", "+13125550161"
_MEXICAN, _OLDER_SPELLING = "+525512345678", "+5215512345678"


async def _nothing() -> None:
    """Every call is in the database."""


async def _users(home: Home, organization_id: str, *users: User) -> None:
    await home.store.write("test", create(organization_id))
    await home.store.write("test", lambda transaction: transaction.put_users(users))


async def _organization_number(home: Home) -> None:
    await home.store.write("test", create(Organization(A, organization_number=_MAIN)))
    await home.store.write("test", lambda transaction: transaction.claim(_MAIN, A))


class CallBacksSuite(StoreFixtures):
    """Call-backs over every database."""

    @pytest.fixture
    def call_backs(self, home: Home) -> GroupedCallBacks:
        return GroupedCallBacks(home.database, _nothing)

    async def test_a_call_back_finds_the_last_caller(self, home: Home, call_backs: GroupedCallBacks) -> None:
        await _organization_number(home)
        ann, bob = User(A, "ann", work_phone=_WORK), User(A, "bob", "Bob", X, _OTHER_WORK)
        await home.store.write("test", lambda transaction: transaction.put_users([ann, bob]))
        await home.record(
            call("1", 1, user_id="ann"), call("2", 2, user_id="bob"), call("3", 3, user_id="gone")
        )
        found = await call_backs.look_up(CallBack(_MAIN, CALLEE, None, None))
        gone = call("3", 3, user_id="gone")
        assert found == CallBackFacts(Organization(A, "", _MAIN), None, gone, None, None)
        await home.record(call("4", 4, user_id="bob"))
        found = await call_backs.look_up(CallBack(_MAIN, CALLEE, None, None))
        assert found is not None
        assert (found.last_call, found.last_user) == (
            call("4", 4, user_id="bob"),
            User(A, "bob", work_phone=_OTHER_WORK),
        )
        for caller in "+16285550199", None:
            found = await call_backs.look_up(CallBack(_MAIN, caller, None, None))
            assert found == CallBackFacts(Organization(A, "", _MAIN), None, None, None, None)

    async def test_the_last_call_is_found_by_any_spelling_of_the_caller(
        self, home: Home, call_backs: GroupedCallBacks
    ) -> None:
        await _organization_number(home)
        await home.record(call("1", callee_number=_MEXICAN))
        found = await call_backs.look_up(CallBack(_MAIN, _OLDER_SPELLING, None, None))
        assert found is not None
        assert found.last_call == call("1", callee_number=_MEXICAN)

    @pytest.mark.parametrize("called", [_MEXICAN, _OLDER_SPELLING])
    async def test_a_caller_id_identifies_the_only_organization_whose_users_have_it_in_any_spelling(
        self, home: Home, call_backs: GroupedCallBacks, called: str
    ) -> None:
        await _users(home, A, User(A, "ann", caller_id=_MEXICAN, work_phone=_WORK))
        found = await call_backs.look_up(CallBack(called, None, None, None))
        assert found is not None
        assert (found.organization, found.caller_id_owner) == (
            Organization(A),
            User(A, "ann", work_phone=_WORK),
        )
        await _users(home, A, User(A, "bob", caller_id=_OLDER_SPELLING))
        found = await call_backs.look_up(CallBack(called, None, None, None))
        assert found is not None
        assert found.caller_id_owner is None
        await _users(home, B, User(B, "eve", caller_id=_OLDER_SPELLING))
        assert await call_backs.look_up(CallBack(called, None, None, None)) is None
        assert await call_backs.look_up(CallBack(called, None, None, A)) is None

    async def test_a_number_is_found_within_its_own_organization_alone(
        self, home: Home, call_backs: GroupedCallBacks
    ) -> None:
        await _organization_number(home)
        await _users(home, B, User(B, "eve", caller_id=X))
        for called, own, other in (_MAIN, A, B), (X, B, A):
            found = await call_backs.look_up(CallBack(called, CALLEE, None, own))
            assert found is not None
            assert found.organization.organization_id == own
            assert await call_backs.look_up(CallBack(called, CALLEE, None, other)) is None
        assert await call_backs.look_up(CallBack(Y, CALLEE, None, None)) is None

    async def test_a_recorded_call_back_is_found_by_its_call_id(
        self, home: Home, call_backs: GroupedCallBacks
    ) -> None:
        await _organization_number(home)
        earlier = InboundCall(
            A,
            'a "call"\\',
            5,
            _MAIN,
            CALLEE,
            degraded=True,
            outcome=InboundCallOutcome.MISSED,
            outcome_time=6,
        )
        outcome = InboundCall(A, "reported", 5, outcome=InboundCallOutcome.MISSED, outcome_time=6)
        await InboundDatabaseRecorder(home.database).record([earlier, outcome])
        found = await call_backs.look_up(CallBack(_MAIN, CALLEE, earlier.call_id, None))
        assert found is not None
        assert found.recorded == earlier
        for call_id in "reported", "unknown", None:
            found = await call_backs.look_up(CallBack(_MAIN, CALLEE, call_id, None))
            assert found is not None
            assert found.recorded is None

    async def test_call_backs_that_arrive_together_are_read_together(
        self, home: Home, call_backs: GroupedCallBacks
    ) -> None:
        await _organization_number(home)
        await home.record(*(call(f"{index}", callee_number=f"+1628555{index:04}") for index in range(30)))
        home.database.reads = 0

        async def last_call(index: int) -> str | None:
            found = await call_backs.look_up(CallBack(_MAIN, f"+1628555{index:04}", None, None))
            return found.last_call.call_id if found is not None and found.last_call is not None else None

        gate = home.database.hold_read()
        first = asyncio.create_task(last_call(0))
        await gate.reached()
        others = [asyncio.create_task(last_call(index)) for index in range(1, 31)]
        await asyncio.sleep(0)
        others[0].cancel()
        gate.open()
        answers = [await first, *await asyncio.gather(*others[1:])]
        assert answers == [f"{index}" for index in (0, *range(2, 30))] + [None]
        assert home.database.reads == 2

    async def test_a_read_that_fails_fails_its_call_backs_and_no_later_ones(
        self, home: Home, call_backs: GroupedCallBacks
    ) -> None:
        await _organization_number(home)
        home.database.fail_read()
        together: Sequence[object] = await asyncio.gather(
            *(call_backs.look_up(CallBack(_MAIN, None, None, None)) for _ in range(2)), return_exceptions=True
        )
        assert [type(each) for each in together] == [StorageUnavailable] * 2
        assert await call_backs.look_up(CallBack(_MAIN, None, None, None)) is not None

    async def test_while_a_call_waits_elsewhere_only_withheld_callers_are_looked_up(self, home: Home) -> None:
        async def incomplete() -> None:
            raise StorageUnavailable

        await _organization_number(home)
        call_backs = GroupedCallBacks(home.database, incomplete)
        found = await asyncio.gather(
            *(call_backs.look_up(CallBack(_MAIN, caller, None, None)) for caller in (CALLEE, None)),
            return_exceptions=True,
        )
        assert isinstance(found[0], StorageUnavailable)
        assert found[1] == CallBackFacts(Organization(A, "", _MAIN), None, None, None, None)
