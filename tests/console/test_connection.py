"""The console while its server is away."""

from collections.abc import Callable

from playwright.sync_api import expect

from localdial_client import Client
from tests.console.conftest import OpenConsole
from tests.console.console_server import ConsoleServer, Tenant


def test_the_last_good_data_stay_greyed_with_their_time_until_the_server_is_back(
    own_server: Callable[..., ConsoleServer], open_console: OpenConsole
) -> None:
    server = own_server()
    with Client(server.address) as client:
        Tenant(client, "acme").buy("415", 2)
    console = open_console(server)
    console.page.clock.install()
    console.open("acme")
    expect(console.rows).to_have_count(2)
    server.stop()
    # The page asks every 30 seconds.
    console.page.clock.fast_forward(31_000)
    stale = console.page.get_by_text("The server cannot be reached. This was the state at")
    expect(stale).to_be_visible()
    expect(console.rows).to_have_count(2)
    console.assert_accessible()
    server.start()
    console.button("Try again").click()
    expect(stale).to_have_count(0)
    expect(console.rows).to_have_count(2)


def test_a_page_that_cannot_load_says_what_to_do(
    own_server: Callable[..., ConsoleServer], open_console: OpenConsole
) -> None:
    server = own_server()
    with Client(server.address) as client:
        Tenant(client, "acme")
    console = open_console(server)
    console.page.route("**/localdial.v1.*/**", lambda route: route.abort())
    console.open("acme")
    expect(console.page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    console.assert_accessible()
    console.page.unroute("**/localdial.v1.*/**")
    console.button("Try again").click()
    expect(console.page.get_by_text("You have no numbers yet")).to_be_visible()
