"""Resolving and routing when the database is away: never an answer that looks like another."""

import itertools

import pytest

from localdial_server.app.call_routing import CallRouting, Leg
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import User
from localdial_server.storage.call_log import GroupCommitLog
from tests.unit.app.house import A, House

CALLEE = "+14155550123"


@pytest.fixture
async def routing(house: House) -> CallRouting:
    await house.add_organization(A, "+13125550150")
    await house.directory.set_users(A, [User(A, "ann", work_phone="+13125550160")])
    ids = map(str, itertools.count())
    call_log = GroupCommitLog(house.database, 0)
    return CallRouting(house.store, house.snapshots, call_log, house.clock, lambda: next(ids))


async def test_a_call_back_while_the_database_is_away_is_not_answered_as_if_nobody_had_called(
    house: House, routing: CallRouting
) -> None:
    await routing.resolve(Leg(A, "ann", CALLEE))
    house.database.fail_read()
    with pytest.raises(StorageUnavailable):
        await routing.route("+13125550150", CALLEE)
    assert (await routing.route("+13125550150", CALLEE)).user_id == "ann"


async def test_a_call_that_could_not_be_recorded_is_not_answered(house: House, routing: CallRouting) -> None:
    await house.snapshots.get(A)
    house.database.fail_write()
    with pytest.raises(StorageUnavailable):
        await routing.resolve(Leg(A, "ann", CALLEE, "call"))
    assert (await routing.resolve(Leg(A, "ann", CALLEE, "call"))).call_id == "call"
