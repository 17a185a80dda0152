"""The HTTP face of the server as one ASGI application."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from localdial_server.observability.log_limit import LimitedLog
from localdial_server.rpc.asgi import AsgiApplication, Receive, Scope, Send
from localdial_server.web.api.files import Files
from localdial_server.web.api.origins import Origins, Sender
from localdial_server.web.api.responses import Responder, Response, error_response, text_response
from localdial_server.web.api.rpcs import Rpc

_log = LimitedLog(logging.getLogger(__name__))

HEALTH: Final = "/health"

_READ: Final = frozenset({"GET", "HEAD"})

_LENGTH_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding"})

# The content-length of a request without a body.
_NO_BODY: Final[tuple[list[bytes], ...]] = ([], [b"0"])

# A proxy may go by the other one, and take the rest of the body for the request of another client.
_TWO_LENGTHS: Final = error_response(
    400,
    "invalid_argument",
    "the request says twice how long it is; send either content-length or transfer-encoding",
)


class HttpFace:
    """Serves the RPCs and other applications by their paths, and files by all other paths."""

    def __init__(
        self,
        rpcs: Mapping[str, Rpc],
        origins: Origins,
        files: Files,
        is_healthy: Callable[[], Awaitable[bool]],
    ) -> None:
        self._rpcs = rpcs
        self._origins = origins
        self._files = files
        self._is_healthy = is_healthy
        self.others: Mapping[str, AsgiApplication] = {}
        """Other applications by their paths, which serve any host."""
        self.ends_connections = False
        """Whether each connection ends after its response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, as ASGI says."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        lengths = _lengths(scope)
        if len(lengths) > 1:
            responder = Responder(scope, send, ())
            responder.ends_connection = True
            await responder.respond(_TWO_LENGTHS)
            return
        other = self.others.get(scope["path"])
        if other is not None:
            await other(scope, receive, send)
            return
        sender = Sender.of(scope)
        responder = Responder(scope, send, self._origins.shared_with(sender))
        responder.ends_connection = self.ends_connections
        rpc = self._rpcs.get(scope["path"])
        # A balancer may ask by any name, and learns nothing else.
        refusal = None if scope["path"] == HEALTH else self._origins.why_refused(sender)
        if rpc is not None and refusal is None and scope["method"] == "POST":
            await rpc(scope, receive, responder)
            return
        # The body of the request, if there is any, is not read.
        responder.ends_connection = responder.ends_connection or lengths not in _NO_BODY
        if refusal is not None:
            _log.warning("a request of a foreign page was refused", extra={"cause": refusal})
            await responder.respond(error_response(403, "permission_denied", refusal))
        elif rpc is not None:
            await responder.respond(self._other_than_post(scope["method"], sender))
        else:
            await responder.respond(await self._page(scope))

    def _other_than_post(self, method: str, sender: Sender) -> Response:
        if method == "OPTIONS":
            allowed = self._origins.preflight(sender)
            return Response(204, "text/plain", b"", ((b"allow", b"POST"), *allowed))
        message = "an RPC is called by POST, so that no phone number is in a URL"
        return error_response(405, "unimplemented", message, (b"allow", b"POST"))

    async def _page(self, scope: Scope) -> Response:
        path, method = scope["path"], scope["method"]
        if method not in _READ:
            if method == "POST":
                message = f"there is no method {path[:200]}; POST to /localdial.v1.SERVICE/METHOD"
                return error_response(404, "unimplemented", message)
            return text_response(405, "a page is read by GET", (b"allow", b"GET, HEAD"))
        if path == HEALTH:
            is_healthy = await self._is_healthy()
            return text_response(200, "SERVING") if is_healthy else text_response(503, "NOT_SERVING")
        return self._files.response(scope)


def _lengths(scope: Scope) -> list[bytes]:
    return [value for name, value in scope["headers"] if name in _LENGTH_HEADERS]
