"""The prices of numbers are known without waiting for the carrier again and again."""

import asyncio
from dataclasses import replace
from pathlib import Path

from typing_extensions import override

from localdial_server.app.numbers.monthly_prices import MonthlyPrices
from localdial_server.app.ports.carrier import CarrierUnavailable, Price
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.carriers.simulator.single_account import SingleAccount
from localdial_server.domain.model import EXTERNAL, Number
from localdial_server.storage.sql.simulator_state import SqlSimulatorState
from tests.conformance.store_records import X, Y, number
from tests.support.carriers import DelegatingCarrier
from tests.support.databases import open_sqlite

OTHER_AREA_CODE = "+12125550100"


class PricingCarrier(DelegatingCarrier):
    """A carrier whose prices a test sets, delays and refuses."""

    def __init__(self, path: Path) -> None:
        super().__init__(SimulatedCarrier(SqlSimulatorState(open_sqlite(path / "x.db"))))
        self.asked: list[str] = []
        self.price: Price | None = Price("USD", 1_150_000)
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_down = False

    @override
    async def monthly_price(self, phone_number: str) -> Price | None:
        self.asked.append(phone_number)
        await self.may_answer.wait()
        if self.is_down:
            raise CarrierUnavailable("down")
        return self.price


def _number(phone_number: str) -> Number:
    return replace(number(phone_number), carrier="simulator")


async def test_numbers_of_one_area_code_are_asked_for_once(tmp_path: Path) -> None:
    carrier = PricingCarrier(tmp_path)
    prices = MonthlyPrices(SingleAccount(carrier))
    numbers = [_number(X), _number(Y), _number(OTHER_AREA_CODE)]
    for _ in range(3):
        found = await prices.of_numbers(numbers)
        assert found == dict.fromkeys([X, Y, OTHER_AREA_CODE], carrier.price)
    assert len(carrier.asked) == 2
    assert await prices.of_offers("org", [X]) == {X: carrier.price}
    assert len(carrier.asked) == 2


async def test_callers_at_once_get_the_prices_of_their_own_numbers(tmp_path: Path) -> None:
    carrier = PricingCarrier(tmp_path)
    prices = MonthlyPrices(SingleAccount(carrier))
    found = await asyncio.gather(*(prices.of_numbers([_number(one)]) for one in (X, OTHER_AREA_CODE)))
    assert found == [{X: carrier.price}, {OTHER_AREA_CODE: carrier.price}]


async def test_a_number_without_a_price_and_one_held_elsewhere_have_none(tmp_path: Path) -> None:
    carrier = PricingCarrier(tmp_path)
    carrier.price = None
    prices = MonthlyPrices(SingleAccount(carrier))
    numbers = [_number(X), replace(number(OTHER_AREA_CODE), carrier=EXTERNAL)]
    assert await prices.of_numbers(numbers) == {}
    assert await prices.of_numbers(numbers) == {}
    assert carrier.asked == [X]


async def test_a_slow_carrier_delays_one_list_by_a_second_and_no_other(tmp_path: Path) -> None:
    carrier = PricingCarrier(tmp_path)
    carrier.may_answer.clear()
    prices = MonthlyPrices(SingleAccount(carrier))
    now = asyncio.get_running_loop().time
    begun_at = now()
    assert await asyncio.gather(*(prices.of_numbers([_number(X)]) for _ in range(20))) == [{}] * 20
    assert 0.9 < now() - begun_at < 5
    assert carrier.asked == [X]
    carrier.may_answer.set()
    assert await prices.of_numbers([_number(X)]) == {X: carrier.price}
    assert carrier.asked == [X]


async def test_while_the_carrier_is_down_the_last_prices_are_shown_and_it_is_asked_seldom(
    tmp_path: Path,
) -> None:
    carrier = PricingCarrier(tmp_path)
    prices = MonthlyPrices(SingleAccount(carrier), fresh=0.0)
    assert await prices.of_numbers([_number(X)]) == {X: carrier.price}
    carrier.is_down = True
    for _ in range(20):
        assert (await prices.of_numbers([_number(X), _number(OTHER_AREA_CODE)])) == {X: carrier.price}
        await asyncio.sleep(0)
    assert len(carrier.asked) <= 3


async def test_a_price_that_is_out_of_date_is_shown_until_the_new_one_is_known(tmp_path: Path) -> None:
    carrier = PricingCarrier(tmp_path)
    prices = MonthlyPrices(SingleAccount(carrier), fresh=0.0)
    assert await prices.of_numbers([_number(X)]) == {X: Price("USD", 1_150_000)}
    carrier.price = Price("USD", 1_250_000)
    carrier.may_answer.clear()
    assert await prices.of_numbers([_number(X)]) == {X: Price("USD", 1_150_000)}
    carrier.may_answer.set()
    await asyncio.sleep(0.1)
    assert await prices.of_numbers([_number(X)]) == {X: Price("USD", 1_250_000)}
