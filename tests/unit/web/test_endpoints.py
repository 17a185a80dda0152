"""The webhook as an application, with a localdial that fails."""

from typing import cast
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from starlette.types import Message as AsgiMessage
from twilio.request_validator import SIGNATURE_HEADER

from localdial_server.domain.callers import NumberReader
from localdial_server.web.webhook.endpoints import Webhook
from localdial_server.web.webhook.routing_client import RoutingClient
from localdial_server.web.webhook.signed_requests import Signatures
from localdial_server.web.webhook.twiml import TwimlWriter
from tests.support.twilio_caller import TwilioCaller, parameters

URL = "https://voice.example.com"


class Broken:
    """A client whose every call fails in an unexpected way."""

    def step_ends(self) -> float:
        return 0.0

    async def route(self, *_: object) -> None:
        raise ZeroDivisionError

    async def organization_name(self, *_: object) -> None:
        raise ZeroDivisionError


async def answer(path: str) -> tuple[int, bytes]:
    """Request a URL of an application whose localdial is broken; return status and body."""
    webhook = Webhook(
        cast(RoutingClient, Broken()), Signatures(URL, "secret"), TwimlWriter(URL, 20, NumberReader("US"))
    )
    form = parameters()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        SIGNATURE_HEADER.lower(): TwilioCaller("", URL).signature(URL + path, form),
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[AsgiMessage] = []

    async def receive() -> AsgiMessage:
        return {"type": "http.request", "body": urlencode(form).encode(), "more_body": False}

    async def send(message: AsgiMessage) -> None:
        sent.append(message)

    await webhook.application(URL)(scope, receive, send)
    start, body = sent
    return start["status"], body["body"]


@pytest.mark.parametrize("path", ["/voice", "/dial-ended"])
async def test_if_a_step_fails_the_carriers_fallback_url_is_next(path: str) -> None:
    assert await answer(path) == (503, b"")


async def test_if_a_question_fails_the_user_is_let_go() -> None:
    status, body = await answer("/screen")
    assert status == 200
    assert [verb.tag for verb in ET.fromstring(body)] == ["Hangup"]
