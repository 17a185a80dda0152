"""The bounds of a connection, with times that are short enough for a test."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from localdial_server.web.http_server import connection, uvicorn_server
from localdial_server.web.http_server.uvicorn_server import HttpServer
from tests.support.certificates import Authority

CLOSED_WITHIN_SECONDS = 5.0
REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def application(scope: Any, _: Any, send: Any) -> None:
    body = b"a" * 50_000_000 if scope["path"] == "/large" else b"here"
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})


@contextlib.asynccontextmanager
async def served(connections: int = 10) -> AsyncIterator[int]:
    """Serve the application; yield the port."""
    server = HttpServer(application, 1, None, connections=connections)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with server.running([listening]):
            yield listening.getsockname()[1]


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(CLOSED_WITHIN_SECONDS):
            return await reader.read()
    return b""


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connection, "_STALL_SECONDS", 0.3)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n", REQUEST[:-1]])
async def test_a_request_whose_headers_do_not_arrive_in_time_is_given_up(sent: bytes) -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await until_closed(reader) == b""
        writer.close()


async def test_the_headers_of_a_later_request_have_as_little_time() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        assert b"here" in await reader.readuntil(b"here")
        await asyncio.sleep(0.5)
        # An idle connection stays open.
        writer.write(REQUEST[:-1])
        assert await until_closed(reader) == b""
        writer.close()


async def test_a_client_that_does_not_read_its_response_is_cut_off() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(REQUEST.replace(b"/ ", b"/large "))
        await asyncio.sleep(1.5)
        received = 0
        with contextlib.suppress(ConnectionResetError, asyncio.IncompleteReadError):
            async with asyncio.timeout(CLOSED_WITHIN_SECONDS):
                while chunk := await reader.read(1_000_000):
                    received += len(chunk)
        assert received < 50_000_000
        writer.close()


async def test_connections_beyond_the_limit_are_closed_at_once_and_others_are_served() -> None:
    async with served(connections=2) as port:
        first, second, third = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert await until_closed(third[0]) == b""
        for reader, writer in first, second:
            writer.write(REQUEST)
            assert b"200 OK" in await reader.readuntil(b"here")
        for _, writer in first, second, third:
            writer.close()


async def test_a_tls_handshake_that_does_not_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(uvicorn_server, "_HANDSHAKE_SECONDS", 0.3)
    identity = Authority(tmp_path, "authority").issue("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    server = HttpServer(application, 1, context, connections=10)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with server.running([listening]):
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
            assert await until_closed(reader) == b""
            writer.close()
