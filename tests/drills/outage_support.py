"""The load and the claims that the `outage` and `failover` drills share."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from localdial.v1.call_routing_pb2 import (
    ResolveOutboundCallerIdRequest,
    ResolveOutboundCallerIdResponse,
    RouteInboundCallRequest,
    RouteInboundCallResponse,
)
from localdial.v1.directory_pb2 import (
    BatchSetUsersRequest,
    Organization,
    SetOrganizationRequest,
    SetUserRequest,
    SetUserResponse,
    User,
)
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import AsyncClient, Client
from tests.drills import open_loop
from tests.drills.call_backs import CallBacks, Record, claim_recorded
from tests.drills.open_loop import LATENCIES_HEAD, Answer, latencies

# The organization that makes calls, and the one that is changed meanwhile.
CALLS, CHANGES = "calls", "changes"
ORGANIZATION_NUMBER = "+13035550198"

# The claims: the share of resolves that are answered, and the longest wait for a refusal.
ANSWERED = 0.999
REFUSED_WITHIN_SECONDS = 3.0

_USERS = 10
_CALLEES = 10_000

Resolved = Answer[ResolveOutboundCallerIdRequest, ResolveOutboundCallerIdResponse]
Routed = Answer[RouteInboundCallRequest, RouteInboundCallResponse]
Changed = Answer[SetUserRequest, SetUserResponse]


def _number(call_id: str) -> int:
    """Return the index of the call in sending order, or -1 if there is none."""
    return int(call_id.partition("-")[2] or -1)


def callee(number: int) -> str:
    """Return the phone number that the call with this index calls, in E.164."""
    return f"+1415555{number % _CALLEES:04}"


def user_of(callee_number: str) -> str:
    """Return the only user who calls that number."""
    return f"user{int(callee_number[-4:]) % _USERS}"


def set_up(address: str) -> str:
    """Create the organizations, and return a number that callees call back."""
    with Client(address) as client:
        for name, number in (CALLS, ORGANIZATION_NUMBER), (CHANGES, "+13035550199"):
            organization = Organization(organization_id=name, organization_number=number)
            client.directory.set_organization(SetOrganizationRequest(organization=organization))
        client.directory.batch_set_users(
            BatchSetUsersRequest(
                organization_id=CALLS,
                users=[
                    User(organization_id=CALLS, user_id=f"user{n}", work_phone=f"+1303555{1000 + n}")
                    for n in range(_USERS)
                ],
            )
        )
        bought = client.number_inventory.purchase_numbers(
            PurchaseNumbersRequest(organization_id=CALLS, area_code="415", quantity=5)
        )
    return bought.numbers[0].phone_number


@dataclass
class Load:
    """Resolves, call-backs and changes, each in an open loop over all workers.

    `routed` are call-backs that may not be degraded, and `call_backs` those that may.
    """

    clients: Mapping[int, Sequence[AsyncClient]]
    """The clients of each worker, by its PID."""
    called: str
    """The number that callees call back."""
    call_backs: CallBacks
    resolved: list[Resolved] = field(default_factory=list)
    routed: list[Routed] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    newest: dict[str, int] = field(default_factory=dict)
    """The index of the last answered call to each callee."""
    wrong: int = 0
    """The number of call-backs that were routed by an older call than the last answered one."""

    async def run(self, resolves: float, others: float, stop: asyncio.Event) -> None:
        """Send `resolves` resolves, `others` call-backs and `others` changes a second until `stop` is set."""
        clients = [(pid, client) for pid, clients in self.clients.items() for client in clients]

        async def resolve(number: int) -> None:
            pid, client = clients[number % len(clients)]
            request = ResolveOutboundCallerIdRequest(
                organization_id=CALLS,
                user_id=user_of(callee(number)),
                callee_number=callee(number),
                call_id=f"{pid}-{number}",
            )
            answer = await open_loop.ask(client.call_routing.resolve_outbound_caller_id, request)
            self.resolved.append(answer)
            if answer.response is not None:
                self.newest[request.callee_number] = number

        async def route(number: int) -> None:
            _, client = clients[number % len(clients)]
            if self.resolved:
                caller = self.resolved[
                    -1 - number * 37 % min(len(self.resolved), 2_000)
                ].request.callee_number
                expected = self.newest.get(caller)
                request = RouteInboundCallRequest(called_number=self.called, caller_number=caller)
                answer = await open_loop.ask(client.call_routing.route_inbound_call, request)
                self.routed.append(answer)
                if answer.response is not None and expected is not None:
                    self.wrong += _number(answer.response.last_call_id) < expected

        async def call_back(number: int) -> None:
            _, client = clients[number % len(clients)]
            await self.call_backs.call(client, self.called, callee(number * 37))

        async def change(number: int) -> None:
            _, client = clients[number % len(clients)]
            user = User(organization_id=CHANGES, user_id=f"user{number}", work_phone="+13035551000")
            self.changed.append(await open_loop.ask(client.directory.set_user, SetUserRequest(user=user)))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(open_loop.run(resolves, stop, resolve))
            tasks.create_task(open_loop.run(others, stop, route))
            tasks.create_task(open_loop.run(others, stop, call_back))
            tasks.create_task(open_loop.run(others, stop, change))

    def answered_call_backs(self) -> Mapping[str, str]:
        """Return the number that each call-back of both kinds was sent to, by call_id."""
        by_rules = {
            each.response.call_id: each.response.destination_number for each in self.routed if each.response
        }
        return {**by_rules, **self.call_backs.answered()}

    async def close(self) -> None:
        """Close the connections."""
        for clients in self.clients.values():
            for client in clients:
                await client.close()


def is_recovered(load: Load, since: float) -> bool:
    """Return whether the last calls of each kind, sent after `since`, succeeded on every worker."""
    connections = sum(map(len, load.clients.values()))
    last: list[Resolved | Routed | Changed] = [
        *load.resolved[-connections:],
        *load.routed[-connections:],
        *load.changed[-connections:],
    ]
    return all(
        answer.response is not None
        and answer.sent > since
        and not getattr(answer.response, "recorded_later", False)
        for answer in last
    )


def report(load: Load, ends: Mapping[str, float]) -> None:
    """Print the outcomes by phase; `ends` maps each phase to the `time.monotonic` time of its end."""
    print(f"{'':30}{'calls':>8}{'answered':>10}{'later':>8}{'refused':>9}{LATENCIES_HEAD}")
    kinds: Mapping[str, Sequence[Resolved | Routed | Changed]] = {
        "resolves": load.resolved,
        "call-backs": load.routed,
        "changes": load.changed,
    }
    for kind, answers in kinds.items():
        begin = 0.0
        for phase, end in ends.items():
            those = [answer for answer in answers if begin <= answer.sent < end]
            begin = end
            answered = sum(answer.response is not None for answer in those)
            later = sum(getattr(answer.response, "recorded_later", False) for answer in those)
            print(
                f"{f'{kind} {phase}':30}{len(those):>8,}{answered:>10,}{later:>8,}"
                f"{len(those) - answered:>9,}{latencies([answer.seconds for answer in those])}"
            )


class Claims:
    """Prints claims, and collects those that did not hold."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self.failed: list[str] = []

    def claim(self, text: str, *, holds: bool) -> None:
        """Print the claim and whether it holds."""
        print(f"{'ok' if holds else 'NOT OK':8}{text}")
        if not holds:
            self.failed.append(f"{self._subject}: {text}")

    def claim_answers(self, load: Load, recorded: Container[str]) -> None:
        """Check the claims common to all outages; `recorded` has the IDs of the calls in the database."""
        answered = [answer.request.call_id for answer in load.resolved if answer.response is not None]
        self.claim(
            f"resolves answered: {len(answered) / len(load.resolved):.3%} of {len(load.resolved):,}",
            holds=len(answered) >= ANSWERED * len(load.resolved),
        )
        missing = [call_id for call_id in answered if call_id not in recorded]
        self.claim(
            f"answered calls missing in the database: {len(missing)} of {len(answered):,}", holds=not missing
        )
        self.claim(f"call-backs that did not know of the last call: {load.wrong}", holds=not load.wrong)
        others: list[Routed | Changed] = [*load.routed, *load.changed]
        refusals = [answer for answer in others if answer.response is None]
        improper = [str(answer.error) for answer in refusals if not _is_proper_refusal(answer)]
        self.claim(
            f"refusals that are not STORAGE_UNAVAILABLE with RetryInfo: {len(improper)} of {len(refusals):,}"
            f" {'; '.join(sorted(set(improper)))}",
            holds=not improper and len(refusals) > 0,
        )
        longest = max((answer.seconds for answer in refusals), default=0.0)
        self.claim(
            f"longest wait of a call-back or a change for its refusal: {longest:.2f} s",
            holds=longest < REFUSED_WITHIN_SECONDS,
        )

    def claim_call_backs(self, load: Load, records: Mapping[str, Record], begun: float, ended: float) -> None:
        """Check the claims about call-backs that may be degraded, and that all call-backs are recorded.

        The database was down between the times.
        """
        for text, holds in load.call_backs.claims(begun, ended):
            self.claim(text, holds=holds)
        text, holds = claim_recorded(load.answered_call_backs(), records)
        self.claim(text, holds=holds)


def _is_proper_refusal(answer: Routed | Changed) -> bool:
    """Return whether the error says that the database is unavailable, and when to retry."""
    error = answer.error
    return error is not None and error.reason == "STORAGE_UNAVAILABLE" and error.retry_delay is not None
