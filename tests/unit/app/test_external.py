"""Numbers that are held elsewhere: shown and routed, but no carrier is asked about them."""

import asyncio

import pytest

from localdial_server.app.outbound_calls import Leg
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import OrganizationHasNumbers, OrganizationNotFound
from localdial_server.domain.model import EXTERNAL, NumberState, User
from localdial_server.domain.spending import Limits, SpendingLimits
from tests.unit.app.harness import FIRST, SECOND, A, B, Harness

OWNED_FROM_START = "+14155550199"
HELD, OTHER = "+14155550142", "+16285550142"
TOLL_FREE, LONDON = "+18005550142", "+442079460142"


async def test_an_external_number_is_active_and_shown_and_no_carrier_is_asked(harness: Harness) -> None:
    for operation in Operation:
        harness.faults.lasting[operation] = Fault.UNAVAILABLE
    answer = await harness.external.import_numbers(A, [HELD, TOLL_FREE, LONDON])
    assert [number.phone_number for number in answer.numbers] == [HELD, TOLL_FREE, LONDON]
    assert [number.area_code for number in answer.numbers] == ["415", None, "+4420"]
    assert {(number.carrier, number.state) for number in answer.numbers} == {(EXTERNAL, NumberState.ACTIVE)}
    assert answer.failures == ()
    assert "STIR/SHAKEN" in answer.notice
    assert answer.revision == await harness.revision()
    assert await harness.numbers() == sorted(answer.numbers, key=lambda number: number.phone_number)
    assert await harness.shown() == {HELD}
    assert await harness.owner_of(HELD) == A
    assert not harness.carrier.calls


async def test_importing_again_returns_the_number_and_changes_nothing(harness: Harness) -> None:
    first = await harness.external.import_numbers(A, [HELD])
    await harness.inventory.map_area_codes(A, HELD, ["628"])
    revision = await harness.revision()
    harness.clock.advance(60)
    again = await harness.external.import_numbers(A, [HELD])
    assert [number.purchase_time for number in again.numbers] == [first.numbers[0].purchase_time]
    assert (again.failures, again.revision) == ((), revision)
    assert again.numbers[0].mapped_area_codes == ("628",)


async def test_call_backs_to_an_external_number_reach_the_agent_who_called(harness: Harness) -> None:
    await harness.directory.set_users(A, [User(A, "ann", work_phone="+13125550151")])
    await harness.external.import_numbers(A, [HELD])
    await harness.outbound.resolve(Leg(A, "ann", "+14155550172"))
    routed = await harness.inbound.route(HELD, "+14155550172")
    assert (routed.organization_id, routed.destination_number) == (A, "+13125550151")


async def test_each_number_that_cannot_be_external_has_a_reason(harness: Harness) -> None:
    (releasing,) = await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await harness.delete(releasing)
    (bought,) = await harness.bought()
    await harness.external.import_numbers(B, [OTHER])
    await harness.add_organization("rival", LONDON)
    harness.carrier.calls.clear()
    answer = await harness.external.import_numbers(A, [releasing, bought, OTHER, LONDON, HELD])
    assert [number.phone_number for number in answer.numbers] == [HELD]
    assert [(failure.phone_number, failure.error.reason) for failure in answer.failures] == [
        (releasing, "NUMBER_NOT_ACTIVE"),
        (bought, "NUMBER_IN_USE"),
        (OTHER, "NUMBER_IN_USE"),
        (LONDON, "NUMBER_IN_USE"),
    ]
    assert "from its carrier account" in answer.failures[1].error.message
    assert (await harness.inventory.get_number(A, bought)).carrier == "simulator"
    assert not harness.carrier.calls


async def test_an_external_number_is_not_imported_from_the_account_too(harness: Harness) -> None:
    await harness.external.import_numbers(A, [OWNED_FROM_START])
    for configure in False, True:
        answer = await harness.importing.import_numbers(A, [OWNED_FROM_START, OTHER], configure=configure)
        assert [failure.error.reason for failure in answer.failures] == [
            "NUMBER_IN_USE",
            "NUMBER_NOT_AT_CARRIER",
        ]
        assert "delete it first" in answer.failures[0].error.message
    assert harness.carrier.calls[Operation.CONFIGURE] == 0
    # Once forgotten, it can be: that is how a number moves to the carrier account.
    await harness.delete(OWNED_FROM_START)
    answer = await harness.importing.import_numbers(A, [OWNED_FROM_START])
    assert [number.carrier for number in answer.numbers] == ["simulator"]


