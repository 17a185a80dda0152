"""What the scenarios cannot show of the caller ID decision: how one of many numbers is chosen."""

from collections import Counter
from collections.abc import Sequence

import pytest

from localdial_server.domain.caller_id import choose_number, decide_caller_id
from localdial_server.domain.errors import NoCallerId, NumberNotActive, UserNotFound
from localdial_server.domain.model import CallerIdReason, Number, NumberState, Organization, User
from localdial_server.domain.number_life_cycle import require_active, require_deletable
from localdial_server.domain.routing_snapshot import Candidate, RoutingSnapshot, hash64
from tests.support.snapshots import snapshot_of

# Numbers as they are bought: alike but for the last digit.
CONSECUTIVE = [f"+1415555010{line}" for line in range(7)]
# Numbers as they are mapped: of several places.
SCATTERED = [
    "+12125550100",
    "+13105550142",
    "+14155550100",
    "+15105550199",
    "+16285552000",
    "+442079460000",
    "+493023125007",
]
CALLEES = [f"+1{area_code}555{line:04}" for area_code in ("415", "628") for line in range(10_000)]

# Chi-square with 1, 5 and 6 degrees of freedom: one fair hash in a thousand is beyond.
CHI_SQUARE_BOUND = {1: 10.83, 5: 20.52, 6: 22.46}


def candidates(numbers: Sequence[str]) -> tuple[Candidate, ...]:
    return tuple((number, hash64(number)) for number in numbers)


def choices(numbers: Sequence[str], callees: Sequence[str] = CALLEES) -> dict[str, str]:
    among = candidates(numbers)
    chosen = {callee: choose_number(among, callee) for callee in callees}
    return {callee: number for callee, number in chosen.items() if number is not None}


def chi_square(counts: Counter[str], numbers: Sequence[str]) -> float:
    expected = counts.total() / len(numbers)
    return sum((counts[number] - expected) ** 2 / expected for number in numbers)


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


# Rendezvous hashing.


@pytest.mark.parametrize("numbers", [CONSECUTIVE, SCATTERED, CONSECUTIVE[:2], SCATTERED[:2]])
def test_callees_spread_evenly(numbers: list[str]) -> None:
    counts = Counter(choices(numbers).values())
    assert counts.total() == len(CALLEES) == 20_000
    assert chi_square(counts, numbers) < CHI_SQUARE_BOUND[len(numbers) - 1]


@pytest.mark.parametrize("numbers", [CONSECUTIVE, SCATTERED])
def test_when_a_number_goes_only_its_own_callees_move_and_they_spread_evenly(numbers: list[str]) -> None:
    before = choices(numbers)
    for gone in numbers:
        rest = [each for each in numbers if each != gone]
        after = choices(rest)
        assert {callee for callee in CALLEES if after[callee] != before[callee]} == {
            callee for callee in CALLEES if before[callee] == gone
        }
        heirs = Counter(after[callee] for callee in CALLEES if before[callee] == gone)
        assert chi_square(heirs, rest) < CHI_SQUARE_BOUND[len(rest) - 1]


def test_the_order_of_the_numbers_does_not_matter() -> None:
    callees = CALLEES[:500]
    assert choices(CONSECUTIVE, callees) == choices(CONSECUTIVE[::-1], callees)
    assert choices(SCATTERED, callees) == choices(sorted(SCATTERED, key=hash64), callees)


def test_numbers_that_weigh_the_same_are_chosen_in_any_order_alike() -> None:
    # Two phone numbers with one hash: rarer than anyone will see, and no reason to differ.
    twins = [("+14155550100", 1), ("+14155550101", 1)]
    assert choose_number(twins, "+14155550172") == choose_number(twins[::-1], "+14155550172")


