"""Calls over HTTP, as a browser or curl makes them."""

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """Their names are in lower case."""
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """The reason of the error."""
        kind = "google.rpc.ErrorInfo"
        found = [each["debug"]["reason"] for each in self.document["details"] if each["type"] == kind]
        return str(found[0])


class HttpCaller:
    """Makes each request on a connection of its own."""

    def __init__(self, page: str, tls: ssl.SSLContext | None = None) -> None:
        self._url = urlsplit(page)
        self._tls = tls

    @property
    def address(self) -> tuple[str, int]:
        assert self._url.hostname is not None
        assert self._url.port is not None
        return self._url.hostname, self._url.port

    def connection(self) -> http.client.HTTPConnection:
        host, port = self.address
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=30, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=30)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send a request. The names of headers have _ for -."""
        connection = self.connection()
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())
        finally:
            connection.close()

    def post(self, rpc: str, body: bytes, **headers: str) -> Answer:
        """Call the RPC, such as `CallRouting/RouteInboundCall`, by default with JSON."""
        types = {"content_type": "application/json"}
        return self.send("POST", f"/localdial.v1.{rpc}", body, **(types | headers))

    def call(self, rpc: str, document: object, **headers: str) -> Answer:
        """Call the RPC with JSON."""
        return self.post(rpc, json.dumps(document).encode(), **headers)
