"""Call-backs in a drill: through RouteInboundCall with `allow_degraded`, and through a real webhook.

Both must always name a phone, in time: while the database is down, the organization number.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from typing_extensions import override

from localdial.v1.call_routing_pb2 import RouteInboundCallRequest, RouteInboundCallResponse
from localdial_client import AsyncClient
from tests.drills import open_loop
from tests.drills.open_loop import Answer, latencies
from tests.functional.webhook_process import WebhookProcess
from tests.support.lifecycle import Lifecycle
from tests.support.twilio_caller import TwilioCaller

# The claim about the wait for a phone.
ANSWERED_WITHIN_SECONDS = 1.5

# More than can be under way at once.
_THREADS = 64

Routed = Answer[RouteInboundCallRequest, RouteInboundCallResponse]


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The webhook's response. `dialed` is empty if no phone rings; both times are in seconds."""

    sent: float
    seconds: float
    status: int
    dialed: str


class DrillWebhook(Lifecycle):
    """`localdial webhook` for the server at `server`, and Twilio calling it."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._folder = tempfile.TemporaryDirectory(prefix="localdial-webhook-")
        self._threads = ThreadPoolExecutor(_THREADS)

    @override
    def start(self) -> None:
        self._process = WebhookProcess(Path(self._folder.name), self._server)
        self._twilio = TwilioCaller(self._process.address)

    @override
    def close(self) -> None:
        self._threads.shutdown()
        self._process.close()
        self._folder.cleanup()

    async def call(self, called: str, caller: str) -> WebhookAnswer:
        """Send the signed request of a call that arrives."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, called, caller)

    def _call(self, called: str, caller: str) -> WebhookAnswer:
        sent = time.monotonic()
        answer = self._twilio.call(To=called, From=caller)
        seconds = time.monotonic() - sent
        number = ET.fromstring(answer.body).find("Dial/Number") if answer.status == 200 else None
        return WebhookAnswer(sent, seconds, answer.status, (number.text or "") if number is not None else "")


@dataclass
class CallBacks:
    """The call-backs of a drill and their answers."""

    webhook: DrillWebhook
    organization_number: str
    routed: list[Routed] = field(default_factory=list)
    through_webhook: list[WebhookAnswer] = field(default_factory=list)

    async def call(self, client: AsyncClient, called: str, caller: str) -> None:
        """Call back once each way."""
        request = RouteInboundCallRequest(called_number=called, caller_number=caller, allow_degraded=True)
        answer, told = await asyncio.gather(
            open_loop.ask(client.call_routing.route_inbound_call, request), self.webhook.call(called, caller)
        )
        self.routed.append(answer)
        self.through_webhook.append(told)

    def report(self, begun: float, ended: float) -> None:
        """Print the times of the call-backs between two times of `time.monotonic`."""
        for name, answers in (
            ("by RouteInboundCall", self.routed),
            ("through the webhook", self.through_webhook),
        ):
            seconds = [answer.seconds for answer in answers if begun <= answer.sent < ended]
            print(f"{f'call-backs {name}':30}{len(seconds):>8,}{'':27}{latencies(seconds)}")

    def claims(self, begun: float, ended: float) -> Iterator[tuple[str, bool]]:
        """Yield each claim and whether it holds: a phone in time, and in between the organization number."""
        unanswered = [str(answer.error) for answer in self.routed if answer.response is None]
        refused = [answer.status for answer in self.through_webhook if not answer.dialed]
        yield (
            (
                f"call-backs without a phone: {len(unanswered)} of {len(self.routed):,}, through the "
                f"webhook {len(refused)} of {len(self.through_webhook):,} "
                f"{sorted(set(unanswered)) or ''} {sorted(set(refused)) or ''}"
            ),
            not unanswered and not refused and bool(self.routed),
        )
        degraded = [answer for answer in self.routed if answer.response and answer.response.degraded]
        elsewhere = sum(
            answer.response is not None and answer.response.destination_number != self.organization_number
            for answer in degraded
        )
        yield (
            f"degraded call-backs: {len(degraded):,}, of them not to the organization number: {elsewhere}",
            not elsewhere and bool(degraded),
        )
        away = [answer for answer in self.through_webhook if begun <= answer.sent < ended]
        other = sum(answer.dialed != self.organization_number for answer in away)
        yield (
            (
                f"meanwhile through the webhook: {len(away):,}, of them not to the "
                f"organization number: {other}"
            ),
            not other and bool(away),
        )
        longest = _longest(self.routed), _longest(self.through_webhook)
        yield (
            (
                f"longest wait of a call-back for its phone: {longest[0]:.2f} s, through the webhook "
                f"{longest[1]:.2f} s"
            ),
            max(longest) < ANSWERED_WITHIN_SECONDS,
        )


def _longest(answers: Sequence[Routed] | Sequence[WebhookAnswer]) -> float:
    return max((answer.seconds for answer in answers), default=0.0)
