"""The voice webhook over real HTTP: what happens to a call-back, whether or not somebody answers."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial_client import Client
from tests.functional.server_process import ServerProcess
from tests.functional.webhook_process import (
    CALLER,
    ORGANIZATION_NUMBER,
    WEBHOOK,
    WORK_PHONE,
    WebhookProcess,
    set_up,
    webhook_address,
)
from tests.support.twilio_caller import CALL, Answer, TwilioCaller, parameters
from tests.support.waiting import wait_until

SORRY = "Your call cannot be connected right now. Please call again later. Goodbye."

# The setting is 1 s, and the promise on a quiet machine 1.5 s.
ANSWERED_WITHIN_SECONDS = 4.0

StartServer = Callable[..., ServerProcess]
StartWebhook = Callable[..., WebhookProcess]


@pytest.fixture
def start_webhook(tmp_path: Path) -> Iterator[StartWebhook]:
    """Return a function that starts a separate webhook for a server. It is killed after the test."""
    started: list[WebhookProcess] = []

    def start(server: str, **settings: str) -> WebhookProcess:
        started.append(WebhookProcess(tmp_path, server, **settings))
        return started[-1]

    yield start
    for webhook in started:
        webhook.close()


@pytest.fixture(params=["beside the server", "on its own"])
def start_both(
    request: pytest.FixtureRequest, start_server: StartServer, start_webhook: StartWebhook
) -> Callable[..., tuple[ServerProcess, TwilioCaller]]:
    """Return a function that starts a server and a webhook, in either mode."""

    def start(**settings: str) -> tuple[ServerProcess, TwilioCaller]:
        if request.param == "on its own":
            server = start_server()
            return server, TwilioCaller(start_webhook(server.address, **settings).address)
        server = start_server(**WEBHOOK, **settings)
        return server, TwilioCaller(webhook_address(server))

    return start


def test_a_proxy_configured_for_the_carrier_is_not_used_for_localdial(
    start_both: Callable[..., tuple[ServerProcess, TwilioCaller]],
) -> None:
    # No proxy listens there.
    server, caller = start_both(http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")
    called = set_up(server.address)
    assert caller.call(To=called).dialed == WORK_PHONE
    assert caller.send("GET", "https://voice.example.com/health", b"", {}).status == 200


def test_a_call_back_rings_the_last_caller_then_the_organization_and_ends_with_a_message(
    start_both: Callable[..., tuple[ServerProcess, TwilioCaller]], tmp_path: Path
) -> None:
    server, twilio = start_both()
    called = set_up(server.address)

    assert twilio.send("GET", f"{twilio.public_url}/health", b"", {}).status == 200
    first = twilio.call(To=called)
    assert first.dialed == WORK_PHONE
    [dial] = first.verbs
    assert dial.attrib["callerId"] == CALLER
    assert dial.attrib["timeout"] == "20"
    assert "url" not in dial[0].attrib, "nobody asked for screening"
    # Every repeat of a step gets the same answer, in any order, and has no effect.
    second = twilio.dial_ended(first, "no-answer", To=called)
    assert second.dialed == ORGANIZATION_NUMBER
    assert twilio.call(To=called) == first
    assert twilio.dial_ended(first, "no-answer", To=called).body == second.body
    last = twilio.dial_ended(second, "busy", To=called)
    assert last.said == (
        "Thank you for calling Acme Lending. Nobody can take your call right now. "
        "Please call again later. Goodbye."
    )

    with Client(server.address) as client:
        call = wait_until(lambda: inbound_call(client, missed=True))
        assert (call.call_id, call.user_id, call.fallback_number) == (
            CALL,
            "ann",
            ORGANIZATION_NUMBER,
        )
        assert call.outcome == calls.InboundCallOutcome.INBOUND_CALL_OUTCOME_MISSED
        # The organization number answers, and then it turns out that the work phone did.
        for dialed, outcome in (second, "ANSWERED_BY_FALLBACK"), (first, "ANSWERED"):
            twilio.dial_ended(dialed, "completed", "true", To=called)
            reported = calls.InboundCallOutcome.Value(f"INBOUND_CALL_OUTCOME_{outcome}")
            wait_until(lambda reported=reported: has_outcome(client, reported))
        assert inbound_call(client, missed=True) is None

    for dialed in first, second:
        [verb] = twilio.dial_ended(dialed, "completed", "true", To=called).verbs
        assert verb.tag == "Hangup"

    with Client(server.address) as client:
        listed = client.call_routing.list_outbound_calls(
            calls.ListOutboundCallsRequest(organization_id="acme")
        )
    assert len(listed.calls) == 1, "a call-back is no call of ours"
    log = "".join(file.read_text("utf-8") for file in tmp_path.rglob("*.log"))
    assert "next step of a call-back" in log
    for number in called, CALLER, WORK_PHONE, ORGANIZATION_NUMBER:
        assert number[1:] not in log


def inbound_call(client: Client, *, missed: bool = False) -> calls.InboundCall | None:
    """Return the only recorded call-back, if there is one."""
    request = calls.ListInboundCallsRequest(organization_id="acme", missed=missed)
    return next(iter(client.call_routing.list_inbound_calls(request).calls), None)


def has_outcome(client: Client, outcome: calls.InboundCallOutcome.ValueType) -> bool:
    call = inbound_call(client)
    return call is not None and call.outcome == outcome


def test_a_user_accepts_the_call_with_a_key_and_a_voicemail_does_not(
    start_both: Callable[..., tuple[ServerProcess, TwilioCaller]],
) -> None:
    server, twilio = start_both(LOCALDIAL_WEBHOOK_SCREENING="on", LOCALDIAL_WEBHOOK_DIAL_SECONDS="12")
    called = set_up(server.address)
    dialed = twilio.call(To=called)
    assert dialed.dialed == WORK_PHONE
    [dial] = dialed.verbs
    assert dial.attrib["timeout"] == "12"

    # The leg to the user is a separate call.
    leg = parameters(To=WORK_PHONE, From=CALLER, CallSid="CA2", Direction="outbound-dial")
    gather, hang_up = twilio.ask(dial[0].attrib["url"], leg).verbs
    assert gather[0].text == "A call back for Acme Lending. Press 1 to accept."
    assert hang_up.tag == "Hangup"
    assert twilio.ask(gather.attrib["action"], {**leg, "Digits": "1"}).verbs == []
    [declined] = twilio.ask(gather.attrib["action"], {**leg, "Digits": "2"}).verbs
    assert declined.tag == "Hangup"

    # The voicemail answered, so the leg is complete, but nobody was connected.
    second = twilio.dial_ended(dialed, "completed", "false", To=called)
    assert second.dialed == ORGANIZATION_NUMBER
    with Client(server.address) as client:
        screened = calls.InboundCallOutcome.INBOUND_CALL_OUTCOME_SCREENED_OUT
        wait_until(lambda: has_outcome(client, screened))
        assert inbound_call(client, missed=True) is not None
    [dial] = second.verbs
    assert "url" not in dial[0].attrib, "at the organization number nobody may be there to press a key"
    [dial] = twilio.call(To=called, From="anonymous").verbs
    assert (dial[0].text, dial[0].attrib) == (ORGANIZATION_NUMBER, {}), "nor when it is the first"
    assert "Acme Lending" in twilio.dial_ended(second, "no-answer", To=called).said


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, TwilioCaller]]:
    """Yield a server with a webhook, for tests that set up what they need."""
    with ServerProcess(tmp_path_factory.mktemp("server"), **WEBHOOK) as server:
        yield server, TwilioCaller(webhook_address(server))


@pytest.mark.parametrize(
    "withheld",
    [
        *("", "anonymous", "+266696687", "+17378742833", "+12562533", "sip:ann@example.com", "x" * 300),
        *("+10000000000", "+1415555017"),
    ],
)
def test_a_withheld_caller_reaches_the_organization_with_the_called_number_as_caller_id(
    beside: tuple[ServerProcess, TwilioCaller], withheld: str
) -> None:
    server, twilio = beside
    called = set_up(server.address)
    answer = twilio.call(To=called, From=withheld)
    assert answer.dialed == ORGANIZATION_NUMBER
    assert answer.verbs[0].attrib["callerId"] == called
    assert "Acme Lending" in twilio.dial_ended(answer, "failed", To=called, From=withheld).said


@pytest.mark.parametrize(
    "spelled", ["{number}", "1{number}", "sip:+1{number}@acme.sip.twilio.com;user=phone"]
)
def test_callers_and_called_numbers_are_read_as_switches_write_them(
    beside: tuple[ServerProcess, TwilioCaller], spelled: str
) -> None:
    server, twilio = beside
    called = set_up(server.address)
    ends = {
        "To": spelled.format(number=called.removeprefix("+1")),
        "From": spelled.format(number=CALLER.removeprefix("+1")),
    }
    answer = twilio.call(**ends)
    assert answer.dialed == WORK_PHONE
    second = twilio.dial_ended(answer, "no-answer", **ends)
    assert second.dialed == ORGANIZATION_NUMBER
    # Both phones show the borrower, in the form that a carrier accepts.
    assert [each.verbs[0].attrib["callerId"] for each in (answer, second)] == [CALLER, CALLER]


def test_an_organizations_name_is_spoken_whatever_is_in_it(
    beside: tuple[ServerProcess, TwilioCaller],
) -> None:
    server, twilio = beside
    name = 'Smith & Sons <Loans> "First" 日本'
    called = set_up(server.address, display_name=name)
    dialed = twilio.dial_ended(twilio.call(To=called), "busy", To=called)
    assert f"calling {name}." in twilio.dial_ended(dialed, "busy", To=called).said


def test_without_a_destination_the_caller_hears_a_message_in_the_organizations_name(
    beside: tuple[ServerProcess, TwilioCaller],
) -> None:
    server, twilio = beside
    called = set_up(server.address, called=False)
    # The organization's own phone calls, so there is no destination.
    assert "Acme Lending" in twilio.call(To=called, From=ORGANIZATION_NUMBER).said


@pytest.mark.parametrize("called", ["+19995550100", "sip:acme@example.com", ""])
def test_a_caller_of_an_unknown_number_hears_a_message(
    beside: tuple[ServerProcess, TwilioCaller], called: str
) -> None:
    _, twilio = beside
    assert twilio.call(To=called).said == SORRY


def test_a_step_with_missing_parameters_or_a_deleted_organization_ends_with_a_message(
    beside: tuple[ServerProcess, TwilioCaller],
) -> None:
    server, twilio = beside
    called = set_up(server.address)
    form = parameters(To=called, DialCallStatus="busy")
    assert twilio.ask("/dial-ended", form).said == SORRY
    assert twilio.ask("/dial-ended?organization=%FF&dialed=1", form).status == 403, "not as we write it"
    assert twilio.ask("/dial-ended?organization=nobody&screened=no", form).said == SORRY
    assert "Acme Lending" in twilio.ask("/dial-ended?organization=acme", form).said
    [gather, _] = twilio.ask("/screen", form).verbs
    assert gather[0].text == "A call back. Press 1 to accept."


def test_without_an_organization_number_the_caller_hears_a_message_after_the_work_phone(
    beside: tuple[ServerProcess, TwilioCaller],
) -> None:
    server, twilio = beside
    called = set_up(server.address)
    with Client(server.address) as client:
        organization = directory.Organization(organization_id="acme", display_name="Acme Lending")
        client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
    dialed = twilio.call(To=called)
    assert dialed.dialed == WORK_PHONE
    assert "Acme Lending" in twilio.dial_ended(dialed, "busy", To=called).said


@pytest.mark.parametrize("how", ["killed", "hanging"])
def test_while_localdial_is_down_the_carriers_fallback_is_next_in_time(
    start_server: StartServer, start_webhook: StartWebhook, how: str
) -> None:
    server = start_server()
    called = set_up(server.address)
    webhook = start_webhook(server.address, LOCALDIAL_WEBHOOK_SCREENING="on")
    twilio = TwilioCaller(webhook.address)
    dialed = twilio.call(To=called)
    second = twilio.dial_ended(dialed, "busy", To=called)
    assert second.dialed == ORGANIZATION_NUMBER
    [dial] = dialed.verbs
    assert twilio.send("GET", f"{twilio.public_url}/health", b"", {}).status == 200
    if how == "killed":
        server.kill()
    else:
        os.kill(server.pid, signal.SIGSTOP)
    try:
        answers: list[Callable[[], bool]] = [
            lambda: twilio.call(To=called).status == 503,
            lambda: twilio.dial_ended(second, "busy", To=called).said == SORRY,
            lambda: twilio.ask(dial[0].attrib["url"], parameters()).verbs[0].tag == "Gather",
            lambda: twilio.send("GET", f"{twilio.public_url}/health", b"", {}).status == 503,
        ]
        for is_as_it_should_be in answers:
            started = time.monotonic()
            assert is_as_it_should_be()
            assert time.monotonic() - started < ANSWERED_WITHIN_SECONDS
        # Steps that need no answer from localdial still work.
        [verb] = twilio.dial_ended(dialed, "completed", "true", To=called).verbs
        assert verb.tag == "Hangup"
        assert twilio.dial_ended(dialed, "busy", To=called).body == second.body
    finally:
        if how == "hanging":
            os.kill(server.pid, signal.SIGCONT)
    assert webhook.stop() == 0


def test_a_running_request_is_answered_before_the_webhook_stops(
    start_server: StartServer, start_webhook: StartWebhook
) -> None:
    # The server hangs for a moment, during which the webhook is told to stop.
    server = start_server()
    called = set_up(server.address)
    webhook = start_webhook(server.address)
    twilio = TwilioCaller(webhook.address)
    answers: list[Answer] = []
    call = threading.Thread(target=lambda: answers.append(twilio.call(To=called)))
    go_on = threading.Timer(0.7, os.kill, (server.pid, signal.SIGCONT))
    os.kill(server.pid, signal.SIGSTOP)
    go_on.start()
    call.start()
    time.sleep(0.3)
    assert webhook.stop() == 0
    call.join()
    assert answers[0].dialed == WORK_PHONE
