"""What the simulated carrier does beyond the promises of the port."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localdial_server.app.ports.carrier import NumberTaken, OwnedNumber, Refused
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.carriers.simulator.stock import stock_of
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.simulator_state import SqlSimulatorState
from tests.support.carriers import ordered
from tests.support.databases import open_sqlite


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = open_sqlite(tmp_path / "localdial.db")
    yield database
    await database.close()


@pytest.fixture
def carrier(database: Database) -> SimulatedCarrier:
    return SimulatedCarrier(SqlSimulatorState(database))


async def buy_all(carrier: SimulatedCarrier, area_code: str) -> list[OwnedNumber]:
    found = await carrier.search(area_code, 100)
    return [await ordered(carrier, number.phone_number, f"r{number.phone_number}") for number in found]


async def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "localdial.db"
    database = open_sqlite(path)
    carrier = SimulatedCarrier(SqlSimulatorState(database))
    kept = await ordered(carrier, "+14155550100", "kept")
    given_back = await ordered(carrier, "+14155550101", "given-back")
    await carrier.release(given_back.carrier_number_id)
    await carrier.release("SIM-14155550199")
    await database.close()

    database = open_sqlite(path)
    carrier = SimulatedCarrier(SqlSimulatorState(database))
    assert await carrier.find_by_number("+14155550100") == kept
    assert await carrier.find_by_reference("kept") == kept
    assert await carrier.find_by_reference("given-back") is None
    assert await carrier.find_by_number("+14155550199") is None
    assert [n.phone_number for n in await carrier.search("415", 2)] == ["+14155550101", "+14155550102"]
    await database.close()


async def test_a_scarce_area_code_runs_out_until_a_number_is_released(
    carrier: SimulatedCarrier,
) -> None:
    bought = await buy_all(carrier, "307")
    assert [n.phone_number for n in bought] == list(stock_of("307"))
    assert list(await carrier.search("307", 10)) == []
    await carrier.release(bought[1].carrier_number_id)
    assert [n.phone_number for n in await carrier.search("307", 10)] == [bought[1].phone_number]
    again = await ordered(carrier, bought[1].phone_number, "again")
    assert again.carrier_number_id != bought[1].carrier_number_id
    with pytest.raises(NumberTaken):
        await ordered(carrier, bought[1].phone_number, "once-more")


async def test_a_released_number_owned_from_the_start_is_gone_for_good(
    carrier: SimulatedCarrier,
) -> None:
    owned = await carrier.find_by_number("+13075550199")
    assert owned is not None
    await asyncio.gather(*(carrier.release(owned.carrier_number_id) for _ in range(4)))
    assert await carrier.find_by_number("+13075550199") is None
    assert "+13075550199" not in {n.phone_number for n in await carrier.search("307", 10)}
    with pytest.raises(Refused):
        await ordered(carrier, "+13075550199", "back")
    assert await carrier.find_by_number("+14155550199") is not None
    assert await carrier.find_by_reference("") is None


@pytest.mark.parametrize("phone_number", ["+19075550199", "+18085550199"])
async def test_sold_out_area_codes_have_a_number_to_import(
    carrier: SimulatedCarrier, phone_number: str
) -> None:
    assert await carrier.find_by_number(phone_number) is not None


@pytest.mark.parametrize("phone_number", ["+18005550199", "+442079460199", "+14155550200"])
async def test_other_numbers_are_not_owned(carrier: SimulatedCarrier, phone_number: str) -> None:
    assert await carrier.find_by_number(phone_number) is None


@pytest.mark.parametrize(
    "carrier_number_id",
    [
        "",
        "SIM",
        "SIM-",
        "SIM-14155550100",
        "SIM-14155550101",
        "SIM-18005550199",
        "SIM-1415555-0199",
        "PN0123",
        "SIM-\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff19\uff19",
    ],
)
async def test_releasing_an_unknown_id_releases_nothing(
    carrier: SimulatedCarrier, carrier_number_id: str
) -> None:
    owned = await ordered(carrier, "+14155550100", "r")
    await carrier.release(carrier_number_id)
    assert await carrier.find_by_number("+14155550100") == owned
    assert await carrier.find_by_number("+14155550199") is not None
    assert (await ordered(carrier, "+14155550101", "still-on-sale")).reference == "still-on-sale"


async def test_search_and_order_return_the_same_place(carrier: SimulatedCarrier) -> None:
    for area_code, place in {"415": ("", "CA"), "+4420": ("London", "")}.items():
        (offer,) = await carrier.search(area_code, 1)
        owned = await ordered(carrier, offer.phone_number, f"r{area_code}")
        assert (offer.locality, offer.region) == (owned.locality, owned.region)
        assert (owned.locality, owned.region) == place
        assert await carrier.find_by_number(owned.phone_number) == owned


async def test_many_numbers_can_be_bought_in_one_area_code(carrier: SimulatedCarrier) -> None:
    bought = await buy_all(carrier, "415")
    bought += await buy_all(carrier, "415")
    assert [n.phone_number for n in bought] == list(stock_of("415"))[: len(bought)]


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_search_for_nothing_finds_nothing(carrier: SimulatedCarrier, limit: int) -> None:
    assert list(await carrier.search("415", limit)) == []


async def test_the_state_keeps_bought_numbers_apart_from_numbers_given_up(database: Database) -> None:
    state = SqlSimulatorState(database)
    bought = OwnedNumber("+14155550100", "id-1", "r-1")
    given_up = OwnedNumber("+14155550199", "id-2")
    assert await state.buy(bought, "415", pending=False)
    assert not await state.buy(bought, "415", pending=False)
    await state.give_up_for_good(given_up, "415")
    await state.give_up_for_good(given_up, "415")
    await state.remove(given_up.carrier_number_id)

    assert await state.find_by_number(bought.phone_number) == bought
    assert await state.find_by_reference(bought.reference) == bought
    assert await state.not_on_sale("415") == {bought.phone_number}
    assert await state.list_given_up() == {given_up.phone_number}
    assert await state.find_by_number(given_up.phone_number) is None
    assert await state.find_by_reference("") is None
    assert await state.not_on_sale("212") == frozenset()

    await state.remove(bought.carrier_number_id)
    assert await state.find_by_number(bought.phone_number) is None
