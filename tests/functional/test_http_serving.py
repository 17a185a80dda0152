"""Where and for how long the API is served over HTTP: TLS, workers, the webhook's address, the end."""

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.functional.commands import Run
from tests.functional.http_caller import HttpCaller
from tests.functional.server_process import FRONT, ServerProcess
from tests.functional.test_stopping import stop_in_background
from tests.functional.test_workers import Supervised
from tests.functional.webhook_process import WEBHOOK, WORK_PHONE, set_up
from tests.support.certificates import Authority, Identity
from tests.support.raw_clients import set_up_caller
from tests.support.twilio_caller import TwilioCaller
from tests.support.waiting import wait_until

StartServer = Callable[..., ServerProcess]

GET = "Directory/GetOrganization"
NOBODY = {"organizationId": "nobody"}
HTTP = {"LOCALDIAL_HTTP_LISTEN": "127.0.0.1:0"}

# 127.0.0.1, spelled so that the server takes it for an address that other machines may reach.
EXPOSED = "127.1:0"


def page_of(server: ServerProcess) -> str:
    """Return the URL of an exposed server's page. rustls refuses 127.1 as a name."""
    assert server.page.startswith("https://127.1:")
    return server.page.replace("127.1", "127.0.0.1")


def trusting(authority: Authority, identity: Identity | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return context


@pytest.mark.parametrize("wanted", ["optional", "required"])
def test_a_client_certificate_stands_for_a_principal(
    start_server: StartServer, tmp_path: Path, wanted: str
) -> None:
    authority, clients = Authority(tmp_path, "authority"), Authority(tmp_path, "clients")
    server_identity, dialer = authority.issue("127.0.0.1"), clients.issue("dialer.example.com")
    second = {"LOCALDIAL_TLS_CLIENT_LISTEN": "127.0.0.1:0"} if wanted == "optional" else {}
    server = start_server(
        LOCALDIAL_HTTP_LISTEN=EXPOSED,
        LOCALDIAL_TLS_CERTIFICATE=str(server_identity.certificate),
        LOCALDIAL_TLS_KEY=str(server_identity.key),
        LOCALDIAL_TLS_CLIENT_CA=str(clients.certificate),
        LOCALDIAL_TLS_CLIENT_CERTIFICATES=wanted,
        LOCALDIAL_TLS_CLIENT_PRINCIPALS=json.dumps({"DNS:dialer.example.com": {"role": "gateway"}}),
        **second,
    )
    answer = HttpCaller(page_of(server), trusting(authority, dialer)).call("Administration/ListApiKeys", {})
    # The principal is known, and may not do that.
    assert (answer.status, answer.reason) == (403, "PERMISSION_DENIED")
    without = HttpCaller(page_of(server), trusting(authority))
    if wanted == "optional":
        assert without.call(GET, NOBODY).reason == "UNAUTHENTICATED"
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            without.call(GET, NOBODY)
    foreign = Authority(tmp_path, "foreign").issue("dialer.example.com")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        HttpCaller(page_of(server), trusting(authority, foreign)).call(GET, NOBODY)


def test_a_new_certificate_is_used_without_a_restart(start_server: StartServer, tmp_path: Path) -> None:
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    identity = old.issue("127.0.0.1")
    server = start_server(
        LOCALDIAL_HTTP_LISTEN=EXPOSED,
        LOCALDIAL_TLS_CERTIFICATE=str(identity.certificate),
        LOCALDIAL_TLS_KEY=str(identity.key),
    )
    assert HttpCaller(page_of(server), trusting(old)).call(GET, NOBODY).reason == "UNAUTHENTICATED"
    renewed = new.issue("127.0.0.1")
    identity.certificate.write_bytes(renewed.certificate.read_bytes())
    identity.key.write_bytes(renewed.key.read_bytes())

    def is_trusted() -> bool:
        try:
            return HttpCaller(page_of(server), trusting(new)).call(GET, NOBODY).status == 401
        except (ssl.SSLError, ConnectionError):
            return False

    wait_until(is_trusted)


@pytest.mark.parametrize(
    "settings",
    [
        {"LOCALDIAL_HTTP_LISTEN": "0.0.0.0:0"},
        {"LOCALDIAL_HTTP_LISTEN": "8080"},
        {"LOCALDIAL_HTTP_LISTEN": "127.0.0.1:0", "LOCALDIAL_HTTP_ORIGINS": "*"},
    ],
)
def test_a_server_with_unsafe_settings_does_not_start(run_command: Run, settings: dict[str, str]) -> None:
    done = run_command("serve", **settings)
    assert done.returncode == 2
    assert "LOCALDIAL_HTTP_" in done.stderr


def test_an_exposed_http_address_makes_grpc_ask_for_credentials_too(
    start_server: StartServer, tmp_path: Path
) -> None:
    identity = Authority(tmp_path, "authority").issue("127.0.0.1")
    server = start_server(
        LOCALDIAL_HTTP_LISTEN=EXPOSED,
        LOCALDIAL_TLS_CERTIFICATE=str(identity.certificate),
        LOCALDIAL_TLS_KEY=str(identity.key),
    )
    assert any(event["event"] == "callers need a credential" for event in server.logged())


def test_the_webhook_is_served_on_the_same_address(start_server: StartServer) -> None:
    server = start_server(**HTTP, **WEBHOOK)
    called = set_up(server.address)
    http = HttpCaller(server.page)
    host, port = http.address
    twilio = TwilioCaller(f"{host}:{port}")
    dialed = twilio.call(To=called)
    assert dialed.dialed == WORK_PHONE
    assert http.call(GET, {"organizationId": "acme"}).status == 200
    # The webhook's own health says more.
    wait_until(lambda: http.send("GET", "/health", host="voice.example.com").body == b"SERVING")
    assert http.send("GET", "/", host="voice.example.com").status == 403
    assert server.stop() == 0


@pytest.fixture
def workers(tmp_path: Path, migrated_url: str) -> Iterator[Supervised]:
    server = Supervised(
        tmp_path, "--workers", "2", "--http", "127.0.0.1:0", LOCALDIAL_DATABASE_URL=migrated_url
    )
    yield server
    server.close()


def test_all_workers_serve_the_address(workers: Supervised) -> None:
    pages = {str(event["http"]) for event in workers.logged("serving")}
    [page] = pages
    http = HttpCaller(page)
    assert all(http.call(GET, NOBODY).status == 404 for _ in range(20))
    assert workers.stop() == 0


def test_a_stopping_server_serves_until_balancers_know(start_server: StartServer) -> None:
    server = start_server(**HTTP, LOCALDIAL_LAME_DUCK_SECONDS="3")
    set_up_caller(server.address)
    http = HttpCaller(server.page)
    stopping = stop_in_background(server)
    wait_until(lambda: http.send("GET", "/health").status == 503)
    answer = http.call(GET, NOBODY)
    assert (answer.status, answer.headers["connection"]) == (404, "close")
    stopping.join()
    with pytest.raises(ConnectionError):
        http.send("GET", "/health")


def test_a_request_under_way_is_finished_when_the_server_stops(start_server: StartServer) -> None:
    server = start_server(**HTTP, LOCALDIAL_SIMULATOR_LATENCY_MS="1500")
    http = HttpCaller(server.page)
    assert http.call("Directory/SetOrganization", {"organization": {"organizationId": "acme"}}).status == 200
    connection = http.connection()
    body = json.dumps({"organizationId": "acme", "areaCode": "415", "quantity": 1, "requestId": "1"})
    path = "/localdial.v1.NumberInventory/PurchaseNumbers"
    connection.request("POST", path, body, {"content-type": "application/json"})
    stopping = stop_in_background(server)
    response = connection.getresponse()
    assert response.status == 200
    assert len(json.loads(response.read())["numbers"]) == 1
    connection.close()
    stopping.join()


def test_the_ready_line_has_the_address_of_the_page(start_server: StartServer) -> None:
    server = start_server() if FRONT == "fast" else start_server(**HTTP)
    expected = f"http://{server.address}/" if FRONT == "fast" else server.page
    assert server.page == expected
    assert HttpCaller(server.page).send("GET", "/").status == 200
