"""TLS of a real server: who gets in, and how it follows its certificate files."""

import datetime as dt
import signal
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
import pytest
from cryptography import x509

from localdial.v1 import administration_pb2 as administration
from localdial.v1 import directory_pb2 as directory
from localdial_client import Client, LocaldialError, Unavailable
from localdial_server.settings.validators import is_loopback
from tests.functional.commands import Run, said_in_one_line
from tests.functional.server_process import ServerProcess
from tests.functional.test_workers import Supervised
from tests.functional.webhook_process import (
    WEBHOOK,
    WORK_PHONE,
    WebhookProcess,
    set_up_through,
    webhook_address,
)
from tests.support.certificates import Authority, Identity
from tests.support.twilio_caller import TwilioCaller
from tests.support.waiting import wait_until

DAY = dt.timedelta(days=1)

# 127.0.0.1, spelled so that the server takes it for an address that other machines may reach.
EXPOSED = "127.1:0"

Start = Callable[..., ServerProcess]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def clients(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "clients")


@pytest.fixture
def identity(authority: Authority) -> Identity:
    return authority.issue("127.0.0.1")


def tls_of(identity: Identity) -> dict[str, str]:
    return {
        "LOCALDIAL_TLS_CERTIFICATE": str(identity.certificate),
        "LOCALDIAL_TLS_KEY": str(identity.key),
    }


def mutual(identity: Identity, clients: Authority, wanted: str = "required") -> dict[str, str]:
    return {
        **tls_of(identity),
        "LOCALDIAL_TLS_CLIENT_CA": str(clients.certificate),
        "LOCALDIAL_TLS_CLIENT_CERTIFICATES": wanted,
    }


def connected(
    address: str, authority: Authority, identity: Identity | None = None, *, retries: bool = True
) -> Client:
    """Return a client that trusts the authority and, with an identity, presents its certificate."""
    return Client(
        address,
        root_certificate=authority.certificate.read_bytes(),
        client_certificate=None if identity is None else identity.certificate.read_bytes(),
        client_key=None if identity is None else identity.key.read_bytes(),
        options=(("grpc.enable_retries", int(retries)),),
    )


def call(client: Client) -> None:
    client.directory.list_organizations(directory.ListOrganizationsRequest(), timeout=20)


def answered(address: str, authority: Authority, identity: Identity | None = None) -> bool:
    with connected(address, authority, identity) as client:
        try:
            call(client)
        except Unavailable:
            return False
        return True


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate))


def serial(address: str, authority: Authority) -> int:
    """Return the serial number of the certificate that a new connection gets."""
    port = int(address.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        trusting(authority).wrap_socket(plain, server_hostname="127.0.0.1") as encrypted,
    ):
        der = encrypted.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der).serial_number


def serial_of(identity: Identity) -> int:
    return x509.load_pem_x509_certificates(identity.certificate.read_bytes())[0].serial_number


def event_address(server: ServerProcess, event: str) -> str:
    [address] = [found["address"] for found in server.logged() if found["event"] == event]
    return str(address)


def events(server: ServerProcess) -> list[str]:
    return [str(found["event"]) for found in server.logged()]


def metrics(server: ServerProcess, authority: Authority) -> dict[str, float]:
    port = event_address(server, "serving metrics").rpartition(":")[2]
    url = f"https://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, context=trusting(authority), timeout=20) as answer:
        lines = [line.split() for line in answer.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines if name.startswith("localdial_tls")}


# Start.


def missing(identity: Identity, authority: Authority) -> str:
    del authority
    identity.certificate.unlink()
    return "cannot read"


def mismatched(identity: Identity, authority: Authority) -> str:
    identity.key.write_bytes(authority.issue("other").key.read_bytes())
    return "does not belong to the first certificate"


def expired(identity: Identity, authority: Authority) -> str:
    del identity
    now = dt.datetime.now(dt.UTC)
    authority.issue("127.0.0.1", not_before=now - 2 * DAY, not_after=now - DAY)
    return "expired at"


@pytest.mark.parametrize("spoil", [missing, mismatched, expired])
@pytest.mark.parametrize("command", ["serve", "webhook"])
def test_a_certificate_that_cannot_be_used_ends_the_start_with_one_line(
    command: str,
    spoil: Callable[[Identity, Authority], str],
    authority: Authority,
    identity: Identity,
    run_command: Run,
) -> None:
    expected = spoil(identity, authority)
    database = identity.key.with_name("never.db")
    ended = run_command(
        command, **tls_of(identity), **WEBHOOK, LOCALDIAL_DATABASE_URL=f"sqlite:///{database}"
    )
    said = said_in_one_line(ended)
    assert expected in said
    assert str(identity.certificate) in said
    assert not database.exists()


