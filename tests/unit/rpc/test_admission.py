"""What is let in, what is refused, and when a refusal is sent."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import GetUserRequest
from localdial_server.domain.principals import ANONYMOUS, Principal, Role
from localdial_server.domain.rates import Rate, Rates
from localdial_server.rpc.admission import BOUNDS, Admission, Gate, Overloaded, RateExceeded, Ticket
from localdial_server.rpc.contract import Contract
from localdial_server.rpc.prices import Work
from localdial_server.rpc.refusals import Refusals
from localdial_server.runtime.fast_front import FastFront


def leg(organization_id: str) -> bytes:
    return ResolveOutboundCallerIdRequest(organization_id=organization_id, user_id="ann").SerializeToString()


def gate(admission: Admission, method: str = "CallRouting.ResolveOutboundCallerId") -> Gate:
    service, name = method.split(".")
    return admission.gate(Contract().service(service).methods_by_name[name])


async def outcomes(resolve: Gate, bodies: list[bytes], principal: Principal = ANONYMOUS) -> Sequence[object]:
    """Return what becomes of calls that arrive at once; None for those that wait."""
    tasks = [asyncio.create_task(resolve.enter(body, principal)) for body in bodies]
    await asyncio.sleep(0.05)
    found = [(task.exception() or task.result()) if task.done() else None for task in tasks]
    for task in tasks:
        task.cancel()
    return found


async def test_a_flood_of_one_organization_is_refused_and_the_call_of_another_waits_or_is_let_in() -> None:
    resolve = gate(Admission(is_known=lambda _: True))

    found = await outcomes(resolve, [leg("flood")] * 1_000 + [leg("victim")])

    bounds = BOUNDS[Work.CALLS]
    assert sum(isinstance(one, Ticket) for one in found) == bounds.running
    assert sum(isinstance(one, Overloaded) for one in found) == 1_000 - bounds.running - bounds.waiting
    assert found[-1] is None


async def test_the_fast_front_refuses_none_of_500_calls_that_a_pause_of_the_machine_left_open() -> None:
    resolve = gate(Admission(is_known=lambda _: True, calls=FastFront.calls))

    found = await outcomes(resolve, [leg("acme")] * 500)

    assert not any(isinstance(one, Overloaded) for one in found)


async def test_made_up_organizations_share_one_turn() -> None:
    resolve = gate(Admission(is_known=lambda organization: organization == "victim"))

    found = await outcomes(resolve, [leg(f"made-up-{number}") for number in range(1_000)] + [leg("victim")])

    assert sum(one is None for one in found[:-1]) == BOUNDS[Work.CALLS].waiting
    assert found[-1] is None


async def test_the_organization_of_a_key_counts_and_not_the_one_that_the_request_names() -> None:
    resolve = gate(Admission(is_known=lambda _: True))
    principal = Principal("key", Role.DIALER, "flood")

    found = await outcomes(resolve, [leg(f"other-{number}") for number in range(1_000)], principal)

    assert sum(one is None for one in found) == BOUNDS[Work.CALLS].waiting


async def test_lists_and_reads_leave_the_capacity_of_phone_calls_alone() -> None:
    admission = Admission(is_known=lambda _: True)
    read = GetUserRequest(organization_id="flood", user_id="ann").SerializeToString()
    await outcomes(gate(admission, "Directory.GetUser"), [read] * 1_000)

    assert gate(admission).try_enter(leg("victim")) is not None


async def test_a_rate_limit_refuses_what_is_beyond_it_and_names_the_organization() -> None:
    rates = Rates(own={"acme": Rate(per_second=1, burst=2)})
    resolve = gate(Admission(rates, is_known=lambda _: True))

    assert resolve.try_enter(leg("acme")) is None
    found = await outcomes(resolve, [leg("acme")] * 3 + [leg("other")])

    assert [type(one) for one in found] == [Ticket, Ticket, RateExceeded, Ticket]
    error = found[2]
    assert isinstance(error, RateExceeded)
    assert error.metadata == {"organization_id": "acme"}
    assert 0.8 <= (error.retry_after or 0) <= 1.2


async def test_refusals_are_logged_once_in_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await outcomes(gate(Admission(is_known=lambda _: True)), [leg("flood")] * 1_000)

    assert len(caplog.records) <= 1


async def test_few_refusals_are_sent_at_once_and_many_at_a_pace() -> None:
    paced = Refusals(500)
    tasks = [asyncio.create_task(paced.pace(["flood", "key"], 40)) for _ in range(2_000)]
    await asyncio.sleep(0)
    assert sum(task.done() for task in tasks) == pytest.approx(100, abs=5)
    assert paced.delay > 3

    begun = asyncio.get_running_loop().time()
    await asyncio.sleep(0.5)
    seconds = asyncio.get_running_loop().time() - begun
    assert sum(task.done() for task in tasks) < 110 + 1.5 * 500 * seconds
    for task in tasks:
        task.cancel()


async def test_mistakes_are_sent_at_a_slower_pace_than_other_refusals_and_do_not_delay_them() -> None:
    resolve = gate(Admission())
    mistakes = [
        asyncio.create_task(resolve.pace_refusal(leg("flood"), ANONYMOUS, is_mistake=True))
        for _ in range(1_000)
    ]
    await asyncio.sleep(0)

    async with asyncio.timeout(1):
        await resolve.pace_refusal(leg("other"), ANONYMOUS, is_mistake=False)
    # 100 at once, and 200 a second on a slow machine.
    assert 90 <= sum(task.done() for task in mistakes) <= 200
    for task in mistakes:
        task.cancel()


async def test_the_refusal_of_another_organization_overtakes_the_backlog() -> None:
    paced = Refusals(500)
    flood = [asyncio.create_task(paced.pace(["flood", "key"], 40)) for _ in range(5_000)]
    await asyncio.sleep(0)
    begun = asyncio.get_running_loop().time()

    await paced.pace(["victim", "key"], 40)

    assert asyncio.get_running_loop().time() - begun < 1
    assert not all(task.done() for task in flood)
    for task in flood:
        task.cancel()


async def test_refusals_that_would_take_too_much_memory_are_sent_at_once() -> None:
    paced = Refusals(500)
    tasks = [asyncio.create_task(paced.pace(["flood", "key"], 1024 * 1024)) for _ in range(1_000)]
    await asyncio.sleep(0)

    assert sum(not task.done() for task in tasks) <= 192
    for task in tasks:
        task.cancel()


async def test_the_ticket_of_a_change_is_held_until_the_change_is_done() -> None:
    admission = Admission()
    capacity = admission.capacities[Work.RECORDS]
    ticket = await gate(admission, "Directory.SetUser").enter(b"", ANONYMOUS)
    done = asyncio.Event()
    change = asyncio.create_task(done.wait())

    ticket.hold_until(change)
    ticket.leave()
    assert capacity._running == 4
    done.set()
    await change
    await asyncio.sleep(0)

    assert capacity._running == 0