async def test_an_import_from_the_account_that_began_before_does_not_take_the_number(
    harness: Harness,
) -> None:
    looked_up = harness.carrier.hold_answer(Operation.FIND_BY_NUMBER)
    importing = asyncio.create_task(harness.importing.import_numbers(A, [OWNED_FROM_START]))
    await looked_up.reached()
    await harness.external.import_numbers(A, [OWNED_FROM_START])
    looked_up.open()
    answer = await importing
    assert [failure.error.reason for failure in answer.failures] == ["NUMBER_IN_USE"]
    assert [number.carrier for number in await harness.numbers()] == [EXTERNAL]


async def test_a_number_that_is_being_imported_from_the_account_is_not_taken(harness: Harness) -> None:
    importing, claimed = await harness.import_until_claimed(OWNED_FROM_START)
    answer = await harness.external.import_numbers(A, [OWNED_FROM_START])
    assert [failure.error.reason for failure in answer.failures] == ["NUMBER_NOT_ACTIVE"]
    claimed.open()
    assert [number.carrier for number in (await importing).numbers] == ["simulator"]


async def test_the_limit_on_numbers_counts_external_ones_and_repeats_are_not_held_up(
    harness: Harness,
) -> None:
    harness.limits = SpendingLimits(Limits(numbers=2, purchases_per_day=0))
    await harness.restart()
    answer = await harness.external.import_numbers(A, [HELD, OTHER, LONDON])
    assert [number.phone_number for number in answer.numbers] == [HELD, OTHER]
    (failure,) = answer.failures
    assert (failure.phone_number, failure.error.reason) == (LONDON, "NUMBER_LIMIT_REACHED")
    assert failure.error.metadata == {"organization_id": A, "limit": "2"}
    assert await harness.owner_of(LONDON) is None
    again = await harness.external.import_numbers(A, [HELD, OTHER])
    assert (len(again.numbers), again.failures) == (2, ())


async def test_an_unknown_organization_imports_nothing(harness: Harness) -> None:
    with pytest.raises(OrganizationNotFound):
        await harness.external.import_numbers("unknown", [HELD])
    assert await harness.owner_of(HELD) is None


async def test_one_of_several_organizations_that_import_a_number_at_once_gets_it(harness: Harness) -> None:
    answers = await asyncio.gather(*(harness.external.import_numbers(one, [HELD]) for one in (A, B)))
    assert sorted(len(answer.numbers) for answer in answers) == [0, 1]
    assert [failure.error.reason for answer in answers for failure in answer.failures] == ["NUMBER_IN_USE"]


async def test_deleting_only_forgets_an_external_number_even_if_the_account_owns_it(harness: Harness) -> None:
    await harness.external.import_numbers(A, [HELD, OWNED_FROM_START])
    await harness.inventory.map_area_codes(A, HELD, ["628"])
    for operation in Operation:
        harness.faults.lasting[operation] = Fault.UNAVAILABLE
    answer = await harness.delete(HELD, OWNED_FROM_START)
    assert [(one.phone_number, one.state, one.mapped_area_codes) for one in answer.deleted] == [
        (HELD, NumberState.RELEASED, ()),
        (OWNED_FROM_START, NumberState.RELEASED, ()),
    ]
    assert answer.revision == await harness.revision()
    assert await harness.numbers() == []
    assert await harness.shown() == await harness.shown("628") == set()
    assert await harness.owner_of(HELD) is None
    assert not harness.carrier.calls
    # The same request gets the same answer, and another one finds nothing.
    assert await harness.delete(HELD, OWNED_FROM_START) == answer
    other = await harness.delete(HELD, request_id="another")
    assert [failure.error.reason for failure in other.failures] == ["NUMBER_NOT_FOUND"]
    harness.faults.clear()
    assert await harness.carrier.find_by_number(OWNED_FROM_START) is not None


