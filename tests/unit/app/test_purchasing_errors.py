"""Buying numbers when an order raises an error that the carrier port does not allow."""

import asyncio

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending
from tests.unit.app.harness import FIRST, READ_LAG_SECONDS, SECOND, Harness


class UnexpectedError(Exception):
    """An error that a bug in an adapter may raise; it is not part of the carrier port."""


def _make_order_fail(harness: Harness, monkeypatch: pytest.MonkeyPatch, phone_number: str) -> None:
    """Make the order of the number raise an unexpected error after the carrier has filled it."""
    order = harness.carrier.order

    async def fail_at_last(ordered: str, reference: str, timeout: float) -> object:  # noqa: ASYNC109 - the port's
        owned = await order(ordered, reference, timeout)
        if ordered == phone_number:
            raise UnexpectedError
        return owned

    monkeypatch.setattr(harness.carrier, "order", fail_at_last)


async def test_after_an_unexpected_error_of_one_order_the_purchase_waits_for_the_others(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_order_fail(harness, monkeypatch, FIRST)
    first, second = (harness.carrier.hold(Operation.ORDER) for _ in range(2))
    purchasing = harness.purchase(2)
    await first.reached()
    await second.reached()
    first.open()
    await asyncio.wait({purchasing}, timeout=0.1)
    # Otherwise a repeat would order while an order of the same purchase is in flight.
    assert not purchasing.done()
    second.open()
    with pytest.raises(UnexpectedError):
        await purchasing
    assert SECOND in await harness.shown()
    answer = await harness.purchase(2)
    assert {number.phone_number for number in answer.numbers} == {FIRST, SECOND}
    assert harness.carrier.calls[Operation.ORDER] == 2


async def test_the_read_lag_applies_to_a_slow_order_with_an_unexpected_error(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_order_fail(harness, monkeypatch, FIRST)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    purchasing, gate = await harness.purchase_until_ordered()
    harness.clock.advance(READ_LAG_SECONDS)
    gate.open()
    with pytest.raises(UnexpectedError):
        await purchasing
    with pytest.raises(PurchasePending):
        await harness.purchase()
    assert harness.carrier.calls[Operation.ORDER] == 1
