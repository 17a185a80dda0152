"""The log lines about failed requests to the carrier."""

import logging
from collections.abc import Awaitable, Callable, Mapping

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import CarrierNotAvailable, CarrierRefused, PurchasePending
from tests.unit.app.harness import FIRST, A, Harness


class Log:
    """The log lines of the use cases, warnings and errors."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    @property
    def lines(self) -> list[Mapping[str, object]]:
        """Return the fields of each line, with its text as `message`."""
        plain = set(vars(logging.makeLogRecord({}))) - {"message"}
        return [
            {name: value for name, value in vars(record).items() if name not in plain}
            for record in self._caplog.records
            if record.name.startswith("localdial_server.app") and record.levelno >= logging.WARNING
        ]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    return Log(caplog)


DID_NOT = "the carrier did not do what it was asked"


async def test_a_refused_order_leaves_one_line_with_the_cause(harness: Harness, log: Log) -> None:
    harness.faults.add(Operation.ORDER, Fault.ADDRESS_REQUIRED)
    with pytest.raises(CarrierRefused):
        await harness.purchase()
    ((_, reference),) = harness.carrier.ordered
    assert log.lines == [
        {
            "message": DID_NOT,
            "cause": "The simulated carrier was told to require an address; nothing was bought.",
            "refusal": "regulatory",
            "organization_id": A,
            "reference": reference,
        }
    ]


async def test_an_order_that_the_carrier_did_not_accept_leaves_one_line_with_the_cause(
    harness: Harness, log: Log
) -> None:
    harness.faults.add(Operation.ORDER, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await harness.purchase()
    ((_, reference),) = harness.carrier.ordered
    assert log.lines == [
        {
            "message": DID_NOT,
            "cause": "simulated fault: order was turned away",
            "organization_id": A,
            "reference": reference,
        }
    ]


async def test_every_other_failed_request_leaves_one_line(harness: Harness, log: Log) -> None:
    calls: dict[Operation, Callable[[], Awaitable[object]]] = {
        Operation.SEARCH: lambda: harness.inventory.search_available(A, "415", 1),
        Operation.FIND_BY_NUMBER: lambda: harness.importing.import_numbers(A, [FIRST]),
        Operation.LIST_OWNED: lambda: harness.importing.importable(A),
    }
    for operation, call in calls.items():
        harness.faults.add(operation, Fault.THROTTLED)
        with pytest.raises(CarrierNotAvailable):
            await call()
    harness.faults.add(Operation.SEARCH, Fault.THROTTLED)
    with pytest.raises(CarrierNotAvailable):
        await harness.purchase()
    assert log.lines == [
        {
            "message": DID_NOT,
            "cause": f"simulated fault: {operation} was throttled",
            "retry_after_seconds": 1.0,
            "organization_id": A,
        }
        for operation in ("search", "find_by_number", "list_owned", "search")
    ]


async def test_a_failed_reconciliation_leaves_a_line(harness: Harness, log: Log) -> None:
    harness.faults.add(Operation.LIST_OWNED, Fault.SUSPENDED)
    with pytest.raises(CarrierRefused):
        await harness.reconciling.reconcile(None)
    assert log.lines == [
        {
            "message": DID_NOT,
            "cause": "The simulated account was told to be suspended.",
            "refusal": "account",
        }
    ]


async def test_an_order_that_stays_pending_is_named_by_its_reference(harness: Harness, log: Log) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.UNAVAILABLE
    with pytest.raises(PurchasePending):
        await harness.purchase()
    await harness.sweep.sweep()
    await harness.reconciling.reconcile(A)
    ((_, reference),) = harness.carrier.ordered
    about = {"organization_id": A, "reference": reference}
    cause = "simulated fault: find_by_reference was turned away"
    unknown, *after = log.lines
    assert unknown.items() >= {"message": "an order's outcome is unknown", **about}.items()
    assert after == [
        {"message": "a number stays open", "cause": cause, **about},
        {"message": DID_NOT, "cause": cause, **about},
    ]


async def test_a_release_that_is_not_confirmed_is_named_by_its_reference(harness: Harness, log: Log) -> None:
    (number,) = await harness.bought()
    ((_, reference),) = harness.carrier.ordered
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await harness.delete(number)
    assert log.lines == [
        {
            "message": "the carrier did not confirm a release; the sweep will repeat it",
            "cause": "simulated fault: release was turned away",
            "organization_id": A,
            "reference": reference,
        }
    ]
