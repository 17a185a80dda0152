"""All use cases, built from the ports. Servers build them with adapters, tests with fakes."""

from collections.abc import Callable
from dataclasses import dataclass

from localdial_server.app.administration import Administration
from localdial_server.app.directory import Directory
from localdial_server.app.explanations import Explanations
from localdial_server.app.inbound_calls import InboundCalls
from localdial_server.app.numbers.delete import Deleting
from localdial_server.app.numbers.external import ExternalNumbers
from localdial_server.app.numbers.import_numbers import Importing
from localdial_server.app.numbers.inventory import Inventory
from localdial_server.app.numbers.monthly_prices import MonthlyPrices
from localdial_server.app.numbers.pending_order import LOOK_UP_DELAYS, LookUpDelays, PendingOrders
from localdial_server.app.numbers.purchase import Purchasing
from localdial_server.app.numbers.reconcile import Reconciling
from localdial_server.app.numbers.settle import Sweep
from localdial_server.app.outbound_calls import OutboundCalls
from localdial_server.app.ports.call_backs import CallBacks
from localdial_server.app.ports.call_log import CallLog
from localdial_server.app.ports.carrier import Carriers
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.inbound_call_log import InboundCallLog
from localdial_server.app.ports.number_index import NumberIndex
from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import Store
from localdial_server.app.usage import Usage
from localdial_server.domain.callers import NumberReader
from localdial_server.domain.dialing_permissions import DialingPermissions
from localdial_server.domain.spending import SpendingLimits


@dataclass(frozen=True, slots=True)
class UseCases:
    """All use cases. `sweep` settles open numbers in the background."""

    administration: Administration
    directory: Directory
    inventory: Inventory
    prices: MonthlyPrices
    usage: Usage
    purchasing: Purchasing
    deleting: Deleting
    importing: Importing
    external: ExternalNumbers
    reconciling: Reconciling
    outbound: OutboundCalls
    inbound: InboundCalls
    explanations: Explanations
    sweep: Sweep


def use_cases(
    *,
    store: Store,
    snapshots: RoutingSnapshots,
    number_index: NumberIndex,
    call_backs: CallBacks,
    call_log: CallLog,
    inbound_call_log: InboundCallLog,
    carriers: Carriers,
    clock: Clock,
    call_clock: Clock,
    new_call_id: Callable[[], str],
    limits: SpendingLimits,
    permissions: DialingPermissions,
    order_timeout: float,
    degraded_after: float,
    default_country: str,
    look_up_delays: LookUpDelays = LOOK_UP_DELAYS,
) -> UseCases:
    """Build the use cases over these ports.

    `call_clock` gives the times of calls, and `clock` all others. `new_call_id` makes the identifiers of
    calls that come without one. `order_timeout` is how many seconds the carrier may take for an order, and
    `degraded_after` how many the database may take for a call-back that may be degraded.
    `default_country` is that of the national numbers in call-backs.
    """
    orders = PendingOrders(store, carriers, clock, order_timeout, look_up_delays)
    deleting = Deleting(store, carriers, clock)
    sweep = Sweep(store, orders, deleting, clock)
    inbound = InboundCalls(
        store=store,
        snapshots=snapshots,
        inbound_call_log=inbound_call_log,
        clock=call_clock,
        new_call_id=new_call_id,
        number_index=number_index,
        call_backs=call_backs,
        degraded_after=degraded_after,
        number_reader=NumberReader(default_country),
        permissions=permissions,
    )
    return UseCases(
        administration=Administration(store, clock),
        directory=Directory(store, clock, permissions),
        inventory=Inventory(store, carriers),
        prices=MonthlyPrices(carriers),
        usage=Usage(store, clock),
        purchasing=Purchasing(store, carriers, clock, orders, limits),
        deleting=deleting,
        importing=Importing(store, carriers, clock, orders),
        external=ExternalNumbers(store, clock, limits, permissions),
        reconciling=Reconciling(store, carriers, sweep, clock),
        outbound=OutboundCalls(
            store=store,
            snapshots=snapshots,
            call_log=call_log,
            clock=call_clock,
            new_call_id=new_call_id,
        ),
        inbound=inbound,
        explanations=Explanations(store, snapshots, call_log, inbound),
        sweep=sweep,
    )
