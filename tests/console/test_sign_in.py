"""Who may see the console, and what each role is offered."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from localdial.v1.administration_pb2 import ListApiKeysRequest, RevokeApiKeyRequest, Role
from localdial_client import Client
from tests.console.browser import Console
from tests.console.conftest import OpenConsole
from tests.console.console_server import ConsoleServer, Tenant

CHANGES = "Purchase Org Numbers", "Import from the carrier", "Add mapping", "Delete Org Numbers"


@pytest.fixture
def acme(guarded: tuple[ConsoleServer, str]) -> Iterator[Tenant]:
    server, key = guarded
    with Client(server.address, key=key) as client:
        yield Tenant(client, "acme", display_name="Acme Lending")


@pytest.fixture
def console(open_console: OpenConsole, guarded: tuple[ConsoleServer, str]) -> Console:
    return open_console(guarded[0])


def test_a_server_without_credentials_asks_for_no_key(
    open_console: OpenConsole, server: ConsoleServer, tenant: Tenant
) -> None:
    console = open_console(server)
    console.open(tenant.organization_id)
    expect(console.page.get_by_role("heading", name="Numbers")).to_be_visible()
    expect(console.button("Sign out")).to_have_count(0)


def test_a_wrong_key_is_refused_and_the_form_stays(console: Console) -> None:
    console.page.goto(console.url)
    console.assert_accessible()
    console.sign_in("ldk_wrong")
    expect(console.page.get_by_role("alert")).to_contain_text("does not accept this key")
    expect(console.page.get_by_label("API key")).to_have_attribute("aria-invalid", "true")
    console.assert_accessible()


def test_a_manager_is_offered_all_changes(console: Console, acme: Tenant) -> None:
    if not acme.numbers():
        acme.buy("415")
    console.page.goto(console.url)
    console.sign_in(acme.key(Role.ROLE_MANAGER))
    expect(console.rows).not_to_have_count(0)
    for name in CHANGES:
        expect(console.button(name).first).to_be_visible()
    expect(console.page.get_by_role("checkbox")).not_to_have_count(0)


def test_a_viewer_is_offered_no_change_and_told_why(console: Console, acme: Tenant) -> None:
    if not acme.numbers():
        acme.buy("415")
    console.page.goto(console.url)
    console.sign_in(acme.key(Role.ROLE_VIEWER))
    expect(console.rows).not_to_have_count(0)
    expect(console.page.get_by_text("A manager can change them.")).to_be_visible()
    for name in CHANGES:
        expect(console.button(name)).to_have_count(0)
    expect(console.page.get_by_role("checkbox")).to_have_count(0)
    console.assert_accessible()


def test_the_key_of_a_program_opens_no_view(console: Console, acme: Tenant) -> None:
    console.page.goto(console.url)
    console.sign_in(acme.key(Role.ROLE_DIALER))
    expect(console.page.get_by_text("This key is for programs")).to_be_visible()
    console.assert_accessible()
    console.button("Sign out").click()
    expect(console.page.get_by_label("API key")).to_be_visible()


def test_the_key_is_kept_for_the_tab_only(console: Console, acme: Tenant) -> None:
    console.page.goto(console.url)
    console.sign_in(acme.key(Role.ROLE_VIEWER))
    heading = console.page.get_by_role("heading", name="Numbers")
    expect(heading).to_be_visible()
    console.page.reload()
    expect(heading).to_be_visible()
    other = console.page.context.new_page()
    other.goto(console.page.url)
    expect(other.get_by_label("API key")).to_be_visible()
    console.button("Sign out").click()
    console.page.reload()
    expect(console.page.get_by_label("API key")).to_be_visible()


def test_the_key_of_an_admin_of_all_organizations_lets_choose_one(
    console: Console, acme: Tenant, guarded: tuple[ConsoleServer, str]
) -> None:
    console.page.goto(console.url)
    console.sign_in(guarded[1])
    expect(console.page.get_by_role("heading", name="Choose an organization")).to_be_visible()
    console.assert_accessible()
    console.page.get_by_role("link", name="Acme Lending").click()
    expect(console.page.get_by_role("heading", name="Numbers")).to_be_visible()
    assert console.page.url.startswith(f"{console.url}/organizations/{acme.organization_id}")
    expect(console.button("Purchase Org Numbers").first).to_be_visible()


def test_another_organization_is_not_shown(console: Console, acme: Tenant) -> None:
    Tenant(acme.client, "rival", display_name="Rival Loans")
    key = acme.key(Role.ROLE_MANAGER)
    console.open("rival")
    console.sign_in(key)
    expect(console.page.get_by_role("alert")).to_contain_text("You may not see this")
    expect(console.page.get_by_text("Rival Loans")).to_have_count(0)
    console.assert_accessible()


def test_a_key_that_is_revoked_brings_the_form_back(console: Console, acme: Tenant) -> None:
    console.page.goto(console.url)
    known = {each.key_id for each in acme.client.administration.list_api_keys(ListApiKeysRequest()).api_keys}
    console.sign_in(acme.key(Role.ROLE_MANAGER))
    expect(console.page.get_by_role("heading", name="Numbers")).to_be_visible()
    keys = acme.client.administration.list_api_keys(ListApiKeysRequest()).api_keys
    (new,) = (each.key_id for each in keys if each.key_id not in known)
    acme.client.administration.revoke_api_key(RevokeApiKeyRequest(key_id=new))
    console.button("Import from the carrier").click()
    expect(console.page.get_by_label("API key")).to_be_visible()
