"""The faults of the simulated carrier: the script, and what only this carrier does.

The conformance suite tests that each fault is the error that the port calls it.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest
from typing_extensions import override

from localdial_server.app.ports.carrier import (
    CarrierUnavailable,
    NumberTaken,
    OrderStatus,
    OutcomeUnknown,
    OwnedNumber,
    Refused,
)
from localdial_server.app.ports.simulator_state import SimulatorState
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.carriers.simulator.faults import POSSIBLE_FAULTS, Fault, FaultScript, Operation
from localdial_server.carriers.twilio_simulator.http_faults import HTTP_FAULTS
from localdial_server.domain.errors import StorageUnavailable
from tests.support.carriers import ordered

NUMBER, OTHER = "+14155550100", "+14155550101"

CALLS: dict[Operation, Callable[[SimulatedCarrier], Awaitable[object]]] = {
    Operation.SEARCH: lambda carrier: carrier.search("415", 3),
    Operation.ORDER: lambda carrier: ordered(carrier, NUMBER, "r"),
    Operation.FIND_BY_REFERENCE: lambda carrier: carrier.find_by_reference("r"),
    Operation.FIND_BY_NUMBER: lambda carrier: carrier.find_by_number(NUMBER),
    Operation.LIST_OWNED: lambda carrier: carrier.list_owned(),
    Operation.CONFIGURE: lambda carrier: carrier.configure("SIM-14155550199"),
    Operation.RELEASE: lambda carrier: carrier.release("SIM-14155550100-0123456789abcdef"),
}


class MemoryState(SimulatorState):
    """A simulator state in memory, which fails while `broken` is set."""

    def __init__(self) -> None:
        self.numbers: dict[str, OwnedNumber] = {}
        self.area_codes: dict[str, str] = {}
        self.gone: set[str] = set()
        self.broken = False

    def _require_working(self) -> None:
        if self.broken:
            raise StorageUnavailable

    @override
    async def buy(self, number: OwnedNumber, area_code: str, *, pending: bool) -> bool:
        assert not pending
        self._require_working()
        self.area_codes[number.phone_number] = area_code
        return self.numbers.setdefault(number.phone_number, number) is number

    @override
    async def remove(self, carrier_number_id: str) -> None:
        self._require_working()
        kept = [number for number in self.numbers.values() if number.carrier_number_id != carrier_number_id]
        self.numbers = {number.phone_number: number for number in kept}

    @override
    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        self._require_working()
        return self.numbers.get(phone_number)

    @override
    async def find_by_id(self, carrier_number_id: str) -> OwnedNumber | None:
        self._require_working()
        numbers = self.numbers.values()
        return next((number for number in numbers if number.carrier_number_id == carrier_number_id), None)

    @override
    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        self._require_working()
        return next((number for number in self.numbers.values() if number.reference == reference), None)

    @override
    async def end_order(self, reference: str, *, filled: bool) -> None:
        raise AssertionError(reference, filled)

    @override
    async def not_on_sale(self, area_code: str) -> frozenset[str]:
        self._require_working()
        return frozenset(number for number in self.numbers if self.area_codes[number] == area_code)

    @override
    async def list_bought(self) -> Sequence[OwnedNumber]:
        self._require_working()
        return [self.numbers[phone_number] for phone_number in sorted(self.numbers)]

    @override
    async def give_up_for_good(self, number: OwnedNumber, area_code: str) -> None:
        self._require_working()
        self.area_codes[number.phone_number] = area_code
        self.numbers.pop(number.phone_number, None)
        self.gone.add(number.phone_number)

    @override
    async def list_given_up(self) -> frozenset[str]:
        self._require_working()
        return frozenset(self.gone)


@pytest.fixture
def script() -> FaultScript:
    return FaultScript()


@pytest.fixture
def state() -> MemoryState:
    return MemoryState()


@pytest.fixture
def carrier(state: MemoryState, script: FaultScript) -> SimulatedCarrier:
    return SimulatedCarrier(state, faults=script)


async def test_a_script_is_played_in_order_and_per_operation(
    carrier: SimulatedCarrier, script: FaultScript
) -> None:
    script.add(Operation.ORDER, Fault.TAKEN, None, Fault.ADDRESS_REQUIRED)
    script.add(Operation.SEARCH, Fault.UNAVAILABLE)
    with pytest.raises(NumberTaken):
        await ordered(carrier, NUMBER, "first")
    assert (await ordered(carrier, NUMBER, "second")).reference == "second"
    with pytest.raises(Refused):
        await ordered(carrier, OTHER, "third")
    assert not script.is_spent()
    with pytest.raises(CarrierUnavailable):
        await carrier.search("415", 1)
    assert script.is_spent()
    assert (await ordered(carrier, OTHER, "fourth")).reference == "fourth"


async def test_a_fault_can_depend_on_the_argument(state: MemoryState) -> None:
    asked: list[tuple[Operation, str]] = []

    def faults(operation: Operation, argument: str) -> Fault | None:
        asked.append((operation, argument))
        return Fault.TAKEN if argument == NUMBER and operation is Operation.ORDER else None

    carrier = SimulatedCarrier(state, faults=faults)
    with pytest.raises(NumberTaken):
        await ordered(carrier, NUMBER, "r1")
    owned = await ordered(carrier, OTHER, "r2")
    await carrier.search("415", 1)
    await carrier.find_by_number(NUMBER)
    await carrier.find_by_reference("r2")
    await carrier.release(owned.carrier_number_id)
    assert asked == [
        (Operation.ORDER, NUMBER),
        (Operation.ORDER, OTHER),
        (Operation.SEARCH, "415"),
        (Operation.FIND_BY_NUMBER, NUMBER),
        (Operation.FIND_BY_REFERENCE, "r2"),
        (Operation.RELEASE, owned.carrier_number_id),
    ]


async def test_read_lag_hides_an_order_for_the_scripted_look_ups(
    carrier: SimulatedCarrier, script: FaultScript
) -> None:
    script.add(Operation.ORDER, Fault.RESET_AFTER)
    script.add(Operation.FIND_BY_REFERENCE, *[Fault.NOT_SEEN] * 3)
    with pytest.raises(OutcomeUnknown):
        await ordered(carrier, NUMBER, "lagging")
    found = [await carrier.find_by_reference("lagging") for _ in range(5)]
    assert [number is not None for number in found] == [False, False, False, True, True]


async def test_read_lag_hides_numbers_from_the_other_look_ups_too(
    carrier: SimulatedCarrier, script: FaultScript
) -> None:
    await ordered(carrier, NUMBER, "r")
    script.add(Operation.FIND_BY_NUMBER, Fault.NOT_SEEN)
    script.add(Operation.SEARCH, Fault.NOT_SEEN)
    assert await carrier.find_by_number(NUMBER) is None
    assert await carrier.find_by_number(NUMBER) is not None
    assert list(await carrier.search("415", 3)) == []
    assert len(await carrier.search("415", 3))


async def test_a_lost_response_hides_a_refusal_too(
    carrier: SimulatedCarrier, script: FaultScript, state: MemoryState
) -> None:
    await ordered(carrier, NUMBER, "first")
    script.add(Operation.ORDER, Fault.RESET_AFTER, Fault.RESET_AFTER)
    with pytest.raises(OutcomeUnknown):
        await ordered(carrier, NUMBER, "second")
    with pytest.raises(OutcomeUnknown):
        await ordered(carrier, "+12", "third")
    assert [number.reference for number in state.numbers.values()] == ["first"]


@pytest.mark.parametrize("operation", CALLS)
async def test_only_faults_that_the_port_allows_are_possible(
    operation: Operation, state: MemoryState
) -> None:
    impossible = set(Fault) - POSSIBLE_FAULTS[operation]
    assert impossible
    for fault in impossible:
        with pytest.raises(ValueError, match=fault.value):
            FaultScript().add(operation, fault)
        with pytest.raises(ValueError, match=fault.value):
            await CALLS[operation](SimulatedCarrier(state, faults=lambda *_, fault=fault: fault))
    assert state.numbers == {}


async def test_the_simulators_know_every_fault() -> None:
    assert set(HTTP_FAULTS) == set(Fault)
    assert POSSIBLE_FAULTS.keys() == CALLS.keys()


async def test_a_call_that_hangs_is_not_collected_as_garbage(
    carrier: SimulatedCarrier, script: FaultScript
) -> None:
    script.add(Operation.ORDER, Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER)
    ended: list[str] = []

    async def order(phone_number: str) -> None:
        try:
            await ordered(carrier, phone_number, f"r{phone_number}")
        finally:
            ended.append(phone_number)

    # Nothing refers to the tasks, as in a server whose client has gone.
    for phone_number in NUMBER, OTHER:
        asyncio.ensure_future(order(phone_number))  # noqa: RUF006 - see above
    for _ in range(10):
        await asyncio.sleep(0)
        gc.collect()
    assert ended == []
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert len(left) == len([NUMBER, OTHER])
    for task in left:
        task.cancel()
    await asyncio.wait(left, timeout=5)
    assert sorted(ended) == [NUMBER, OTHER]


@pytest.mark.parametrize("operation", CALLS)
async def test_latency_comes_before_each_call_is_processed(state: MemoryState, operation: Operation) -> None:
    carrier = SimulatedCarrier(state, latency=0.05)
    start = time.monotonic()
    await CALLS[operation](carrier)
    assert time.monotonic() - start >= 0.05


async def test_an_order_cancelled_during_the_latency_is_not_made(state: MemoryState) -> None:
    carrier = SimulatedCarrier(state, latency=3600)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ordered(carrier, NUMBER, "r"), timeout=0.02)
    assert state.numbers == {}


async def test_calls_wait_for_their_latency_concurrently(state: MemoryState) -> None:
    calls, latency = 50, 0.2
    carrier = SimulatedCarrier(state, latency=latency)
    start = time.monotonic()
    await asyncio.gather(*(carrier.find_by_number(NUMBER) for _ in range(calls)))
    assert time.monotonic() - start < calls * latency / 2


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (Operation.SEARCH, CarrierUnavailable),
        (Operation.FIND_BY_REFERENCE, CarrierUnavailable),
        (Operation.FIND_BY_NUMBER, CarrierUnavailable),
        (Operation.LIST_OWNED, CarrierUnavailable),
        # The database may have committed before it failed.
        (Operation.ORDER, OutcomeUnknown),
        (Operation.CONFIGURE, OutcomeUnknown),
        (Operation.RELEASE, OutcomeUnknown),
    ],
)
async def test_a_database_failure_is_a_carrier_failure(
    state: MemoryState, operation: Operation, error: type[Exception]
) -> None:
    carrier = SimulatedCarrier(state)
    state.broken = True
    with pytest.raises(error):
        await CALLS[operation](carrier)
    state.broken = False
    await CALLS[operation](carrier)


@pytest.mark.parametrize("reference", ["", "a" * 65, "with space", "tab\t", "end\n", "ümlaut", "\x7f"])
async def test_an_invalid_reference_is_refused(
    carrier: SimulatedCarrier, state: MemoryState, reference: str
) -> None:
    with pytest.raises(Refused, match="reference"):
        await ordered(carrier, NUMBER, reference)
    assert state.numbers == {}


@pytest.mark.parametrize("operation", CALLS)
async def test_without_faults_every_call_succeeds(state: MemoryState, operation: Operation) -> None:
    await CALLS[operation](SimulatedCarrier(state))
