"""The webhook as an application, over a localdial that does as it is told."""

from typing import cast
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from starlette.types import Message as AsgiMessage

from localdial_server.web.webhook.app import Webhook
from localdial_server.web.webhook.localdial import Localdial
from localdial_server.web.webhook.signature import SIGNATURE_HEADER, Signatures
from localdial_server.web.webhook.twiml import TwimlWriter
from tests.support.twilio_caller import TwilioCaller, parameters

URL = "https://voice.example.com"


class Broken:
    """A localdial of which every question fails in a way that nobody thought of."""

    async def destination(self, *_: object) -> None:
        raise ZeroDivisionError

    async def organization(self, *_: object) -> None:
        raise ZeroDivisionError


async def answer(path: str) -> tuple[int, bytes]:
    """Ask an application whose localdial is broken."""
    webhook = Webhook(
        cast(Localdial, Broken()), Signatures(URL, "secret"), TwimlWriter(URL, 20), screening=True
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


@pytest.mark.parametrize(
    ("path", "verbs"),
    [("/voice", ["Say", "Hangup"]), ("/dial-ended", ["Say", "Hangup"]), ("/screen", ["Hangup"])],
)
async def test_whatever_fails_a_caller_is_told_something_and_who_is_rung_is_let_go(
    path: str, verbs: list[str]
) -> None:
    status, body = await answer(path)
    assert status == 200
    assert [verb.tag for verb in ET.fromstring(body)] == verbs