def test_the_log_says_that_no_credentials_are_required(start_server: Start, identity: Identity) -> None:
    server = start_server(**tls_of(identity))
    assert "any program on this machine may call the server: it requires no credentials" in events(server)


# Who gets in.


def test_only_a_client_that_speaks_tls_and_knows_the_authority_gets_in(
    start_server: Start, authority: Authority, identity: Identity, clients: Authority
) -> None:
    server = start_server(**tls_of(identity))
    assert answered(server.address, authority)
    assert not answered(server.address, clients)
    with Client(server.address) as plain, pytest.raises(Unavailable):
        call(plain)
    # What strangers can cause is not logged.
    assert [found for found in server.logged() if found["level"] != "info"] == []


@pytest.mark.parametrize(
    ("version", "welcome"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_every_port_speaks_tls_1_2_and_1_3_only(
    start_server: Start,
    authority: Authority,
    identity: Identity,
    version: ssl.TLSVersion,
    *,
    welcome: bool,
) -> None:
    server = start_server(
        **{**WEBHOOK, **tls_of(identity), "LOCALDIAL_WEBHOOK_LISTEN": EXPOSED},
        LOCALDIAL_METRICS_LISTEN=EXPOSED,
    )
    context = trusting(authority)
    # OpenSSL itself would refuse TLS 1.1.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    ports = server.address, event_address(server, "serving metrics"), webhook_address(server)
    for address in ports:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            try:
                context.wrap_socket(plain, server_hostname="127.0.0.1").close()
            except (ssl.SSLError, ConnectionResetError):
                assert not welcome, address
            else:
                assert welcome, address


def test_a_required_client_certificate_is_checked(
    start_server: Start, authority: Authority, identity: Identity, clients: Authority
) -> None:
    server = start_server(**mutual(identity, clients), LOCALDIAL_METRICS_LISTEN=EXPOSED)
    assert answered(server.address, authority, clients.issue("dialer"))
    assert not answered(server.address, authority)
    assert not answered(server.address, authority, authority.issue("stranger"))
    with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionResetError)):
        metrics(server, authority)


def test_an_optional_client_certificate_has_an_address_of_its_own(
    start_server: Start, authority: Authority, identity: Identity, clients: Authority
) -> None:
    server = start_server(**mutual(identity, clients, "optional"), LOCALDIAL_TLS_CLIENT_LISTEN="127.0.0.1:0")
    second = event_address(server, "serving callers with a client certificate")
    assert answered(server.address, authority)
    assert answered(second, authority, clients.issue("dialer"))
    assert not answered(second, authority)


def test_the_own_webhook_reaches_a_server_that_requires_client_certificates(
    start_server: Start, authority: Authority, identity: Identity, clients: Authority
) -> None:
    server = start_server(**WEBHOOK, **mutual(identity, clients))
    with connected(server.address, authority, clients.issue("crm")) as client:
        called = set_up_through(client)
    assert TwilioCaller(webhook_address(server)).call(To=called).dialed == WORK_PHONE


def test_a_webhook_on_its_own_reaches_a_server_that_requires_client_certificates(
    start_server: Start, authority: Authority, identity: Identity, clients: Authority, tmp_path: Path
) -> None:
    server = start_server(**mutual(identity, clients))
    gateway = clients.issue("gateway")
    with connected(server.address, authority, gateway) as client:
        called = set_up_through(client)
    webhook = WebhookProcess(
        tmp_path,
        server.address,
        LOCALDIAL_CA=str(authority.certificate),
        LOCALDIAL_CLIENT_CERTIFICATE=str(gateway.certificate),
        LOCALDIAL_CLIENT_KEY=str(gateway.key),
    )
    try:
        assert TwilioCaller(webhook.address).call(To=called).dialed == WORK_PHONE
        with urllib.request.urlopen(f"http://{webhook.address}/health", timeout=20) as health:
            assert b"SERVING" in health.read()
    finally:
        webhook.close()


# Credentials.

# 127.0.0.1 again, in a form that gRPC listens on.
EXPOSED_GRPC = "[::ffff:127.0.0.1]:0"


