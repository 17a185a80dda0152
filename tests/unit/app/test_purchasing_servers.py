"""One purchase that two servers work on at once, as after a retry through a balancer."""

import asyncio

import pytest

from localdial_server.app.changes import Changes
from localdial_server.app.purchasing import PurchaseAnswer, Purchasing
from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.carriers.single_account import SingleAccount
from localdial_server.domain.errors import CarrierNotAvailable, PurchasePending
from localdial_server.storage.snapshots import SnapshotCache
from tests.conformance.watched_database import DEADLINE_SECONDS
from tests.unit.app.house import FOREVER, A, House


class Other:
    """Another server on the house's database, with the same carrier account."""

    def __init__(self, house: House) -> None:
        changes = Changes(house.store, SnapshotCache(house.database))
        self._purchasing = Purchasing(
            house.store,
            changes,
            SingleAccount(house.carrier),
            house.clock,
            limits=house.limits,
            order_timeout=FOREVER,
        )

    async def purchase(self, quantity: int) -> PurchaseAnswer:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self._purchasing.purchase(A, "415", quantity, "request")


@pytest.fixture
async def other(house: House) -> Other:
    await house.add_organization(A)
    return Other(house)


@pytest.mark.parametrize("quantity", [1, 3])
async def test_while_one_server_orders_another_orders_nothing_for_the_same_request(
    house: House, other: Other, quantity: int
) -> None:
    gates = [house.carrier.hold(Operation.ORDER) for _ in range(quantity)]
    first = house.purchase(quantity)
    for gate in gates:
        await gate.reached()
    with pytest.raises(PurchasePending):
        await other.purchase(quantity)
    for gate in gates:
        gate.open()
    answer = await first
    assert answer.unfilled_count == 0
    assert await other.purchase(quantity) == answer
    assert len(house.carrier.ordered) == quantity == len(await house.paid_for())


async def test_two_servers_share_the_orders_of_one_request(house: House, other: Other) -> None:
    gate = house.carrier.hold(Operation.SEARCH)
    first = house.purchase(4)
    await gate.reached()
    # The first has searched for four when the second has bought them already.
    answer = await other.purchase(4)
    gate.open()
    assert await first == answer
    assert len(house.carrier.ordered) == 4 == len(await house.paid_for())


async def test_a_server_that_comes_late_has_a_request_that_ended_with_nothing_repeated(
    house: House, other: Other
) -> None:
    gate = house.carrier.hold_answer(Operation.SEARCH)
    first = house.purchase(1)
    await gate.reached()
    house.faults.add(Operation.SEARCH, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await other.purchase(1)
    gate.open()
    # It had found numbers; but by now the request is one that a repeat begins anew.
    with pytest.raises(PurchasePending):
        await first
    assert house.carrier.ordered == []
    assert len((await house.purchase(1)).numbers) == 1 == len(await house.paid_for())
