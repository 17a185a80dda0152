"""Which numbers may be shown, and the metadata of the errors when no caller ID can be."""

from collections.abc import Sequence

import pytest

from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.caller_id import CallerIdDecision, decide_caller_id
from localdial_server.domain.errors import NoCallerId, UserNotFound
from localdial_server.domain.model import CallerIdReason, Number, NumberState, Organization, User
from localdial_server.domain.routing_snapshot import RoutingSnapshot
from tests.support.snapshots import snapshot_of


def number(phone_number: str, state: NumberState = NumberState.ACTIVE, *mapped: str) -> Number:
    return Number(
        organization_id="acme",
        phone_number=phone_number,
        area_code=phone_number[2:5],
        state=state,
        carrier="simulator",
        reference="",
        purchase_time=0,
        mapped_area_codes=mapped,
    )


def snapshot(*numbers: Number, users: Sequence[User] = ()) -> RoutingSnapshot:
    return snapshot_of(Organization("acme"), 7, {user.user_id: user.caller_id for user in users}, numbers)


def decide(acme: RoutingSnapshot, user_id: str, callee_number: str) -> CallerIdDecision:
    return decide_caller_id(acme, user_id, callee_number, area_code_of(callee_number))


# The candidates.


def test_an_active_number_is_shown_where_it_is_local_and_where_it_is_mapped() -> None:
    ann = User("acme", "ann", caller_id="+12125550142")
    acme = snapshot(number("+14155550100", NumberState.ACTIVE, "510"), users=[ann])
    local = decide(acme, "ann", "+14155550172")
    mapped = decide(acme, "ann", "+15105550172")
    assert (local.caller_id, local.reason) == ("+14155550100", CallerIdReason.LOCAL_PRESENCE)
    assert (mapped.caller_id, mapped.reason) == ("+14155550100", CallerIdReason.LOCAL_PRESENCE_MAPPED)


@pytest.mark.parametrize("state", [state for state in NumberState if state is not NumberState.ACTIVE])
@pytest.mark.parametrize("callee", ["+14155550172", "+15105550172"])
def test_a_number_in_any_other_state_is_not_shown(state: NumberState, callee: str) -> None:
    ann = User("acme", "ann", caller_id="+12125550142")
    acme = snapshot(number("+14155550100", state, "510"), users=[ann])
    decision = decide(acme, "ann", callee)
    assert (decision.caller_id, decision.reason) == ("+12125550142", CallerIdReason.AGENT_CALLER_ID)


def test_an_inactive_number_does_not_hide_active_ones() -> None:
    acme = snapshot(
        number("+14155550100", NumberState.PURCHASING),
        number("+14155550101"),
        number("+14155550102", NumberState.RELEASING),
        users=[User("acme", "ann")],
    )
    callees = [f"+1415555{line:04}" for line in range(100)]
    shown = {decide(acme, "ann", callee).caller_id for callee in callees}
    assert shown == {"+14155550101"}


# The content of the errors.


@pytest.mark.parametrize(("callee", "area_code"), [("+14155550172", "415"), ("+18005550172", "")])
def test_no_caller_id_names_the_user_and_the_area_code(callee: str, area_code: str) -> None:
    acme = snapshot(number("+15105550100"), users=[User("acme", "ann")])
    with pytest.raises(NoCallerId) as raised:
        decide(acme, "ann", callee)
    assert raised.value.metadata == {
        "organization_id": "acme",
        "user_id": "ann",
        "callee_area_code": area_code,
    }


def test_user_not_found_names_the_user() -> None:
    with pytest.raises(UserNotFound) as raised:
        decide(snapshot(number("+14155550100")), "ann", "+14155550172")
    assert raised.value.metadata == {"organization_id": "acme", "user_id": "ann"}
