"""The voice webhook of several workers on one port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.test_workers import Supervised
from tests.functional.webhook_process import WEBHOOK, WORK_PHONE, set_up
from tests.support.twilio_caller import TwilioCaller


@pytest.fixture
def server(tmp_path: Path, migrated_url: str) -> Iterator[Supervised]:
    server = Supervised(tmp_path, "--workers", "2", **WEBHOOK, LOCALDIAL_DATABASE_URL=migrated_url)
    yield server
    server.close()


def test_every_worker_can_answer_any_step_of_a_call(server: Supervised) -> None:
    called = set_up(server.address)
    addresses = {event["address"] for event in server.logged("serving the webhook")}
    [address] = addresses
    twilio = TwilioCaller(address)
    for _ in range(12):
        dialed = twilio.call(To=called)
        assert dialed.dialed == WORK_PHONE
        assert twilio.dial_ended(dialed, "busy", To=called).verbs[0].tag == "Dial"
    answered = {event["process"] for event in server.logged("next step of a call-back")}
    assert answered == server.workers
    assert server.stop() == 0
