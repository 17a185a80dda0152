"""The arguments of a client: addresses, a key, certificates."""

import math
from collections import Counter
from typing import Any

import grpc
import pytest

from localdial.v1.directory_pb2 import GetUserRequest
from localdial_client import Client
from localdial_client._target import target_of
from tests.support.fake_server import FakeServer

from .conftest import Api, Connect

PEM = b"-----BEGIN CERTIFICATE-----\n"
SECRET = "k3y-of-acme"


@pytest.mark.asyncio
async def test_the_key_is_sent_with_each_call(server: FakeServer, address: str, connect: Connect) -> None:
    api = connect(address, key=SECRET)
    await api.call("directory.get_user", GetUserRequest())
    assert server.received[0].metadata["authorization"] == f"Bearer {SECRET}"
    await api.call("directory.get_user", GetUserRequest(), metadata=[("authorization", "Bearer other")])
    assert server.received[1].metadata["authorization"] == "Bearer other"


@pytest.mark.asyncio
async def test_without_a_key_none_is_sent(server: FakeServer, api: Api) -> None:
    await api.call("directory.get_user", GetUserRequest())
    assert "authorization" not in server.received[0].metadata


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:50051",
        "127.8.9.1:50051",
        "localhost:50051",
        "[::1]:50051",
        "dns:///localhost:50051",
        "dns:localhost:50051",
        "ipv4:127.0.0.1:1,127.0.0.2:2",
        "ipv6:[::1]:1,[::1]:2",
        "unix:/run/localdial",
        ["127.0.0.1:1", "[::1]:1", "localhost:1"],
    ],
)
def test_a_key_may_be_sent_to_this_machine_without_tls(address: Any) -> None:
    Client(address, key=SECRET).close()


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.1:50051",
        "localdial.example:50051",
        "localhost.example:50051",
        "dns:///localdial.example:50051",
        "dns://127.0.0.1/localdial.example:50051",
        "ipv4:127.0.0.1:1,192.0.2.1:2",
        ["127.0.0.1:1", "192.0.2.1:1"],
    ],
)
def test_a_key_is_not_sent_to_other_machines_without_tls(address: Any) -> None:
    with pytest.raises(ValueError, match="TLS") as caught:
        Client(address, key=SECRET)
    assert SECRET not in str(caught.value)
    Client(address, key=SECRET, tls=True).close()
    Client(address, key=SECRET, credentials=grpc.ssl_channel_credentials()).close()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"key": ""}, "key"),
        ({"key": f"{SECRET}\n"}, "key"),
        ({"key": "schlüssel"}, "key"),
        ({"root_certificate": b"\x30\x82"}, "root_certificate"),
        ({"client_certificate": PEM}, "together"),
        ({"client_key": PEM}, "together"),
        ({"tls": True, "credentials": grpc.ssl_channel_credentials()}, "credentials"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": math.nan}, "timeout"),
        ({"carrier_timeout": -1}, "timeout"),
    ],
)
def test_unusable_arguments_are_refused(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        Client("127.0.0.1:1", **arguments)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "",
        [],
        [""],
        ["a:1", ""],
        ["a:1", "b"],
        ["a:1", "b:99999"],
        ["a:1", "dns:///b:1"],
        "ipv4:127.0.0.1",
        "ipv4:127.0.0.1:1,127.0.0.1",
        "dns:a",
        "dns://192.0.2.1/a",
        "xyz:a:1",
    ],
)
def test_a_malformed_address_is_refused(address: Any) -> None:
    with pytest.raises((ValueError, OSError)):
        Client(address)


@pytest.mark.parametrize(
    ("addresses", "uri", "authority"),
    [
        ("localdial.example:1", "localdial.example:1", None),
        (["localdial.example:1"], "localdial.example:1", None),
        (["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1"], "ipv4:127.0.0.1:1,127.0.0.1:2", "127.0.0.1:1"),
        (["[::1]:1", "127.0.0.1:2"], "ipv6:[::1]:1,[::ffff:127.0.0.1]:2", "[::1]:1"),
    ],
)
def test_several_addresses_become_one_target(addresses: Any, uri: str, authority: str | None) -> None:
    target = target_of(addresses)
    assert (target.uri, target.authority) == (uri, authority)


@pytest.mark.asyncio
async def test_calls_are_spread_over_several_addresses(connect: Connect) -> None:
    servers = {"127.0.0.1:0": FakeServer(), "localhost:0": FakeServer()}
    try:
        addresses = [server.start(address) for address, server in servers.items()]
        api = connect(addresses)
        counted: Counter[int] = Counter()
        # The second server may be connected later.
        for _ in range(200):
            await api.call("directory.get_user", GetUserRequest())
            counted = Counter({n: len(server.received) for n, server in enumerate(servers.values())})
            if min(counted.values()) >= 10:
                break
        assert min(counted.values()) >= 10
    finally:
        for server in servers.values():
            server.stop()
