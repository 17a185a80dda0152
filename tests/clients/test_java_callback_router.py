"""The call-back router of the Java client's examples, as a PBX sees it, on a live server."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import Client
from tests.functional.server_process import ServerProcess
from tests.support import java
from tests.support.waiting import DEADLINE_SECONDS, wait_until

if java.missing():
    pytest.skip(f"{java.missing()} missing", allow_module_level=True)

ORGANIZATION_NUMBER = "+14155550100"
WORK_PHONE = "+14155550142"
BORROWER = "+12125550123"
FALLBACK = "+13125550150"
SECOND_FALLBACK = "+13125550151"
CALL = {"called": ORGANIZATION_NUMBER, "caller": BORROWER, "call_id": "c-1"}

Start = Callable[..., "RouterProcess"]


class RouterProcess:
    """The call-back router, on a free port."""

    def __init__(self, log: Path, **settings: str) -> None:
        self._log = log.open("wb")
        self.process = subprocess.Popen(
            java.java("-jar", java.CALLBACK_ROUTER),
            env={**os.environ, "LISTEN": "127.0.0.1:0", **settings},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().removeprefix("listening on ").strip()

    def ask(
        self, method: str, path: str, body: str | None = None, timeout: float = DEADLINE_SECONDS
    ) -> tuple[int, dict[str, Any]]:
        """Make a request; return the status and the JSON."""
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        try:
            connection.request(
                method, path, body, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def route(self, call: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Ask for the destination of a call; return the status and the JSON."""
        return self.ask("GET", "/inbound-calls?" + urlencode(call))

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the router and return its exit code."""
        self.process.send_signal(how)
        code = self.process.wait(DEADLINE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a router with settings. It is killed after the test."""
    java.build()
    started: list[RouterProcess] = []

    def router(**settings: str) -> RouterProcess:
        # Wait longer than a PBX would, because other tests may slow down the machine.
        defaults = {"FALLBACK_NUMBERS": f"{FALLBACK},{SECOND_FALLBACK}", "ROUTE_TIMEOUT_MS": "20000"}
        started.append(RouterProcess(tmp_path / f"router-{len(started)}.log", **{**defaults, **settings}))
        return started[-1]

    yield router
    for each in started:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def localdial(server: ServerProcess) -> ServerProcess:
    """Return the server after Ann has called the borrower."""
    with Client(server.address, timeout=30) as client:
        organization = Organization(organization_id="acme", organization_number=ORGANIZATION_NUMBER)
        client.directory.set_organization(SetOrganizationRequest(organization=organization))
        ann = User(organization_id="acme", user_id="ann", work_phone=WORK_PHONE)
        client.directory.set_user(SetUserRequest(user=ann))
        client.call_routing.resolve_outbound_caller_id(
            ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number=BORROWER)
        )
    return server


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """Yield the address of a server that accepts connections and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_call_back_goes_to_the_destination_of_localdial(localdial: ServerProcess, start: Start) -> None:
    router = start(LOCALDIAL_ADDRESSES=localdial.address)
    to_ann = {
        "destination": WORK_PHONE,
        "reason": "LAST_CALLER",
        "organization_id": "acme",
        "user_id": "ann",
        "shown_number": BORROWER,
    }
    assert router.route(CALL) == (200, to_ann)
    assert router.ask("POST", "/inbound-calls", urlencode(CALL)) == (200, to_ann)
    # Some PBX does not encode the plus sign, or sends a display name with the number.
    plain = f"/inbound-calls?called={ORGANIZATION_NUMBER}&caller={BORROWER}&call_id={'x' * 200}&other=%20"
    assert router.ask("GET", plain) == (200, to_ann)
    # A withheld caller has no last call, and the organization number would be a loop.
    status, withheld = router.route({"called": ORGANIZATION_NUMBER, "caller": "anonymous"})
    assert (status, withheld["destination"], withheld["error_reason"]) == (200, FALLBACK, "NO_DESTINATION")
    status, unknown = router.route({"called": "+19995550100", "caller": BORROWER})
    assert (status, unknown["destination"], unknown["error"]) == (200, FALLBACK, "NOT_FOUND")
    assert router.ask("GET", "/health") == (
        200,
        {"status": "ok", "in_flight": 0, "routed": 3, "fell_back": 2, "last_error": "NOT_FOUND"},
    )


def test_a_malformed_request_gets_a_fallback(localdial: ServerProcess, start: Start) -> None:
    router = start(LOCALDIAL_ADDRESSES=localdial.address)
    bad = [
        (400, router.ask("GET", "/inbound-calls")),
        (400, router.ask("POST", "/inbound-calls", "called=%zz")),
        (405, router.ask("DELETE", "/inbound-calls?called=%2B14155550100")),
        (413, router.ask("POST", "/inbound-calls", "called=" + "1" * 20_000)),
    ]
    for expected, (status, answer) in bad:
        assert (status, answer["destination"], answer["error"]) == (expected, FALLBACK, "INVALID_ARGUMENT")
    assert router.route(CALL)[1]["destination"] == WORK_PHONE


def test_without_localdial_calls_fall_back_at_once_and_never_loop(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"127.0.0.1:{listener.getsockname()[1]}"
    router = start(LOCALDIAL_ADDRESSES=nobody)
    status, answer = router.route(CALL)
    assert (status, answer) == (
        200,
        {"destination": FALLBACK, "reason": "FALLBACK", "error": "UNAVAILABLE", "error_reason": ""},
    )
    assert router.route({**CALL, "called": FALLBACK})[1]["destination"] == SECOND_FALLBACK
    status, none_left = router.route({"called": FALLBACK, "caller": SECOND_FALLBACK})
    assert (status, none_left.get("destination")) == (503, None)
    assert router.ask("GET", "/health")[1]["status"] == "ok"


def test_a_hanging_localdial_costs_at_most_the_deadline(start: Start) -> None:
    with silent_server() as address:
        router = start(LOCALDIAL_ADDRESSES=address, ROUTE_TIMEOUT_MS="300")
        router.route(CALL)  # what is loaded at first use does not count
        began = time.monotonic()
        status, answer = router.route(CALL)
        assert time.monotonic() - began < 10
        assert (status, answer["destination"], answer["error"]) == (200, FALLBACK, "DEADLINE_EXCEEDED")


def test_every_call_is_answered_while_localdial_restarts(localdial: ServerProcess, start: Start) -> None:
    # Choose a free port in advance, because the restarted server must have the same address.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    own = ServerProcess(localdial.database.parent, LOCALDIAL_LISTEN=address)
    localdial.stop()
    router = start(LOCALDIAL_ADDRESSES=address)
    destinations: list[str] = []
    enough = threading.Event()

    def call_again_and_again() -> None:
        while not enough.is_set():
            destinations.append(router.route(CALL)[1]["destination"])

    callers = [threading.Thread(target=call_again_and_again) for _ in range(4)]
    own.start()
    try:
        assert router.route(CALL)[1]["destination"] == WORK_PHONE
        for caller in callers:
            caller.start()
        for _ in range(2):
            own.stop()
            own.start()
        enough.set()
        for caller in callers:
            caller.join(DEADLINE_SECONDS)
        assert set(destinations) <= {WORK_PHONE, FALLBACK}
        assert router.route(CALL)[1]["destination"] == WORK_PHONE
    finally:
        enough.set()
        own.stop()
        localdial.start()


def test_a_running_call_is_answered_before_the_program_ends(start: Start) -> None:
    with silent_server() as address:
        router = start(LOCALDIAL_ADDRESSES=address, ROUTE_TIMEOUT_MS="4000")
        answers: list[tuple[int, dict[str, Any]]] = []
        call = threading.Thread(target=lambda: answers.append(router.route(CALL)))
        call.start()
        wait_until(lambda: router.ask("GET", "/health")[1]["in_flight"])
        began = time.monotonic()
        assert router.end() == 128 + signal.SIGTERM
        call.join(DEADLINE_SECONDS)
        assert [(status, answer["destination"]) for status, answer in answers] == [(200, FALLBACK)]
        assert time.monotonic() - began < 30


def test_a_wrong_setting_is_reported_in_one_line(tmp_path: Path) -> None:
    java.build()
    for settings, name in (
        ({}, "FALLBACK_NUMBERS"),
        (
            {"FALLBACK_NUMBERS": FALLBACK, "LOCALDIAL_ADDRESSES": "10.0.0.1:50051", "LOCALDIAL_KEY": "k"},
            "TLS",
        ),
        ({"FALLBACK_NUMBERS": FALLBACK, "LOCALDIAL_ROOT_CERTIFICATE": str(tmp_path / "no")}, "certificate"),
    ):
        done = subprocess.run(
            java.java("-jar", java.CALLBACK_ROUTER),
            env={**os.environ, "LISTEN": "127.0.0.1:0", **settings},
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert done.returncode == 2
        assert name in done.stderr
        assert len(done.stderr.splitlines()) == 1
