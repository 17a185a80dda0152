"""Measure our own Python in a resolve, part by part, without gRPC.

Each figure is microseconds a call: the shortest mean of many short runs, in CPU time, so that other
programs on the machine count as little as possible. Whole calls run as 50 tasks at a time, as they do under
load. So does a handler that does nothing, whose time is taken off. A commit is one group of these 50.
"""

import asyncio
import functools
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import uuid_utils
from typing_extensions import override

from localdial.v1 import call_routing_pb2 as pb
from localdial_server.app.outbound_calls import OutboundCalls
from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.app.ports.clock import SystemClock
from localdial_server.domain.model import Organization, OutboundCall
from localdial_server.domain.principals import ANONYMOUS, Principal, Role
from localdial_server.domain.routing_snapshot import RoutingSnapshot, build_snapshot
from localdial_server.rpc.access import MethodAccess
from localdial_server.rpc.admission import Admission
from localdial_server.rpc.api_key_credentials import ApiKeyCredentials
from localdial_server.rpc.authentication import Authenticator
from localdial_server.rpc.call_routing import CallRoutingServicer
from localdial_server.rpc.contract import Contract, parse
from localdial_server.rpc.credentials import Credentials
from localdial_server.rpc.handlers import RpcHandlers
from localdial_server.runtime.serve import loop_factory
from localdial_server.storage.call_log.group_commit import GroupCommitLog, RecordCalls
from localdial_server.storage.call_log.recorders import DatabaseRecorder
from localdial_server.storage.engines.sqlite import SqliteDatabase
from tests.drills import inside_batches
from tests.drills.arguments import argument_parser
from tests.drills.rounds import print_machine
from tests.support.databases import create_sqlite
from tests.unit.rpc.test_api_key_credentials import GOOD, Keys, stored

GROUP: Final = 50
_SECONDS: Final = 1.5
_GROUPS: Final = 1_000
_CALLS_PER_RUN: Final = 100

# A resolve that memory decides asks neither the database nor the use cases of inbound calls.
_UNUSED: Final[Any] = None

_Handle = Callable[[bytes, Any], Coroutine[Any, Any, bytes]]

_REQUEST: Final = pb.ResolveOutboundCallerIdRequest(
    organization_id="acme", user_id="ann", callee_number="+14155550123"
)
_DECIDE_ONLY: Final = pb.ResolveOutboundCallerIdRequest(
    organization_id="acme", user_id="ann", callee_number="+14155550123", validate_only=True
)
_CONTEXT: Final[Any] = SimpleNamespace(
    invocation_metadata=lambda: (("user-agent", "drill"), ("authorization", f"Bearer {GOOD.text}"))
)
_NUMBERS: Final = {f"+14155550{number}": "415" for number in range(100, 110)}
_SNAPSHOT: Final = build_snapshot(Organization("acme"), 1, {"ann": "+12125550100"}, _NUMBERS, [])


class _Snapshots:
    """Has one organization in memory."""

    def cached(self, _organization_id: str) -> RoutingSnapshot | None:
        return _SNAPSHOT


class _Open(Authenticator):
    """Authentication switched off."""

    @override
    async def authenticate(self, call: Any) -> Principal:
        return ANONYMOUS


class _NoAdmission(Admission):
    """Admission switched off, with its metrics."""

    @override
    def gate(self, method: Any) -> Any:
        ticket = SimpleNamespace(leave=lambda: None)
        return SimpleNamespace(try_enter=lambda _raw: ticket)


async def _record_nothing(calls: Sequence[OutboundCall]) -> Sequence[RecordedCall]:
    return [RecordedCall(call) for call in calls]


def _outbound(record: RecordCalls, max_delay: float = 0.0) -> OutboundCalls:
    return OutboundCalls(
        store=_UNUSED,
        snapshots=_Snapshots(),  # type: ignore[arg-type] # a resolve needs no more
        call_log=GroupCommitLog(record, max_delay),
        clock=SystemClock(),
        new_call_id=lambda: str(uuid_utils.uuid7()),
    )


def _handle(record: RecordCalls, *, with_guards: bool = False, of_batches: bool = False) -> _Handle:
    """Return the server's own handler of a resolve, or of a batch of them, over these recorders."""
    contract = Contract()
    authenticator = Credentials(ApiKeyCredentials(Keys(stored(GOOD))), required=True)
    handlers = RpcHandlers(
        contract,
        authenticator if with_guards else _Open(),
        Admission() if with_guards else _NoAdmission(),
        lambda _: True,
    )
    handlers.life_cycle.open()
    servicer = CallRoutingServicer(_outbound(record), _UNUSED, _UNUSED, contract)
    methods = contract.service("CallRouting").methods_by_name
    contract.request_class("CallRouting", "ResolveOutboundCallerId")
    method, serve = (
        (methods["BatchResolveOutboundCallerIds"], servicer.batch_resolve_outbound_caller_ids)
        if of_batches
        else (methods["ResolveOutboundCallerId"], servicer.resolve_outbound_caller_id)
    )
    served: _Handle = handlers._handler(method, serve).unary_unary  # type: ignore[assignment]
    return served


async def _do_nothing(raw: bytes, _context: Any) -> bytes:
    return raw


