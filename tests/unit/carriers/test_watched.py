"""The last request to the carrier says how the carrier is."""

import contextlib
from pathlib import Path

import pytest

from localdial_server.app.ports.carrier import CarrierError
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.carriers.simulator.faults import Fault, FaultScript, Operation
from localdial_server.carriers.simulator.single_account import SingleAccount
from localdial_server.carriers.watched import WatchedCarriers
from localdial_server.storage.sql.simulator_state import SqlSimulatorState
from tests.support.databases import open_sqlite


@pytest.fixture
def faults() -> FaultScript:
    return FaultScript()


@pytest.fixture
def carriers(tmp_path: Path, faults: FaultScript) -> WatchedCarriers:
    state = SqlSimulatorState(open_sqlite(tmp_path / "x.db"))
    return WatchedCarriers(SingleAccount(SimulatedCarrier(state, faults=faults, timeout=0.01)))


async def test_before_the_first_request_nothing_is_known(carriers: WatchedCarriers) -> None:
    assert not carriers.last_requests.is_known


@pytest.mark.parametrize(
    ("fault", "fails"),
    [
        (Fault.UNAVAILABLE, True),
        (Fault.THROTTLED, True),
        (Fault.TIMEOUT_AFTER, True),
        (Fault.SUSPENDED, True),
        (Fault.TAKEN, False),
        (Fault.ADDRESS_REQUIRED, False),
    ],
)
async def test_a_carrier_that_says_no_works_and_one_that_says_nothing_does_not(
    carriers: WatchedCarriers, faults: FaultScript, fault: Fault, *, fails: bool
) -> None:
    carrier = carriers.for_organization("org")
    (offer,) = await carrier.search("415", 1)
    assert carriers.last_requests.is_known
    assert carriers.last_requests.error is None
    faults.add(Operation.ORDER, fault)
    with contextlib.suppress(CarrierError):
        await carrier.order(offer.phone_number, "reference", 0.01)
    assert (carriers.last_requests.error is not None) == fails
    await carrier.list_owned()
    assert carriers.last_requests.error is None


async def test_an_account_is_the_same_each_time(carriers: WatchedCarriers) -> None:
    (carrier,) = carriers.all()
    assert carriers.for_organization("org") is carrier
    assert carriers.by_account(carrier.account) is carrier
    assert carriers.by_account("other") is None or carrier.account == ""
