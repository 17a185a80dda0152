"""Organizations and users: valid values, what counts as a change, and what a deletion removes."""

import asyncio
from dataclasses import replace

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import (
    InvalidFields,
    NumberInUse,
    OrganizationHasNumbers,
    OrganizationNotFound,
    PurchasePending,
    UserNotFound,
)
from localdial_server.domain.model import Organization, User
from tests.unit.app.harness import FIRST, SECOND, A, B, Harness

OWNED_FROM_START = "+14155550199"
ANNA = User(A, "anna", "Anna", caller_id="+14155550150", work_phone="+14155550151")
BEN = User(A, "ben", "Ben")


async def test_setting_an_organization_creates_or_replaces_it_and_returns_its_revision(
    harness: Harness,
) -> None:
    for revision, organization in enumerate(
        [Organization("new", "name", FIRST), Organization("new"), Organization("new", "other", SECOND)], 1
    ):
        assert await harness.directory.set_organization(organization) == revision
        assert await harness.directory.get_organization("new") == (organization, revision)


async def test_setting_an_organization_as_it_is_changes_no_revision(harness: Harness) -> None:
    organization = Organization(A, "name", FIRST)
    revision = await harness.directory.set_organization(organization)
    assert await harness.directory.set_organization(organization) == revision
    assert await harness.revision() == revision


async def test_calls_to_the_organization_number_belong_to_the_organization(harness: Harness) -> None:
    await harness.add_organization(A, FIRST)
    assert await harness.owner_of(FIRST) == A
    await harness.add_organization(A, SECOND)
    assert (await harness.owner_of(FIRST), await harness.owner_of(SECOND)) == (None, A)
    await harness.add_organization(B, FIRST)
    assert await harness.owner_of(FIRST) == B


async def test_two_organizations_cannot_have_one_organization_number(harness: Harness) -> None:
    await harness.add_organization(A, FIRST)
    with pytest.raises(NumberInUse) as refused:
        await harness.directory.set_organization(Organization(B, "new name", FIRST))
    assert refused.value.metadata["phone_number"] == FIRST
    assert await harness.directory.get_organization(B) == (Organization(B), 1)
    assert await harness.owner_of(FIRST) == A


async def test_one_of_several_organizations_that_set_the_same_number_at_once_gets_it(
    harness: Harness,
) -> None:
    outcomes = await asyncio.gather(
        harness.add_organization(A, FIRST), harness.add_organization(B, FIRST), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "NumberInUse"]


async def test_a_refused_organization_is_not_created(harness: Harness) -> None:
    await harness.add_organization(A, FIRST)
    with pytest.raises(NumberInUse):
        await harness.add_organization("new", FIRST)
    with pytest.raises(OrganizationNotFound):
        await harness.directory.get_organization("new")
    assert await harness.revision("new") == 0


async def test_a_number_in_an_inventory_cannot_be_the_organization_number_of_another_organization(
    harness: Harness,
) -> None:
    await harness.bought()
    with pytest.raises(NumberInUse):
        await harness.add_organization(B, FIRST)
    await harness.add_organization(A, FIRST)
    assert await harness.owner_of(FIRST) == A


async def test_an_organization_number_cannot_enter_the_inventory_of_another_organization(
    harness: Harness,
) -> None:
    await harness.add_organization(A, OWNED_FROM_START)
    answer = await harness.importing.import_numbers(B, [OWNED_FROM_START])
    assert [failure.error.reason for failure in answer.failures] == ["NUMBER_IN_USE"]
    await harness.add_organization(A)
    answer = await harness.importing.import_numbers(B, [OWNED_FROM_START])
    assert answer.failures == ()


async def test_a_number_that_stays_in_the_inventory_stays_claimed(harness: Harness) -> None:
    await harness.bought()
    await harness.add_organization(A, FIRST)
    await harness.add_organization(A)
    assert await harness.owner_of(FIRST) == A
    with pytest.raises(NumberInUse):
        await harness.add_organization(B, FIRST)


async def test_an_organization_with_numbers_is_not_deleted(harness: Harness) -> None:
    await harness.bought(2)
    with pytest.raises(OrganizationHasNumbers, match="owns 2 numbers; delete them first") as refused:
        await harness.directory.delete_organization(A)
    assert refused.value.metadata["number_count"] == "2"
    assert await harness.shown() == {FIRST, SECOND}


async def test_an_organization_with_an_order_of_unknown_outcome_cannot_be_deleted(
    harness: Harness,
) -> None:
    await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await harness.delete(FIRST)
    with pytest.raises(OrganizationHasNumbers, match="owns 1 number; delete it first"):
        await harness.directory.delete_organization(A)
    await harness.sweep.sweep()
    harness.faults.add(Operation.ORDER, Fault.RESET_BEFORE)
    with pytest.raises(PurchasePending):
        await harness.purchase()
    with pytest.raises(OrganizationHasNumbers):
        await harness.directory.delete_organization(A)
    await harness.sweep_later()
    await harness.directory.delete_organization(A)
    with pytest.raises(OrganizationNotFound):
        await harness.directory.get_organization(A)


