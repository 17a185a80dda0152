"""Who may call which method for which organization: every method, role and organization."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message

from localdial_server.domain.principals import Role
from localdial_server.rpc.access import ROLES, MethodAccess, PermissionDenied
from tests.support.access import (
    EXPECTED,
    FOR_NO_ORGANIZATION,
    FOREIGN,
    OWN,
    is_expected,
    methods,
    principal,
    request_for,
)


def is_allowed(
    name: str, role: Role, request: Message, shares_account: Callable[[str], bool] = lambda _: False
) -> bool:
    try:
        MethodAccess(methods()[name], shares_account).require(principal(role), request)
    except PermissionDenied:
        return False
    return True


def cases() -> list[tuple[str, Role]]:
    return [(name, role) for name in methods() for role in Role]


def test_the_table_has_every_method_of_the_contract_and_no_other() -> None:
    assert set(ROLES) == set(methods()) == set(EXPECTED)


@pytest.mark.parametrize(("name", "role"), cases())
def test_a_role_calls_its_methods_for_its_own_organization(name: str, role: Role) -> None:
    assert is_allowed(name, role, request_for(name, OWN)) == (is_expected(name, role))


@pytest.mark.parametrize(("name", "role"), cases())
def test_only_gateways_and_admins_call_their_methods_for_another_organization(name: str, role: Role) -> None:
    reaches_all = not role.has_organization or name in FOR_NO_ORGANIZATION
    expected = reaches_all and is_expected(name, role)
    assert is_allowed(name, role, request_for(name, FOREIGN)) == expected


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - FOR_NO_ORGANIZATION))
def test_leaving_the_organization_out_reaches_no_other_one(name: str) -> None:
    for role in (Role.DIALER, Role.VIEWER, Role.MANAGER):
        assert not is_allowed(name, role, request_for(name, ""))


@pytest.mark.parametrize("method", ["ImportNumbers", "ListImportableNumbers"])
def test_numbers_of_a_shared_carrier_account_are_for_admins(method: str) -> None:
    name = f"NumberInventory.{method}"
    request = request_for(name, OWN)
    assert not is_allowed(name, Role.MANAGER, request, lambda organization_id: organization_id == OWN)
    assert is_allowed(name, Role.ADMIN, request, lambda _: True)


def test_only_admins_import_numbers_that_are_checked_at_no_carrier() -> None:
    name = "NumberInventory.ImportNumbers"
    request: Any = request_for(name, OWN)
    request.carrier = "external"
    assert not is_allowed(name, Role.MANAGER, request)
    assert is_allowed(name, Role.ADMIN, request)


def test_the_refusal_of_a_foreign_organization_does_not_name_it() -> None:
    name = "Directory.GetUser"
    with pytest.raises(PermissionDenied) as refused:
        MethodAccess(methods()[name], lambda _: False).require(
            principal(Role.VIEWER), request_for(name, FOREIGN)
        )
    assert FOREIGN not in f"{refused.value.message} {refused.value.metadata}"