async def test_numbers_of_both_kinds_are_deleted_in_one_request_in_its_order(harness: Harness) -> None:
    await harness.bought(2)
    await harness.external.import_numbers(A, [HELD])
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    answer = await harness.delete(FIRST, HELD, SECOND)
    assert [one.phone_number for one in answer.deleted] == [FIRST, HELD, SECOND]
    assert answer.deleted[1].state is NumberState.RELEASED
    assert sorted(one.state.value for one in answer.deleted) == ["released", "released", "releasing"]
    assert harness.carrier.calls[Operation.RELEASE] == 2


async def test_an_organization_number_that_is_forgotten_stays_the_organization_number(
    harness: Harness,
) -> None:
    await harness.add_organization(A, HELD)
    assert (await harness.external.import_numbers(A, [HELD])).failures == ()
    await harness.delete(HELD)
    assert await harness.owner_of(HELD) == A


async def test_an_organization_with_external_numbers_is_not_deleted(harness: Harness) -> None:
    await harness.external.import_numbers(A, [HELD])
    with pytest.raises(OrganizationHasNumbers):
        await harness.directory.delete_organization(A)
    await harness.delete(HELD)
    await harness.directory.delete_organization(A)


@pytest.mark.parametrize("configure", [False, True])
async def test_reconciling_leaves_external_numbers_alone(harness: Harness, *, configure: bool) -> None:
    await harness.external.import_numbers(A, [HELD, OWNED_FROM_START])
    report = await harness.reconciling.reconcile(A, configure=configure)
    assert not harness.carrier.calls, "the organization has no number at the carrier"
    (bought,) = await harness.bought()
    reports = [report, *[await harness.reconciling.reconcile(one, configure=configure) for one in (A, None)]]
    for report in reports:
        assert [report.missing, report.drifted, report.configured, report.still_open] == [[], [], [], []]
        assert [report.adopted, report.abandoned, report.released] == [[], [], []]
        assert not {HELD, OWNED_FROM_START} & {number.phone_number for number in report.strays}
    assert [[cost.number_count for cost in report.costs] for report in reports] == [[], [1], [1]]
    await harness.sweep_later()
    assert {number.phone_number for number in await harness.numbers()} == {bought, HELD, OWNED_FROM_START}
    assert harness.carrier.calls[Operation.CONFIGURE] == harness.carrier.calls[Operation.RELEASE] == 0


async def test_a_purchase_passes_over_a_number_that_is_held_elsewhere(harness: Harness) -> None:
    await harness.external.import_numbers(B, [FIRST])
    assert await harness.bought() == [SECOND]
    assert (await harness.inventory.get_number(B, FIRST)).carrier == EXTERNAL


async def test_external_numbers_are_not_importable(harness: Harness) -> None:
    await harness.external.import_numbers(B, [OWNED_FROM_START])
    importable = {number.phone_number for number in await harness.importing.importable(A)}
    assert OWNED_FROM_START not in importable
    assert importable


async def test_without_an_imported_number_there_is_no_notice(harness: Harness) -> None:
    await harness.external.import_numbers(B, [HELD])
    answer = await harness.external.import_numbers(A, [HELD])
    assert (answer.numbers, answer.notice) == ((), "")


async def test_hundreds_of_external_numbers_are_imported_up_to_the_limit(harness: Harness) -> None:
    harness.limits = SpendingLimits(Limits(numbers=250, purchases_per_day=1))
    await harness.restart()
    wanted = [f"+1415555{line:04}" for line in range(300)]
    answer = await harness.external.import_numbers(A, wanted)
    assert [number.phone_number for number in answer.numbers] == wanted[:250]
    assert [failure.phone_number for failure in answer.failures] == wanted[250:]
    assert {failure.error.reason for failure in answer.failures} == {"NUMBER_LIMIT_REACHED"}
    assert answer.revision == await harness.revision()
    assert "STIR/SHAKEN" in answer.notice
