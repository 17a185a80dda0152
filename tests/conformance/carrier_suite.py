"""The promises of the carrier port, each as a test, as long as nothing fails.

A carrier joins with a subclass that has a fixture `account`; see `test_carriers`.
"""

import asyncio
import re

import pytest

from localdial_server.app.ports.carrier import CallRoute, NumberNotOwned, NumberTaken, OwnedNumber, Refused
from localdial_server.domain.area_codes import area_code_of
from tests.conformance.carrier_account import Ability, CarrierAccount, new_reference

# The carrier number ids that the inventory can store.
_ID = re.compile(r"[!-~]{1,128}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class CarrierSuite:
    """What every carrier does when nothing fails."""

    async def test_the_name_can_be_stored_with_each_number(self, account: CarrierAccount) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9-]{0,31}", account.carrier.name)
        assert account.carrier.name == (await account.reconnect()).name

    async def test_a_search_returns_different_numbers_of_the_area_code(self, account: CarrierAccount) -> None:
        found = await account.on_sale(30)
        assert len(set(found)) == len(found)
        assert all(_E164.fullmatch(number) for number in found)
        assert {area_code_of(number) for number in found} == {account.stocked_area_code}

    @pytest.mark.parametrize("limit", [1, 2, 7])
    async def test_a_search_returns_no_more_than_the_limit(self, account: CarrierAccount, limit: int) -> None:
        assert len(await account.carrier.search(account.stocked_area_code, limit)) == limit

    async def test_a_search_without_stock_returns_nothing(self, account: CarrierAccount) -> None:
        assert list(await account.carrier.search(account.sold_out_area_code, 10)) == []

    async def test_a_search_neither_buys_nor_reserves(self, account: CarrierAccount) -> None:
        numbers = await account.on_sale(3)
        await account.on_sale(3)
        for phone_number in numbers:
            assert await account.carrier.find_by_number(phone_number) is None
            assert (await account.order(phone_number, new_reference())).phone_number == phone_number

    async def test_an_ordered_number_is_owned(self, account: CarrierAccount) -> None:
        (phone_number,) = await account.on_sale()
        reference = new_reference()
        owned = await account.order(phone_number, reference)
        assert (owned.phone_number, owned.reference) == (phone_number, reference)
        assert _ID.fullmatch(owned.carrier_number_id)
        assert await account.carrier.find_by_number(phone_number) == owned
        assert await account.outcome_of(reference) == owned

    async def test_an_ordered_number_is_no_longer_on_sale(self, account: CarrierAccount) -> None:
        owned = await account.order_one()
        assert owned.phone_number not in await account.on_sale(20)

    async def test_owned_numbers_survive_a_restart(self, account: CarrierAccount) -> None:
        kept, released = await account.order_one(), await account.order_one()
        await account.carrier.release(released.carrier_number_id)
        carrier = await account.reconnect()
        assert await carrier.find_by_number(kept.phone_number) == kept
        assert await account.outcome_of(kept.reference, carrier) == kept
        assert await carrier.find_by_number(released.phone_number) is None
        await carrier.release(kept.carrier_number_id)
        assert await account.outcome_of(kept.reference, carrier) is None

    async def test_a_number_that_is_not_owned_is_not_found(self, account: CarrierAccount) -> None:
        (phone_number,) = await account.on_sale()
        assert not await account.owns(phone_number, new_reference())

    @pytest.mark.parametrize("reference", ["x", "~" * 64, "Ab-1", "100%_'\"\\;--", "a+b&c=d?e#f/g"])
    async def test_a_reference_is_matched_as_a_whole(self, account: CarrierAccount, reference: str) -> None:
        (phone_number,) = await account.on_sale()
        owned = await account.order(phone_number, reference)
        assert await account.outcome_of(reference) == owned
        others = {reference[:-1], reference.swapcase(), f"{reference[:-1]}%", f"{reference[:-1]}_", "%"}
        for other in others - {reference, ""}:
            assert await account.outcome_of(other) is None, other

    async def test_a_number_that_is_never_sold_is_refused(self, account: CarrierAccount) -> None:
        account.require(Ability.REFUSAL)
        reference = new_reference()
        with pytest.raises(Refused) as refusal:
            await account.order(account.never_sold, reference)
        assert refusal.value.explanation.strip()
        assert not await account.owns(account.never_sold, reference)

    async def test_an_owned_number_is_not_sold_again(self, account: CarrierAccount) -> None:
        account.require(Ability.ONE_BUYER)
        first = await account.order_one()
        reference = new_reference()
        with pytest.raises(NumberTaken):
            await account.order(first.phone_number, reference)
        assert await account.outcome_of(reference) is None
        assert await account.outcome_of(first.reference) == first
        assert await account.carrier.find_by_number(first.phone_number) == first

    async def test_one_of_many_orders_of_a_number_wins(self, account: CarrierAccount) -> None:
        account.require(Ability.ONE_WINNER)
        (phone_number,) = await account.on_sale()
        references = [new_reference() for _ in range(12)]
        other_adapter = await account.reconnect()
        outcomes = await asyncio.gather(
            *(account.order(phone_number, reference) for reference in references[::2]),
            *(account.order(phone_number, reference, other_adapter) for reference in references[1::2]),
            return_exceptions=True,
        )
        (winner,) = [outcome for outcome in outcomes if isinstance(outcome, OwnedNumber)]
        losers = [outcome for outcome in outcomes if outcome is not winner]
        assert all(isinstance(loser, NumberTaken) for loser in losers), losers
        found = [await account.outcome_of(reference) for reference in references]
        assert [number for number in found if number is not None] == [winner]

    async def test_orders_of_different_numbers_do_not_disturb_each_other(
        self, account: CarrierAccount
    ) -> None:
        numbers = await account.on_sale(12)
        owned = await asyncio.gather(*(account.order(n, new_reference()) for n in numbers))
        assert [number.phone_number for number in owned] == list(numbers)
        assert len({number.carrier_number_id for number in owned}) == len(numbers)
        found = await asyncio.gather(*(account.outcome_of(n.reference) for n in owned))
        assert list(found) == list(owned)

    async def test_a_released_number_is_not_owned(self, account: CarrierAccount) -> None:
        owned, other = await account.order_one(), await account.order_one()
        await account.carrier.release(owned.carrier_number_id)
        assert not await account.owns(owned.phone_number, owned.reference)
        assert await account.carrier.find_by_number(other.phone_number) == other

    async def test_releasing_a_number_that_is_gone_is_no_error(self, account: CarrierAccount) -> None:
        owned = await account.order_one()
        assert await account.carrier.release(owned.carrier_number_id)
        assert not await account.carrier.release(owned.carrier_number_id)
        assert not await account.owns(owned.phone_number, owned.reference)

    async def test_simultaneous_releases_of_a_number_are_one(self, account: CarrierAccount) -> None:
        owned = await account.order_one()
        await asyncio.gather(*(account.carrier.release(owned.carrier_number_id) for _ in range(6)))
        assert not await account.owns(owned.phone_number, owned.reference)

    async def test_a_late_repeat_of_a_release_spares_the_next_order(self, account: CarrierAccount) -> None:
        account.require(Ability.RESALE)
        first = await account.order_one()
        await account.carrier.release(first.carrier_number_id)
        second = await account.order(first.phone_number, new_reference())
        await account.carrier.release(first.carrier_number_id)
        assert await account.carrier.find_by_number(first.phone_number) == second
        assert await account.outcome_of(first.reference) is None

    async def test_a_number_owned_from_the_start_is_found_by_number(self, account: CarrierAccount) -> None:
        account.require(Ability.OWNED_FROM_START)
        owned = await account.carrier.find_by_number(account.owned_from_start)
        assert owned is not None
        assert (owned.phone_number, owned.reference) == (account.owned_from_start, "")
        assert _ID.fullmatch(owned.carrier_number_id)
        reference = new_reference()
        with pytest.raises((NumberTaken, Refused)):
            await account.order(account.owned_from_start, reference)
        assert await account.outcome_of(reference) is None
        assert await account.carrier.find_by_number(account.owned_from_start) == owned

    async def test_a_number_owned_from_the_start_can_be_released(self, account: CarrierAccount) -> None:
        account.require(Ability.OWNED_FROM_START)
        owned = await account.carrier.find_by_number(account.owned_from_start)
        assert owned is not None
        for was_known in True, False:
            assert await account.carrier.release(owned.carrier_number_id) is was_known
            assert await account.carrier.find_by_number(account.owned_from_start) is None

    async def test_owned_numbers_are_listed_once_and_in_order(self, account: CarrierAccount) -> None:
        bought = [await account.order_one() for _ in range(3)]
        released = await account.order_one()
        await account.carrier.release(released.carrier_number_id)
        listed = await account.carrier.list_owned()
        numbers = [number.phone_number for number in listed]
        assert numbers == sorted(set(numbers))
        assert [number for number in listed if number in bought] == sorted(
            bought, key=lambda number: number.phone_number
        )
        assert released.phone_number not in numbers
        if Ability.OWNED_FROM_START not in account.lacks:
            assert account.owned_from_start in numbers

    async def test_only_a_number_without_voice_takes_no_calls(self, account: CarrierAccount) -> None:
        account.require(Ability.OWNED_FROM_START)
        assert (await account.order_one()).takes_calls
        listed = {number.phone_number: number for number in await account.carrier.list_owned()}
        assert listed[account.owned_from_start].takes_calls
        without_voice = listed[account.owned_without_voice]
        assert not without_voice.takes_calls
        assert await account.carrier.find_by_number(account.owned_without_voice) == without_voice
        configured = await account.carrier.configure(without_voice.carrier_number_id)
        assert not configured.takes_calls

    async def test_a_configured_number_keeps_its_name(self, account: CarrierAccount) -> None:
        account.require(Ability.OWNED_FROM_START)
        owned = await account.carrier.find_by_number(account.owned_from_start)
        assert owned is not None
        # A repeat changes nothing.
        for _ in range(2):
            configured = await account.carrier.configure(owned.carrier_number_id)
            assert (configured.phone_number, configured.reference) == (owned.phone_number, owned.reference)
            assert configured.carrier_number_id == owned.carrier_number_id
        assert await account.carrier.find_by_number(owned.phone_number) == configured

    async def test_calls_to_ordered_and_configured_numbers_reach_us(self, account: CarrierAccount) -> None:
        carrier = account.carrier
        assert (carrier.callback_warning, carrier.call_route == CallRoute()) == ("", False)
        ours = carrier.call_route.in_effect
        owned = [await account.order_one()]
        if Ability.OWNED_FROM_START not in account.lacks:
            from_start = await carrier.find_by_number(account.owned_from_start)
            assert from_start is not None
            owned.append(await carrier.configure(from_start.carrier_number_id))
        assert [number.call_route.in_effect for number in owned] == [ours] * len(owned)
        listed = {number.phone_number: number for number in await carrier.list_owned()}
        assert [listed[number.phone_number] for number in owned] == owned

    async def test_a_configured_order_is_still_found_by_its_reference(self, account: CarrierAccount) -> None:
        owned = await account.order_one()
        assert await account.carrier.configure(owned.carrier_number_id) == owned
        assert await account.outcome_of(owned.reference) == owned

    async def test_a_number_that_is_gone_is_not_configured(self, account: CarrierAccount) -> None:
        owned = await account.order_one()
        await account.carrier.release(owned.carrier_number_id)
        with pytest.raises(NumberNotOwned):
            await account.carrier.configure(owned.carrier_number_id)
        assert not await account.owns(owned.phone_number, owned.reference)

    async def test_a_price_is_in_a_currency(self, account: CarrierAccount) -> None:
        (phone_number,) = await account.on_sale()
        price = await account.carrier.monthly_price(phone_number)
        if price is not None:
            assert re.fullmatch(r"[A-Z]{3}", price.currency_code)
            assert price.micros >= 0
