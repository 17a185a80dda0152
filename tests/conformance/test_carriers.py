"""Every carrier keeps the promises of the carrier port."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from localdial_server.app.ports.carrier import Carrier
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.carriers.simulator.faults import FaultScript
from localdial_server.storage.sql.simulator_state import SqlSimulatorState
from tests.conformance.carrier_account import CarrierAccount
from tests.conformance.carrier_fault_suite import CarrierFaultSuite
from tests.conformance.carrier_suite import CarrierSuite
from tests.conformance.twilio_account import TwilioSetup, twilio_setup
from tests.support.databases import open_sqlite
from tests.support.twilio_simulator import TwilioSimulators


@contextlib.asynccontextmanager
async def _simulated(path: Path, *, asynchronous: bool) -> AsyncIterator[CarrierAccount]:
    database = open_sqlite(path)
    script = FaultScript()

    async def reconnect() -> Carrier:
        return SimulatedCarrier(SqlSimulatorState(database), asynchronous=asynchronous)

    yield CarrierAccount(
        carrier=SimulatedCarrier(SqlSimulatorState(database), faults=script, asynchronous=asynchronous),
        reconnect=reconnect,
        stocked_area_code="415",
        sold_out_area_code="907",
        arrange=script.add,
        is_spent=script.is_spent,
        owned_from_start="+14155550199",
        owned_without_voice="+13075550199",
        never_sold="+14155550999",
    )
    await database.close()
    assert script.is_spent()


class TestSimulatedCarrier(CarrierSuite, CarrierFaultSuite):
    """The simulated carrier keeps every promise."""

    @pytest.fixture
    async def account(self, tmp_path: Path) -> AsyncIterator[CarrierAccount]:
        async with _simulated(tmp_path / "localdial.db", asynchronous=False) as account:
            yield account


class TestAsynchronousSimulatedCarrier(CarrierSuite, CarrierFaultSuite):
    """It keeps them too when it accepts orders first and fills them later."""

    @pytest.fixture
    async def account(self, tmp_path: Path) -> AsyncIterator[CarrierAccount]:
        async with _simulated(tmp_path / "localdial.db", asynchronous=True) as account:
            yield account


class TestTwilio(CarrierSuite, CarrierFaultSuite):
    """So does the Twilio adapter, over HTTP as Twilio describes it, but for what its API cannot tell."""

    @pytest.fixture
    def setup(self, twilio_simulators: TwilioSimulators) -> Iterator[TwilioSetup]:
        with twilio_setup(twilio_simulators) as setup:
            yield setup
        if setup.watched is not None:
            assert setup.watched.violations() == []

    @pytest.fixture
    def account(self, setup: TwilioSetup) -> CarrierAccount:
        return setup.account
