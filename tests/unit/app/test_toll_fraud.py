"""Numbers that an organization may not show or dial are refused, and skipped if they are stored."""

import logging

import pytest
from prometheus_client import REGISTRY

from localdial_server.app import toll_fraud
from localdial_server.app.current_caller import COMMAND_LINE, CURRENT_CALLER
from localdial_server.app.outbound_calls import Leg
from localdial_server.app.use_cases import UseCases
from localdial_server.domain.costly_numbers import CostlyKind
from localdial_server.domain.dialing_permissions import DialingPermission, DialingPermissions
from localdial_server.domain.errors import InvalidFields, NoDestination, StorageUnavailable
from localdial_server.domain.model import DestinationReason, Organization, User
from localdial_server.observability.log_limit import LimitedLog
from tests.support.waiting import until
from tests.unit.app.harness import A, B, Harness

CALLER, MAIN, WORK_PHONE = "+14155550172", "+18005550150", "+13125550151"
PREMIUM, SATELLITE, JAMAICA = "+19005550199", "+88112345678", "+18765550151"
EVERYTHING = DialingPermission(frozenset(CostlyKind))


@pytest.fixture
async def ours(harness: Harness) -> str:
    """Return a number of an organization that may use every number, and has called `CALLER`."""
    harness.permissions = DialingPermissions(EVERYTHING)
    await harness.restart()
    (ours,) = await harness.bought()
    await harness.directory.set_users(A, [User(A, "ann"), User(A, "bob")])
    await harness.outbound.resolve(Leg(A, "ann", CALLER))
    return ours


async def store(harness: Harness, main: str | None, ann: str | None, bob: str | None, ours: str) -> None:
    """Store the organization number and the work phones; the called number is bob's caller ID."""
    await harness.add_organization(A, main)
    await harness.directory.set_users(
        A, [User(A, "ann", work_phone=ann), User(A, "bob", caller_id=ours, work_phone=bob)]
    )


def with_permission(harness: Harness, permission: DialingPermission) -> UseCases:
    """Return a server that is set up with this permission for the organization."""
    harness.permissions = DialingPermissions(own={A: permission})
    return harness.another_server()


def barred(cause: str) -> float:
    return REGISTRY.get_sample_value("localdial_barred_destinations_total", {"cause": cause}) or 0


