"""Which numbers may be shown, and what the errors of the caller ID decision name."""

from collections.abc import Sequence

import pytest

from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.caller_id import CallerIdDecision, decide_caller_id
from localdial_server.domain.errors import NoCallerId, NumberNotActive, UserNotFound
from localdial_server.domain.model import CallerIdReason, Number, NumberState, Organization, User
from localdial_server.domain.number_life_cycle import require_active, require_deletable
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


@pytest.mark.parametrize("state", NumberState)
def test_only_active_numbers_are_shown(state: NumberState) -> None:
    ann = User("acme", "ann", caller_id="+12125550142")
    acme = snapshot(number("+14155550100", state, "510"), users=[ann])
    local = decide(acme, "ann", "+14155550172")
    mapped = decide(acme, "ann", "+15105550172")
    if state is NumberState.ACTIVE:
        assert (local.caller_id, local.reason) == ("+14155550100", CallerIdReason.LOCAL_PRESENCE)
        assert (mapped.caller_id, mapped.reason) == ("+14155550100", CallerIdReason.LOCAL_PRESENCE_MAPPED)
    else:
        assert {local.reason, mapped.reason} == {CallerIdReason.AGENT_CALLER_ID}
        assert {local.caller_id, mapped.caller_id} == {"+12125550142"}


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


@pytest.mark.parametrize("state", NumberState)
def test_only_active_numbers_can_be_mapped(state: NumberState) -> None:
    if state is NumberState.ACTIVE:
        require_active(number("+14155550100", state))
        return
    with pytest.raises(NumberNotActive) as raised:
        require_active(number("+14155550100", state))
    assert raised.value.metadata == {"phone_number": "+14155550100", "state": state.name}


@pytest.mark.parametrize("state", NumberState)
def test_a_number_can_be_deleted_unless_its_purchase_is_pending(state: NumberState) -> None:
    if state is not NumberState.PURCHASING:
        require_deletable(number("+14155550100", state))
        return
    with pytest.raises(NumberNotActive) as raised:
        require_deletable(number("+14155550100", state))
    assert raised.value.metadata == {"phone_number": "+14155550100", "state": "PURCHASING"}


# The content of the errors.


@pytest.mark.parametrize(("callee", "area_code"), [("+14155550172", "415"), ("+18005550172", "")])
def test_the_error_without_a_caller_id_names_user_and_area_code(callee: str, area_code: str) -> None:
    acme = snapshot(number("+15105550100"), users=[User("acme", "ann")])
    with pytest.raises(NoCallerId) as raised:
        decide(acme, "ann", callee)
    assert raised.value.metadata == {
        "organization_id": "acme",
        "user_id": "ann",
        "callee_area_code": area_code,
    }


def test_the_error_for_an_unknown_user_names_the_user() -> None:
    with pytest.raises(UserNotFound) as raised:
        decide(snapshot(number("+14155550100")), "ann", "+14155550172")
    assert raised.value.metadata == {"organization_id": "acme", "user_id": "ann"}
