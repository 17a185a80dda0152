"""Purchases and deletions run once per request_id, and their first answer is stored."""

import asyncio
from dataclasses import dataclass

import pytest

from localdial_server.app.failures import NumberFailure, PublicError
from localdial_server.app.idempotency import IdempotentRequests
from localdial_server.app.numbers.delete import DeleteAnswer
from localdial_server.app.numbers.purchase import PurchaseAnswer
from localdial_server.app.ports.store import Store
from localdial_server.domain.errors import NoNumbersAvailable, Reason, RequestIdReused
from localdial_server.domain.model import Number, NumberState
from tests.unit.app.harness import A, B, Harness


@dataclass(frozen=True)
class Answer:
    text: str


@pytest.fixture
def requests() -> IdempotentRequests[Answer]:
    return IdempotentRequests("test", Answer)


@pytest.fixture
def store(harness: Harness) -> Store:
    return harness.store


class Run:
    """A request that ends when the test says so, and counts how often it was started."""

    def __init__(self) -> None:
        self.started = 0
        self._end = asyncio.Event()
        self._error: Exception | None = None

    def end(self, error: Exception | None = None) -> None:
        self._error = error
        self._end.set()

    async def __call__(self) -> Answer:
        self.started += 1
        await self._end.wait()
        if self._error is not None:
            raise self._error
        return Answer(f"run {self.started}")


@pytest.fixture
def run() -> Run:
    return Run()


async def _begin(
    requests: IdempotentRequests[Answer], store: Store, arguments: str = "arguments", organization_id: str = A
) -> Answer | None:
    return await store.write("test", lambda tx: requests.start(tx, organization_id, "r", arguments, 1))


async def test_concurrent_requests_with_one_id_run_once_and_get_the_same_answer(
    requests: IdempotentRequests[Answer], run: Run
) -> None:
    waiting = [asyncio.create_task(requests.run_once(A, "r", "arguments", run)) for _ in range(5)]
    await asyncio.sleep(0)
    run.end()
    assert await asyncio.gather(*waiting) == [Answer("run 1")] * 5
    assert run.started == 1


async def test_an_error_reaches_all_waiting_callers(requests: IdempotentRequests[Answer], run: Run) -> None:
    waiting = [asyncio.create_task(requests.run_once(A, "r", "arguments", run)) for _ in range(3)]
    await asyncio.sleep(0)
    run.end(NoNumbersAvailable("415"))
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {NoNumbersAvailable}


@pytest.mark.parametrize("error", [None, NoNumbersAvailable("415")])
async def test_a_request_that_has_ended_runs_again(
    requests: IdempotentRequests[Answer], run: Run, error: Exception | None
) -> None:
    run.end(error)
    await asyncio.gather(requests.run_once(A, "r", "arguments", run), return_exceptions=True)
    run.end()
    assert await requests.run_once(A, "r", "arguments", run) == Answer("run 2")


async def test_other_arguments_under_the_id_of_a_running_request_are_refused(
    requests: IdempotentRequests[Answer], run: Run
) -> None:
    waiting = asyncio.create_task(requests.run_once(A, "r", "arguments", run))
    await asyncio.sleep(0)
    with pytest.raises(RequestIdReused):
        await requests.run_once(A, "r", "others", run)
    run.end()
    assert await waiting == Answer("run 1")


@pytest.mark.parametrize(("organization_id", "request_id"), [(A, "s"), (B, "r")])
async def test_other_requests_do_not_wait(
    requests: IdempotentRequests[Answer], run: Run, organization_id: str, request_id: str
) -> None:
    waiting = asyncio.create_task(requests.run_once(A, "r", "arguments", run))
    await asyncio.sleep(0)
    other = Run()
    other.end()
    assert await requests.run_once(organization_id, request_id, "others", other) == Answer("run 1")
    assert not waiting.done()
    run.end()
    await waiting


async def test_a_run_continues_after_every_caller_has_given_up(
    requests: IdempotentRequests[Answer], run: Run
) -> None:
    callers = [asyncio.create_task(requests.run_once(A, "r", "arguments", run)) for _ in range(2)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    late = asyncio.create_task(requests.run_once(A, "r", "arguments", run))
    await asyncio.sleep(0)
    run.end()
    assert await late == Answer("run 1")
    assert all(caller.cancelled() for caller in callers)


async def test_a_request_has_no_answer_until_it_is_finished(
    requests: IdempotentRequests[Answer], store: Store
) -> None:
    assert await _begin(requests, store) is None
    assert await _begin(requests, store) is None
    await store.write("test", lambda transaction: requests.finish(transaction, A, "r", Answer("first")))
    assert await _begin(requests, store) == Answer("first")


@pytest.mark.parametrize("finished", [True, False])
async def test_other_arguments_under_a_stored_id_are_refused(
    requests: IdempotentRequests[Answer], store: Store, *, finished: bool
) -> None:
    await _begin(requests, store)
    if finished:
        await store.write("test", lambda transaction: requests.finish(transaction, A, "r", Answer("first")))
    with pytest.raises(RequestIdReused):
        await _begin(requests, store, "others")


async def test_a_request_of_another_kind_under_a_stored_id_is_refused(
    requests: IdempotentRequests[Answer], store: Store
) -> None:
    await _begin(requests, store)
    with pytest.raises(RequestIdReused):
        await _begin(IdempotentRequests("other", Answer), store)


async def test_two_organizations_can_use_the_same_request_id(
    requests: IdempotentRequests[Answer], store: Store
) -> None:
    await _begin(requests, store)
    assert await _begin(requests, store, "others", B) is None


NUMBER = Number(
    A,
    "+14155550100",
    "415",
    NumberState.RELEASING,
    "simulator",
    "ref",
    1,
    "request",
    ("628", "650"),
    "Zürich",
    "CA",
    "id",
)


@pytest.mark.parametrize(
    "answer",
    [
        PurchaseAnswer((NUMBER,), 2, 3),
        PurchaseAnswer((), 0, 0),
        DeleteAnswer(
            (NUMBER,),
            (
                NumberFailure(
                    "+1", PublicError(Reason.NUMBER_NOT_ACTIVE, 'it\'s "kept"', {"state": "ACTIVE"})
                ),
            ),
            7,
        ),
        DeleteAnswer((), (), 1),
    ],
)
async def test_a_stored_answer_is_returned_unchanged(
    store: Store, answer: PurchaseAnswer | DeleteAnswer
) -> None:
    requests = IdempotentRequests("kept", type(answer))
    await store.write("test", lambda tx: requests.start(tx, A, "r", "", 1))
    await store.write("test", lambda tx: requests.finish(tx, A, "r", answer))
    assert await store.write("test", lambda tx: requests.start(tx, A, "r", "", 1)) == answer
