"""Import of numbers that the carrier account owns."""

from playwright.sync_api import expect

from tests.console.browser import Console
from tests.console.console_server import Tenant


def test_a_number_of_the_carrier_account_is_imported(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id)
    console.button("Import from the carrier").first.click()
    console.dialog.get_by_role("searchbox").fill("+1415555")
    row = console.dialog.locator("tbody tr[aria-rowindex]").filter(has_text="(415) 555-0199")
    row.get_by_role("checkbox").check()
    console.assert_accessible()
    console.dialog.get_by_role("button", name="Import 1 number").click()
    console.toast("success", "1 number was imported.")
    expect(console.row("(415) 555-0199")).to_be_visible()
    assert [number.phone_number for number in tenant.numbers()] == ["+14155550199"]
