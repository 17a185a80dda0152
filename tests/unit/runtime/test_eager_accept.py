"""That the server of grpcio's private parts is in use, and serves and stops like the ordinary one."""

import asyncio
import socket
from typing import Any

import grpc
import pytest

from localdial_server.runtime.eager_accept import IS_POSSIBLE, eager_server, woken_once
from tests.support import http2

METHOD = "/test.Service/Method"


class Service:
    """Answers no call before `answers` is set."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.taken = asyncio.Semaphore(0)

    async def method(self, _request: bytes, _context: object) -> bytes:
        self.taken.release()
        await self.answers.wait()
        return b""


async def served(service: Service) -> tuple[grpc.aio.Server, str]:
    server = eager_server([("grpc.so_reuseport", 0)])
    handlers: dict[str, Any] = {"Method": grpc.unary_unary_rpc_method_handler(service.method)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Service", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, f"127.0.0.1:{port}"


async def until_there_are(number: int, tasks: set[Any]) -> None:
    """Wait until the tasks of calls have ended."""
    async with asyncio.timeout(20):
        while len(tasks) != number:  # noqa: ASYNC110 - the server tells nobody when a task ends
            await asyncio.sleep(0.001)


def test_this_version_of_grpcio_has_the_parts() -> None:
    assert IS_POSSIBLE


async def test_calls_are_taken_while_others_wait_and_all_are_answered() -> None:
    service = Service()
    server, address = await served(service)
    async with grpc.aio.insecure_channel(address) as channel:
        method: Any = channel.unary_unary(METHOD)
        calls = [method(b"", timeout=20) for _ in range(200)]
        for _ in calls:
            await service.taken.acquire()
        service.answers.set()
        assert await asyncio.gather(*calls) == [b""] * 200
    await server.stop(None)


async def test_a_method_has_more_requests_for_calls_under_way_the_more_calls_it_had() -> None:
    service = Service()
    service.answers.set()
    server, address = await served(service)
    requests: Any = server._server._tasks  # type: ignore[attr-defined]
    # One for the method, and one for calls of no method.
    assert len(requests) == 2
    async with grpc.aio.insecure_channel(address) as channel:
        method: Any = channel.unary_unary(METHOD)
        await method(b"", timeout=20)
        await until_there_are(3, requests)
        await asyncio.gather(*(method(b"", timeout=20) for _ in range(100)))
    await until_there_are(17, requests)
    await server.stop(None)


async def test_events_that_wait_are_worked_off_at_one_turn_of_the_loop() -> None:
    loop = asyncio.get_running_loop()
    readable, writable = socket.socketpair()
    events: list[int] = []
    worked_off: list[list[int]] = []

    def work_off() -> None:
        """Read one byte and take all events, as grpc.aio does."""
        readable.recv(1)
        worked_off.append(events.copy())
        events.clear()

    with readable, writable:
        with woken_once(loop):
            loop.add_reader(readable, work_off)
        for event in range(100):
            events.append(event)
            writable.send(b"1")
        for _ in range(10):
            await asyncio.sleep(0)
        events.append(100)
        writable.send(b"1")
        for _ in range(10):
            await asyncio.sleep(0)
        loop.remove_reader(readable)
    assert worked_off == [list(range(100)), [100]]


async def test_a_server_that_stops_finishes_calls_and_takes_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service()
    server, address = await served(service)
    async with grpc.aio.insecure_channel(address) as channel:
        method: Any = channel.unary_unary(METHOD)
        call = method(b"", timeout=20)
        await service.taken.acquire()
        stopping = asyncio.create_task(server.stop(10))
        await asyncio.sleep(0.1)
        assert not stopping.done()
        service.answers.set()
        assert await call == b""
        await asyncio.wait_for(stopping, 5)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await method(b"", timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert not caplog.records


@pytest.mark.parametrize("path", [b"/test\xe1Service/Method", b"/test.Service/Other", b"\xff", b""])
async def test_calls_of_paths_that_are_no_method_are_refused_and_the_server_goes_on(path: bytes) -> None:
    service = Service()
    service.answers.set()
    server, address = await served(service)

    def send() -> bytes:
        headers = http2.request_headers("/PATH").replace(b"\x05/PATH", bytes([len(path)]) + path)
        with http2.Connection(address) as connection:
            connection.greet()
            connection.send(http2.frame(http2.HEADERS, headers, http2.END_HEADERS | http2.END_STREAM, 1))
            connection.closed_within(0.2)
            return bytes(connection.received)

    received = await asyncio.to_thread(send)
    async with grpc.aio.insecure_channel(address) as channel:
        method: Any = channel.unary_unary(METHOD)
        assert await method(b"", timeout=20) == b""
    assert b"grpc-status\x0212" in received or not path.startswith(b"/test")
    await server.stop(None)
