"""The Twilio simulator, and a client of it that follows no redirects."""

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector
from localdial_server.carriers.twilio_simulator.ledger import Ledger
from tests.support.twilio_simulator import TwilioSimulators

MAIN = "AC" + "a" * 32
SUB = "AC" + "b" * 32
OTHER = "AC" + "c" * 32
TOKEN = "a-secret"


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Site:
    """The server, as a client sees it."""

    url: str
    ledger: Ledger
    faults: FaultInjector

    def call(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        document: object = None,
        user: tuple[str, str] | None = (MAIN, TOKEN),
        timeout: float = 10.0,
    ) -> Reply:
        """Make one request; return the response."""
        data = urlencode(form).encode() if form is not None else None
        if document is not None:
            data = json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        if user is not None:
            request.add_header("Authorization", f"Basic {b64encode(':'.join(user).encode()).decode()}")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return _reply(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _reply(error.code, error.headers, error.read())

    def numbers(self, account: str = MAIN) -> str:
        """Return the path of an account's numbers."""
        return f"/2010-04-01/Accounts/{account}/IncomingPhoneNumbers"


def _reply(status: int, headers: Any, body: bytes) -> Reply:
    return Reply(status, dict(headers), json.loads(body) if body else None)


@pytest.fixture
def site(twilio_simulators: TwilioSimulators) -> Iterator[Site]:
    ledger, faults = Ledger(), FaultInjector()
    ledger.open_account(MAIN, TOKEN)
    ledger.open_account(SUB, "sub-secret", owner_sid=MAIN)
    ledger.open_account(OTHER, "other-secret")
    with twilio_simulators.serve(ledger, faults) as url:
        yield Site(url, ledger, faults)
