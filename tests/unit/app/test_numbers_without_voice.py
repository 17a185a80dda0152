"""A number that takes no voice calls is never active."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from typing_extensions import override

from localdial_server.app.numbers.import_numbers import ImportAnswer
from localdial_server.app.ports.carrier import Carrier, OwnedNumber
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.simulator.stock import TEXT_ONLY_NUMBER
from localdial_server.domain.model import NumberState
from tests.support.carriers import DelegatingCarrier
from tests.unit.app.harness import A, Harness

T = TypeVar("T")

FIRST = "+14155550199"


class WithoutVoice(DelegatingCarrier):
    """A carrier whose operations `without_voice` return numbers without voice."""

    without_voice: frozenset[Operation] = frozenset()
    spared = 0
    """How many calls of these operations still return the number as it is."""

    @override
    async def _call(self, operation: Operation, call: Callable[[], Awaitable[T]]) -> T:
        answer = await call()
        if operation in self.without_voice and isinstance(answer, OwnedNumber):
            if self.spared:
                self.spared -= 1
                return answer
            return replace(answer, takes_calls=False)
        return answer


@pytest.fixture
async def carrier(harness: Harness) -> WithoutVoice:
    wrapped: list[WithoutVoice] = []

    def wrap(inner: Carrier) -> Carrier:
        wrapped.append(WithoutVoice(inner))
        return wrapped[0]

    await harness.crash()
    harness.open(wrap_carrier=wrap)
    return wrapped[0]


def reasons(answer: ImportAnswer) -> list[str]:
    return [failure.error.reason for failure in answer.failures]


@pytest.mark.parametrize("configure", [False, True])
async def test_an_import_refuses_it_and_takes_the_others(harness: Harness, *, configure: bool) -> None:
    answer = await harness.importing.import_numbers(A, [TEXT_ONLY_NUMBER, FIRST], configure=configure)
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    (failure,) = answer.failures
    assert failure.phone_number == failure.error.metadata["phone_number"] == TEXT_ONLY_NUMBER
    assert reasons(answer) == ["NUMBER_WITHOUT_VOICE"]
    assert await harness.owner_of(TEXT_ONLY_NUMBER) is None
    assert harness.carrier.calls[Operation.CONFIGURE] == (1 if configure else 0)


async def test_an_import_of_many_refuses_it_too(harness: Harness) -> None:
    others = [f"+1{area_code}5550199" for area_code in ("201", "202", "203", "205", "206", "207", "208")]
    others += [f"+1{area_code}5550199" for area_code in ("209", "210", "212", "213", "214", "215", "216")]
    answer = await harness.importing.import_numbers(A, [TEXT_ONLY_NUMBER, *others])
    assert [number.phone_number for number in answer.numbers] == others
    assert reasons(answer) == ["NUMBER_WITHOUT_VOICE"]
    # One listing before the numbers are claimed, and one after.
    assert harness.carrier.calls == {Operation.LIST_OWNED: 2}


async def test_it_is_refused_if_it_lost_its_voice_after_it_was_claimed(
    harness: Harness, carrier: WithoutVoice
) -> None:
    carrier.without_voice, carrier.spared = frozenset({Operation.FIND_BY_NUMBER}), 1
    answer = await harness.importing.import_numbers(A, [FIRST])
    assert (answer.numbers, reasons(answer)) == ((), ["NUMBER_WITHOUT_VOICE"])
    assert await harness.owner_of(FIRST) is None


async def test_it_is_not_released_if_it_lost_its_voice_when_it_was_configured(
    harness: Harness, carrier: WithoutVoice
) -> None:
    carrier.without_voice = frozenset({Operation.CONFIGURE})
    answer = await harness.importing.import_numbers(A, [FIRST], configure=True)
    assert (answer.numbers, reasons(answer)) == ((), ["NUMBER_WITHOUT_VOICE"])
    await harness.sweep_later()
    assert harness.carrier.calls[Operation.RELEASE] == 0
    assert await harness.owner_of(FIRST) is None


async def test_an_interrupted_import_of_it_is_abandoned(harness: Harness, carrier: WithoutVoice) -> None:
    importing, _ = await harness.import_until_claimed(FIRST)
    importing.cancel()
    await asyncio.wait({importing})
    carrier.without_voice = frozenset({Operation.FIND_BY_NUMBER})
    await harness.sweep.sweep()
    assert await harness.numbers() == []


async def test_it_is_not_importable_and_no_stray_but_of_no_use(harness: Harness) -> None:
    importable = {number.phone_number for number in await harness.importing.importable(A)}
    assert FIRST in importable
    assert TEXT_ONLY_NUMBER not in importable
    report = await harness.reconciling.reconcile(None)
    assert TEXT_ONLY_NUMBER not in {number.phone_number for number in report.strays}
    assert [number.phone_number for number in report.unusable] == [TEXT_ONLY_NUMBER]


@pytest.mark.parametrize("response_is_lost", [False, True])
async def test_a_number_that_was_sold_without_voice_is_given_back(
    harness: Harness, carrier: WithoutVoice, *, response_is_lost: bool
) -> None:
    carrier.without_voice = frozenset({Operation.ORDER, Operation.FIND_BY_REFERENCE})
    if response_is_lost:
        harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    answer = await harness.purchase()
    (number,) = answer.numbers
    assert (number.state, answer.unfilled_count) == (NumberState.RELEASING, 0)
    assert await harness.shown() == set()
    assert await harness.paid_for() == {number.phone_number}
    await harness.sweep_later()
    assert await harness.numbers() == []
    assert await harness.paid_for() == set()
    assert len(harness.carrier.ordered) == 1
