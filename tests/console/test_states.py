"""The states of every view: loading, error, old data, nothing yet, and a key that may only look."""

import re
import uuid
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Route, expect

from localdial.v1.administration_pb2 import Role
from localdial_client import Client
from tests.console.browser import Console, View
from tests.console.conftest import OpenConsole
from tests.console.console_server import ConsoleServer, Tenant
from tests.console.sample import fill

# Each view with a URL that makes it load something.
QUERIES: Final[dict[View, str]] = {
    "numbers": "",
    "why": "#callee=%2B16285550177&agent=bob.ray",
    "calls": "",
    "call-backs": "",
    "people": "",
    "health": "",
}

# Every RPC but that which says who uses the page.
RPCS: Final = re.compile(r"/localdial\.v1\.(?!Administration/GetCaller)")

# For each view: the line that says why nothing can be changed, and the URLs of what the view does not open.
LOOKS_ONLY: Final[dict[View, tuple[str, tuple[str, ...]]]] = {
    "numbers": ("You may look at the numbers. A manager can change them.", ("purchase", "import", "delete")),
    "people": (
        "You may look at the users. A manager can change them.",
        ("add", "import", "organization", "edit&user=bob.ray", "delete&user=bob.ray"),
    ),
    "health": ("A manager can compare the numbers with the carrier.", ()),
}
CHANGES: Final = re.compile(r"^(Purchase|Import|Add|Delete|Edit|Remove|Compare|Map|Buy)\b")


@pytest.fixture(scope="module")
def lender(server: ConsoleServer) -> Iterator[Tenant]:
    with Client(server.address) as client:
        yield fill(client, f"lender-{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def viewer(guarded: tuple[ConsoleServer, str]) -> Iterator[tuple[Tenant, str]]:
    """Yield an organization with everything that the views show, and the key of a viewer."""
    server, key = guarded
    with Client(server.address, key=key) as client:
        tenant = fill(client, "lender")
        yield tenant, tenant.key(Role.ROLE_VIEWER)


@pytest.fixture
def viewers_console(
    open_console: OpenConsole, guarded: tuple[ConsoleServer, str], viewer: tuple[Tenant, str]
) -> Console:
    console = open_console(guarded[0])
    console.page.add_init_script(f"sessionStorage.setItem('localdial.key', '{viewer[1]}')")
    return console


@pytest.mark.parametrize("view", QUERIES)
def test_loading(view: View, console: Console, lender: Tenant) -> None:
    console.page.route(RPCS, lambda _: None)
    console.open(lender.organization_id, view, QUERIES[view])
    expect(console.page.get_by_role("status").filter(has_text="Loading").first).to_be_visible()
    console.assert_accessible()


@pytest.mark.parametrize("view", QUERIES)
def test_error(view: View, console: Console, lender: Tenant) -> None:
    console.page.route(RPCS, fail)
    console.open(lender.organization_id, view, QUERIES[view])
    alert = console.page.get_by_role("alert").first
    expect(alert).to_contain_text("This did not work")
    expect(alert).to_contain_text("The test says no")
    expect(alert.get_by_role("button", name="Try again")).to_be_visible()
    console.assert_accessible()


@pytest.mark.parametrize("view", QUERIES)
def test_old_data_stay_greyed_with_their_time(view: View, console: Console, lender: Tenant) -> None:
    console.page.clock.install()
    console.open(lender.organization_id, view, QUERIES[view])
    expect(console.page.get_by_role("heading", level=1)).to_be_visible()
    expect(console.page.get_by_text("Loading")).to_have_count(0)
    text = console.page.locator("main").inner_text()
    console.page.route(RPCS, fail)
    # The page asks every 30 seconds.
    console.page.clock.fast_forward(31_000)
    expect(console.page.get_by_text("This is the state at").first).to_be_visible()
    assert text.splitlines()[-1] in console.page.locator("main").inner_text(), "the data are still there"
    console.assert_accessible()


@pytest.mark.parametrize("view", QUERIES)
def test_nothing_yet(view: View, console: Console, tenant: Tenant) -> None:
    console.open(tenant.organization_id, view)
    console.page.wait_for_load_state("networkidle")
    expect(console.page.get_by_role("heading", level=1)).to_be_visible()
    console.assert_accessible()


@pytest.mark.parametrize("view", QUERIES)
def test_a_viewer_is_offered_no_change(view: View, viewers_console: Console) -> None:
    console = viewers_console
    console.open("lender", view, QUERIES[view])
    console.page.wait_for_load_state("networkidle")
    expect(console.page.get_by_role("heading", level=1)).to_be_visible()
    expect(console.page.locator("main").get_by_role("button", name=CHANGES)).to_have_count(0)
    line, dialogs = LOOKS_ONLY.get(view, ("", ()))
    if line:
        expect(console.page.get_by_text(line)).to_be_visible()
    console.assert_accessible()
    for dialog in dialogs:
        console.open("lender", view, f"?dialog={dialog}")
        expect(console.rows).not_to_have_count(0)
        expect(console.dialog).to_have_count(0)


def test_a_viewer_may_save_the_mappings_and_not_load_them(viewers_console: Console) -> None:
    console = viewers_console
    console.open("lender", "numbers", "?dialog=mappings")
    expect(console.dialog.get_by_role("button", name="Download")).to_be_visible()
    expect(console.dialog.locator("input[type=file]")).to_have_count(0)
    expect(console.dialog).to_contain_text("A manager can change them.")
    console.assert_accessible()


def test_a_viewer_is_told_who_can_give_borrowers_a_local_number(viewers_console: Console) -> None:
    console = viewers_console
    console.open("lender", "why", "#callee=%2B19075550177&agent=bob.ray")
    main = console.page.locator("main")
    expect(main).to_contain_text("If Bob Ray calls now")
    expect(main).to_contain_text("A manager can change them.")
    expect(main.get_by_role("button", name=CHANGES)).to_have_count(0)
    expect(main.get_by_role("link", name=CHANGES)).to_have_count(0)
    console.assert_accessible()


def fail(route: Route) -> None:
    """Fulfill the request with an error that the page does not retry."""
    body = '{"code": "internal", "message": "the test says no"}'
    route.fulfill(status=500, content_type="application/json", body=body)
