"""API keys on real servers: what they open, until when, and what stays secret."""

import contextlib
import time
from collections.abc import Callable, Iterator

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from localdial.v1.administration_pb2 import (
    ApiKey,
    CreateApiKeyRequest,
    GetCallerRequest,
    GetCallerResponse,
    ListApiKeysRequest,
    RevokeApiKeyRequest,
    Role,
    RotateApiKeyRequest,
)
from localdial.v1.administration_pb2_grpc import AdministrationStub
from localdial.v1.directory_pb2 import (
    DeleteOrganizationRequest,
    GetOrganizationRequest,
    Organization,
    SetOrganizationRequest,
)
from localdial_client import Client, LocaldialError
from localdial_server.runtime import bootstrap
from localdial_server.settings.settings import read_settings
from tests.functional.server_process import ServerProcess
from tests.support.postgres import PostgresServer

REQUIRED = {"LOCALDIAL_REQUIRE_CREDENTIALS": "true"}
POLL_SECONDS = 0.2
# How much later than one poll a busy machine may notice a change.
LATE_SECONDS = 5.0


class Admin:
    """Changes keys, with an admin's key or, on a server that asks for none, without."""

    def __init__(self, address: str, channel: grpc.Channel, key: str) -> None:
        self.address = address
        self._stub = AdministrationStub(channel)
        self._metadata = (("authorization", f"Bearer {key}"),) if key else ()

    def create(
        self, role: "Role.ValueType", organization_id: str = "", seconds: int | None = None
    ) -> tuple[str, str]:
        """Create a key; return its identifier and the whole key."""
        valid_for = None if seconds is None else Duration(seconds=seconds)
        request = CreateApiKeyRequest(
            display_name="test", role=role, organization_id=organization_id, valid_for=valid_for
        )
        made = self._stub.CreateApiKey(request, metadata=self._metadata)
        return made.api_key.key_id, made.key

    def rotate(self, key_id: str, former_seconds: int) -> str:
        request = RotateApiKeyRequest(key_id=key_id, former_valid_for=Duration(seconds=former_seconds))
        return self._stub.RotateApiKey(request, metadata=self._metadata).key

    def revoke(self, key_id: str) -> ApiKey:
        return self._stub.RevokeApiKey(RevokeApiKeyRequest(key_id=key_id), metadata=self._metadata).api_key

    def keys(self) -> dict[str, ApiKey]:
        listed = self._stub.ListApiKeys(ListApiKeysRequest(), metadata=self._metadata)
        return {key.key_id: key for key in listed.api_keys}


@contextlib.contextmanager
def administration(address: str, key: str = "") -> Iterator[Admin]:
    with grpc.insecure_channel(address) as channel:
        yield Admin(address, channel, key)


def set_organization(address: str, key: str | None, organization_id: str = "acme") -> None:
    with Client(address, key=key) as client:
        organization = Organization(organization_id=organization_id)
        client.directory.set_organization(SetOrganizationRequest(organization=organization))


def reads(address: str, key: str | None, organization_id: str = "acme") -> str:
    """Return the reason for which reading the organization fails; empty if it succeeds."""
    with Client(address, key=key, options=[("grpc.enable_retries", 0)]) as client:
        try:
            client.directory.get_organization(GetOrganizationRequest(organization_id=organization_id))
        except LocaldialError as error:
            return error.reason
    return ""


def seconds_until(reason: str, address: str, key: str) -> float:
    """Wait until a read with the key fails for the reason, or succeeds if it is empty."""
    begun_at = time.monotonic()
    while reads(address, key) != reason:
        assert time.monotonic() - begun_at < 30, f"not {reason or 'accepted'} within 30 s"
        time.sleep(0.01)
    return time.monotonic() - begun_at


def first_admin(start_server: Callable[..., ServerProcess], **settings: str) -> tuple[ServerProcess, str]:
    """Start a server that asks for no credentials, create an admin's key there, and require keys."""
    server = start_server(**settings)
    with administration(server.address) as admin:
        _, key = admin.create(Role.ROLE_ADMIN)
    server.stop()
    server.change(**REQUIRED)
    server.start()
    return server, key


