"""Purchase Org Numbers: what it says before, while and after numbers are bought."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Request, expect

from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import Client
from tests.console.browser import Console
from tests.console.conftest import OpenConsole
from tests.console.console_server import ConsoleServer, Tenant
from tests.functional.simulator_process import SimulatorProcess
from tests.support.waiting import wait_until


def order(console: Console, area_code: str, quantity: int = 1, button: str = r"^Buy \d+ for \$") -> None:
    """Fill in the dialog and press its button, which says what it costs."""
    console.button("Purchase Org Numbers").first.click()
    console.dialog.get_by_label("Area code", exact=True).fill(area_code)
    console.dialog.get_by_label("How many").fill(str(quantity))
    console.dialog.get_by_role("button", name=re.compile(button)).click()


def test_numbers_are_bought_for_the_price_that_the_button_says(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id)
    console.button("Purchase Org Numbers").first.click()
    console.dialog.get_by_label("Area code", exact=True).fill("415")
    console.assert_accessible()
    console.dialog.get_by_label("How many").fill("3")
    buy = console.dialog.get_by_role("button", name="Buy 3 for $3.45 a month")
    expect(buy).to_be_visible()
    console.assert_accessible()
    buy.click()
    console.toast("success", "3 numbers in 415 were purchased.")
    expect(console.rows).to_have_count(3)
    assert len(tenant.numbers()) == 3


def test_an_area_code_can_be_chosen_from_the_list_by_the_name_of_a_state(
    console: Console, tenant: Tenant
) -> None:
    console.open(tenant.organization_id)
    console.button("Purchase Org Numbers").first.click()
    field = console.dialog.get_by_label("Area code", exact=True)
    field.press_sequentially("Wyoming")
    console.page.get_by_role("option", name=re.compile("307")).click()
    expect(field).to_have_value("307")
    expect(console.dialog).to_contain_text("The carrier has 3 in 307 now.")


def test_sold_out_is_a_warning_that_offers_others_and_costs_nothing(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id)
    order(console, "808", button="^Buy 1")
    console.toast("warning", "No numbers in 808. Nothing was charged.")
    assert tenant.numbers() == []
    console.assert_accessible()


def test_a_part_of_an_order_is_a_warning_with_the_reason(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id)
    order(console, "307", 5)
    console.toast("warning", "3 of 5 numbers in 307 were purchased. 2 are missing: the carrier has no more.")
    expect(console.rows).to_have_count(3)


def test_a_wrong_area_code_and_quantity_are_named_at_their_fields(console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id)
    order(console, "911", 101, button="^Buy$")
    expect(console.dialog).to_contain_text("“911” is no geographic area code")
    for name in "Area code", "How many":
        field = console.dialog.get_by_label(name, exact=name == "Area code")
        expect(field).to_have_attribute("aria-invalid", "true")
    console.assert_accessible()


def test_a_limit_that_stops_a_purchase_is_an_error_that_stays(
    own_server: Callable[..., ConsoleServer], open_console: OpenConsole
) -> None:
    server = own_server(LOCALDIAL_MAX_NUMBERS="0")
    with Client(server.address) as client:
        Tenant(client, "acme")
        console = open_console(server)
        console.open("acme")
        order(console, "415")
        error = console.toast("error", "nothing was bought")
        expect(error).to_contain_text("0 numbers")
        console.assert_accessible()


def test_an_order_that_is_with_the_carrier_is_resolved_after_a_reload(
    own_server: Callable[..., ConsoleServer], open_console: OpenConsole
) -> None:
    server = own_server(LOCALDIAL_SIMULATOR_LATENCY_MS="1500")
    with Client(server.address) as client:
        tenant = Tenant(client, "acme")
        console = open_console(server)
        console.open("acme")
        order(console, "415", 2, button="^Buy 2")
        console.toast("progress", "Buying 2 numbers in 415")
        console.assert_accessible()
        console.page.reload()
        console.toast("progress", "2 numbers in 415")
        console.toast("success", "2 numbers in 415 were purchased.")
        expect(console.rows).to_have_count(2)
        assert len(tenant.numbers()) == 2, "nothing was bought twice"
        console.page.reload()
        expect(console.rows).to_have_count(2)
        expect(console.page.get_by_role("region", name="Messages").locator("p")).to_have_count(0)


@pytest.mark.parametrize("is_reloaded", [False, True], ids=["the page stays", "the page is reloaded"])
def test_an_order_that_outlives_its_server_is_resolved_by_the_same_request_id(
    own_server: Callable[..., ConsoleServer], open_console: OpenConsole, *, is_reloaded: bool
) -> None:
    with SimulatorProcess("--fault", "order:timeout_after") as carrier:
        server = own_server(**carrier.settings)
        with Client(server.address) as client:
            Tenant(client, "acme")
        console = open_console(server)
        console.open("acme")
        sent: list[str] = []
        console.page.on("request", lambda request: note_request_id(request, sent))
        order(console, "415", button="^Buy 1")
        console.toast("progress", "Buying 1 number in 415")
        # The carrier has sold the number, and the server waits for the answer.
        wait_until(lambda: carrier.ask("numbers")["numbers"])
        server.kill()
        console.toast("progress", "the server does not answer")
        server.start()
        if is_reloaded:
            console.page.reload()
        console.toast("success", "1 number in 415 was purchased.")
        expect(console.rows).to_have_count(1)
        assert len(sent) > 1, "the page has asked again"
        assert len(set(sent)) == 1, "the page has ordered again"
        assert len(carrier.ask("numbers")["numbers"]) == 1, "the carrier has sold another"


def note_request_id(request: Request, noted: list[str]) -> None:
    """Note the request_id if it is a purchase that the page sends."""
    if request.url.endswith("/PurchaseNumbers"):
        noted.append(PurchaseNumbersRequest.FromString(request.post_data_buffer or b"").request_id)
