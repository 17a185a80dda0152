"""Area code mappings: added, removed with Undo, and as CSV in both directions."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.browser import Console
from tests.console.console_server import Tenant


@pytest.fixture
def number(tenant: Tenant) -> str:
    return tenant.buy("415")[0]


def test_several_area_codes_are_mapped_at_once(console: Console, tenant: Tenant, number: str) -> None:
    console.open(tenant.organization_id)
    console.tick("(415)")
    console.button("Add mapping").click()
    expect(console.dialog).to_contain_text("Assigned in the same area as 415")
    console.dialog.get_by_role("button", name="+ 628").click()
    console.dialog.get_by_role("combobox").fill("510, 650 ")
    console.assert_accessible()
    console.dialog.get_by_role("button", name="Map 3 area codes").click()
    console.toast("success", "is now also shown for")
    for code in "510", "628", "650":
        expect(console.row("(415)")).to_contain_text(code)
    assert tenant.mapped(number) == ["510", "628", "650"]


def test_what_is_no_area_code_is_named_and_nothing_is_mapped(
    console: Console, tenant: Tenant, number: str
) -> None:
    console.open(tenant.organization_id, query=f"?dialog=map&about=%2B{number[1:]}")
    console.dialog.get_by_role("combobox").fill("628 999 415 ")
    expect(console.dialog).to_contain_text("“999” and “415”: no geographic area code.")
    console.assert_accessible()
    assert tenant.mapped(number) == []


def test_a_mapping_is_removed_by_its_button_and_comes_back_by_undo(
    console: Console, tenant: Tenant, number: str
) -> None:
    tenant.map(number, ["628", "650"])
    console.open(tenant.organization_id)
    console.button(re.compile("^Remove 628 from")).click()
    toast = console.toast("success", "no longer shown for 628")
    expect(console.row("(415)")).not_to_contain_text("628")
    assert tenant.mapped(number) == ["650"]
    console.assert_accessible()
    toast.get_by_role("button", name="Undo").click()
    console.toast("success", "is shown for 628 again")
    expect(console.row("(415)")).to_contain_text("628")
    assert tenant.mapped(number) == ["628", "650"]


def test_mappings_are_saved_as_csv_and_changed_by_it_after_a_look(
    console: Console, tenant: Tenant, number: str, tmp_path: Path
) -> None:
    tenant.map(number, ["628"])
    console.open(tenant.organization_id)
    console.button("Mappings as CSV").click()
    saved = console.saved(console.dialog.get_by_role("button", name="Download"))
    assert saved.splitlines() == ["phone_number,area_code", f"{number},628"]
    file = tmp_path / "mappings.csv"
    file.write_text(saved.replace(",628", ",650") + f"\n{number},510\n", "utf-8")
    console.dialog.locator("input[type=file]").set_input_files(file)
    expect(console.dialog).to_contain_text("+ 510, 650")
    expect(console.dialog).to_contain_text("\u2212 628")
    assert tenant.mapped(number) == ["628"], "a look changes nothing"
    console.assert_accessible()
    console.dialog.get_by_role("button", name="Change 1 number").click()
    console.toast("success", "The mappings of 1 number were changed.")
    assert tenant.mapped(number) == ["510", "650"]


def test_every_wrong_line_of_a_csv_is_named_and_nothing_is_changed(
    console: Console, tenant: Tenant, number: str, tmp_path: Path
) -> None:
    file = tmp_path / "mappings.csv"
    file.write_text(
        f"phone_number,area_code\n{number},628\n{number},999\n+12125550199,650\n{number},415\n", "utf-8"
    )
    console.open(tenant.organization_id, query="?dialog=mappings")
    console.dialog.locator("input[type=file]").set_input_files(file)
    for text in "3 lines are wrong", "Line 3:", "Line 4:", "Line 5:":
        expect(console.dialog).to_contain_text(text)
    expect(console.dialog.get_by_role("button", name=re.compile(r"^Change \d|^Apply"))).to_be_disabled()
    console.assert_accessible()
    assert tenant.mapped(number) == []
