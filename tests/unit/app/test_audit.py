"""Who a change is recorded for: the caller that asked for it, or the server itself."""

import pytest

from localdial_server.app.current_caller import CURRENT_CALLER, Caller
from localdial_server.app.ports.store import AuditQuery
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.audit import AuditEvent, AuditEventKind
from localdial_server.domain.errors import PurchasePending
from localdial_server.domain.principals import Principal, Role
from tests.unit.app.harness import A, Harness

BUYER = Caller(
    Principal("key:buyer", Role.MANAGER, A), "192.0.2.1:50312", "NumberInventory.PurchaseNumbers", "request"
)


async def events(harness: Harness) -> list[AuditEvent]:
    """Return the changes of the organization, oldest first."""
    found = await harness.store.read("test", lambda reader: reader.audit_events(AuditQuery(A), None, 100))
    return list(reversed(found))


async def unknown_purchase(harness: Harness, order_fault: Fault) -> None:
    """Purchase a number as the buyer; the outcome stays unknown until the faults are cleared."""
    harness.faults.add(Operation.ORDER, order_fault)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    token = CURRENT_CALLER.set(BUYER)
    purchasing = harness.purchase()
    CURRENT_CALLER.reset(token)
    with pytest.raises(PurchasePending):
        await purchasing
    harness.faults.lasting.clear()


async def test_what_the_sweep_adopts_was_bought_by_the_caller(harness: Harness) -> None:
    await unknown_purchase(harness, Fault.RESET_AFTER)
    await harness.sweep_later()
    _, added, adopted = await events(harness)
    assert (added.kind, added.principal, added.method) == (
        AuditEventKind.NUMBER_ADDED,
        "key:buyer",
        "NumberInventory.PurchaseNumbers",
    )
    assert (added.address, added.request_id) == ("192.0.2.1:50312", "request")
    assert (adopted.kind, adopted.principal) == (AuditEventKind.NUMBER_CHANGED, "system")
    assert (adopted.address, adopted.method, adopted.request_id) == ("", "", "")


async def test_what_the_sweep_abandons_is_removed_by_the_system(harness: Harness) -> None:
    await unknown_purchase(harness, Fault.RESET_BEFORE)
    await harness.sweep_later()
    _, added, removed = await events(harness)
    assert (added.principal, removed.principal) == ("key:buyer", "system")
    assert removed.kind is AuditEventKind.NUMBER_REMOVED
    assert removed.before == added.after


async def test_a_purchase_that_its_caller_gives_up_is_still_the_callers(harness: Harness) -> None:
    gate = harness.carrier.hold(Operation.ORDER)
    token = CURRENT_CALLER.set(BUYER)
    purchasing = harness.purchase()
    CURRENT_CALLER.reset(token)
    await gate.reached()
    purchasing.cancel()
    gate.open()
    await harness.purchase()
    assert [event.principal for event in await events(harness)] == ["system", "key:buyer", "key:buyer"]
