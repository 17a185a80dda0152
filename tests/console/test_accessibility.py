"""Every view, in normal and high contrast, narrow and wide: nothing for axe to find, nothing cut off."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from localdial_client import Client
from tests.console.browser import View
from tests.console.conftest import OpenConsole
from tests.console.console_server import ConsoleServer, Tenant
from tests.console.sample import fill

LOOKS: dict[str, dict[str, Any]] = {
    "normal": {},
    "narrow": {"viewport": {"width": 360, "height": 740}},
    "4K": {"viewport": {"width": 3840, "height": 2160}},
    "high contrast": {"forced_colors": "active"},
}
VIEWS: tuple[tuple[View, str], ...] = (
    ("numbers", ""),
    ("numbers", "?dialog=purchase&about=415&quantity=3"),
    ("numbers", "?dialog=import"),
    ("numbers", "?dialog=mappings"),
    ("numbers", "?dialog=purchase"),
    ("why", "#callee=%2B16285550177&agent=bob.ray"),
    ("calls", ""),
    ("call-backs", ""),
    ("people", ""),
    ("people", "?dialog=add"),
    ("people", "?dialog=edit&user=ann.lee"),
    ("people", "?dialog=import"),
    ("people", "?dialog=organization"),
    ("health", ""),
)


@pytest.fixture(scope="module")
def lender(server: ConsoleServer) -> Iterator[Tenant]:
    with Client(server.address) as client:
        yield fill(client, f"lender-{uuid.uuid4().hex[:12]}")


@pytest.mark.parametrize("look", LOOKS)
def test_every_view_is_accessible_and_fits_its_window(
    look: str, open_console: OpenConsole, server: ConsoleServer, lender: Tenant
) -> None:
    console = open_console(server, **LOOKS[look])
    for view, query in VIEWS:
        console.open(lender.organization_id, view, query)
        console.page.wait_for_load_state("networkidle")
        expect(console.page.get_by_role("heading", level=1)).to_be_visible()
        if "dialog=" in query:
            expect(console.dialog).to_be_visible()
        console.assert_accessible()
        console.assert_fits()


def test_in_a_narrow_window_the_navigation_scrolls_to_the_current_view(
    open_console: OpenConsole, server: ConsoleServer, lender: Tenant
) -> None:
    console = open_console(server, **LOOKS["narrow"])
    ends: tuple[tuple[View, str], ...] = ("health", "Health"), ("numbers", "Numbers")
    for view, name in ends:
        console.open(lender.organization_id, view)
        link = console.page.get_by_role("navigation").get_by_role("link", name=name)
        expect(link).to_be_in_viewport(ratio=0.9)
