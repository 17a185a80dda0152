"""In which states a number can be mapped and deleted."""

import pytest

from localdial_server.domain.errors import NumberNotActive
from localdial_server.domain.model import Number, NumberState
from localdial_server.domain.number_life_cycle import require_active, require_deletable


def number(state: NumberState) -> Number:
    return Number(
        organization_id="acme",
        phone_number="+14155550100",
        area_code="415",
        state=state,
        carrier="simulator",
        reference="",
        purchase_time=0,
    )


def test_an_active_number_can_be_mapped() -> None:
    require_active(number(NumberState.ACTIVE))


@pytest.mark.parametrize("state", [state for state in NumberState if state is not NumberState.ACTIVE])
def test_a_number_in_any_other_state_cannot_be_mapped(state: NumberState) -> None:
    with pytest.raises(NumberNotActive) as raised:
        require_active(number(state))
    assert raised.value.metadata == {"phone_number": "+14155550100", "state": state.name}


@pytest.mark.parametrize("state", [state for state in NumberState if state is not NumberState.PURCHASING])
def test_a_number_can_be_deleted_once_its_purchase_is_settled(state: NumberState) -> None:
    require_deletable(number(state))


def test_a_number_cannot_be_deleted_while_its_purchase_is_pending() -> None:
    with pytest.raises(NumberNotActive) as raised:
        require_deletable(number(NumberState.PURCHASING))
    assert raised.value.metadata == {"phone_number": "+14155550100", "state": "PURCHASING"}