@pytest.mark.parametrize(
    ("callee", "consecutive", "scattered"),
    [
        ("+14155550172", "+14155550101", "+442079460000"),
        ("+14155550173", "+14155550101", "+15105550199"),
        ("+15105550172", "+14155550102", "+12125550100"),
        ("+16285550172", "+14155550104", "+16285552000"),
        ("+19255551234", "+14155550100", "+13105550142"),
        ("+442083660177", "+14155550101", "+16285552000"),
    ],
)
def test_the_choice_is_the_same_in_every_release(callee: str, consecutive: str, scattered: str) -> None:
    # Servers of two releases run side by side, and a callee knows the number from
    # the calls before: another hash would show most callees another number.
    assert choose_number(candidates(CONSECUTIVE), callee) == consecutive
    assert choose_number(candidates(SCATTERED), callee) == scattered


def test_the_hash_is_the_same_in_every_release() -> None:
    assert hash64("+14155550100") == 0x74F21C74DB99EDF7


def test_a_callee_that_is_a_candidate_is_shown_what_it_would_be_without_it() -> None:
    for callee in CONSECUTIVE:
        rest = [each for each in CONSECUTIVE if each != callee]
        assert choose_number(candidates(CONSECUTIVE), callee) == choose_number(candidates(rest), callee)


@pytest.mark.parametrize("callee", ["+14155550172", "+14155550100"])
def test_without_a_number_that_may_be_shown_none_is_chosen(callee: str) -> None:
    assert choose_number((), callee) is None
    assert choose_number(candidates([callee]), callee) is None
    assert choose_number([*candidates([callee]), *candidates([callee])], callee) is None


# What is there to choose from.


@pytest.mark.parametrize("state", NumberState)
def test_only_active_numbers_are_shown(state: NumberState) -> None:
    ann = User("acme", "ann", caller_id="+12125550142")
    acme = snapshot(number("+14155550100", state, "510"), users=[ann])
    local = decide_caller_id(acme, "ann", "+14155550172")
    mapped = decide_caller_id(acme, "ann", "+15105550172")
    if state is NumberState.ACTIVE:
        assert (local.caller_id, local.reason) == ("+14155550100", CallerIdReason.LOCAL_PRESENCE)
        assert (mapped.caller_id, mapped.reason) == ("+14155550100", CallerIdReason.LOCAL_PRESENCE_MAPPED)
    else:
        assert {local.reason, mapped.reason} == {CallerIdReason.AGENT_CALLER_ID}
        assert {local.caller_id, mapped.caller_id} == {"+12125550142"}


def test_a_number_that_is_not_active_hides_no_other() -> None:
    acme = snapshot(
        number("+14155550100", NumberState.PURCHASING),
        number("+14155550101"),
        number("+14155550102", NumberState.RELEASING),
        users=[User("acme", "ann")],
    )
    shown = {decide_caller_id(acme, "ann", callee).caller_id for callee in CALLEES[:100]}
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
def test_a_number_can_be_deleted_unless_its_purchase_is_under_way(state: NumberState) -> None:
    if state is not NumberState.PURCHASING:
        require_deletable(number("+14155550100", state))
        return
    with pytest.raises(NumberNotActive) as raised:
        require_deletable(number("+14155550100", state))
    assert raised.value.metadata == {"phone_number": "+14155550100", "state": "PURCHASING"}


# What else a decision says.


def test_a_decision_says_on_which_revision_it_was_made() -> None:
    acme = snapshot(number("+14155550100"), users=[User("acme", "ann")])
    assert decide_caller_id(acme, "ann", "+14155550172").revision == 7


@pytest.mark.parametrize(("callee", "area_code"), [("+14155550172", "415"), ("+18005550172", "")])
def test_a_refusal_says_for_whom_there_is_no_caller_id(callee: str, area_code: str) -> None:
    acme = snapshot(number("+15105550100"), users=[User("acme", "ann")])
    with pytest.raises(NoCallerId) as raised:
        decide_caller_id(acme, "ann", callee)
    assert raised.value.metadata == {
        "organization_id": "acme",
        "user_id": "ann",
        "callee_area_code": area_code,
    }


def test_an_unknown_user_is_named() -> None:
    with pytest.raises(UserNotFound) as raised:
        decide_caller_id(snapshot(number("+14155550100")), "ann", "+14155550172")
    assert raised.value.metadata == {"organization_id": "acme", "user_id": "ann"}
