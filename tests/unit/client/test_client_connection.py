"""Deadlines, closing, cancelling, message sizes and other properties of the connection."""

import asyncio
import time
from pathlib import Path

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import (
    GetUserRequest,
    GetUserResponse,
    ListUsersRequest,
    ListUsersResponse,
    User,
)
from localdial_client import (
    AsyncClient,
    Cancelled,
    Client,
    DeadlineExceeded,
    Internal,
    ResourceExhausted,
    Unavailable,
    __version__,
)
from tests.support.fake_server import HANG_SECONDS, FakeServer, Hang, fails
from tests.support.waiting import until

from .conftest import Api, Connect

MIB = 1024 * 1024


@pytest.mark.asyncio
async def test_a_call_can_have_its_own_deadline(server: FakeServer, api: Api) -> None:
    hang = Hang()
    server.answers(hang)
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await api.call("directory.get_user", GetUserRequest(), timeout=0.2)
    assert 0.15 < time.monotonic() - start < HANG_SECONDS / 2
    assert await asyncio.to_thread(hang.ended.wait, HANG_SECONDS)


@pytest.mark.asyncio
async def test_a_call_without_its_own_deadline_has_that_of_the_client(
    server: FakeServer, address: str, connect: Connect
) -> None:
    server.answers(Hang())
    with pytest.raises(DeadlineExceeded):
        await connect(address, timeout=0.2).call("directory.get_user", GetUserRequest())


@pytest.mark.asyncio
async def test_the_deadline_includes_all_retries(server: FakeServer, api: Api) -> None:
    server.answers(fails(grpc.StatusCode.UNAVAILABLE), Hang())
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await api.call("directory.get_user", GetUserRequest(), timeout=1)
    assert 0.9 < time.monotonic() - start < HANG_SECONDS / 2
    first, repeat = server.received
    assert repeat.seconds_left < first.seconds_left - 0.05


@pytest.mark.asyncio
async def test_a_call_that_runs_out_of_time_says_why_there_is_no_connection(connect: Connect) -> None:
    with pytest.raises(DeadlineExceeded, match=r"; .*127\.0\.0\.1:1: .*refused, 2 attempts$"):
        await connect("127.0.0.1:1").call("directory.get_user", GetUserRequest(), timeout=0.2)


@pytest.mark.asyncio
async def test_a_call_without_a_response_says_from_where(server: FakeServer, address: str, api: Api) -> None:
    server.answers(Hang())
    with pytest.raises(DeadlineExceeded) as raised:
        await api.call("directory.get_user", GetUserRequest(), timeout=0.2)
    assert raised.value.message == f"Deadline Exceeded; no response from {address}, 1 attempt"


@pytest.mark.asyncio
async def test_a_call_without_any_time_was_not_attempted(connect: Connect) -> None:
    with pytest.raises(DeadlineExceeded) as raised:
        await connect("127.0.0.1:1").call("directory.get_user", GetUserRequest(), timeout=0)
    assert raised.value.message == "the deadline has passed"


@pytest.mark.asyncio
async def test_a_name_that_cannot_be_resolved_is_in_the_error(connect: Connect) -> None:
    with pytest.raises(Unavailable, match=r"localdial\.invalid:50051.*, 5 attempts$"):
        await connect("localdial.invalid:50051").call("directory.get_user", GetUserRequest())
    with pytest.raises(OSError, match=r"cannot resolve localdial\.invalid: "):
        connect(["localdial.invalid:50051", "127.0.0.1:1"])


@pytest.mark.asyncio
async def test_metadata_reaches_the_server(server: FakeServer, api: Api) -> None:
    metadata = [("x-team", "dialer"), ("x-trace-bin", b"\x00\x01")]
    await api.call("directory.get_user", GetUserRequest(), metadata=metadata)
    received = server.received[0].metadata
    assert (received["x-team"], received["x-trace-bin"]) == ("dialer", b"\x00\x01")
    assert str(received["user-agent"]).startswith(f"localdial-client-python/{__version__} ")


@pytest.mark.asyncio
async def test_a_large_page_is_received(server: FakeServer, api: Api) -> None:
    page = ListUsersResponse(users=[User(display_name="x" * MIB) for _ in range(8)])
    server.answers(page)
    assert await api.call("directory.list_users", ListUsersRequest()) == page


@pytest.mark.asyncio
async def test_channel_options_of_the_caller_override_those_of_the_client(
    server: FakeServer, address: str, connect: Connect
) -> None:
    api = connect(address, options=[("grpc.max_receive_message_length", 100)])
    server.answers(GetUserResponse(user=User(display_name="x" * 200)))
    with pytest.raises(ResourceExhausted):
        await api.call("directory.get_user", GetUserRequest())


