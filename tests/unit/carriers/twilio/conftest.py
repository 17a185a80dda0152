"""The Twilio adapter in front of the Twilio simulator."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from localdial_server.carriers.twilio.account import NumberSettings, TwilioAccount
from localdial_server.carriers.twilio.adapter import TwilioCarriers
from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector
from localdial_server.carriers.twilio_simulator.ledger import Ledger
from tests.support.twilio_simulator import TwilioSimulators

MAIN = "AC" + "a" * 32
SUB = "AC" + "b" * 32
TOKEN = "a-secret"

NUMBER = "+14155550100"
"""A number on sale."""


@dataclass
class TwilioHarness:
    """A simulator with a main account and a subaccount, and adapters of it."""

    now: float = 1_800_000_000.0
    """The simulator's clock, which stands still."""
    next_sid: str = ""
    """The identifier of every number bought from now on; empty generates new ones."""
    faults: FaultInjector = field(default_factory=FaultInjector)
    made: list[TwilioCarriers] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(clock=lambda: self.now, new_sid=self._new_sid)
        self.ledger.open_account(MAIN, TOKEN, keys={"SK" + "c" * 32: "key-secret"})
        self.ledger.open_account(SUB, "another-secret", owner_sid=MAIN)
        self.account = TwilioAccount(
            MAIN,
            MAIN,
            TOKEN,
            timeout=3.0,
            numbers=NumberSettings(voice_url="https://voice.example/voice"),
        )

    def carriers(self, **changes: Any) -> TwilioCarriers:
        """Return a new adapter of the account, with these fields changed."""
        limits = {name: changes.pop(name) for name in ("threads", "waiting") if name in changes}
        self.made.append(TwilioCarriers(replace(self.account, **changes), **limits))
        return self.made[-1]

    def events(self, *kinds: str) -> list[dict[str, object]]:
        """Return the ledger's events of these kinds, or all events."""
        return [dict(event) for event in self.ledger.journal.events if not kinds or event["event"] in kinds]

    def fields_of(self, phone_number: str) -> dict[str, str]:
        """Return the fields that a client set for an owned number, by the API's names."""
        (number,) = [each for each in self.ledger.numbers.values() if each.phone_number == phone_number]
        return number.fields

    def _new_sid(self, prefix: str) -> str:
        return self.next_sid or f"{prefix}{uuid.uuid4().hex}"


@pytest.fixture
def twilio(twilio_simulators: TwilioSimulators) -> Iterator[TwilioHarness]:
    twilio = TwilioHarness()
    with twilio_simulators.serve(twilio.ledger, twilio.faults) as url:
        twilio.account = replace(twilio.account, base_url=url)
        yield twilio
        for carriers in twilio.made:
            carriers.close()
    for carriers in twilio.made:
        assert carriers.threads.join(10)