@pytest.mark.parametrize("role", sorted(set(Role.values()) - {Role.ROLE_UNSPECIFIED}))
def test_a_caller_of_every_role_learns_who_it_is(
    start_server: Callable[..., ServerProcess], role: "Role.ValueType"
) -> None:
    server, admin_key = first_admin(start_server)
    set_organization(server.address, admin_key)
    organization_id = "" if role in {Role.ROLE_GATEWAY, Role.ROLE_ADMIN} else "acme"
    with administration(server.address, admin_key) as admin:
        key_id, key = admin.create(role, organization_id)
    with Client(server.address, key=key) as client:
        caller = client.administration.get_caller(GetCallerRequest())
    assert caller == GetCallerResponse(principal=f"key:{key_id}", role=role, organization_id=organization_id)


def test_a_server_that_requires_credentials_serves_nobody_without_a_key(
    start_server: Callable[..., ServerProcess],
) -> None:
    server, admin_key = first_admin(start_server)
    assert reads(server.address, None) == "UNAUTHENTICATED"
    assert reads(server.address, "ldk_nonsense") == "UNAUTHENTICATED"
    assert reads(server.address, admin_key[:-1] + ("A" if admin_key[-1] != "A" else "B")) == "UNAUTHENTICATED"
    assert reads(server.address, admin_key) == "ORGANIZATION_NOT_FOUND"
    assert any(event["event"] == "callers need a credential" for event in server.logged())


