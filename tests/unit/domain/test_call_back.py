"""The call-back decision for every combination of numbers. The scenarios show single calls."""

import re
from collections.abc import Collection

import pytest

from localdial_server.domain.call_back import Destination, decide_destination
from localdial_server.domain.errors import NoDestination
from localdial_server.domain.model import (
    CallerIdReason,
    DestinationReason,
    Organization,
    OutboundCall,
    User,
)

BORROWER = "+14155550172"
NUMBER = "+14155550100"
OTHERS = ("+18005550150", "+13125550151")
PHONES = (None, BORROWER, NUMBER, *OTHERS)

CALL = OutboundCall(
    organization_id="acme",
    call_id="c1",
    user_id="ann",
    callee_number=BORROWER,
    caller_id=NUMBER,
    reason=CallerIdReason.LOCAL_PRESENCE,
    call_time=1,
    revision=1,
)


def decide(
    caller: str | None,
    main_number: str | None,
    call: OutboundCall | None,
    user: User | None,
    owner: User | None = None,
    *,
    barred: Collection[str] = (),
) -> Destination:
    organization = Organization("acme", organization_number=main_number)
    return decide_destination(
        organization,
        NUMBER,
        caller,
        call,
        user,
        caller_id_owner=owner,
        may_dial=lambda number: number not in barred,
    )


@pytest.mark.parametrize("caller", [BORROWER, None, OTHERS[0]])
@pytest.mark.parametrize("work_phone", PHONES)
@pytest.mark.parametrize("main_number", PHONES)
def test_the_work_phone_comes_first_and_a_call_never_goes_to_its_own_caller_or_called_number(
    caller: str | None, work_phone: str | None, main_number: str | None
) -> None:
    ann = User("acme", "ann", work_phone=work_phone)
    unusable = {None, NUMBER, caller}
    if work_phone not in unusable:
        fallback = main_number if main_number not in {*unusable, work_phone} else None
        assert decide(caller, main_number, CALL, ann) == Destination(
            "acme", str(work_phone), DestinationReason.LAST_CALLER, caller or NUMBER, fallback, "ann", CALL
        )
    elif main_number not in unusable:
        assert decide(caller, main_number, CALL, ann) == Destination(
            "acme",
            str(main_number),
            DestinationReason.ORGANIZATION_NUMBER,
            caller or NUMBER,
            None,
            None,
            CALL,
        )
    else:
        with pytest.raises(NoDestination):
            decide(caller, main_number, CALL, ann)


@pytest.mark.parametrize("call", [CALL, None])
def test_without_a_user_the_destination_is_the_organization_number(
    call: OutboundCall | None,
) -> None:
    assert decide(BORROWER, OTHERS[0], call, None) == Destination(
        "acme", OTHERS[0], DestinationReason.ORGANIZATION_NUMBER, BORROWER, last_call=call
    )


def test_a_users_caller_id_is_not_a_destination() -> None:
    ann = User("acme", "ann", caller_id=OTHERS[1])
    assert decide(BORROWER, OTHERS[0], CALL, ann).destination_number == OTHERS[0]


def test_an_error_names_the_organization_but_no_number() -> None:
    ann = User("acme", "ann", work_phone=BORROWER)
    with pytest.raises(NoDestination) as raised:
        decide(BORROWER, NUMBER, CALL, ann)
    assert raised.value.metadata == {"organization_id": "acme"}
    assert re.search(r"\d{3}", raised.value.message) is None


@pytest.mark.parametrize("caller", [BORROWER, None])
def test_the_owner_of_the_called_caller_id_comes_after_the_last_caller(caller: str | None) -> None:
    ann, bob = User("acme", "ann", work_phone=OTHERS[0]), User("acme", "bob", work_phone=OTHERS[1])
    found = decide(caller, OTHERS[0], None, None, bob)
    assert (found.reason, found.user_id) == (DestinationReason.CALLER_ID_OWNER, "bob")
    assert found.fallback_number == OTHERS[0]
    assert decide(caller, None, CALL, ann, bob).reason is DestinationReason.LAST_CALLER
    # The last user cannot be reached, and the owner's work phone would loop.
    looping = User("acme", "bob", work_phone=NUMBER)
    assert decide(caller, None, CALL, User("acme", "ann"), bob).user_id == "bob"
    assert decide(caller, OTHERS[0], None, None, looping).reason is DestinationReason.ORGANIZATION_NUMBER


def test_a_phone_that_may_not_be_dialed_is_skipped_like_one_that_is_not_set() -> None:
    ann, bob = User("acme", "ann", work_phone=OTHERS[0]), User("acme", "bob", work_phone=OTHERS[1])
    main = "+18005550151"
    for barred, user_id, destination, fallback in [
        ([], "ann", OTHERS[0], main),
        ([main], "ann", OTHERS[0], None),
        (OTHERS[:1], "bob", OTHERS[1], main),
        (OTHERS, None, main, None),
    ]:
        found = decide(BORROWER, main, CALL, ann, bob, barred=barred)
        assert (found.user_id, found.destination_number, found.fallback_number) == (
            user_id,
            destination,
            fallback,
        )
        assert found.last_call == CALL
    with pytest.raises(NoDestination):
        decide(BORROWER, main, CALL, ann, bob, barred=[*OTHERS, main])
