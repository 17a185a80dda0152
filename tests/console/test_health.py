"""The view of the state of the service."""

from playwright.sync_api import expect

from localdial.v1.number_inventory_pb2 import DriftedNumber, ReconcileNumbersRequest, ReconcileNumbersResponse
from localdial.v1.number_pb2 import LocalPresenceNumber
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


def test_calls_are_sent_here_again_only_after_a_question(console: Console, tenant: Tenant) -> None:
    # The simulated carrier's numbers never send their calls elsewhere.
    number = LocalPresenceNumber(phone_number="+14155550100")
    drifted = DriftedNumber(number=number, voice_url="https://other.example.com/voice")
    found = ReconcileNumbersResponse(drifted=[drifted], drifted_count=1).SerializeToString()
    asked: list[bytes] = []
    console.page.route(
        "**/localdial.v1.NumberInventory/ReconcileNumbers",
        lambda route: (
            asked.append(route.request.post_data_buffer or b""),
            route.fulfill(content_type="application/proto", body=found),
        ),
    )
    console.open(tenant.organization_id, "health")
    console.button("Compare with the carrier").click()
    expect(console.page.locator("main")).to_contain_text("https://other.example.com/voice")
    console.assert_accessible()
    console.button("Repair 1 number").click()
    expect(console.dialog).to_contain_text("Send the calls here again?")
    console.assert_accessible()
    assert len(asked) == 1
    console.dialog.get_by_role("button", name="Send the calls here").click()
    expect(console.dialog).to_have_count(0)
    console.page.wait_for_load_state("networkidle")
    assert [ReconcileNumbersRequest.FromString(each).configure for each in asked] == [False, True]