def test_a_key_opens_the_methods_of_its_role_for_its_organization(
    start_server: Callable[..., ServerProcess],
) -> None:
    server, admin_key = first_admin(start_server)
    for organization_id in "acme", "other":
        set_organization(server.address, admin_key, organization_id)
    with administration(server.address, admin_key) as admin:
        _, viewer = admin.create(Role.ROLE_VIEWER, "acme")
        assert reads(server.address, viewer) == ""
        assert reads(server.address, viewer, "other") == "PERMISSION_DENIED"
        with administration(server.address, viewer) as as_viewer, pytest.raises(grpc.RpcError) as refused:
            as_viewer.create(Role.ROLE_ADMIN)
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_wrong_key_is_refused_even_where_none_is_required(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server()
    set_organization(server.address, None)
    assert reads(server.address, None) == ""
    assert reads(server.address, f"ldk_{'a' * 12}_{'A' * 43}") == "UNAUTHENTICATED"
    with administration(server.address) as admin:
        _, key = admin.create(Role.ROLE_DIALER, "acme")
    assert reads(server.address, key) == "PERMISSION_DENIED"


def test_a_key_ends_when_it_is_revoked_rotated_away_or_its_organization_deleted(
    start_server: Callable[..., ServerProcess],
) -> None:
    server, admin_key = first_admin(start_server)
    address = server.address
    set_organization(address, admin_key)
    with administration(address, admin_key) as admin:
        key_id, first = admin.create(Role.ROLE_MANAGER, "acme")
        second = admin.rotate(key_id, 3600)
        assert [reads(address, key) for key in (first, second)] == ["", ""]
        third = admin.rotate(key_id, 3600)
        assert [reads(address, key) for key in (first, second, third)] == ["UNAUTHENTICATED", "", ""]
        fourth = admin.rotate(key_id, 0)
        assert [reads(address, key) for key in (third, fourth)] == ["UNAUTHENTICATED", ""]
        assert admin.revoke(key_id).HasField("revoke_time")
        assert reads(address, fourth) == "UNAUTHENTICATED"
        _, of_acme = admin.create(Role.ROLE_MANAGER, "acme")
        with Client(address, key=of_acme) as client:
            client.directory.delete_organization(DeleteOrganizationRequest(organization_id="acme"))
        assert reads(address, of_acme) == "UNAUTHENTICATED"
        set_organization(address, admin_key)
        assert reads(address, of_acme) == "UNAUTHENTICATED"


def test_the_last_use_of_a_key_is_kept_to_the_hour(start_server: Callable[..., ServerProcess]) -> None:
    server, admin_key = first_admin(start_server)
    with administration(server.address, admin_key) as admin:
        key_id, key = admin.create(Role.ROLE_ADMIN)
        assert not admin.keys()[key_id].HasField("last_use_time")
        assert reads(server.address, key) == "ORGANIZATION_NOT_FOUND"
    server.stop()
    server.start()
    with administration(server.address, admin_key) as admin:
        used = admin.keys()[key_id].last_use_time
        assert 0 <= time.time() - used.seconds < 2 * 3600
        assert used.seconds % 3600 == used.nanos == 0


@pytest.mark.parametrize("level", ["debug", "info"])
def test_no_key_reaches_the_log(start_server: Callable[..., ServerProcess], level: str) -> None:
    server, admin_key = first_admin(start_server, LOCALDIAL_LOG_LEVEL=level)
    address = server.address
    with administration(address, admin_key) as admin:
        key_id, first = admin.create(Role.ROLE_ADMIN)
        second = admin.rotate(key_id, 3600)
        wrong = f"{first[:-8]}AAAAAAAA"
        for key in first, second, wrong, admin_key:
            reads(address, key)
        admin.revoke(key_id)
        for key in first, second:
            assert reads(address, key) == "UNAUTHENTICATED"
    server.stop()
    log = server.log.read_text("utf-8")
    for key in first, second, wrong, admin_key:
        assert key[-43:-8] not in log


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server for these tests only, which they may stop."""
    with PostgresServer() as server:
        yield server


def test_every_server_follows_the_changes_of_keys_and_keeps_them_while_the_database_is_away(
    start_server: Callable[..., ServerProcess], postgres: PostgresServer
) -> None:
    url = postgres.create_database("keys")
    bootstrap.migrate(read_settings(database_url=url))
    shared = {
        "LOCALDIAL_DATABASE_URL": url,
        "LOCALDIAL_SNAPSHOT_POLL_SECONDS": str(POLL_SECONDS),
        "LOCALDIAL_SNAPSHOT_MAX_AGE_SECONDS": "6",
    }
    home, admin_key = first_admin(start_server, **shared)
    other = start_server(**shared, **REQUIRED)
    set_organization(home.address, admin_key)
    assert reads(other.address, admin_key) == ""
    with administration(home.address, admin_key) as admin:
        key_id, key = admin.create(Role.ROLE_VIEWER, "acme")
        assert reads(home.address, key) == ""
        assert seconds_until("", other.address, key) < POLL_SECONDS + LATE_SECONDS
        admin.revoke(key_id)
        assert reads(home.address, key) == "UNAUTHENTICATED"
        assert seconds_until("UNAUTHENTICATED", other.address, key) < POLL_SECONDS + LATE_SECONDS
        _, kept = admin.create(Role.ROLE_VIEWER, "acme")
        seconds_until("", other.address, kept)
    postgres.stop()
    try:
        stopped_at = time.monotonic()
        wrong = f"{kept[:-1]}{'A' if kept[-1] != 'A' else 'B'}"
        # Both servers still know the keys, so only reading the organization fails.
        for address in home.address, other.address:
            assert reads(address, wrong) == "UNAUTHENTICATED"
            assert reads(address, kept, "other") == "PERMISSION_DENIED"
            assert reads(address, kept) == "STORAGE_UNAVAILABLE"
        seconds_until("STORAGE_UNAVAILABLE", other.address, wrong)
        assert time.monotonic() - stopped_at > 6 - POLL_SECONDS - 1
    finally:
        postgres.start()
    seconds_until("", other.address, kept)
    assert seconds_until("UNAUTHENTICATED", other.address, wrong) < LATE_SECONDS
