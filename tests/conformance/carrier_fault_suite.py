"""The promises of the carrier port, each as a test, when something fails."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from localdial_server.app.ports.carrier import (
    Carrier,
    CarrierError,
    CarrierUnavailable,
    NumberTaken,
    OutcomeUnknown,
    OwnedNumber,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.simulator.faults import Fault, Operation
from tests.conformance.carrier_account import Ability, CarrierAccount, new_reference
from tests.support.waiting import DEADLINE_SECONDS, until

_LOOK_UPS: dict[Operation, Callable[[Carrier, str], Awaitable[object]]] = {
    Operation.SEARCH: lambda carrier, area_code: carrier.search(area_code, 3),
    Operation.FIND_BY_REFERENCE: lambda carrier, _: carrier.find_by_reference("unknown"),
    Operation.FIND_BY_NUMBER: lambda carrier, _: carrier.find_by_number("+14155550100"),
    Operation.LIST_OWNED: lambda carrier, _: carrier.list_owned(),
}

_ANY: dict[Operation, Callable[[CarrierAccount, str], Awaitable[object]]] = {
    Operation.SEARCH: lambda account, _: account.carrier.search(account.stocked_area_code, 3),
    Operation.ORDER: lambda account, number: account.carrier.order(number, new_reference(), DEADLINE_SECONDS),
    Operation.FIND_BY_REFERENCE: lambda account, _: account.carrier.find_by_reference("unknown"),
    Operation.FIND_BY_NUMBER: lambda account, number: account.carrier.find_by_number(number),
    Operation.LIST_OWNED: lambda account, _: account.carrier.list_owned(),
    Operation.CONFIGURE: lambda account, _: account.carrier.configure(account.unknown_number_id),
    Operation.RELEASE: lambda account, _: account.carrier.release(account.unknown_number_id),
}

_each_look_up = pytest.mark.parametrize("operation", _LOOK_UPS, ids=lambda operation: operation.value)


class CarrierFaultSuite:
    """What every carrier does when something fails."""

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault.UNAVAILABLE, CarrierUnavailable),
            (Fault.TAKEN, NumberTaken),
            (Fault.ADDRESS_REQUIRED, Refused),
        ],
    )
    async def test_after_a_definite_error_nothing_was_bought(
        self, account: CarrierAccount, fault: Fault, error: type[CarrierError]
    ) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        reference = new_reference()
        account.arrange(Operation.ORDER, fault)
        with pytest.raises(error) as raised:
            await account.order(phone_number, reference)
        assert type(raised.value) is error
        if isinstance(raised.value, Refused):
            assert raised.value.explanation.strip()
        assert not await account.owns(phone_number, reference)

    @pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER])
    async def test_an_order_that_exceeds_its_timeout_has_an_unknown_outcome(
        self, account: CarrierAccount, fault: Fault
    ) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        reference = new_reference()
        account.arrange(Operation.ORDER, fault)
        async with asyncio.timeout(DEADLINE_SECONDS):
            with pytest.raises(OutcomeUnknown):
                await account.carrier.order(phone_number, reference, 1.0)
        assert await account.owns(phone_number, reference) is (fault is Fault.TIMEOUT_AFTER)

    @pytest.mark.parametrize("operation", _ANY)
    async def test_a_throttling_carrier_says_when_to_retry(
        self, account: CarrierAccount, operation: Operation
    ) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        account.arrange(operation, Fault.THROTTLED)
        with pytest.raises(CarrierUnavailable) as throttled:
            await _ANY[operation](account, phone_number)
        assert throttled.value.retry_after is not None
        assert throttled.value.retry_after > 0

    @pytest.mark.parametrize("operation", _ANY)
    async def test_a_suspended_account_is_a_refusal(
        self, account: CarrierAccount, operation: Operation
    ) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        account.arrange(operation, Fault.SUSPENDED)
        with pytest.raises(Refused) as refusal:
            await _ANY[operation](account, phone_number)
        assert refusal.value.cause is RefusalCause.ACCOUNT
        assert refusal.value.explanation.strip()

    async def test_an_order_that_the_carrier_did_not_accept_can_be_repeated(
        self, account: CarrierAccount
    ) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        reference = new_reference()
        account.arrange(Operation.ORDER, Fault.UNAVAILABLE)
        with pytest.raises(CarrierUnavailable):
            await account.order(phone_number, reference)
        assert (await account.order(phone_number, reference)).reference == reference

    async def test_an_order_of_unknown_outcome_that_went_through_is_found(
        self, account: CarrierAccount
    ) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        reference = new_reference()
        account.arrange(Operation.ORDER, Fault.RESET_AFTER)
        with pytest.raises(OutcomeUnknown):
            await account.order(phone_number, reference)
        found = await account.outcome_of(reference)
        assert isinstance(found, OwnedNumber)
        assert (found.phone_number, found.reference) == (phone_number, reference)
        assert await account.owns(phone_number, reference)
        await account.carrier.release(found.carrier_number_id)
        assert not await account.owns(phone_number, reference)

    async def test_an_order_of_unknown_outcome_that_was_not_made_is_not_found(
        self, account: CarrierAccount
    ) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        reference = new_reference()
        account.arrange(Operation.ORDER, Fault.RESET_BEFORE)
        with pytest.raises(OutcomeUnknown):
            await account.order(phone_number, reference)
        assert not await account.owns(phone_number, reference)
        assert (await account.order(phone_number, reference)).reference == reference

    @pytest.mark.parametrize(
        ("fault", "error", "owned_after"),
        [
            (Fault.UNAVAILABLE, CarrierUnavailable, True),
            (Fault.RESET_BEFORE, OutcomeUnknown, True),
            (Fault.RESET_AFTER, OutcomeUnknown, False),
        ],
    )
    async def test_a_release_that_failed_can_be_repeated(
        self, account: CarrierAccount, fault: Fault, error: type[CarrierError], *, owned_after: bool
    ) -> None:
        account.require(Ability.FAULTS)
        owned = await account.order_one()
        account.arrange(Operation.RELEASE, fault)
        with pytest.raises(error):
            await account.carrier.release(owned.carrier_number_id)
        assert await account.owns(owned.phone_number, owned.reference) is owned_after
        await account.carrier.release(owned.carrier_number_id)
        assert not await account.owns(owned.phone_number, owned.reference)

    async def test_a_release_within_the_read_lag_returns_false_and_releases_nothing(
        self, account: CarrierAccount
    ) -> None:
        account.require(Ability.FAULTS)
        owned = await account.order_one()
        account.arrange(Operation.RELEASE, Fault.NOT_SEEN)
        assert not await account.carrier.release(owned.carrier_number_id)
        assert await account.owns(owned.phone_number, owned.reference)
        assert await account.carrier.release(owned.carrier_number_id)

    @_each_look_up
    async def test_a_failed_look_up_raises_unavailable_and_can_be_repeated(
        self, account: CarrierAccount, operation: Operation
    ) -> None:
        account.require(Ability.FAULTS)
        account.arrange(operation, Fault.UNAVAILABLE)
        with pytest.raises(CarrierUnavailable):
            await _LOOK_UPS[operation](account.carrier, account.stocked_area_code)
        await _LOOK_UPS[operation](account.carrier, account.stocked_area_code)

    @_each_look_up
    async def test_a_look_up_that_hangs_can_be_cancelled(
        self, account: CarrierAccount, operation: Operation
    ) -> None:
        account.require(Ability.FAULTS)
        account.arrange(operation, Fault.TIMEOUT_BEFORE)
        await _cancel_when_hanging(account, _LOOK_UPS[operation](account.carrier, account.stocked_area_code))
        await _LOOK_UPS[operation](account.carrier, account.stocked_area_code)

    async def test_an_order_that_hangs_can_be_cancelled(self, account: CarrierAccount) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        reference = new_reference()
        account.arrange(Operation.ORDER, Fault.TIMEOUT_BEFORE)
        await _cancel_when_hanging(account, account.carrier.order(phone_number, reference, DEADLINE_SECONDS))
        assert not await account.owns(phone_number, reference)
        assert (await account.order(phone_number, reference)).reference == reference

    async def test_an_order_that_went_through_is_found_after_its_caller_gave_up(
        self, account: CarrierAccount
    ) -> None:
        account.require(Ability.FAULTS)
        (phone_number,) = await account.on_sale()
        reference = new_reference()
        account.arrange(Operation.ORDER, Fault.TIMEOUT_AFTER)
        ordering = asyncio.ensure_future(account.carrier.order(phone_number, reference, DEADLINE_SECONDS))
        await until(lambda: _is_found(account.carrier, reference))
        await _cancel_when_hanging(account, ordering)
        assert await account.owns(phone_number, reference)
        await account.order_one()

    @pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER])
    async def test_a_release_that_hangs_can_be_cancelled(self, account: CarrierAccount, fault: Fault) -> None:
        account.require(Ability.FAULTS)
        owned = await account.order_one()
        account.arrange(Operation.RELEASE, fault)
        await _cancel_when_hanging(account, account.carrier.release(owned.carrier_number_id))
        await account.carrier.release(owned.carrier_number_id)
        assert not await account.owns(owned.phone_number, owned.reference)

    async def test_a_call_that_hangs_does_not_delay_others(self, account: CarrierAccount) -> None:
        account.require(Ability.FAULTS)
        first, second = await account.on_sale(2)
        account.arrange(Operation.ORDER, Fault.TIMEOUT_BEFORE)
        hanging = asyncio.ensure_future(account.carrier.order(first, new_reference(), DEADLINE_SECONDS))
        await until(lambda: _is_spent(account))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await account.order(second, new_reference())
        await _cancel_when_hanging(account, hanging)

    async def test_an_order_that_is_cancelled_at_any_moment_is_made_or_not_made(
        self, account: CarrierAccount
    ) -> None:
        account.require(Ability.ONE_BUYER)
        # First after each turn of the event loop, then while the order waits for I/O.
        for pauses in [*([0.0] * turns for turns in range(15)), *([0.0003] * n for n in range(1, 11))]:
            (phone_number,) = await account.on_sale()
            reference = new_reference()
            ordering = asyncio.ensure_future(account.carrier.order(phone_number, reference, DEADLINE_SECONDS))
            for pause in pauses:
                await asyncio.sleep(pause)
            ordering.cancel()
            await asyncio.gather(ordering, return_exceptions=True)
            # The order may still be running. Another order of the same number settles whether it
            # was made.
            reference_of_next = new_reference()
            try:
                await account.order(phone_number, reference_of_next)
            except NumberTaken:
                assert await account.owns(phone_number, reference)
                assert await account.outcome_of(reference_of_next) is None
            else:
                assert await account.owns(phone_number, reference_of_next)
                assert await account.outcome_of(reference) is None


async def _is_spent(account: CarrierAccount) -> bool:
    return account.is_spent()


async def _is_found(carrier: Carrier, reference: str) -> bool:
    return await carrier.find_by_reference(reference) is not None


async def _cancel_when_hanging(account: CarrierAccount, call: Awaitable[object]) -> None:
    """Assert that the call hangs, and that cancelling it ends it at once."""
    task = asyncio.ensure_future(call)
    await until(lambda: _is_spent(account))
    done, _ = await asyncio.wait({task}, timeout=0.05)
    assert not done, f"the call was to hang, and came back: {task}"
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=DEADLINE_SECONDS)
    assert done, "the call outlives its cancellation"
    assert task.cancelled()
