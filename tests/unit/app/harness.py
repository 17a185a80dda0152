"""The use cases over one SQLite file and one simulated carrier account.

A test controls when calls reach the carrier and when it answers, what the database does, and the time.
"""

import asyncio
import itertools
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, select
from typing_extensions import override

from localdial_server.app.administration import Administration
from localdial_server.app.directory import Directory
from localdial_server.app.explanations import Explanations
from localdial_server.app.inbound_calls import InboundCalls
from localdial_server.app.numbers.delete import DeleteAnswer, Deleting
from localdial_server.app.numbers.external import ExternalNumbers
from localdial_server.app.numbers.import_numbers import ImportAnswer, Importing
from localdial_server.app.numbers.inventory import Inventory
from localdial_server.app.numbers.pending_order import LookUpDelays
from localdial_server.app.numbers.purchase import PurchaseAnswer, Purchasing
from localdial_server.app.numbers.reconcile import Reconciling
from localdial_server.app.numbers.settle import Sweep
from localdial_server.app.outbound_calls import OutboundCalls
from localdial_server.app.ports.call_log import CallLog
from localdial_server.app.ports.carrier import Carrier, OwnedNumber, Pending
from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import NumberQuery, Store
from localdial_server.app.use_cases import UseCases, use_cases
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.carriers.simulator.faults import Fault, FaultScript, Operation
from localdial_server.carriers.simulator.single_account import SingleAccount
from localdial_server.domain.choice import NO_CANDIDATES
from localdial_server.domain.dialing_permissions import DialingPermissions
from localdial_server.domain.model import Number, NumberState, Organization
from localdial_server.domain.spending import Limits, SpendingLimits
from localdial_server.storage.engines.database import Database
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.snapshots.number_index import SqlNumberIndex
from localdial_server.storage.sql.call_back_groups import GroupedCallBacks
from localdial_server.storage.sql.schema import numbers, organizations, phone_number_owners, simulator_numbers
from localdial_server.storage.sql.simulator_state import SqlSimulatorState
from localdial_server.storage.sql.store import SqlStore
from tests.conformance.watched_database import Gate, WatchedDatabase
from tests.support.carriers import DelegatingCarrier
from tests.support.databases import open_sqlite
from tests.support.stores import call_log_on, inbound_call_log_on
from tests.support.waiting import DEADLINE_SECONDS

T = TypeVar("T")

A, B = "org-a", "org-b"

# The first numbers that a purchase in area code 415 finds.
FIRST, SECOND, THIRD = "+14155550100", "+14155550101", "+14155550102"

# By default no call times out.
FOREVER = 3600.0

# Longer than the read lag of the carrier.
READ_LAG_SECONDS = 121


async def _in_time(call: Awaitable[T]) -> T:
    """Fail the test if the call does not end."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await call


class ManualClock:
    """A clock that moves one microsecond each time it is read, and when the test advances it.

    A unit of work, which runs in a thread, cannot read it: a second run would write another time.
    """

    def __init__(self) -> None:
        self._now = 1_800_000_000_000_000

    def now(self) -> int:
        asyncio.get_running_loop()
        self._now += 1
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward by this many seconds."""
        self._now += int(seconds * 1_000_000)


class CarrierFaults(FaultScript):
    """A script of faults, and faults that last until they are cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.lasting: dict[Operation, Fault] = {}

    def clear(self) -> None:
        """Remove all faults."""
        self._next.clear()
        self.lasting.clear()

    def __call__(self, operation: Operation, argument: str) -> Fault | None:
        return self.lasting.get(operation) or super().__call__(operation, argument)


class WatchedCarrier(DelegatingCarrier):
    """A carrier that counts the calls to another one, and can delay them."""

    def __init__(self, carrier: Carrier) -> None:
        super().__init__(carrier)
        self._calls: defaultdict[Operation, deque[Gate]] = defaultdict(deque)
        self._answers: defaultdict[Operation, deque[Gate]] = defaultdict(deque)
        self._under_way: Counter[Operation] = Counter()
        self.calls: Counter[Operation] = Counter()
        self.most_at_once: Counter[Operation] = Counter()
        self.ordered: list[tuple[str, str]] = []

    def hold(self, operation: Operation) -> Gate:
        """Hold up the operation's next call on its way to the carrier."""
        gate = Gate()
        self._calls[operation].append(gate)
        return gate

    def hold_answer(self, operation: Operation) -> Gate:
        """Hold up the answer to the operation's next call, or its error."""
        gate = Gate()
        self._answers[operation].append(gate)
        return gate

    @override
    async def order(self, phone_number: str, reference: str, timeout: float) -> OwnedNumber | Pending:
        self.ordered.append((phone_number, reference))
        return await super().order(phone_number, reference, timeout)

    @override
    async def _call(self, operation: Operation, call: Callable[[], Awaitable[T]]) -> T:
        self.calls[operation] += 1
        self._under_way[operation] += 1
        self.most_at_once |= self._under_way
        gate = self._calls[operation].popleft() if self._calls[operation] else None
        answer_gate = self._answers[operation].popleft() if self._answers[operation] else None
        try:
            if gate is not None:
                await gate.pass_through()
            return await call()
        finally:
            if answer_gate is not None:
                await answer_gate.pass_through()
            self._under_way[operation] -= 1


