"""The adapter in front of a simulated company, for what only this carrier does."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from localdial_server.carriers.twilio.account import NumberSettings, TwilioAccount
from localdial_server.carriers.twilio.adapter import TwilioCarriers
from localdial_server.carriers.twilio_simulator.faults import Faults
from localdial_server.carriers.twilio_simulator.http_server import served
from localdial_server.carriers.twilio_simulator.journal import MemoryJournal
from localdial_server.carriers.twilio_simulator.ledger import Company

MAIN = "AC" + "a" * 32
SUB = "AC" + "b" * 32
TOKEN = "a-secret"


@dataclass
class Clock:
    """The company's clock, which stands still."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """A company with an account, and adapters of it."""

    company: Company
    faults: Faults
    clock: Clock
    account: TwilioAccount
    made: list[TwilioCarriers] = field(default_factory=list)

    def carriers(self, **changes: object) -> TwilioCarriers:
        """Make an adapter, of an account that differs in these fields."""
        limits = {name: changes.pop(name) for name in ("threads", "waiting") if name in changes}
        self.made.append(TwilioCarriers(replace(self.account, **changes), **limits))  # type: ignore[arg-type]
        return self.made[-1]

    def events(self, *kinds: str) -> list[dict[str, object]]:
        """Answer what happened at the company."""
        return [dict(event) for event in self.company.events() if not kinds or event["event"] in kinds]


@pytest.fixture
def company_clock() -> Clock:
    return Clock()


@pytest.fixture
def world(company_clock: Clock) -> Iterator[World]:
    company, faults = Company(MemoryJournal(), clock=company_clock), Faults()
    company.open_account(MAIN, TOKEN, keys={"SK" + "c" * 32: "key-secret"})
    company.open_account(SUB, "another-secret", owner_sid=MAIN)
    with served(company, faults) as url:
        account = TwilioAccount(
            MAIN,
            MAIN,
            TOKEN,
            base_url=url,
            timeout=3.0,
            numbers=NumberSettings(voice_url="https://voice.example/voice"),
        )
        made = World(company, faults, company_clock, account)
        yield made
        for carriers in made.made:
            carriers.close()
            assert carriers.threads.join(10)