async def test_deleting_an_organization_deletes_its_users_and_frees_its_number(
    harness: Harness,
) -> None:
    await harness.add_organization(A, FIRST)
    await harness.directory.set_users(A, [ANNA])
    await harness.directory.delete_organization(A)
    for gone in harness.directory.get_organization(A), harness.directory.get_user(A, "anna"):
        with pytest.raises(OrganizationNotFound):
            await gone
    assert await harness.owner_of(FIRST) is None
    await harness.add_organization(B, FIRST)
    await harness.add_organization(A)
    assert await harness.directory.list_users(A, "", 9) == ([], 0)


async def test_a_deleted_organization_no_longer_resolves_calls(harness: Harness) -> None:
    await harness.snapshots.get(A)
    await harness.directory.delete_organization(A)
    assert harness.snapshots.cached(A) is None
    with pytest.raises(OrganizationNotFound):
        await harness.snapshots.get(A)


async def test_an_organization_that_is_created_again_continues_its_revision(
    harness: Harness,
) -> None:
    revision = await harness.directory.set_users(A, [ANNA])
    assert await harness.directory.delete_organization(A) == revision + 1
    assert await harness.directory.set_organization(Organization(A, "again")) == revision + 2
    assert (await harness.snapshots.get(A, min_revision=revision + 2)).caller_ids == {}


async def test_an_unknown_organization_cannot_be_deleted_and_has_no_users(harness: Harness) -> None:
    unknown = "unknown"
    for attempt in (
        harness.directory.delete_organization(unknown),
        harness.directory.get_organization(unknown),
        harness.directory.set_users(unknown, [User(unknown, "anna")]),
        harness.directory.set_users(unknown, [], validate_only=True),
        harness.directory.get_user(unknown, "anna"),
        harness.directory.list_users(unknown, "", 9),
        harness.directory.delete_user(unknown, "anna"),
    ):
        with pytest.raises(OrganizationNotFound):
            await attempt
    assert await harness.revision(unknown) == 0


async def test_organizations_are_listed_with_their_revisions_and_total(harness: Harness) -> None:
    await harness.add_organization(B, FIRST)
    assert await harness.directory.list_organizations("", 1) == ([(Organization(A), 1)], 2)
    assert await harness.directory.list_organizations(A, 9) == ([(Organization(B, "", FIRST), 2)], 2)


async def test_setting_many_users_is_one_change(harness: Harness) -> None:
    assert await harness.directory.set_users(A, [ANNA, BEN]) == 2
    assert await harness.directory.get_user(A, "anna") == ANNA
    assert await harness.directory.list_users(A, "", 9) == ([ANNA, BEN], 2)
    assert await harness.directory.list_users(A, "anna", 9) == ([BEN], 2)


async def test_setting_users_as_they_are_changes_no_revision(harness: Harness) -> None:
    revision = await harness.directory.set_users(A, [ANNA, BEN])
    assert await harness.directory.set_users(A, [BEN, ANNA]) == revision
    assert await harness.directory.set_users(A, [BEN]) == revision
    assert await harness.directory.set_users(A, []) == revision
    changed = replace(ANNA, caller_id=None)
    assert await harness.directory.set_users(A, [BEN, changed]) == revision + 1
    assert await harness.directory.list_users(A, "", 9) == ([changed, BEN], 2)


async def test_users_are_set_all_or_none_and_every_error_is_reported(harness: Harness) -> None:
    with pytest.raises(InvalidFields) as refused:
        await harness.directory.set_users(A, [ANNA, User(B, "carl"), BEN, ANNA, User(B, "ben")])
    assert [violation.field for violation in refused.value.violations] == [
        "users[1].organization_id",
        "users[3].user_id",
        "users[4].organization_id",
        "users[4].user_id",
    ]
    assert await harness.directory.list_users(A, "", 9) == ([], 0)
    assert await harness.revision() == 1


async def test_users_that_are_only_validated_are_not_stored(harness: Harness) -> None:
    assert await harness.directory.set_users(A, [ANNA], validate_only=True) == 1
    assert await harness.directory.list_users(A, "", 9) == ([], 0)
    with pytest.raises(InvalidFields):
        await harness.directory.set_users(A, [ANNA, ANNA], validate_only=True)


async def test_a_changed_user_is_used_for_calls_as_soon_as_the_change_returns(harness: Harness) -> None:
    await harness.snapshots.get(A)
    for user in ANNA, replace(ANNA, caller_id=None):
        revision = await harness.directory.set_users(A, [user])
        snapshot = harness.snapshots.cached(A)
        assert snapshot is not None
        assert (snapshot.revision, snapshot.caller_ids) == (revision, {"anna": user.caller_id})
    revision = await harness.directory.delete_user(A, "anna")
    snapshot = harness.snapshots.cached(A)
    assert snapshot is not None
    assert (snapshot.revision, snapshot.caller_ids) == (revision, {})


async def test_a_user_is_deleted_once(harness: Harness) -> None:
    revision = await harness.directory.set_users(A, [ANNA, BEN])
    assert await harness.directory.delete_user(A, "anna") == revision + 1
    for gone in harness.directory.delete_user(A, "anna"), harness.directory.get_user(A, "anna"):
        with pytest.raises(UserNotFound):
            await gone
    assert await harness.revision() == revision + 1
    assert await harness.directory.list_users(A, "", 9) == ([BEN], 1)