class Harness:
    """One server with its own database file, which keeps what was committed when the server crashes."""

    database: WatchedDatabase
    carrier: WatchedCarrier
    store: SqlStore
    snapshots: SnapshotCache
    number_index: SqlNumberIndex
    administration: Administration
    directory: Directory
    inventory: Inventory
    purchasing: Purchasing
    deleting: Deleting
    importing: Importing
    external: ExternalNumbers
    reconciling: Reconciling
    outbound: OutboundCalls
    inbound: InboundCalls
    explanations: Explanations
    sweep: Sweep

    def __init__(self, path: Path) -> None:
        self._path = path
        self.limits = SpendingLimits(Limits(numbers=1000, purchases_per_day=1000))
        self.permissions = DialingPermissions()
        self.orders_are_asynchronous = False
        self.degraded_after = FOREVER
        self.clock = ManualClock()
        self.faults = CarrierFaults()

    def open(
        self,
        wrap_database: Callable[[Database], Database] = lambda database: database,
        wrap_carrier: Callable[[Carrier], Carrier] = lambda carrier: carrier,
    ) -> None:
        """Open the file and build the use cases, over a wrapped database and carrier if asked to."""
        self._file = open_sqlite(self._path)
        self._account = SqlSimulatorState(self._file)
        self.simulator = SimulatedCarrier(
            self._account, faults=self.faults, timeout=FOREVER, asynchronous=self.orders_are_asynchronous
        )
        self.carrier = WatchedCarrier(self.simulator)
        self.database = WatchedDatabase(self._file)
        database, carrier = wrap_database(self.database), wrap_carrier(self.carrier)
        self._carriers = SingleAccount(carrier)
        self.number_index = SqlNumberIndex(database, FOREVER, is_shared=False)
        self.snapshots = SnapshotCache(database, announce=self.number_index.changed)
        self.store = SqlStore(database, self.snapshots)
        self.inbound_call_log = inbound_call_log_on(database)
        built = self._build(self.store, self.snapshots, call_log_on(database))
        self.administration = built.administration
        self.directory = built.directory
        self.inventory = built.inventory
        self.purchasing = built.purchasing
        self.deleting = built.deleting
        self.importing = built.importing
        self.external = built.external
        self.reconciling = built.reconciling
        self.outbound = built.outbound
        self.inbound = built.inbound
        self.explanations = built.explanations
        self.sweep = built.sweep

    def another_server(self, call_log: CallLog | None = None) -> UseCases:
        """Build the use cases of another server on this database and carrier account."""
        snapshots = SnapshotCache(self.database)
        store = SqlStore(self.database, snapshots)
        return self._build(store, snapshots, call_log or call_log_on(self.database))

    def _build(self, store: Store, snapshots: RoutingSnapshots, call_log: CallLog) -> UseCases:
        ids = itertools.count()
        return use_cases(
            store=store,
            snapshots=snapshots,
            number_index=self.number_index,
            call_backs=GroupedCallBacks(self.database, call_log.require_complete),
            call_log=call_log,
            inbound_call_log=self.inbound_call_log,
            carriers=self._carriers,
            clock=self.clock,
            call_clock=self.clock,
            new_call_id=lambda: f"call-{next(ids)}",
            limits=self.limits,
            permissions=self.permissions,
            order_timeout=FOREVER,
            degraded_after=self.degraded_after,
            default_country="US",
            look_up_delays=LookUpDelays(unknown=(0.0,) * 3, pending=(0.0,) * 6),
        )

    async def crash(self) -> None:
        """Stop everything that runs, as a crash does. Only what was committed stays."""
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._file.close()

    async def restart(self) -> None:
        """Crash, and open again."""
        await self.crash()
        self.open()

    async def add_organization(self, organization_id: str, organization_number: str | None = None) -> None:
        """Add an organization, or change its organization number."""
        await self.directory.set_organization(Organization(organization_id, "", organization_number))

    def purchase(
        self,
        quantity: int = 1,
        *,
        area_code: str = "415",
        request_id: str = "request",
        organization_id: str = A,
    ) -> "asyncio.Task[PurchaseAnswer]":
        """Start a purchase and return its task, whose result is the answer."""
        return asyncio.create_task(
            _in_time(self.purchasing.purchase(organization_id, area_code, quantity, request_id))
        )

    async def purchase_until_ordered(
        self, quantity: int = 1, *, request_id: str = "request", organization_id: str = A
    ) -> "tuple[asyncio.Task[PurchaseAnswer], Gate]":
        """Start a purchase, and hold its first order before the carrier has it.

        Return the purchase, and the gate that holds the order.
        """
        gate = self.carrier.hold(Operation.ORDER)
        purchasing = self.purchase(quantity, request_id=request_id, organization_id=organization_id)
        await gate.reached()
        return purchasing, gate

    async def bought(
        self, quantity: int = 1, *, area_code: str = "415", organization_id: str = A
    ) -> list[str]:
        """Purchase numbers, and return their phone numbers."""
        answer = await self.purchase(
            quantity, area_code=area_code, request_id=str(uuid.uuid4()), organization_id=organization_id
        )
        assert answer.unfilled_count == 0
        return [number.phone_number for number in answer.numbers]

    def delete(
        self, *phone_numbers: str, request_id: str = "deletion", organization_id: str = A
    ) -> "asyncio.Task[DeleteAnswer]":
        """Start a deletion and return its task, whose result is the answer."""
        return asyncio.create_task(_in_time(self.deleting.delete(organization_id, phone_numbers, request_id)))

    async def import_until_claimed(self, phone_number: str) -> "tuple[asyncio.Task[ImportAnswer], Gate]":
        """Import a number up to the second look-up at the carrier, which follows the claim.

        Return the import, and the gate that holds the look-up's answer.
        """
        seen, claimed = (self.carrier.hold_answer(Operation.FIND_BY_NUMBER) for _ in range(2))
        importing = asyncio.create_task(self.importing.import_numbers(A, [phone_number]))
        await seen.reached()
        seen.open()
        await claimed.reached()
        return importing, claimed

    async def numbers(self, organization_id: str = A, state: NumberState | None = None) -> list[Number]:
        """Return the organization's numbers."""
        query = NumberQuery(organization_id, state=state)
        return list(await self.store.read("test", lambda reader: reader.numbers(query, "", 1000)))

    async def owner_of(self, phone_number: str) -> str | None:
        """Return the organization that owns the number."""
        return await self.store.read("test", lambda reader: reader.owner_of(phone_number))

    async def revision(self, organization_id: str = A) -> int:
        """Return the organization's revision."""
        return await self.store.read("test", lambda reader: reader.revision(organization_id))

    async def shown(self, area_code: str = "415", organization_id: str = A) -> set[str]:
        """Return the numbers that this process currently shows on calls to the area code."""
        snapshot = await self.snapshots.get(organization_id)
        own, _, _ = snapshot.own.get(area_code, NO_CANDIDATES)
        mapped, _, _ = snapshot.mapped.get(area_code, NO_CANDIDATES)
        return {*own, *mapped}

    async def paid_for(self) -> set[str]:
        """Return the numbers that the carrier account has bought and still owns."""
        query = select(simulator_numbers.c.phone_number).where(simulator_numbers.c.state == "owned")
        return await self._file.read("test", lambda connection: set(connection.scalars(query)))

    async def sweep_later(self) -> None:
        """Sweep after the read lag, when the carrier shows every order that went through."""
        self.clock.advance(READ_LAG_SECONDS)
        await self.sweep.sweep()

    async def discrepancies(self) -> list[str]:
        """Settle what is open, and return the remaining differences between carrier and inventory."""
        self.faults.lasting.clear()
        await self.sweep_later()
        found: list[str] = []
        paid_for = await self.paid_for()
        organizations = await self.store.read("test", lambda reader: reader.organizations("", 1000))
        for organization, _ in organizations:
            for number in await self.numbers(organization.organization_id):
                if not number.reference:
                    continue  # localdial did not buy it.
                paid_for.discard(number.phone_number)
                owned = await self.carrier.find_by_reference(number.reference)
                if not isinstance(owned, OwnedNumber):
                    found.append(f"not owned: {number}")
                elif owned.carrier_number_id != number.carrier_number_id:
                    found.append(f"known as {owned.carrier_number_id}: {number}")
                if number.state is not NumberState.ACTIVE:
                    found.append(f"not settled: {number}")
                if await self.owner_of(number.phone_number) != number.organization_id:
                    found.append(f"not claimed: {number}")
        found += [f"paid for and in no inventory: {phone_number}" for phone_number in paid_for]
        return found + [f"claimed for nothing: {phone_number}" for phone_number in await self._idle_claims()]

    async def _idle_claims(self) -> set[str]:
        def read(connection: Connection) -> set[str]:
            claims = set(connection.scalars(select(phone_number_owners.c.phone_number)))
            inventory = set(connection.scalars(select(numbers.c.phone_number)))
            return claims - inventory - set(connection.scalars(select(organizations.c.organization_number)))

        return await self._file.read("test", read)