@pytest.mark.skipif(is_loopback(EXPOSED_GRPC), reason="this Python knows that the address is a loopback one")
def test_an_address_that_other_machines_can_reach_requires_credentials(
    start_server: Start, authority: Authority, identity: Identity
) -> None:
    server = start_server(**tls_of(identity), LOCALDIAL_LISTEN=EXPOSED_GRPC)
    port = server.address.rpartition(":")[2]
    with connected(f"127.0.0.1:{port}", authority) as client, pytest.raises(LocaldialError) as caught:
        call(client)
    assert caught.value.code is grpc.StatusCode.UNAUTHENTICATED


def test_the_own_webhook_needs_no_key_and_no_other_caller_gets_in_like_it(
    start_server: Start, authority: Authority, identity: Identity, tmp_path: Path
) -> None:
    shared = {
        **WEBHOOK,
        **tls_of(identity),
        "LOCALDIAL_DATABASE_URL": f"sqlite:///{tmp_path}/shared.db",
    }
    server = start_server(**shared)
    with connected(server.address, authority) as client:
        called = set_up_through(client)
    server.stop()
    server = start_server(**shared, LOCALDIAL_REQUIRE_CREDENTIALS="true")
    assert TwilioCaller(webhook_address(server)).call(To=called).dialed == WORK_PHONE
    with connected(server.address, authority) as client, pytest.raises(LocaldialError) as caught:
        call(client)
    assert caught.value.code is grpc.StatusCode.UNAUTHENTICATED
    [target] = [str(event["server"]) for event in server.logged() if event["event"] == "serving the webhook"]
    folder = Path(target.removeprefix("unix:")).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    server.stop()
    assert not folder.exists()


def test_a_webhook_on_its_own_proves_itself_with_its_key(
    start_server: Start, authority: Authority, identity: Identity, tmp_path: Path
) -> None:
    shared = {**tls_of(identity), "LOCALDIAL_DATABASE_URL": f"sqlite:///{tmp_path}/shared.db"}
    server = start_server(**shared)
    with connected(server.address, authority) as client:
        called = set_up_through(client)
        request = administration.CreateApiKeyRequest(display_name="webhook", role=administration.ROLE_GATEWAY)
        key = client.administration.create_api_key(request).key
    server.stop()
    server = start_server(**shared, LOCALDIAL_REQUIRE_CREDENTIALS="true")
    webhook = WebhookProcess(
        tmp_path, server.address, LOCALDIAL_CA=str(authority.certificate), LOCALDIAL_API_KEY=key
    )
    try:
        assert TwilioCaller(webhook.address).call(To=called).dialed == WORK_PHONE
    finally:
        webhook.close()
    webhook = WebhookProcess(tmp_path, server.address, LOCALDIAL_CA=str(authority.certificate))
    try:
        assert TwilioCaller(webhook.address).call(To=called).status == 503
    finally:
        webhook.close()


# Reloads.


def test_every_port_follows_the_certificate_files_without_a_restart(
    start_server: Start, authority: Authority, identity: Identity
) -> None:
    server = start_server(
        **{**WEBHOOK, **tls_of(identity), "LOCALDIAL_WEBHOOK_LISTEN": EXPOSED},
        LOCALDIAL_METRICS_LISTEN=EXPOSED,
    )
    ports = server.address, event_address(server, "serving metrics"), webhook_address(server)
    assert {serial(port, authority) for port in ports} == {serial_of(identity)}
    with connected(server.address, authority) as old:
        call(old)
        for _ in range(2):
            authority.issue("127.0.0.1")
            new = serial_of(identity)
            _wait_for(ports, authority, new)
        call(old)
    assert events(server).count("using a new certificate") == 2


def test_a_bad_certificate_keeps_the_last_good_one_and_shows_in_a_metric(
    start_server: Start, authority: Authority, identity: Identity
) -> None:
    server = start_server(**tls_of(identity), LOCALDIAL_METRICS_LISTEN=EXPOSED)
    good = serial_of(identity)
    assert metrics(server, authority)["localdial_tls_reload_failing"] == 0
    now = dt.datetime.now(dt.UTC)
    authority.issue("127.0.0.1", not_before=now - 2 * DAY, not_after=now - DAY)
    wait_until(lambda: metrics(server, authority)["localdial_tls_reload_failing"] == 1)
    time.sleep(3)
    assert serial(server.address, authority) == good
    end = (now + DAY).replace(microsecond=0)
    authority.issue("127.0.0.1", not_after=end)
    wait_until(lambda: metrics(server, authority)["localdial_tls_reload_failing"] == 0)
    _wait_for([server.address], authority, serial_of(identity))
    expiry = 'localdial_tls_certificate_expiry_timestamp_seconds{certificate="server"}'
    assert metrics(server, authority)[expiry] == end.timestamp()
    [error] = [found for found in server.logged() if found["level"] == "error"]
    assert "expired at" in str(error["cause"])


