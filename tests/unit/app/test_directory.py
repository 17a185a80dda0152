"""Organizations and users: what may be set, what counts as a change, and what deleting takes."""

import asyncio
from dataclasses import replace

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import (
    InvalidFields,
    NumberInUse,
    OrganizationHasNumbers,
    OrganizationNotFound,
    PurchasePending,
    UserNotFound,
)
from localdial_server.domain.model import Organization, User
from tests.unit.app.house import A, B, House

FIRST, SECOND = "+14155550100", "+14155550101"
OWNED_FROM_START = "+14155550199"
ANNA = User(A, "anna", "Anna", caller_id="+14155550150", work_phone="+14155550151")
BEN = User(A, "ben", "Ben")


async def test_setting_an_organization_creates_or_replaces_it_and_answers_its_revision(house: House) -> None:
    for revision, organization in enumerate(
        [Organization("new", "name", FIRST), Organization("new"), Organization("new", "other", SECOND)], 1
    ):
        assert await house.directory.set_organization(organization) == revision
        assert await house.directory.get_organization("new") == (organization, revision)


async def test_setting_an_organization_as_it_is_changes_no_revision(house: House) -> None:
    organization = Organization(A, "name", FIRST)
    revision = await house.directory.set_organization(organization)
    assert await house.directory.set_organization(organization) == revision
    assert await house.revision() == revision


async def test_the_organization_number_is_where_calls_to_it_are_for(house: House) -> None:
    await house.add_organization(A, FIRST)
    assert await house.owner_of(FIRST) == A
    await house.add_organization(A, SECOND)
    assert (await house.owner_of(FIRST), await house.owner_of(SECOND)) == (None, A)
    await house.add_organization(B, FIRST)
    assert await house.owner_of(FIRST) == B


async def test_two_organizations_cannot_have_one_organization_number(house: House) -> None:
    await house.add_organization(A, FIRST)
    with pytest.raises(NumberInUse) as refused:
        await house.directory.set_organization(Organization(B, "new name", FIRST))
    assert refused.value.metadata["phone_number"] == FIRST
    assert await house.directory.get_organization(B) == (Organization(B), 1)
    assert await house.owner_of(FIRST) == A


async def test_of_organizations_that_take_a_number_at_once_one_gets_it(house: House) -> None:
    outcomes = await asyncio.gather(
        house.add_organization(A, FIRST), house.add_organization(B, FIRST), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "NumberInUse"]


async def test_a_refused_organization_is_not_created(house: House) -> None:
    await house.add_organization(A, FIRST)
    with pytest.raises(NumberInUse):
        await house.add_organization("new", FIRST)
    with pytest.raises(OrganizationNotFound):
        await house.directory.get_organization("new")
    assert await house.revision("new") == 0


async def test_a_number_of_an_inventory_cannot_be_the_organization_number_of_others(house: House) -> None:
    await house.bought()
    with pytest.raises(NumberInUse):
        await house.add_organization(B, FIRST)
    await house.add_organization(A, FIRST)
    assert await house.owner_of(FIRST) == A


async def test_an_organization_number_cannot_come_into_the_inventory_of_others(house: House) -> None:
    await house.add_organization(A, OWNED_FROM_START)
    answer = await house.importing.import_numbers(B, [OWNED_FROM_START])
    assert [failure.error.reason for failure in answer.failures] == ["NUMBER_IN_USE"]
    await house.add_organization(A)
    answer = await house.importing.import_numbers(B, [OWNED_FROM_START])
    assert answer.failures == ()


async def test_a_number_that_stays_in_the_inventory_stays_claimed(house: House) -> None:
    await house.bought()
    await house.add_organization(A, FIRST)
    await house.add_organization(A)
    assert await house.owner_of(FIRST) == A
    with pytest.raises(NumberInUse):
        await house.add_organization(B, FIRST)


async def test_an_organization_with_numbers_is_not_deleted(house: House) -> None:
    await house.bought(2)
    with pytest.raises(OrganizationHasNumbers) as refused:
        await house.directory.delete_organization(A)
    assert refused.value.metadata["number_count"] == "2"
    assert await house.shown() == {FIRST, SECOND}


async def test_an_organization_is_not_deleted_while_the_carrier_may_have_a_number_for_it(
    house: House,
) -> None:
    await house.bought()
    house.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await house.delete(FIRST)
    with pytest.raises(OrganizationHasNumbers):
        await house.directory.delete_organization(A)
    await house.sweep.sweep()
    house.faults.add(Operation.ORDER, Fault.REQUEST_LOST)
    with pytest.raises(PurchasePending):
        await house.purchase()
    with pytest.raises(OrganizationHasNumbers):
        await house.directory.delete_organization(A)
    await house.sweep_later()
    await house.directory.delete_organization(A)
    with pytest.raises(OrganizationNotFound):
        await house.directory.get_organization(A)


