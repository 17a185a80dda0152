"""Responses: the headers that every one has, and those that the face makes itself."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from localdial_server.rpc.asgi import Event, Scope, Send

Header = tuple[bytes, bytes]

# A page may load and call its own server, and nothing else.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY: Final[Sequence[Header]] = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
NO_STORE: Final = (b"cache-control", b"no-store")

# It says nothing, and RFC 9110 has it in no response.
_IDENTITY: Final = (b"content-encoding", b"identity")

_WITHOUT_BODY: Final = frozenset({204, 304})


class Response(NamedTuple):
    """A whole response."""

    status: int
    content_type: str
    body: bytes = b""
    headers: Sequence[Header] = ()


def text_response(status: int, text: str, *headers: Header) -> Response:
    """Return a response of one line."""
    return Response(status, "text/plain; charset=utf-8", f"{text}\n".encode(), (NO_STORE, *headers))


def error_response(status: int, code: str, message: str, *headers: Header) -> Response:
    """Return an error as the Connect protocol has it."""
    body = json.dumps({"code": code, "message": message}, ensure_ascii=False).encode()
    return Response(status, "application/json", body, (NO_STORE, *headers))


class Responder:
    """Sends one response, with the headers that every response has."""

    def __init__(self, scope: Scope, send: Send, headers: Sequence[Header]) -> None:
        """`headers` are sent in addition."""
        self._is_http1 = scope["http_version"].startswith("1")
        self._is_head = scope["method"] == "HEAD"
        self._send = send
        self._headers = headers
        self._start: Event | None = None
        self.ends_connection = False
        """Whether no other request may follow on the connection, such as when this one was not read."""

    async def respond(self, response: Response) -> None:
        """Send a whole response."""
        headers = [(b"content-type", response.content_type.encode()), *response.headers]
        await self.send({"type": "http.response.start", "status": response.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": response.body})

    async def send(self, event: Event) -> None:
        """Send an event of the response."""
        if event["type"] == "http.response.start":
            # Sent with the body, whose length is known then.
            self._start = event
            return
        body, has_more = event.get("body", b""), event.get("more_body", False)
        if self._start is not None:
            headers = [each for each in self._start["headers"] if each != _IDENTITY]
            headers += (*SECURITY, *self._headers)
            if not has_more and self._start["status"] not in _WITHOUT_BODY:
                headers.append((b"content-length", str(len(body)).encode()))
            if self.ends_connection and self._is_http1:
                headers.append((b"connection", b"close"))
            start, self._start = {**self._start, "headers": headers}, None
            await self._send(start)
        await self._send({**event, "body": b""} if self._is_head else event)
