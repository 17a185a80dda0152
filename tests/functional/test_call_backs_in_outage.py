"""Call-backs while PostgreSQL is down ring the organization number, through the API and a real webhook."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdial.v1 import call_routing_pb2 as calls
from localdial_client import Client, Unavailable
from tests.drills import metrics
from tests.functional.server_process import ServerProcess
from tests.functional.webhook_process import (
    CALLER,
    CALLER_ID,
    ORGANIZATION_NUMBER,
    WEBHOOK,
    WORK_PHONE,
    set_up,
    webhook_address,
)
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.twilio_caller import Answer, TwilioCaller
from tests.support.waiting import wait_until

# The server waits for a second. The promise is 1.5 s in all, on a machine that is not overloaded.
ANSWERED_WITHIN_SECONDS = 4.0

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def postgresql() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server that tests may stop."""
    with PostgresServer() as server:
        yield server
        server.thaw()


class Outage:
    """A server with a webhook, whose PostgreSQL a test stops."""

    def __init__(self, server: ServerProcess, postgresql: PostgresServer) -> None:
        self.server = server
        self.postgresql = postgresql
        self.called = set_up(server.address)
        self.twilio = TwilioCaller(webhook_address(server))
        self.client = Client(server.address, timeout=10, options=[("grpc.enable_retries", 0)])

    def begin(self, how: str) -> None:
        """Stop or freeze PostgreSQL."""
        (self.postgresql.stop if how == "stopped" else self.postgresql.freeze)()

    def end(self, how: str) -> None:
        """Let PostgreSQL run again."""
        (self.postgresql.start if how == "stopped" else self.postgresql.thaw)()

    def route(self, called: str, *, allow_degraded: bool = True) -> calls.RouteInboundCallResponse:
        """Route a call-back, within its time."""
        request = calls.RouteInboundCallRequest(
            called_number=called, caller_number=CALLER, allow_degraded=allow_degraded
        )
        begun = time.monotonic()
        try:
            return self.client.call_routing.route_inbound_call(request)
        finally:
            # Without `allow_degraded` a transaction may take as long as its own limit.
            assert not allow_degraded or time.monotonic() - begun < ANSWERED_WITHIN_SECONDS

    def call(self, **changes: str) -> Answer:
        """Call the number, or another one, through the webhook, which answers within its time."""
        begun = time.monotonic()
        answer = self.twilio.call(**{"To": self.called, **changes})
        assert time.monotonic() - begun < ANSWERED_WITHIN_SECONDS
        return answer

    def health(self) -> tuple[int, bytes]:
        """Return the webhook's health."""
        answer = self.twilio.send("GET", f"{self.twilio.public_url}/health", b"", {})
        return answer.status, answer.body


@pytest.fixture
def outage(start_server: StartServer, postgresql: PostgresServer, tmp_path: Path) -> Outage:
    """Return a server in normal service, whose index has what was set up."""
    server = start_server(
        LOCALDIAL_DATABASE_URL=create_postgres(postgresql),
        LOCALDIAL_SPOOL_DIRECTORY=str(tmp_path / "spool"),
        LOCALDIAL_METRICS_LISTEN="127.0.0.1:0",
        **WEBHOOK,
    )
    outage = Outage(server, postgresql)
    # The organization number, the bought one, and the user's caller ID.
    wait_until(lambda: metrics.read(server.log)["localdial_indexed_numbers"] == 3)
    return outage


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_call_backs_and_outcomes_of_an_outage_are_recorded_afterwards(outage: Outage, how: str) -> None:
    request = calls.ListInboundCallsRequest(organization_id="acme")
    first = outage.call(CallSid="CA0")
    outage.begin(how)
    # The outcome of a call from before the outage, and calls of the outage with theirs.
    assert outage.twilio.dial_ended(first, "completed", "true", CallSid="CA0", To=outage.called).status == 200
    second, third = outage.call(CallSid="CA1"), outage.call(CallSid="CA2", From="anonymous")
    assert outage.twilio.dial_ended(second, "no-answer", CallSid="CA1", To=outage.called).status == 200
    by_rpc = outage.route(outage.called).call_id
    assert third.dialed == ORGANIZATION_NUMBER
    with pytest.raises(Unavailable):
        outage.client.call_routing.list_inbound_calls(request)
    outage.end(how)

    def recorded() -> dict[str, tuple[str, str, bool, int]]:
        try:
            listed = outage.client.call_routing.list_inbound_calls(request).calls
        except Unavailable:
            return {}
        return {
            each.call_id: (each.caller_number, each.destination_number, each.degraded, each.outcome)
            for each in listed
        }

    outcomes = calls.InboundCallOutcome
    pending = outcomes.INBOUND_CALL_OUTCOME_PENDING
    wait_until(
        lambda: (
            recorded()
            == {
                "CA0": (CALLER, WORK_PHONE, False, outcomes.INBOUND_CALL_OUTCOME_ANSWERED),
                "CA1": (CALLER, ORGANIZATION_NUMBER, True, outcomes.INBOUND_CALL_OUTCOME_MISSED),
                "CA2": ("", ORGANIZATION_NUMBER, True, pending),
                by_rpc: (CALLER, ORGANIZATION_NUMBER, True, pending),
            }
        )
    )


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_call_backs_ring_the_organization_number_while_postgresql_is_away(outage: Outage, how: str) -> None:
    assert outage.health() == (200, b"SERVING")
    first = outage.call()
    assert first.dialed == WORK_PHONE
    outage.begin(how)
    # At once, while the server has not noticed, and later.
    for _ in range(3):
        found = outage.route(outage.called)
        assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)
        assert found.reason == calls.DestinationReason.DESTINATION_REASON_ORGANIZATION_NUMBER
        assert (found.shown_number, found.user_id, found.organization_id) == (CALLER, "", "acme")
        assert outage.call().dialed == ORGANIZATION_NUMBER
    with pytest.raises(Unavailable):
        outage.route(outage.called, allow_degraded=False)
    # The user's own caller ID is nobody's number, but identifies the organization.
    assert outage.call(To=CALLER_ID).dialed == ORGANIZATION_NUMBER
    # Unknown numbers, and loops, are left to the carrier's fallback.
    assert outage.call(To="+19995550100").status == 503
    assert outage.call(To=ORGANIZATION_NUMBER).status == 503
    assert outage.call(From=ORGANIZATION_NUMBER).status == 503
    # The next phone after an agent's needs no database, and the last message none either.
    second = outage.twilio.dial_ended(first, "no-answer", To=outage.called)
    assert second.dialed == ORGANIZATION_NUMBER
    begun = time.monotonic()
    assert "Goodbye" in outage.twilio.dial_ended(second, "no-answer", To=outage.called).said
    assert time.monotonic() - begun < ANSWERED_WITHIN_SECONDS
    wait_until(lambda: outage.health() == (200, b"DEGRADED"))
    outage.end(how)
    wait_until(lambda: outage.call().dialed == WORK_PHONE)
    wait_until(lambda: outage.health() == (200, b"SERVING"))