async def test_a_deleted_organization_takes_its_users_and_gives_up_its_number(house: House) -> None:
    await house.add_organization(A, FIRST)
    await house.directory.set_users(A, [ANNA])
    await house.directory.delete_organization(A)
    for gone in house.directory.get_organization(A), house.directory.get_user(A, "anna"):
        with pytest.raises(OrganizationNotFound):
            await gone
    assert await house.owner_of(FIRST) is None
    await house.add_organization(B, FIRST)
    await house.add_organization(A)
    assert await house.directory.list_users(A, "", 9) == ([], 0)


async def test_a_deleted_organization_is_on_no_call_any_more(house: House) -> None:
    await house.snapshots.get(A)
    await house.directory.delete_organization(A)
    assert house.snapshots.cached(A) is None
    with pytest.raises(OrganizationNotFound):
        await house.snapshots.get(A)


async def test_an_organization_that_is_created_again_goes_on_with_its_revision(house: House) -> None:
    revision = await house.directory.set_users(A, [ANNA])
    assert await house.directory.delete_organization(A) == revision + 1
    assert await house.directory.set_organization(Organization(A, "again")) == revision + 2
    assert (await house.snapshots.get(A, min_revision=revision + 2)).caller_ids == {}


async def test_an_unknown_organization_cannot_be_deleted_and_has_no_users(house: House) -> None:
    unknown = "unknown"
    for attempt in (
        house.directory.delete_organization(unknown),
        house.directory.get_organization(unknown),
        house.directory.set_users(unknown, [User(unknown, "anna")]),
        house.directory.set_users(unknown, [], validate_only=True),
        house.directory.get_user(unknown, "anna"),
        house.directory.list_users(unknown, "", 9),
        house.directory.delete_user(unknown, "anna"),
    ):
        with pytest.raises(OrganizationNotFound):
            await attempt
    assert await house.revision(unknown) == 0


async def test_organizations_are_listed_with_their_revisions_and_count(house: House) -> None:
    await house.add_organization(B, FIRST)
    assert await house.directory.list_organizations("", 1) == ([(Organization(A), 1)], 2)
    assert await house.directory.list_organizations(A, 9) == ([(Organization(B, "", FIRST), 2)], 2)


async def test_setting_users_is_one_change_however_many_they_are(house: House) -> None:
    assert await house.directory.set_users(A, [ANNA, BEN]) == 2
    assert await house.directory.get_user(A, "anna") == ANNA
    assert await house.directory.list_users(A, "", 9) == ([ANNA, BEN], 2)
    assert await house.directory.list_users(A, "anna", 9) == ([BEN], 2)


async def test_setting_users_as_they_are_changes_no_revision(house: House) -> None:
    revision = await house.directory.set_users(A, [ANNA, BEN])
    assert await house.directory.set_users(A, [BEN, ANNA]) == revision
    assert await house.directory.set_users(A, [BEN]) == revision
    assert await house.directory.set_users(A, []) == revision
    changed = replace(ANNA, caller_id=None)
    assert await house.directory.set_users(A, [BEN, changed]) == revision + 1
    assert await house.directory.list_users(A, "", 9) == ([changed, BEN], 2)


async def test_users_are_set_all_or_none_and_every_fault_is_named(house: House) -> None:
    with pytest.raises(InvalidFields) as refused:
        await house.directory.set_users(A, [ANNA, User(B, "carl"), BEN, ANNA, User(B, "ben")])
    assert [violation.field for violation in refused.value.violations] == [
        "users[1].organization_id",
        "users[3].user_id",
        "users[4].organization_id",
        "users[4].user_id",
    ]
    assert await house.directory.list_users(A, "", 9) == ([], 0)
    assert await house.revision() == 1


async def test_users_that_are_only_validated_are_not_stored(house: House) -> None:
    assert await house.directory.set_users(A, [ANNA], validate_only=True) == 1
    assert await house.directory.list_users(A, "", 9) == ([], 0)
    with pytest.raises(InvalidFields):
        await house.directory.set_users(A, [ANNA, ANNA], validate_only=True)


async def test_a_user_is_on_calls_as_set_from_the_answer_on(house: House) -> None:
    await house.snapshots.get(A)
    for user in ANNA, replace(ANNA, caller_id=None):
        revision = await house.directory.set_users(A, [user])
        snapshot = house.snapshots.cached(A)
        assert snapshot is not None
        assert (snapshot.revision, snapshot.caller_ids) == (revision, {"anna": user.caller_id})
    revision = await house.directory.delete_user(A, "anna")
    snapshot = house.snapshots.cached(A)
    assert snapshot is not None
    assert (snapshot.revision, snapshot.caller_ids) == (revision, {})


async def test_a_user_is_deleted_once(house: House) -> None:
    revision = await house.directory.set_users(A, [ANNA, BEN])
    assert await house.directory.delete_user(A, "anna") == revision + 1
    for gone in house.directory.delete_user(A, "anna"), house.directory.get_user(A, "anna"):
        with pytest.raises(UserNotFound):
            await gone
    assert await house.revision() == revision + 1
    assert await house.directory.list_users(A, "", 9) == ([BEN], 1)
