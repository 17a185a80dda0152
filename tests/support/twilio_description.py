"""Checks requests and responses against Twilio's own OpenAPI description, if it is available.

The description is not part of the project. It is expected next to it (`../shared/twilio`), or in the
folder that `LOCALDIAL_TWILIO_OPENAPI` names.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Headers, ImmutableMultiDict

# Read at import: the tests' own environment drops settings from outside.
_FOLDER = Path(os.environ.get("LOCALDIAL_TWILIO_OPENAPI", Path(__file__).parents[3] / "shared" / "twilio"))
_HOST = "https://api.twilio.com"


@dataclass(frozen=True)
class Description:
    """Twilio's description: `strict` for requests; `relaxed`, for responses, allows Twilio's own examples."""

    strict: OpenAPI
    relaxed: OpenAPI


@lru_cache(maxsize=1)
def described() -> Description | None:
    """Return Twilio's description, or None if it is not available."""
    strict = _FOLDER / "twilio_numbers_openapi.json"
    relaxed = _FOLDER / "twilio_numbers_openapi.relaxed.json"
    if not strict.exists():
        return None
    return Description(
        OpenAPI.from_dict(json.loads(strict.read_text("utf-8"))),
        OpenAPI.from_dict(json.loads(relaxed.read_text("utf-8"))),
    )


def require_description() -> Description:
    """Return the description, or skip the test."""
    description = described()
    if description is None:
        pytest.skip(f"Twilio's OpenAPI description is not in {_FOLDER} (LOCALDIAL_TWILIO_OPENAPI)")
    return description


@dataclass
class _Request:
    """A request in the form that `openapi_core` expects."""

    path: str
    method: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes | None
    host_url: str = _HOST
    parameters: RequestParameters = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(self.query), header=Headers(dict(self.headers))
        )

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass
class _Response:
    """A response in the form that `openapi_core` expects."""

    status_code: int
    headers: Mapping[str, Any]
    data: bytes | None

    @property
    def content_type(self) -> str:
        return str(self.headers.get("content-type", ""))


class Watched:
    """Middleware that records requests and responses, and finds those that violate the description."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._seen: list[tuple[_Request, _Response]] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application with the recording around it."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if not scope.get("path", "").startswith("/2010-04-01/"):
                await app(scope, receive, send)
                return
            taken, sent = bytearray(), bytearray()
            response = _Response(0, {}, None)

            async def receiving() -> Message:
                message = await receive()
                taken.extend(message.get("body", b""))
                return message

            async def sending(message: Message) -> None:
                # Recorded before it is sent, because the test may look as soon as it arrives.
                if message["type"] == "http.response.start":
                    response.status_code = message["status"]
                    response.headers = _headers(message["headers"])
                    self._seen.append((_request(scope, bytes(taken)), response))
                sent.extend(message.get("body", b""))
                response.data = bytes(sent) or None
                await send(message)

            await app(scope, receiving, sending)

        return watched

    def count(self) -> int:
        """Return how many requests were recorded."""
        return len(self._seen)

    def violations(self) -> list[str]:
        """Return what violates the description, once for each kind of request.

        Error responses are not checked: the description does not have them.
        """
        found = []
        # Only one of each kind: a check takes longer than the request took.
        kinds = {_kind(request, response): (request, response) for request, response in self._seen}
        for request, response in kinds.values():
            try:
                self._description.strict.validate_request(request)
            except OpenAPIError as error:
                found.append(f"{request.method} {request.path}: {_shown(error)}")
            if response.status_code < 300:
                try:
                    self._description.relaxed.validate_response(request, response)
                except OpenAPIError as error:
                    found.append(f"{request.method} {request.path}, response: {_shown(error)}")
        return found


def _kind(request: _Request, response: _Response) -> tuple[object, ...]:
    """Return the part that requests of one kind share, without their values."""
    path = re.sub("PN[0-9a-f]{32}", "PN", request.path)
    query = tuple(sorted(name for name, _ in request.query))
    form = tuple(
        sorted(name for name, _ in parse_qsl((request.body or b"").decode(), keep_blank_values=True))
    )
    return request.method, path, query, form, response.status_code


def _request(scope: Scope, body: bytes) -> _Request:
    return _Request(
        scope["path"],
        scope["method"].lower(),
        parse_qsl(scope["query_string"].decode(), keep_blank_values=True),
        _headers(scope["headers"]),
        body or None,
    )


def _headers(raw: Any) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def _shown(error: BaseException) -> str:
    parts = []
    cause: BaseException | None = error
    while cause is not None:
        parts.append(str(cause))
        parts += [str(each) for each in getattr(cause, "schema_errors", ())]
        cause = cause.__cause__
    return "; ".join(parts)
