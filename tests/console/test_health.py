"""The view of the state of the service."""

from playwright.sync_api import expect

from tests.console.browser import Console
from tests.console.console_server import Tenant


def test_the_parts_and_the_open_work_are_listed(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id)
    console.go_to("Health")
    main = console.page.locator("main")
    for part in ("Database", "Recording of calls", "Carrier", "Way of call-backs"):
        expect(main.get_by_role("listitem").filter(has_text=part).first).to_be_visible()
    expect(main.get_by_role("listitem").filter(has_text="Database")).to_contain_text("Works")
    expect(main).to_contain_text("All calls are in the database")
    expect(main).to_contain_text("Nothing is open")
    console.assert_accessible()


def test_the_numbers_are_compared_with_the_carrier_on_demand(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id, "health")
    console.button("Compare with the carrier").click()
    expect(console.page.locator("main")).to_contain_text("The numbers are as they are at the carrier.")
    console.assert_accessible()
