"""API keys: who they are for, how long each secret is valid, and what ends them."""

from dataclasses import replace

import pytest

from localdial_server.domain.api_keys import ApiKey, hash_of, key_id_of
from localdial_server.domain.errors import (
    ApiKeyNotActive,
    ApiKeyNotFound,
    InvalidFields,
    OrganizationNotFound,
)
from localdial_server.domain.principals import Principal, Role
from tests.unit.app.harness import A, B, Harness

_DAY = 24 * 3600 * 1_000_000


async def _listed(harness: Harness, organization_id: str | None = None) -> list[ApiKey]:
    keys, total = await harness.administration.list_api_keys(organization_id, "", 99)
    assert total == len(keys)
    return list(keys)


async def test_a_key_is_created_with_its_secret_of_which_only_the_hash_is_stored(harness: Harness) -> None:
    made = await harness.administration.create_api_key("dialer 1", Role.DIALER, A, None)
    assert key_id_of(made.text) == made.api_key.key_id
    assert made.api_key.secret_hash == hash_of(made.text)
    assert made.api_key.expire_time is None
    assert made.api_key.principal == Principal(f"key:{made.api_key.key_id}", Role.DIALER, A)
    assert await _listed(harness) == [made.api_key]


async def test_a_key_expires_as_long_after_its_creation_as_the_caller_says(harness: Harness) -> None:
    made = await harness.administration.create_api_key("soon over", Role.ADMIN, None, 60_000_000)
    assert made.api_key.expire_time == made.api_key.create_time + 60_000_000


@pytest.mark.parametrize("role", Role)
async def test_a_key_is_for_an_organization_exactly_if_its_role_is(harness: Harness, role: Role) -> None:
    right, wrong = (A, None) if role.has_organization else (None, A)
    await harness.administration.create_api_key("right", role, right, None)
    with pytest.raises(InvalidFields, match="organization_id"):
        await harness.administration.create_api_key("wrong", role, wrong, None)
    assert len(await _listed(harness)) == 1


async def test_no_key_is_created_for_an_organization_that_does_not_exist(harness: Harness) -> None:
    with pytest.raises(OrganizationNotFound):
        await harness.administration.create_api_key("nobody's", Role.VIEWER, "absent", None)
    assert not await _listed(harness)


async def test_a_rotation_keeps_the_former_secret_for_a_while_and_ends_the_one_before(
    harness: Harness,
) -> None:
    first = await harness.administration.create_api_key("dialer", Role.DIALER, A, None)
    second = await harness.administration.rotate_api_key(first.api_key.key_id)
    rotated = second.api_key.rotate_time
    assert rotated is not None
    assert second.api_key == replace(
        first.api_key,
        secret_hash=hash_of(second.text),
        former_hash=hash_of(first.text),
        former_expire_time=rotated + _DAY,
        rotate_time=rotated,
    )
    third = await harness.administration.rotate_api_key(first.api_key.key_id, 5)
    assert len({first.text, second.text, third.text}) == 3
    assert third.api_key.former_hash == hash_of(second.text)
    assert third.api_key.former_expire_time == (third.api_key.rotate_time or 0) + 5
    assert await _listed(harness) == [third.api_key]


async def test_revoking_a_key_twice_changes_nothing_the_second_time(harness: Harness) -> None:
    made = await harness.administration.create_api_key("dialer", Role.DIALER, A, None)
    revoked = await harness.administration.revoke_api_key(made.api_key.key_id)
    assert revoked == replace(made.api_key, revoke_time=revoked.revoke_time)
    assert revoked.revoke_time is not None
    assert await harness.administration.revoke_api_key(made.api_key.key_id) == revoked


async def test_a_key_that_has_ended_gets_no_new_secret(harness: Harness) -> None:
    revoked = await harness.administration.create_api_key("revoked", Role.ADMIN, None, None)
    await harness.administration.revoke_api_key(revoked.api_key.key_id)
    expired = await harness.administration.create_api_key("expired", Role.ADMIN, None, 1)
    for made in revoked, expired:
        with pytest.raises(ApiKeyNotActive):
            await harness.administration.rotate_api_key(made.api_key.key_id)


async def test_a_key_that_does_not_exist_is_not_found(harness: Harness) -> None:
    with pytest.raises(ApiKeyNotFound):
        await harness.administration.rotate_api_key("absent")
    with pytest.raises(ApiKeyNotFound):
        await harness.administration.revoke_api_key("absent")


async def test_deleting_an_organization_revokes_its_keys_and_no_others(harness: Harness) -> None:
    others = [
        await harness.administration.create_api_key("other", Role.MANAGER, A, None),
        await harness.administration.create_api_key("admin", Role.ADMIN, None, None),
    ]
    made = await harness.administration.create_api_key("theirs", Role.MANAGER, B, None)
    await harness.directory.delete_organization(B)
    (found,) = await _listed(harness, B)
    assert found.key_id == made.api_key.key_id
    assert found.revoke_time is not None
    assert all(key.revoke_time is None for key in await _listed(harness) if key.organization_id != B)
    assert len(await _listed(harness)) == len(others) + 1


def test_the_representation_of_a_key_shows_no_hash() -> None:
    key = ApiKey(
        key_id="id", display_name="", role=Role.ADMIN, organization_id=None, secret_hash="x", create_time=1
    )
    assert "secret_hash" not in repr(key)