def _shortest(call: Callable[[], object]) -> float:
    """Return the microseconds that the call takes."""
    shortest, end = float("inf"), time.monotonic() + _SECONDS
    runs = range(_CALLS_PER_RUN)
    while time.monotonic() < end:
        begun_at = time.thread_time()
        for _ in runs:
            call()
        shortest = min(shortest, time.thread_time() - begun_at)
    return shortest / _CALLS_PER_RUN * 1e6


async def _group(handle: _Handle, raw: bytes, clock: Callable[[], float]) -> float:
    """Return the microseconds that a call took as one of a group of tasks."""
    loop = asyncio.get_running_loop()
    begun_at = clock()
    tasks = [loop.create_task(handle(raw, _CONTEXT)) for _ in range(GROUP)]
    for task in tasks:
        await task
    return (clock() - begun_at) / GROUP * 1e6


def _step(begin: Callable[[], Any]) -> Callable[[], object]:
    """Return the coroutine function as a function, for one that never waits."""

    def run() -> None:
        try:
            begin().send(None)
        except StopIteration:
            return
        raise AssertionError("it waits")

    return run


def parts() -> dict[str, Callable[[], object]]:
    """Return the parts of a resolve that wait for nothing, by name."""
    contract = Contract()
    request_class = contract.request_class("CallRouting", "ResolveOutboundCallerId")
    method = contract.service("CallRouting").methods_by_name["ResolveOutboundCallerId"]
    credentials = Credentials(ApiKeyCredentials(Keys(stored(GOOD))), required=True)
    gate = Admission().gate(method)
    access = MethodAccess(method, lambda _: True)
    raw = _REQUEST.SerializeToString()
    request: Any = parse(request_class, raw)
    principal = Principal("key", Role.DIALER, "acme")

    def admit() -> None:
        ticket = gate.try_enter(raw)
        assert ticket is not None
        ticket.leave()

    servicer = CallRoutingServicer(_outbound(_record_nothing), _UNUSED, _UNUSED, contract)
    decide_only: Any = parse(request_class, _DECIDE_ONLY.SerializeToString())
    response = pb.ResolveOutboundCallerIdResponse(
        caller_id="+14155550100",
        reason=pb.CALLER_ID_REASON_LOCAL_PRESENCE,
        callee_area_code="415",
        call_id=str(uuid_utils.uuid7()),
        revision=1,
    )
    return {
        "authenticate, an API key": _step(lambda: credentials.authenticate(_CONTEXT)),
        "admission": admit,
        "permission": lambda: access.require(principal, request),
        "parse": lambda: parse(request_class, raw),
        "check": lambda: contract.check(request),
        "decide and fill the response": _step(lambda: servicer.resolve_outbound_caller_id(decide_only)),
        "serialize": response.SerializeToString,
    }


async def whole_calls() -> dict[str, float]:
    """Return the microseconds of a whole call in a group, by how much of the work it does."""
    raw, decide_only = _REQUEST.SerializeToString(), _DECIDE_ONLY.SerializeToString()
    ours, all_threads = time.thread_time, time.process_time
    with tempfile.TemporaryDirectory(prefix="localdial-") as folder:
        path = Path(folder, "localdial.db")
        create_sqlite(path)
        database = SqliteDatabase.open(path)
        try:
            in_database = DatabaseRecorder(database).record
            handles = {
                "nothing": (_do_nothing, raw, ours),
                "decide": (_handle(_record_nothing), decide_only, ours),
                "record": (_handle(_record_nothing), raw, ours),
                "record, authenticated and admitted": (_handle(_record_nothing, with_guards=True), raw, ours),
                "record in SQLite": (_handle(in_database), raw, all_threads),
            }
            shortest = dict.fromkeys(handles, float("inf"))
            # In turns, so that a machine that becomes slower is slower for all.
            for _ in range(_GROUPS):
                for name, what in handles.items():
                    shortest[name] = min(shortest[name], await _group(*what))
            return shortest
        finally:
            await database.close()


async def measure() -> None:
    """Print the parts, then whole calls and what each of them adds."""
    print("\neach part by itself, us a call")
    for name, call in parts().items():
        print(f"{name:48}{_shortest(call):8.2f}")
    figures = await whole_calls()
    print(f"\nwhole calls in a group of {GROUP}, us a call")
    for name, figure in figures.items():
        print(f"{name:48}{figure:8.2f}")
    print("\nadded, us a call")
    for name, less, more in (
        ("to decide", "nothing", "decide"),
        ("to record: our own Python, with the wake-ups", "decide", "record"),
        ("authentication, admission and their metrics", "record", "record, authenticated and admitted"),
        ("to commit to SQLite, in all threads", "record", "record in SQLite"),
    ):
        print(f"{name:48}{figures[more] - figures[less]:8.2f}")
    print(f"\nbatches of {inside_batches.LEGS}, us a leg")
    of_batches = functools.partial(_handle, of_batches=True)
    for name, figure in (await inside_batches.legs(of_batches, _record_nothing, _CONTEXT)).items():
        print(f"{name:48}{figure:8.2f}")
    by_clock = await asyncio.to_thread(inside_batches.postgres_statement)
    print(f"{'PostgreSQL statement with its fsync, by the clock':48}{by_clock:8.2f}")


def main() -> None:
    """Measure on the event loop that the server uses."""
    argument_parser(__doc__).parse_args()
    print_machine()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(measure())


if __name__ == "__main__":
    main()