def test_a_client_authority_that_was_replaced_is_trusted_no_more(
    start_server: Start, authority: Authority, identity: Identity, clients: Authority, tmp_path: Path
) -> None:
    server = start_server(**mutual(identity, clients))
    dialer = clients.issue("dialer")
    assert answered(server.address, authority, dialer)
    others = Authority(tmp_path, "others")
    clients.certificate.write_bytes(others.certificate.read_bytes())
    wait_until(lambda: "using a new certificate" in events(server))
    wait_until(lambda: not answered(server.address, authority, dialer))
    assert answered(server.address, authority, others.issue("dialer"))


def test_a_hangup_reloads_the_certificate_and_does_not_stop_the_server(
    start_server: Start, authority: Authority, identity: Identity
) -> None:
    server = start_server(**tls_of(identity))
    authority.issue("127.0.0.1")
    server.signal(signal.SIGHUP)
    wait_until(lambda: "using a new certificate" in events(server))
    _wait_for([server.address], authority, serial_of(identity))
    assert server.stop() == 0


def test_a_hangup_reloads_the_certificate_of_every_worker(
    tmp_path: Path, migrated_url: str, authority: Authority, identity: Identity
) -> None:
    server = Supervised(
        tmp_path,
        *("--workers", "2"),
        LOCALDIAL_DATABASE_URL=migrated_url,
        LOCALDIAL_METRICS_LISTEN=EXPOSED,
        **tls_of(identity),
    )
    try:
        workers = server.workers
        authority.issue("127.0.0.1")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(server.logged("using a new certificate")) == 3)
        reloaded = {found["process"] for found in server.logged("using a new certificate")}
        assert reloaded == {server.process.pid, *workers}
        new = {serial_of(identity)}
        wait_until(lambda: {serial(server.address, authority) for _ in range(20)} == new)
        assert server.stop() == 0
    finally:
        server.close()


def test_no_call_fails_while_the_certificate_is_reloaded_under_load(
    start_server: Start, authority: Authority, identity: Identity
) -> None:
    server = start_server(**tls_of(identity))
    end = threading.Event()
    failures: list[LocaldialError] = []
    done = {"kept": 0, "new": 0}

    def make_call(client: Client, kind: str) -> None:
        try:
            call(client)
        except LocaldialError as error:
            failures.append(error)
        done[kind] += 1

    def keep(client: Client) -> None:
        while not end.is_set():
            make_call(client, "kept")

    def connect_anew() -> None:
        while not end.is_set():
            with connected(server.address, authority, retries=False) as client:
                make_call(client, "new")

    with connected(server.address, authority, retries=False) as client:
        threads = [threading.Thread(target=keep, args=(client,)), threading.Thread(target=connect_anew)]
        for thread in threads:
            thread.start()
        for reloads in range(1, 6):
            before = dict(done)
            authority.issue("127.0.0.1")
            server.signal(signal.SIGHUP)
            _wait_for_reloads(server, reloads)
            wait_until(lambda: all(done[kind] > before[kind] + 5 for kind in done))  # noqa: B023 - runs at once
        end.set()
        for thread in threads:
            thread.join()
    assert failures == []


def _wait_for(ports: Sequence[str], authority: Authority, wanted: int) -> None:
    wait_until(lambda: {serial(port, authority) for port in ports} == {wanted})


def _wait_for_reloads(server: ServerProcess, wanted: int) -> None:
    wait_until(lambda: events(server).count("using a new certificate") == wanted)


def test_a_half_open_handshake_does_not_keep_metrics_from_others(
    start_server: Start, authority: Authority, identity: Identity
) -> None:
    server = start_server(**tls_of(identity), LOCALDIAL_METRICS_LISTEN=EXPOSED)
    port = int(event_address(server, "serving metrics").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(b"\x16\x03\x01")
        assert metrics(server, authority)
