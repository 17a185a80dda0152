"""The simulated carrier when it accepts orders first and fills them later."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localdial_server.app.ports.carrier import NumberTaken, OrderStatus, OwnedNumber
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.storage.sql.simulator_state import SqlSimulatorState
from tests.support.databases import open_sqlite

NUMBER = "+14155550100"


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[SimulatedCarrier]:
    database = open_sqlite(tmp_path / "localdial.db")
    yield SimulatedCarrier(SqlSimulatorState(database), asynchronous=True)
    await database.close()


async def test_an_order_is_pending_until_it_is_looked_up(carrier: SimulatedCarrier) -> None:
    assert await carrier.order(NUMBER, "r", 10) is OrderStatus.PENDING
    assert await carrier.find_by_number(NUMBER) is None
    assert NUMBER not in {number.phone_number for number in await carrier.list_owned()}
    assert await carrier.find_by_reference("r") is OrderStatus.PENDING
    owned = await carrier.find_by_reference("r")
    assert isinstance(owned, OwnedNumber)
    assert await carrier.find_by_number(NUMBER) == owned


async def test_a_number_on_order_is_not_on_sale(carrier: SimulatedCarrier) -> None:
    await carrier.order(NUMBER, "r", 10)
    assert NUMBER not in {number.phone_number for number in await carrier.search("415", 5)}
    with pytest.raises(NumberTaken):
        await carrier.order(NUMBER, "s", 10)


async def test_a_failed_order_frees_the_number(carrier: SimulatedCarrier) -> None:
    await carrier.order(NUMBER, "r", 10)
    await carrier.fail_order("r")
    assert await carrier.find_by_reference("r") is OrderStatus.FAILED
    assert await carrier.find_by_number(NUMBER) is None
    assert NUMBER in {number.phone_number for number in await carrier.search("415", 5)}
    assert await carrier.order(NUMBER, "s", 10) is OrderStatus.PENDING
    assert await carrier.find_by_reference("r") is None
