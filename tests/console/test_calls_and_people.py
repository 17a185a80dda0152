"""The views beside the numbers: why a number is shown, calls, call-backs, people."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from localdial.v1.directory_pb2 import ListUsersRequest, User
from localdial_client import Client
from tests.console.browser import Console, as_shown
from tests.console.console_server import ConsoleServer, Tenant
from tests.console.sample import fill


@pytest.fixture(scope="module")
def lender(server: ConsoleServer) -> Iterator[Tenant]:
    """Yield an organization with numbers, agents, calls and call-backs."""
    with Client(server.address) as client:
        yield fill(client, f"lender-{uuid.uuid4().hex[:12]}")


def test_the_decision_is_explained_rule_by_rule(console: Console, lender: Tenant) -> None:
    console.open(lender.organization_id)
    console.go_to("Why this number?")
    console.assert_accessible()
    console.page.get_by_label(re.compile("^Borrower")).fill("(628) 555-0177")
    console.page.get_by_role("combobox", name="Agent").fill("Bob")
    console.page.get_by_role("option", name=re.compile("Bob Ray")).click()
    console.button("Explain").click()
    main = console.page.locator("main")
    expect(main).to_contain_text("If Bob Ray calls now, the borrower sees (415)")
    expect(main).to_contain_text("Rule by rule")
    expect(main).to_contain_text("Chosen")
    console.assert_accessible()
    console.page.reload()
    expect(main).to_contain_text("If Bob Ray calls now")


def test_a_question_that_is_not_complete_names_the_fields(console: Console, lender: Tenant) -> None:
    console.open(lender.organization_id, "why")
    console.button("Explain").click()
    expect(console.page.locator("main")).to_contain_text("Type the whole number")
    expect(console.page.locator("main")).to_contain_text("Choose an agent from the list")
    console.assert_accessible()


def test_an_area_code_without_a_local_number_is_mapped_from_the_explanation(
    console: Console, tenant: Tenant
) -> None:
    tenant.add_user("bob", caller_id="+13035550192")
    console.open(tenant.organization_id, "why", "#callee=%2B15105550177&agent=bob")
    offer = console.button("Map 510 to a number")
    offer.click()
    expect(console.dialog).to_contain_text("You have no active number yet")
    console.assert_accessible()
    near, far = tenant.buy("415")[0], tenant.buy("212")[0]
    console.page.reload()
    offer.click()
    expect(console.dialog.get_by_role("option")).to_contain_text([as_shown(near), as_shown(far)])
    console.assert_accessible()
    console.dialog.get_by_role("button", name="Map", exact=True).click()
    console.toast("success", "is now also shown for 510.")
    expect(console.page.locator("main")).to_contain_text(f"the borrower sees {as_shown(near)}")
    assert tenant.mapped(near) == ["510"]


def test_calls_are_listed_filtered_saved_and_explained(console: Console, lender: Tenant) -> None:
    console.open(lender.organization_id, "calls")
    expect(console.rows).not_to_have_count(0)
    console.assert_accessible()
    console.page.get_by_role("combobox", name="Agent").fill("Carla")
    console.page.get_by_role("option", name=re.compile("Carla Diaz")).click()
    expect(console.row("Carla Diaz")).not_to_have_count(0)
    expect(console.row("Bob Ray")).to_have_count(0)
    saved = console.saved(console.button("Download as CSV")).splitlines()
    assert saved[0].startswith("call_time,user_id,display_name,callee_number,caller_id")
    assert all("carla.diaz" in line for line in saved[1:])
    console.rows.first.get_by_role("link", name=re.compile("^Why this number")).click()
    expect(console.page.locator("main")).to_contain_text("The recorded call")
    expect(console.page.locator("main")).to_contain_text("In your inventory then")
    console.assert_accessible()


def test_missed_call_backs_come_first(console: Console, lender: Tenant) -> None:
    console.open(lender.organization_id, "call-backs")
    expect(console.rows.first).to_contain_text("Missed")
    expect(console.row("Answered").first).to_be_visible()
    console.assert_accessible()
    assert "MISSED" in console.saved(console.button("Download as CSV"))


def test_a_user_is_added_changed_and_deleted(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id, "people")
    expect(console.page.get_by_text("There are no users yet")).to_be_visible()
    console.assert_accessible()
    console.button("Add user").click()
    console.dialog.get_by_label("ID", exact=True).fill("ann")
    console.dialog.get_by_label("Name", exact=True).fill("Ann Lee")
    console.dialog.get_by_label("Work phone").fill("12")
    console.dialog.get_by_role("button", name="Save").click()
    expect(console.dialog.get_by_label("Work phone")).to_have_attribute("aria-invalid", "true")
    console.assert_accessible()
    console.dialog.get_by_label("Work phone").fill("(312) 555-0191")
    console.dialog.get_by_role("button", name="Save").click()
    console.toast("success", "Ann Lee was added.")
    expect(console.row("Ann Lee")).to_contain_text("(312) 555-0191")
    console.button("Edit Ann Lee").click()
    console.dialog.get_by_label("Caller ID").fill("(312) 555-0190")
    console.dialog.get_by_role("button", name="Save").click()
    console.toast("success", "Ann Lee was changed.")
    (user,) = users_of(tenant)
    assert (user.caller_id, user.work_phone) == ("+13125550190", "+13125550191")
    console.button("Delete Ann Lee").click()
    console.assert_accessible()
    console.dialog.get_by_role("button", name="Delete user").click()
    console.toast("success", "Ann Lee was deleted.")
    assert users_of(tenant) == []


def test_users_are_imported_and_wrong_rows_corrected_in_place(
    console: Console, tenant: Tenant, tmp_path: Path
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(
        "user_id,display_name,caller_id,work_phone\nann,Ann,,+13125550191\nbob,Bob,,12\n", "utf-8"
    )
    console.open(tenant.organization_id, "people")
    console.button("Import CSV").click()
    console.dialog.get_by_label("CSV file").set_input_files(file)
    expect(console.dialog).to_contain_text("1 row is wrong")
    expect(console.dialog).to_contain_text("Line 3")
    console.assert_accessible()
    assert users_of(tenant) == [], "a check writes nothing"
    console.dialog.locator("input[value='12']").fill("+13035550192")
    console.dialog.get_by_role("button", name="Check again").click()
    console.dialog.get_by_role("button", name="Import 2 users").click()
    console.toast("success", "2 users were imported.")
    assert [user.user_id for user in users_of(tenant)] == ["ann", "bob"]


def users_of(tenant: Tenant) -> list[User]:
    request = ListUsersRequest(organization_id=tenant.organization_id)
    return list(tenant.client.directory.list_users(request).users)