def refused_count(cause: str) -> float:
    return REGISTRY.get_sample_value("localdial_refused_numbers_total", {"cause": cause}) or 0


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log, which no earlier test has used up for its next seconds."""
    monkeypatch.setattr(toll_fraud, "_log", LimitedLog(logging.getLogger(toll_fraud.__name__)))
    return caplog


@pytest.mark.parametrize("phone", [PREMIUM, SATELLITE, "+12129765555", "+447012345678"])
async def test_a_stored_work_phone_that_may_not_be_dialed_is_skipped(
    harness: Harness, ours: str, phone: str
) -> None:
    await store(harness, MAIN, phone, WORK_PHONE, ours)
    assert (await harness.inbound.route(ours, CALLER)).destination_number == phone
    inbound = with_permission(harness, DialingPermission()).inbound
    found = await inbound.route(ours, CALLER)
    assert (found.destination_number, found.user_id) == (WORK_PHONE, "bob")
    assert (found.reason, found.fallback_number) == (DestinationReason.CALLER_ID_OWNER, MAIN)

    await store(harness, MAIN, phone, phone, ours)
    found = await inbound.route(ours, CALLER)
    assert (found.destination_number, found.user_id) == (MAIN, None)
    assert found.reason is DestinationReason.ORGANIZATION_NUMBER


async def test_a_stored_organization_number_that_may_not_be_dialed_is_no_fallback(
    harness: Harness, ours: str
) -> None:
    await store(harness, PREMIUM, WORK_PHONE, None, ours)
    assert (await harness.inbound.route(ours, CALLER)).fallback_number == PREMIUM
    found = await with_permission(harness, DialingPermission()).inbound.route(ours, CALLER)
    assert (found.destination_number, found.fallback_number) == (WORK_PHONE, None)


async def test_a_call_back_with_no_other_destination_fails_and_is_recorded_as_missed(
    harness: Harness, ours: str
) -> None:
    await store(harness, PREMIUM, SATELLITE, None, ours)
    counts = barred("premium_rate"), barred("satellite")
    with pytest.raises(NoDestination, match="that the organization may call"):
        await with_permission(harness, DialingPermission()).inbound.route(ours, CALLER)
    assert (barred("premium_rate"), barred("satellite")) == (counts[0] + 1, counts[1] + 1)


async def test_a_country_that_is_not_listed_is_skipped_and_counted(harness: Harness, ours: str) -> None:
    await store(harness, MAIN, JAMAICA, None, ours)
    count = barred("country")
    assert (await harness.inbound.route(ours, CALLER)).destination_number == JAMAICA
    only_us = DialingPermission(countries=frozenset({"US"}))
    found = await with_permission(harness, only_us).inbound.route(ours, CALLER)
    assert found.destination_number == MAIN
    assert barred("country") == count + 1


async def test_a_repeat_of_a_recorded_call_does_not_dial_what_may_no_longer_be_dialed(
    harness: Harness, ours: str
) -> None:
    await store(harness, MAIN, PREMIUM, None, ours)
    first = await harness.inbound.route(ours, CALLER, call_id="c1")
    assert first.destination_number == PREMIUM
    await until(lambda: not harness.inbound_call_log.queued("c1"))
    assert await harness.inbound.route(ours, CALLER, call_id="c1") == first
    found = await with_permission(harness, DialingPermission()).inbound.route(ours, CALLER, call_id="c1")
    assert found.destination_number == MAIN
    assert found.call_id != "c1"


async def test_a_repeat_does_not_fall_back_to_what_may_no_longer_be_dialed(
    harness: Harness, ours: str
) -> None:
    await store(harness, PREMIUM, WORK_PHONE, None, ours)
    first = await harness.inbound.route(ours, CALLER, call_id="c1")
    assert first.fallback_number == PREMIUM
    await until(lambda: not harness.inbound_call_log.queued("c1"))
    found = await with_permission(harness, DialingPermission()).inbound.route(ours, CALLER, call_id="c1")
    assert (found.destination_number, found.fallback_number) == (WORK_PHONE, None)


async def test_a_degraded_call_back_does_not_dial_a_barred_organization_number(
    harness: Harness, ours: str
) -> None:
    await store(harness, PREMIUM, None, None, ours)
    await harness.number_index.refresh()
    harness.database.fail_read()
    found = await harness.inbound.route(ours, CALLER, allow_degraded=True)
    assert (found.destination_number, found.degraded) == (PREMIUM, True)
    inbound = with_permission(harness, DialingPermission()).inbound
    harness.database.fail_read()
    with pytest.raises(StorageUnavailable):
        await inbound.route(ours, CALLER, allow_degraded=True)


async def test_the_permission_is_that_of_the_called_organization(harness: Harness, ours: str) -> None:
    await store(harness, MAIN, PREMIUM, None, ours)
    harness.permissions = DialingPermissions(own={B: EVERYTHING})
    found = await harness.another_server().inbound.route(ours, CALLER)
    assert found.destination_number == MAIN


async def test_every_field_with_a_number_that_may_not_be_used_is_named(harness: Harness) -> None:
    fine = User(A, "ann", caller_id=MAIN, work_phone=WORK_PHONE)
    wrong = User(A, "bob", caller_id=PREMIUM, work_phone=SATELLITE)
    with pytest.raises(InvalidFields) as refused:
        await harness.directory.set_user(wrong)
    assert [each.field for each in refused.value.violations] == ["user.caller_id", "user.work_phone"]
    for validate_only in True, False:
        with pytest.raises(InvalidFields) as refused:
            await harness.directory.set_users(A, [fine, wrong], validate_only=validate_only)
        assert [each.field for each in refused.value.violations] == [
            "users[1].caller_id",
            "users[1].work_phone",
        ]
    with pytest.raises(InvalidFields) as refused:
        await harness.directory.set_organization(Organization(A, organization_number=PREMIUM))
    assert [each.field for each in refused.value.violations] == ["organization.organization_number"]
    with pytest.raises(InvalidFields) as refused:
        await harness.external.import_numbers(A, [WORK_PHONE, PREMIUM])
    assert [each.field for each in refused.value.violations] == ["phone_numbers[1]"]
    assert await harness.directory.list_users(A, "", 10) == ([], 0)
    assert await harness.numbers() == []


async def test_the_country_counts_for_destinations_and_not_for_caller_ids(harness: Harness) -> None:
    use_cases = with_permission(harness, DialingPermission(countries=frozenset({"US"})))
    await use_cases.directory.set_user(User(A, "ann", caller_id=JAMAICA))
    await use_cases.external.import_numbers(A, [JAMAICA])
    with pytest.raises(InvalidFields, match=r"user\.work_phone must be in a country .* JM is not one"):
        await use_cases.directory.set_user(User(A, "ann", work_phone=JAMAICA))
    with pytest.raises(InvalidFields, match="JM is not one"):
        await use_cases.directory.set_organization(Organization(A, organization_number="+18765550152"))


async def test_a_refused_number_is_counted_and_logged_with_the_principal(
    harness: Harness, log: pytest.LogCaptureFixture
) -> None:
    count = refused_count("premium_rate")
    CURRENT_CALLER.set(COMMAND_LINE)
    for _ in range(2):
        with pytest.raises(InvalidFields):
            await harness.directory.set_user(User(A, "ann", caller_id=PREMIUM, work_phone=PREMIUM))
    assert refused_count("premium_rate") == count + 4
    # The limit of the log leaves out all but the first.
    (line,) = [record for record in log.records if "was refused" in record.getMessage()]
    said = vars(line)
    assert (said["cause"], said["organization_id"], said["field"]) == ("premium_rate", A, "user.caller_id")
    assert said["principal"] == COMMAND_LINE.principal.name
    assert PREMIUM not in str(said)


async def test_a_skipped_number_is_logged(harness: Harness, ours: str, log: pytest.LogCaptureFixture) -> None:
    await store(harness, MAIN, PREMIUM, None, ours)
    await with_permission(harness, DialingPermission()).inbound.route(ours, CALLER)
    (line,) = [record for record in log.records if "skipped" in record.getMessage()]
    assert (vars(line)["cause"], vars(line)["organization_id"]) == ("premium_rate", A)
    assert PREMIUM not in str(vars(line))
