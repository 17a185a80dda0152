"""Each language's client against localdial's own TLS, with client certificates and through reloads."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from localdial.v1 import directory_pb2 as directory
from localdial_client import Client
from tests.functional.server_process import ServerProcess
from tests.interop.client_user import ClientUser
from tests.interop.conftest import StartDriver
from tests.support.certificates import Authority, Identity
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), "authority")


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), "clients")


@pytest.fixture(scope="module")
def dialer(clients: Authority) -> Identity:
    return clients.issue("dialer")


@pytest.fixture(scope="module")
def server(
    authority: Authority, clients: Authority, dialer: Identity, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """Yield a server that requires client certificates, with the user whom `ClientUser` asks for."""
    identity = authority.issue("127.0.0.1")
    settings = {
        "LOCALDIAL_TLS_CERTIFICATE": str(identity.certificate),
        "LOCALDIAL_TLS_KEY": str(identity.key),
        "LOCALDIAL_TLS_CLIENT_CA": str(clients.certificate),
        "LOCALDIAL_TLS_CLIENT_CERTIFICATES": "required",
    }
    with ServerProcess(tmp_path_factory.mktemp("server"), **settings) as server:
        with Client(
            server.address,
            root_certificate=authority.certificate.read_bytes(),
            client_certificate=dialer.certificate.read_bytes(),
            client_key=dialer.key.read_bytes(),
        ) as client:
            acme = directory.Organization(organization_id="acme")
            client.directory.set_organization(directory.SetOrganizationRequest(organization=acme))
            ann = directory.User(organization_id="acme", user_id="ann", work_phone="+13125550160")
            client.directory.set_user(directory.SetUserRequest(user=ann))
        yield server


@pytest.fixture
def user(language: str, running_driver: StartDriver) -> ClientUser:
    return ClientUser(running_driver(language))


def options(authority: Authority, identity: Identity) -> dict[str, Any]:
    return {
        "tls": True,
        "root_certificate": authority.certificate,
        "client_certificate": identity.certificate,
        "client_key": identity.key,
    }


def test_a_client_with_a_certificate_is_answered(
    user: ClientUser, server: ServerProcess, authority: Authority, dialer: Identity
) -> None:
    user.answered(server.address, **options(authority, dialer))


def test_a_client_without_a_certificate_is_refused(
    user: ClientUser, server: ServerProcess, authority: Authority
) -> None:
    failure = user.failed(server.address, tls=True, root_certificate=authority.certificate)
    assert failure.code == "UNAVAILABLE"


def test_a_client_whose_certificate_is_another_authoritys_is_refused(
    user: ClientUser, server: ServerProcess, authority: Authority
) -> None:
    stranger = authority.issue("stranger")
    assert user.failed(server.address, **options(authority, stranger)).code == "UNAVAILABLE"


def test_a_client_that_trusts_another_authority_does_not_call(
    user: ClientUser, server: ServerProcess, clients: Authority, dialer: Identity
) -> None:
    assert user.failed(server.address, **options(clients, dialer)).code == "UNAVAILABLE"


def test_an_open_and_a_new_connection_are_answered_after_a_reload(
    user: ClientUser, server: ServerProcess, authority: Authority, dialer: Identity
) -> None:
    assert user.connect(server.address, **options(authority, dialer)) == {"ok": True}
    assert "response" in user.call()
    before = str(server.logged()).count("using a new certificate")
    authority.issue("127.0.0.1")
    server.signal(signal.SIGHUP)
    wait_until(lambda: str(server.logged()).count("using a new certificate") > before)
    assert "response" in user.call()
    user.close()
    user.answered(server.address, **options(authority, dialer))
