"""The fast front as its clients see it: what h2corn does for us, and what is ours."""

import asyncio
import contextlib
import socket
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest

from localdial_server.rpc.call_context import CallContext
from localdial_server.rpc.contract import Contract
from localdial_server.runtime import fast_front, h2corn_listener
from localdial_server.runtime.fast_front import FastFront
from localdial_server.runtime.front import FrontLimits, front_of
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import read_settings
from localdial_server.tls.server_certificates import ServerCertificates, server_certificates, watched
from tests.support import http2
from tests.support.certificates import Authority, Identity

METHOD = "/test.Service/Method"
LIMITS = FrontLimits(
    connections=100, age_seconds=3_600, request_bytes={METHOD: 1_000_000}, message_bytes=1_000_000
)


class Service:
    """Returns each request, but holds those that are `hold` until `released` is set."""

    def __init__(self) -> None:
        self.taken = asyncio.Semaphore(0)
        self.released = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.callers: list[tuple[str, Mapping[str, Any]]] = []

    async def method(self, request: bytes, context: CallContext) -> bytes:
        self.callers.append((context.peer(), context.auth_context()))
        self.taken.release()
        if request == b"hold":
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return request


class Served:
    """A front with one method on one address."""

    def __init__(self, front: FastFront, service: Service, address: str) -> None:
        self.front = front
        self.service = service
        self.address = address

    def channel(self, credentials: grpc.ChannelCredentials | None = None) -> grpc.aio.Channel:
        """Return a channel with a connection of its own, and gRPC's default retries."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        if credentials is None:
            return grpc.aio.insecure_channel(self.address, options=options)
        return grpc.aio.secure_channel(self.address, credentials, options=options)


@contextlib.asynccontextmanager
async def served(
    limits: FrontLimits = LIMITS,
    certificates: ServerCertificates | None = None,
    *,
    require_client: bool = False,
) -> AsyncIterator[Served]:
    front, service = FastFront(limits, shared_port=False), Service()
    handlers: dict[str, Any] = {"Method": grpc.unary_unary_rpc_method_handler(service.method)}
    front.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Service", handlers)])
    listen = "localhost:0" if certificates else "127.0.0.1:0"
    address = front.add_address(
        "listen", listen, certificates, clients="required" if require_client else "off"
    )
    await front.start()
    try:
        yield Served(front, service, address)
    finally:
        await front.stop(0)


async def called(channel: grpc.aio.Channel, request: bytes = b"x", **options: Any) -> bytes:
    method: Any = channel.unary_unary(METHOD)
    response: bytes = await method(request, timeout=20, **options)
    return response


async def test_calls_are_served_at_the_same_time() -> None:
    async with served() as server, server.channel() as channel:
        held = [asyncio.create_task(called(channel, b"hold")) for _ in range(50)]
        for _ in held:
            await server.service.taken.acquire()
        assert await called(channel) == b"x"
        server.service.released.set()
        assert await asyncio.gather(*held) == [b"hold"] * 50


async def test_a_large_request_comes_in_several_pieces() -> None:
    async with served() as server, server.channel() as channel:
        assert await called(channel, b"x" * 1_000_000) == b"x" * 1_000_000


async def test_a_request_that_is_far_too_large_is_refused_with_a_status() -> None:
    async with served() as server, server.channel() as channel:
        for _ in range(5):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await called(channel, b"x" * 20_000_000)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_compressed_request_is_read() -> None:
    async with served() as server, server.channel() as channel:
        assert await called(channel, b"x" * 1000, compression=grpc.Compression.Gzip) == b"x" * 1000


async def test_a_caller_that_gives_up_cancels_its_call() -> None:
    async with served() as server, server.channel() as channel:
        call = asyncio.create_task(called(channel, b"hold"))
        await server.service.taken.acquire()
        call.cancel()
        await asyncio.wait_for(server.service.cancelled.wait(), 20)


async def test_the_server_ends_a_call_at_its_deadline_though_the_caller_waits() -> None:
    async with served() as server:
        with http2.Connection(server.address) as connection:
            connection.greet()
            connection.send(http2.call(1, b"hold", METHOD, grpc_timeout="100m"))
            await asyncio.wait_for(server.service.cancelled.wait(), 20)


async def test_a_stopping_front_finishes_calls_and_refuses_connections() -> None:
    async with served() as server, server.channel() as channel:
        call = asyncio.create_task(called(channel, b"hold"))
        await server.service.taken.acquire()
        stopping = asyncio.create_task(server.front.stop(20))
        await asyncio.sleep(0.1)
        host, _, port = server.address.rpartition(":")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), 5)
        server.service.released.set()
        assert await call == b"hold"
        await stopping


async def test_calls_that_outlast_the_grace_are_cut_off() -> None:
    async with served() as server, server.channel() as channel:
        call = asyncio.create_task(called(channel, b"hold"))
        await server.service.taken.acquire()
        await asyncio.wait_for(server.front.stop(0.1), 20)
        assert server.service.cancelled.is_set()
        with pytest.raises(grpc.aio.AioRpcError):
            await call


async def test_connections_end_at_their_age_and_calls_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(h2corn_listener, "_AGE_SPREAD", 0)
    async with served(LIMITS._replace(age_seconds=0.3)) as server, server.channel() as channel:
        held = asyncio.create_task(called(channel, b"hold"))
        await server.service.taken.acquire()
        ends = asyncio.get_running_loop().time() + 2

        async def call_on() -> None:
            while asyncio.get_running_loop().time() < ends:
                assert await called(channel) == b"x"

        await asyncio.gather(*(call_on() for _ in range(20)))
        assert len({peer for peer, _ in server.service.callers}) > 1
        server.service.released.set()
        assert await held == b"hold"


def test_the_kernel_looks_for_peers_that_are_gone() -> None:
    front = FastFront(LIMITS, shared_port=False)
    address = front.add_address("listen", "127.0.0.1:0", None, clients="off")
    host, _, port = address.rpartition(":")
    # h2corn accepts connections like this one.
    (listening,) = front._listeners[0]._sockets
    with listening, socket.create_connection((host, int(port))), listening.accept()[0] as accepted:
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


async def test_a_unix_socket_has_no_address() -> None:
    front, service = FastFront(LIMITS, shared_port=False), Service()
    handlers: dict[str, Any] = {"Method": grpc.unary_unary_rpc_method_handler(service.method)}
    front.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Service", handlers)])
    with pytest.raises(OSError, match="too long"):
        front.add_unix_socket("/tmp/" + "x" * 200)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="localdial-"))
        front.add_unix_socket(f"{folder}/own.sock")
        await front.start()
        async with grpc.aio.insecure_channel(f"unix:{folder}/own.sock") as channel:
            assert await called(channel) == b"x"
        await front.stop(1)
    assert service.callers == [("unix:", {})]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def certificates_of(identity: Identity, clients: Authority | None = None) -> ServerCertificates:
    settings = read_settings(
        None,
        tls_certificate=identity.certificate,
        tls_key=identity.key,
        tls_client_ca=None if clients is None else clients.certificate,
        tls_client_certificates="off" if clients is None else "required",
    )
    found = server_certificates(settings)
    assert found is not None
    return found


def trusting(authority: Authority, client: Identity | None = None) -> grpc.ChannelCredentials:
    roots = authority.certificate.read_bytes()
    if client is None:
        return grpc.ssl_channel_credentials(roots)
    return grpc.ssl_channel_credentials(roots, client.key.read_bytes(), client.certificate.read_bytes())


async def test_a_client_certificate_names_its_holder(tmp_path: Path, authority: Authority) -> None:
    clients = Authority(tmp_path, "clients")
    certificates = certificates_of(authority.issue("localhost"), clients)
    async with served(certificates=certificates, require_client=True) as server:
        client = clients.issue("dialer.example.com")
        async with server.channel(trusting(authority, client)) as channel:
            assert await called(channel) == b"x"
        (_, names), *_ = server.service.callers
        assert names["peer_dns"] == [b"dialer.example.com"]
        assert names["x509_common_name"] == [b"dialer.example.com"]
        for wrong in (None, authority.issue("dialer.example.com")):
            async with server.channel(trusting(authority, wrong)) as channel:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await called(channel)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_new_certificate_serves_new_connections_and_old_calls_go_on(
    authority: Authority,
) -> None:
    certificates = certificates_of(authority.issue("localhost"))
    async with (
        watched(certificates),
        served(certificates=certificates) as server,
        server.channel(trusting(authority)) as channel,
    ):
        held = asyncio.create_task(called(channel, b"hold"))
        await server.service.taken.acquire()
        first = await served_certificate(server.address)
        authority.issue("localhost")
        certificates.reload()
        for _ in range(200):
            if await served_certificate(server.address) != first:
                break
        else:
            raise AssertionError("the first certificate is still served")
        server.service.released.set()
        assert await held == b"hold"


async def served_certificate(address: str) -> str:
    host, _, port = address.rpartition(":")
    return await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)))


async def test_a_start_says_nothing_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    async with served():
        pass
    assert capfd.readouterr().err == ""


async def test_systemd_hears_nothing_of_h2corn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        path = f"{tmp_path}/notify"
        systemd.bind(path)
        systemd.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        async with served():
            pass
        with pytest.raises(BlockingIOError):
            systemd.recv(100)


def test_a_missing_h2corn_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h2corn", None)
    for module in (fast_front, h2corn_listener):
        monkeypatch.delitem(sys.modules, module.__name__)
    with pytest.raises(StartError, match=r"needs h2corn.*pip install 'localdial\[fast\]'"):
        front_of(read_settings(front="fast"), Contract(), shared_port=False)
