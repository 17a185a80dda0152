"""Which numbers an organization may show and dial."""

import pytest

from localdial_server.domain.costly_numbers import CostlyKind
from localdial_server.domain.dialing_permissions import DialingPermission, DialingPermissions

DEFAULT = DialingPermission()


def allows(permission: DialingPermission, number: str) -> bool:
    return permission.against_dialing(number) is None


@pytest.mark.parametrize(
    "number",
    [
        *("+14155550100", "+18005550100", "+18765550100", "+12225550100"),
        *("+442079460000", "+447400123456", "+448001234567", "+4930123456", "+5358123456", "+80012345678"),
    ],
)
def test_by_default_landlines_mobiles_and_toll_free_numbers_of_all_countries_are_allowed(number: str) -> None:
    assert DEFAULT.against_showing(number) is None
    assert DEFAULT.against_dialing(number) is None


@pytest.mark.parametrize(
    ("number", "cause", "name"),
    [
        ("+19005550199", "premium_rate", "a premium-rate number"),
        ("+88112345678", "satellite", "a number of a satellite or international network"),
        ("+447012345678", "personal", "a personal (follow-me) number"),
        ("+447623456789", "pager", "a pager number"),
    ],
)
def test_by_default_costly_numbers_are_neither_shown_nor_dialed(number: str, cause: str, name: str) -> None:
    for objection in DEFAULT.against_showing(number), DEFAULT.against_dialing(number):
        assert objection is not None
        assert objection.cause == cause
        assert objection.requirement.startswith(f"must not be {name}, ")
        assert f"add {cause} to the organization's allowed_number_kinds" in objection.requirement


def test_an_allowed_kind_is_allowed_and_no_other() -> None:
    permission = DialingPermission(frozenset({CostlyKind.SATELLITE}))
    assert allows(permission, "+88112345678")
    assert permission.against_showing("+88112345678") is None
    assert not allows(permission, "+19005550199")


@pytest.mark.parametrize(
    ("number", "is_allowed"),
    [
        ("+14155550100", True),
        ("+17875550100", False),  # Puerto Rico has a code of its own
        ("+18765550100", False),
        ("+14165550100", False),
        ("+18005550100", True),  # toll-free numbers belong to all countries with country code 1
        ("+12225550100", True),  # and so does an area code that is not known yet
        ("+442079460000", True),
        ("+447797123456", True),  # Jersey shares the country code of the United Kingdom
        ("+4930123456", False),
        ("+80012345678", True),  # of no country
    ],
)
def test_where_countries_are_listed_other_countries_are_not_dialed(number: str, is_allowed: bool) -> None:  # noqa: FBT001
    permission = DialingPermission(countries=frozenset({"US", "GB"}))
    assert allows(permission, number) is is_allowed
    assert permission.against_showing(number) is None


@pytest.mark.parametrize(
    ("number", "country"), [("+18765550100", "JM"), ("+4930123456", "+49"), ("+18005550100", "+1")]
)
def test_the_objection_names_the_country(number: str, country: str) -> None:
    objection = DialingPermission(countries=frozenset({"GB"})).against_dialing(number)
    assert objection is not None
    assert objection.cause == "country"
    assert f"and {country} is not one" in objection.requirement


def test_a_listed_country_does_not_allow_its_costly_numbers() -> None:
    assert not allows(DialingPermission(countries=frozenset({"US"})), "+19005550199")


def test_an_organization_has_its_own_permission_or_the_default() -> None:
    own = DialingPermission(frozenset({CostlyKind.PAGER}))
    permissions = DialingPermissions(DEFAULT, {"acme": own})
    assert permissions.of("acme") is own
    assert permissions.of("ACME") is DEFAULT