@pytest.mark.asyncio
async def test_credentials_are_used(server: FakeServer, tmp_path: Path, connect: Connect) -> None:
    local = grpc.LocalConnectionType.UDS
    address = server.start(f"unix:{tmp_path}/s", grpc.local_server_credentials(local))
    # gRPC sends a token only over a secure channel.
    credentials = grpc.composite_channel_credentials(
        grpc.local_channel_credentials(local), grpc.access_token_call_credentials("secret")
    )
    await connect(address, credentials=credentials).call("directory.get_user", GetUserRequest())
    assert server.received[0].metadata["authorization"] == "Bearer secret"


@pytest.mark.asyncio
async def test_close_ends_the_calls_in_flight(server: FakeServer, api: Api) -> None:
    hang = Hang()
    server.answers(hang)
    request = ResolveOutboundCallerIdRequest()
    call = asyncio.create_task(
        api.call("call_routing.resolve_outbound_caller_id", request, timeout=HANG_SECONDS)
    )
    assert await asyncio.to_thread(hang.started.wait, HANG_SECONDS)
    await api.close()
    with pytest.raises(Cancelled) as caught:
        await call
    assert caught.value.request == server.received[0].request
    assert await asyncio.to_thread(hang.ended.wait, HANG_SECONDS)


@pytest.mark.asyncio
async def test_close_ends_a_call_that_waits_for_its_next_attempt(server: FakeServer, api: Api) -> None:
    def later(context: grpc.ServicerContext) -> Message:
        context.set_trailing_metadata((("grpc-retry-pushback-ms", "60000"),))
        context.abort(grpc.StatusCode.UNAVAILABLE, "later")

    server.answers(later)
    call = asyncio.create_task(api.call("directory.get_user", GetUserRequest(), timeout=90))
    await until(lambda: server.received)
    await api.close()
    with pytest.raises(Cancelled, match="the client was closed during the call"):
        await asyncio.wait_for(call, HANG_SECONDS)
    assert len(server.received) == 1


@pytest.mark.asyncio
async def test_close_ends_the_connection_even_if_the_caller_keeps_an_error(
    server: FakeServer, address: str, connect: Connect
) -> None:
    """A proxy between client and server notices the end of the connection."""
    ended = asyncio.Event()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*address.split(":"))

        async def back() -> None:
            while data := await upstream_reader.read(MIB):
                writer.write(data)

        answers = asyncio.create_task(back())
        while data := await reader.read(MIB):
            upstream_writer.write(data)
        ended.set()
        upstream_writer.close()
        await answers
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as listener:
        host, port = listener.sockets[0].getsockname()
        api = connect(f"{host}:{port}")
        await api.call("directory.get_user", GetUserRequest())
        server.answers(fails(grpc.StatusCode.INTERNAL))
        with pytest.raises(Internal) as kept:
            await api.call("directory.get_user", GetUserRequest())
        assert not ended.is_set()
        await api.close()
        await asyncio.wait_for(ended.wait(), HANG_SECONDS)
        assert kept.value.__cause__


@pytest.mark.asyncio
async def test_a_closed_client_makes_no_calls(server: FakeServer, api: Api) -> None:
    await api.close()
    await api.close()
    with pytest.raises((ValueError, grpc.aio.UsageError)):
        await api.call("directory.get_user", GetUserRequest())
    assert not server.received


def test_leaving_the_context_closes_a_client(address: str) -> None:
    with Client(address) as client:
        client.directory.get_user(GetUserRequest())
    with pytest.raises(ValueError, match="closed"):
        client.directory.get_user(GetUserRequest())


@pytest.mark.asyncio
async def test_leaving_the_context_closes_an_async_client(address: str) -> None:
    async with AsyncClient(address) as client:
        await client.directory.get_user(GetUserRequest())
    with pytest.raises(grpc.aio.UsageError):
        await client.directory.get_user(GetUserRequest())


@pytest.mark.asyncio
async def test_cancelling_a_task_cancels_its_call(server: FakeServer, address: str) -> None:
    hang = Hang()
    server.answers(hang)
    async with AsyncClient(address) as client:
        task = asyncio.create_task(client.directory.get_user(GetUserRequest(), timeout=HANG_SECONDS))
        assert await asyncio.to_thread(hang.started.wait, HANG_SECONDS)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert await asyncio.to_thread(hang.ended.wait, HANG_SECONDS)


@pytest.mark.asyncio
async def test_a_timeout_of_asyncio_raises_timeout_error(server: FakeServer, address: str) -> None:
    server.answers(Hang())
    async with AsyncClient(address) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.directory.get_user(GetUserRequest(), timeout=HANG_SECONDS)


def test_an_async_client_needs_a_running_event_loop(address: str) -> None:
    """gRPC itself would accept an event loop that exists but does not run."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with pytest.raises(RuntimeError, match="no running event loop"):
            AsyncClient(address)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@pytest.mark.asyncio
async def test_no_proxy_is_used_for_a_server_on_this_machine(
    server: FakeServer, address: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        # No proxy listens there.
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers(GetUserResponse(user=User(user_id="ann")))
    answer = await connect(address).call("directory.get_user", GetUserRequest(), timeout=5)
    assert answer.user.user_id == "ann"
