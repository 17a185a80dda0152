"""Delete Org Numbers: what the dialog says, and what it takes to delete many."""

from playwright.sync_api import expect

from localdial.v1.number_inventory_pb2 import DeleteNumbersRequest
from tests.console.browser import Console, as_shown
from tests.console.console_server import Tenant


def test_the_dialog_lists_the_numbers_and_says_what_follows(console: Console, tenant: Tenant) -> None:
    numbers = tenant.buy("415", 2)
    tenant.map(numbers[0], ["628"])
    tenant.add_user("ann", display_name="Ann", caller_id=numbers[0])
    console.open(tenant.organization_id)
    one, other = map(as_shown, numbers)
    console.tick(one, other)
    console.button("Delete Org Numbers (2)").click()
    for text in (
        "Delete these 2 numbers?",
        one,
        other,
        "cannot be undone",
        "Call-backs to them no longer reach you",
        "1 mapping ends.",
        "This saves $2.30 a month.",
        f"{one} is the caller ID of Ann.",
    ):
        expect(console.dialog).to_contain_text(text)
    console.assert_accessible()
    console.dialog.get_by_role("button", name="Cancel").click()
    assert len(tenant.numbers()) == 2
    console.button("Delete Org Numbers (2)").click()
    console.dialog.get_by_role("button", name="Delete 2 numbers").click()
    console.toast("success", "2 numbers were deleted.")
    expect(console.page.get_by_text("You have no numbers yet")).to_be_visible()
    assert tenant.numbers() == []


def test_more_than_ten_are_deleted_only_when_their_count_is_typed(console: Console, tenant: Tenant) -> None:
    tenant.buy("415", 12)
    console.open(tenant.organization_id)
    expect(console.rows).to_have_count(12)
    console.page.get_by_label("Tick all numbers that are shown").check()
    console.button("Delete Org Numbers (12)").click()
    delete = console.dialog.get_by_role("button", name="Delete 12 numbers")
    expect(delete).to_be_disabled()
    console.dialog.get_by_label("Type 12 to confirm").fill("11")
    expect(delete).to_be_disabled()
    console.assert_accessible()
    console.dialog.get_by_label("Type 12 to confirm").fill("12")
    delete.click()
    console.toast("success", "12 numbers were deleted.")
    assert tenant.numbers() == []


def test_of_more_than_ten_those_that_are_not_deleted_are_listed(console: Console, tenant: Tenant) -> None:
    numbers = tenant.buy("415", 12)
    console.open(tenant.organization_id)
    expect(console.rows).to_have_count(12)
    console.page.get_by_label("Tick all numbers that are shown").check()
    console.button("Delete Org Numbers (12)").click()
    # Another person deletes two of them.
    gone = DeleteNumbersRequest(organization_id=tenant.organization_id, phone_numbers=numbers[:2])
    tenant.client.number_inventory.delete_numbers(gone)
    console.dialog.get_by_label("Type 12 to confirm").fill("12")
    console.dialog.get_by_role("button", name="Delete 12 numbers").click()
    console.toast("success", "10 numbers were deleted.")
    alert = console.dialog.get_by_role("alert")
    expect(alert).to_contain_text("2 numbers were not deleted:")
    for number in numbers[:2]:
        expect(alert).to_contain_text(as_shown(number))
    console.assert_accessible()
    assert tenant.numbers() == []


def test_a_search_narrows_what_all_means(console: Console, tenant: Tenant) -> None:
    tenant.buy("415", 2)
    tenant.buy("212")
    console.open(tenant.organization_id)
    console.page.get_by_role("searchbox").fill("415")
    expect(console.rows).to_have_count(2)
    console.page.get_by_label("Tick all numbers that are shown").check()
    console.button("Delete Org Numbers (2)").click()
    console.dialog.get_by_role("button", name="Delete 2 numbers").click()
    console.toast("success", "2 numbers were deleted.")
    assert [number.area_code for number in tenant.numbers()] == ["212"]
