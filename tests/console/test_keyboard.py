"""The console without a mouse."""

from playwright.sync_api import expect

from tests.console.browser import Console
from tests.console.console_server import Tenant


def test_numbers_are_bought_ticked_and_deleted_by_keyboard_alone(console: Console, tenant: Tenant) -> None:
    tenant.buy("415")
    console.open(tenant.organization_id)
    expect(console.rows).to_have_count(1)
    press, type_text = console.page.keyboard.press, console.page.keyboard.type

    console.button("Purchase Org Numbers").focus()
    press("Enter")
    expect(console.dialog.get_by_role("combobox")).to_be_focused()
    type_text("212")
    press("Escape")
    press("Enter")
    console.toast("success", "1 number in 212 was purchased.")
    expect(console.rows).to_have_count(2)
    expect(console.button("Purchase Org Numbers")).to_be_focused()

    press("/")
    expect(console.page.get_by_role("searchbox")).to_be_focused()
    type_text("212")
    expect(console.rows).to_have_count(1)
    console.row("(212)").get_by_role("checkbox").focus()
    press("Space")
    delete = console.button("Delete Org Numbers (1)")
    delete.focus()
    press("Enter")
    expect(console.dialog.get_by_role("button", name="Cancel")).to_be_focused()
    press("Escape")
    expect(console.dialog).to_have_count(0)
    expect(delete).to_be_focused()
    press("Enter")
    press("Tab")
    expect(console.dialog.get_by_role("button", name="Delete 1 number")).to_be_focused()
    press("Enter")
    console.toast("success", "1 number was deleted.")
    assert [number.area_code for number in tenant.numbers()] == ["415"]


def test_the_first_tab_stop_skips_to_the_content(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id)
    expect(console.page.get_by_text("You have no numbers yet")).to_be_visible()
    console.page.keyboard.press("Tab")
    expect(console.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    console.page.keyboard.press("Enter")
    expect(console.page.locator("#content")).to_be_focused()
