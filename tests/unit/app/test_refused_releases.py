"""Numbers whose release the carrier refuses."""

import logging

import pytest
from prometheus_client import REGISTRY

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.model import Number, NumberState
from localdial_server.domain.number_life_cycle import release_error
from localdial_server.rpc.encoding import number_message
from tests.unit.app.harness import FIRST, SECOND, A, Harness

_HOUR = 3600


def _why(number: Number) -> tuple[str, str] | None:
    error = release_error(number)
    return None if error is None else (error.reason.value, error.metadata["cause"])


REFUSED = ("CARRIER_REFUSED", "REGULATORY")


async def _delete_refused(harness: Harness) -> Number:
    """Buy a number and delete it while the carrier refuses the release, also from then on."""
    await harness.bought()
    harness.faults.lasting[Operation.RELEASE] = Fault.RELEASE_REFUSED
    (number,) = (await harness.delete(FIRST)).deleted
    return number


async def _attempts(harness: Harness, hours: float) -> int:
    """Sweep each minute for as many hours; return how often the carrier was asked to release."""
    before = harness.carrier.calls[Operation.RELEASE]
    for _ in range(int(hours * 60)):
        harness.clock.advance(60)
        await harness.sweep.sweep()
    return harness.carrier.calls[Operation.RELEASE] - before


async def test_a_refused_release_is_answered_with_the_reason_and_stays_with_the_number(
    harness: Harness,
) -> None:
    number = await _delete_refused(harness)
    assert (number.state, _why(number)) == (NumberState.RELEASING, REFUSED)
    assert await harness.inventory.get_number(A, FIRST) == number
    assert await harness.numbers() == [number]
    report = await harness.reconciling.reconcile(A)
    assert [(one.phone_number, one.error.reason) for one in report.still_open] == [(FIRST, "CARRIER_REFUSED")]
    assert report.still_open[0].error.metadata == {"cause": "REGULATORY", "phone_number": FIRST}
    assert number_message(number, None).release_status.message == report.still_open[0].error.message
    assert await harness.shown() == set()


async def test_the_other_numbers_of_the_request_are_released(harness: Harness) -> None:
    await harness.bought(2)
    harness.faults.add(Operation.RELEASE, Fault.RELEASE_REFUSED)
    answer = await harness.delete(FIRST, SECOND)
    assert [number.state for number in answer.deleted] == [NumberState.RELEASING, NumberState.RELEASED]
    assert [_why(number) for number in answer.deleted] == [REFUSED, None]


async def test_the_sweep_asks_less_and_less_often_and_gives_up_after_a_day(harness: Harness) -> None:
    await _delete_refused(harness)
    assert await _attempts(harness, 1) == 5
    assert 5 <= await _attempts(harness, 23) <= 9
    assert await _attempts(harness, 48) == 0
    await harness.restart()
    assert await _attempts(harness, 1) == 0
    harness.faults.clear()
    await harness.reconciling.reconcile(None)


async def test_once_the_cause_is_removed_the_sweep_releases_the_number(harness: Harness) -> None:
    await _delete_refused(harness)
    await _attempts(harness, 1)
    harness.faults.clear()
    assert await _attempts(harness, 2) == 1
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) is None
    assert await harness.paid_for() == set()


async def test_reconciling_releases_the_number_also_after_the_sweep_gave_up(harness: Harness) -> None:
    await _delete_refused(harness)
    await _attempts(harness, 25)
    harness.faults.clear()
    report = await harness.reconciling.reconcile(A)
    assert [(one.phone_number, one.state, _why(one)) for one in report.released] == [
        (FIRST, NumberState.RELEASED, None)
    ]
    assert await harness.numbers() == []


async def test_a_number_that_the_carrier_keeps_still_counts_in_the_monthly_costs(harness: Harness) -> None:
    await harness.bought()
    (cost,) = (await harness.reconciling.reconcile(A)).costs
    await _delete_refused(harness)
    harness.faults.add(Operation.RELEASE, Fault.RELEASE_REFUSED)
    (with_kept,) = (await harness.reconciling.reconcile(A)).costs
    assert (with_kept.number_count, with_kept.micros) == (2, 2 * cost.micros)
    harness.faults.clear()
    await harness.reconciling.reconcile(None)


async def test_deleting_again_asks_again_at_once(harness: Harness) -> None:
    first = await _delete_refused(harness)
    await _attempts(harness, 25)
    # A repeat gets the first answer, and does not ask.
    asked = harness.carrier.calls[Operation.RELEASE]
    assert (await harness.delete(FIRST)).deleted == (first,)
    assert harness.carrier.calls[Operation.RELEASE] == asked
    harness.faults.lasting[Operation.RELEASE] = Fault.SUSPENDED
    (number,) = (await harness.delete(FIRST, request_id="second")).deleted
    assert _why(number) == ("CARRIER_REFUSED", "ACCOUNT")
    harness.faults.clear()
    (number,) = (await harness.delete(FIRST, request_id="third")).deleted
    assert (number.state, _why(number)) == (NumberState.RELEASED, None)
    assert await harness.numbers() == []


async def test_the_sweep_never_gives_up_if_the_account_is_at_fault(harness: Harness) -> None:
    await harness.bought()
    harness.faults.lasting[Operation.RELEASE] = Fault.SUSPENDED
    await harness.delete(FIRST)
    await _attempts(harness, 24)
    assert await _attempts(harness, 24) == 6
    harness.faults.clear()
    await _attempts(harness, 4)
    assert await harness.numbers() == []


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.THROTTLED, Fault.RESET_BEFORE])
async def test_a_carrier_that_does_not_answer_does_not_refuse(harness: Harness, fault: Fault) -> None:
    await harness.bought()
    harness.faults.lasting[Operation.RELEASE] = fault
    (number,) = (await harness.delete(FIRST)).deleted
    assert (number.state, _why(number)) == (NumberState.RELEASING, None)
    assert await _attempts(harness, 1) == 60


async def test_a_release_that_ended_meanwhile_is_not_undone_by_a_late_refusal(harness: Harness) -> None:
    await harness.bought()
    gate = harness.carrier.hold_answer(Operation.RELEASE)
    harness.faults.add(Operation.RELEASE, Fault.RELEASE_REFUSED)
    slow = harness.delete(FIRST)
    await gate.reached()
    await harness.sweep_later()
    assert await harness.numbers() == []
    assert await harness.bought() == [FIRST]
    gate.open()
    assert [number.state for number in (await slow).deleted] == [NumberState.RELEASED]
    assert [number.state for number in await harness.numbers()] == [NumberState.ACTIVE]


async def test_a_refusal_of_one_server_does_not_keep_another_server_from_releasing(harness: Harness) -> None:
    await harness.bought()
    gate = harness.carrier.hold(Operation.RELEASE)
    harness.faults.add(Operation.RELEASE, Fault.RELEASE_REFUSED)
    releasing = harness.delete(FIRST)
    await gate.reached()
    # Another attempt takes the refusal while the first is on its way, and so changes the row.
    await harness.sweep.sweep()
    gate.open()
    assert [number.state for number in (await releasing).deleted] == [NumberState.RELEASED]
    assert await harness.numbers() == []


async def test_refusals_are_counted_and_logged_without_the_number(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("localdial_releases_refused_total", {"cause": "regulatory"}) or 0

    before = counted()
    caplog.set_level(logging.INFO)
    await _delete_refused(harness)
    assert counted() == before + 1
    assert "the carrier refuses to release a number" in caplog.text
    assert FIRST not in caplog.text
