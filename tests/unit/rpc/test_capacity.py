import asyncio
from collections.abc import Sequence

import pytest

from localdial_server.rpc import capacity
from localdial_server.rpc.capacity import Bounds, Capacity, Full
from tests.support.waiting import until

BOUNDS = Bounds(running=2, waiting=10, waiting_in_all=20)


class Calls:
    """Calls that run until they are told to end. They note their names when they are let in."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.capacity = Capacity("test", bounds)
        self.let_in: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, organization: str = "acme", cost: int = 1, key: str = "key") -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(name, organization, cost, key))

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(40):
            await asyncio.sleep(0)

    def refused(self) -> Sequence[str]:
        return [
            name
            for name, task in self.tasks.items()
            if task.done() and not task.cancelled() and isinstance(task.exception(), Full)
        ]

    async def _run(self, name: str, organization: str, cost: int, key: str) -> None:
        await self.capacity.enter(organization, key, cost)
        self.let_in.append(name)
        try:
            await self._ends[name].wait()
        finally:
            self.capacity.leave(organization, cost)


async def test_no_more_runs_at_once_than_there_is_room_for() -> None:
    calls = Calls()
    for name in "abcd":
        calls.start(name)
    await calls.settle()
    assert calls.let_in == ["a", "b"]

    await calls.end("a")

    assert calls.let_in == ["a", "b", "c"]


async def test_an_organization_that_waits_is_let_in_before_the_backlog_of_another() -> None:
    calls = Calls()
    for number in range(8):
        calls.start(f"flood{number}", "flood")
    await calls.settle()
    calls.start("victim", "victim")
    await calls.settle()

    await calls.end("flood0")
    await calls.end("flood1")

    assert "victim" in calls.let_in[:4]


async def test_a_key_that_waits_is_let_in_before_the_backlog_of_another_of_its_organization() -> None:
    calls = Calls()
    for number in range(8):
        calls.start(f"flood{number}", key="dialer")
    await calls.settle()
    calls.start("other", key="crm")
    await calls.settle()

    await calls.end("flood0")
    await calls.end("flood1")

    assert "other" in calls.let_in[:4]


async def test_in_a_rush_calls_are_let_in_one_by_one_so_that_those_in_the_queue_of_grpc_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # However slow the machine is.
    monkeypatch.setattr(capacity, "_REFUSED_IN_A_RUSH", 1)
    monkeypatch.setattr(capacity, "_RUSH_TURN_SECONDS", 1.0)
    calls = Calls(Bounds(running=10, waiting=10, waiting_in_all=10))
    running = [f"running{number}" for number in range(10)]
    for name in [*running, "waiting"]:
        calls.start(name)
    await calls.settle()
    for number in range(200):
        calls.start(f"flood{number}")
    await asyncio.sleep(0.006)

    await calls.end(*running)
    assert len(calls.let_in) == 11

    await until(lambda: len(calls.let_in) == 20)


async def test_what_would_wait_too_long_is_refused_at_once_and_other_organizations_are_not() -> None:
    calls = Calls()
    for number in range(13):
        calls.start(f"flood{number}", "flood")
    calls.start("victim", "victim")
    await calls.settle()

    assert calls.refused() == ["flood12"]


async def test_organizations_share_what_may_wait_in_all() -> None:
    calls = Calls(Bounds(running=1, waiting=10, waiting_in_all=12))
    for organization in "wxyz":
        for number in range(10):
            calls.start(f"{organization}{number}", organization)
    await calls.settle()

    waiting = sum(not task.done() for task in calls.tasks.values()) - 1
    assert waiting <= 12 + 10
    assert "z0" not in calls.refused()


async def test_a_call_dearer_than_all_the_room_runs_alone() -> None:
    calls = Calls()
    calls.start("batch", cost=500)
    calls.start("other", "other")
    await calls.settle()
    assert calls.let_in == ["batch"]

    await calls.end("batch")

    assert calls.let_in == ["batch", "other"]


async def test_one_organization_runs_only_so_many_calls_however_much_room_there_is() -> None:
    calls = Calls(Bounds(running=100, waiting=100, waiting_in_all=100, calls_of_one=2))
    for number in range(4):
        calls.start(f"flood{number}", "flood")
    calls.start("other", "other")
    await calls.settle()
    assert calls.let_in == ["flood0", "flood1", "other"]

    await calls.end("flood0", "flood1")
    assert calls.let_in[3:] == ["flood2", "flood3"]
    await calls.end("flood2", "flood3", "other")

    assert not calls.capacity._calls_of
    assert not calls.capacity._held_back
    assert not calls.capacity._waiting_cost


@pytest.mark.parametrize("calls_of_one", [None, 2])
async def test_callers_that_hang_up_give_back_what_they_took(calls_of_one: int | None) -> None:
    calls = Calls(Bounds(running=2, waiting=100, waiting_in_all=100, calls_of_one=calls_of_one))
    for number in range(10):
        calls.start(f"gone{number}")
    await calls.settle()
    for number in range(2, 10):
        calls.tasks[f"gone{number}"].cancel()
    await calls.settle()
    calls.start("patient")

    await calls.end("gone0", "gone1")
    assert calls.let_in == ["gone0", "gone1", "patient"]
    await calls.end("patient")

    assert calls.capacity._running == 0
    assert not calls.capacity._calls_of
    assert not calls.capacity._waiting_cost


async def test_a_caller_that_hangs_up_just_when_it_is_let_in_leaves_its_room_to_others() -> None:
    calls = Calls(Bounds(running=1, waiting=100, waiting_in_all=100))
    for name in "abc":
        calls.start(name)
    await calls.settle()
    calls.capacity.leave("acme", 1)
    calls.capacity._let_in()
    calls.tasks["b"].cancel()
    await calls.settle()

    assert calls.let_in == ["a", "c"]


async def test_only_those_who_wait_are_in_memory() -> None:
    calls = Calls()
    for number in range(100):
        calls.start(f"{number}", f"organization-{number}")
    await calls.settle()
    await calls.end(*calls.tasks)
    for _ in range(10):
        await calls.settle()

    assert not calls.capacity._waiting_cost
    assert not len(calls.capacity._queue)
