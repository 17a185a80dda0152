"""Two people who change one organization at once: both see the same truth, and learn what came of theirs."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.browser import Console, as_shown
from tests.console.conftest import OpenConsole
from tests.console.console_server import ConsoleServer, Tenant

GONE = "The number is no longer in your inventory. Somebody else may have deleted it."

Pair = Callable[[], tuple[Console, Console]]


@pytest.fixture
def open_pair(open_console: OpenConsole, server: ConsoleServer, tenant: Tenant) -> Pair:
    """Return a function that opens the numbers in two browsers."""

    def open_two() -> tuple[Console, Console]:
        pair = open_console(server), open_console(server)
        for console in pair:
            console.page.clock.install()
            console.open(tenant.organization_id)
            expect(console.rows).not_to_have_count(0)
        return pair

    return open_two


def refresh(console: Console) -> None:
    """Wait until the page has asked again, which it does every 30 seconds."""
    console.page.clock.fast_forward(31_000)


def map_to(console: Console, area_code: str) -> None:
    """Map an area code in the dialog that is open."""
    console.dialog.get_by_role("combobox").fill(area_code)
    console.dialog.get_by_role("button", name=re.compile("^Map")).click()


def delete_only(console: Console, number: str) -> None:
    console.tick(as_shown(number))
    console.button("Delete Org Numbers (1)").click()
    console.dialog.get_by_role("button", name="Delete 1 number").click()
    console.toast("success", "1 number was deleted.")


def test_a_number_that_one_deletes_cannot_be_mapped_by_the_other(open_pair: Pair, tenant: Tenant) -> None:
    gone, kept = tenant.buy("415", 2)
    one, other = open_pair()
    other.button(f"Add mapping to {as_shown(gone)}").click()
    delete_only(one, gone)
    map_to(other, "628")
    expect(other.dialog).to_contain_text(GONE)
    refresh(other)
    expect(other.rows).to_have_count(1)
    expect(other.dialog).to_contain_text(GONE)
    other.assert_accessible()
    other.page.keyboard.press("Escape")
    for each in one, other:
        refresh(each)
        expect(each.rows).to_have_count(1)
        expect(each.row(as_shown(kept))).to_be_visible()


def test_both_map_to_one_number_and_both_mappings_stay(open_pair: Pair, tenant: Tenant) -> None:
    (number,) = tenant.buy("415")
    one, other = open_pair()
    for each, code in (one, "628"), (other, "650"):
        each.button(f"Add mapping to {as_shown(number)}").click()
        map_to(each, code)
        each.toast("success", f"is now also shown for {code}")
    assert tenant.mapped(number) == ["628", "650"]
    for each in one, other:
        refresh(each)
        for code in "628", "650":
            expect(each.row("(415)")).to_contain_text(code)


def test_both_delete_one_number_and_both_see_it_gone(open_pair: Pair, tenant: Tenant) -> None:
    gone, kept = tenant.buy("415", 2)
    one, other = open_pair()
    other.tick(as_shown(gone))
    other.button("Delete Org Numbers (1)").click()
    delete_only(one, gone)
    other.dialog.get_by_role("button", name="Delete 1 number").click()
    expect(other.dialog).to_contain_text(f"{as_shown(gone)}: {GONE}")
    refresh(other)
    expect(other.rows).to_have_count(1)
    expect(other.dialog).to_contain_text(f"{as_shown(gone)}: {GONE}")
    other.assert_accessible()
    other.page.keyboard.press("Escape")
    for each in one, other:
        refresh(each)
        expect(each.rows).to_have_count(1)
    assert [number.phone_number for number in tenant.numbers()] == [kept]


def test_what_one_buys_the_other_sees(open_pair: Pair, tenant: Tenant) -> None:
    tenant.buy("415")
    one, other = open_pair()
    one.button("Purchase Org Numbers").first.click()
    one.dialog.get_by_label("Area code", exact=True).fill("212")
    one.dialog.get_by_role("button", name=re.compile("^Buy 1 for")).click()
    one.toast("success", "1 number in 212 was purchased.")
    refresh(other)
    for each in one, other:
        expect(each.rows).to_have_count(2)
        expect(each.row("(212)")).to_be_visible()
