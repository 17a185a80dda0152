"""A TLS-terminating proxy on loopback, like those in front of the webhook in production."""

import asyncio
import contextlib
import re
import ssl
import threading
from types import TracebackType
from typing import Self

import trustme


class TlsProxy:
    """Forwards requests without TLS, with another Host header and forwarding headers.

    A context manager: it runs inside, in a thread of its own. `strip` is taken off
    the beginning of each path.
    """

    def __init__(self, public_host: str, backend: str, *, strip: str = "") -> None:
        authority = trustme.CA()
        self._host, self._backend, self._strip = public_host, backend, strip.encode()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(public_host).configure_cert(self._tls)
        self.client_tls = ssl.create_default_context()
        authority.configure_trust(self.client_tls)
        self.port = 0
        self.forwarded: list[bytes] = []
        """The heads of the forwarded requests."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tls proxy")
        self._started = threading.Event()
        self._end = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._tls)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            self._started.set()
            await self._end.wait()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one request and its response."""
        host, _, port = self._backend.rpartition(":")
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = self._changed(await reader.readuntil(b"\r\n\r\n"))
            self.forwarded.append(head)
            length = re.search(rb"(?i)^content-length: *([0-9]+)", head, re.MULTILINE)
            body = await reader.readexactly(int(length[1])) if length else b""
            behind_reader, behind_writer = await asyncio.open_connection(host, int(port))
            behind_writer.write(head + body)
            writer.write(await behind_reader.read())
            behind_writer.close()
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def _changed(self, head: bytes) -> bytes:
        request_line, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        method, target, version = request_line.split(b" ")
        kept = [line for line in headers if not line.lower().startswith((b"host:", b"connection:"))]
        added = [
            b"Host: " + self._backend.encode(),
            b"X-Forwarded-Host: " + self._host.encode(),
            b"X-Forwarded-Proto: https",
            b"X-Forwarded-For: 203.0.113.7",
            b"Connection: close",
        ]
        line = b" ".join([method, target.removeprefix(self._strip), version])
        return b"\r\n".join([line, *added, *kept]) + b"\r\n\r\n"
