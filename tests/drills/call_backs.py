"""Call-backs in a drill: through RouteInboundCall with `allow_degraded`, and through a real webhook.

Both must always name a phone, in time: while the database is down, the organization number.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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

# How long after the last answer its record may take to be in the database.
RECORDED_WITHIN_SECONDS = 10.0

RECORDS = "SELECT call_id, destination_number, degraded FROM inbound_calls"
"""The columns of `Record`, by call_id."""

# The number that a call-back was sent to, and whether that was decided without the database.
Record = tuple[str, bool]

# More than can be under way at once.
_THREADS = 64

Routed = Answer[RouteInboundCallRequest, RouteInboundCallResponse]


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The webhook's response. `dialed` is empty if no phone rings; both times are in seconds."""

    sent: float
    seconds: float
    call_sid: str
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

    async def call(self, called: str, caller: str, call_sid: str) -> WebhookAnswer:
        """Send the signed request of a call that arrives."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._call, called, caller, call_sid)

    def _call(self, called: str, caller: str, call_sid: str) -> WebhookAnswer:
        sent = time.monotonic()
        answer = self._twilio.call(To=called, From=caller, CallSid=call_sid)
        seconds = time.monotonic() - sent
        number = ET.fromstring(answer.body).find("Dial/Number") if answer.status == 200 else None
        dialed = (number.text or "") if number is not None else ""
        return WebhookAnswer(sent, seconds, call_sid, answer.status, dialed)


@dataclass
class CallBacks:
    """The call-backs of a drill and their answers."""

    webhook: DrillWebhook
    organization_number: str
    routed: list[Routed] = field(default_factory=list)
    through_webhook: list[WebhookAnswer] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    async def call(self, client: AsyncClient, called: str, caller: str) -> None:
        """Call back once each way."""
        number = next(self._numbers)
        request = RouteInboundCallRequest(
            called_number=called, caller_number=caller, call_id=f"rpc-{number}", allow_degraded=True
        )
        answer, told = await asyncio.gather(
            open_loop.ask(client.call_routing.route_inbound_call, request),
            self.webhook.call(called, caller, f"CA{number:032}"),
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

    def answered(self) -> Mapping[str, str]:
        """Return the number that each call-back was sent to, by call_id."""
        return {
            **{
                each.response.call_id: each.response.destination_number
                for each in self.routed
                if each.response
            },
            **{each.call_sid: each.dialed for each in self.through_webhook if each.dialed},
        }


async def records_of(
    answered: Mapping[str, str], read: Callable[[], Sequence[tuple[str, str, bool]]]
) -> Mapping[str, Record]:
    """Return the record of call-backs once all answered ones are in it, or when time is up.

    `read` returns the rows of `RECORDS`; it blocks.
    """
    deadline = time.monotonic() + RECORDED_WITHIN_SECONDS
    while True:
        rows = await asyncio.to_thread(read)
        records = {call_id: (number, degraded) for call_id, number, degraded in rows}
        if answered.keys() <= records.keys() or time.monotonic() > deadline:
            return records
        await asyncio.sleep(0.1)


def claim_recorded(answered: Mapping[str, str], records: Mapping[str, Record]) -> tuple[str, bool]:
    """Return the claim that every answer is in the record as it was given, and whether it holds."""
    missing = [call_id for call_id in answered if call_id not in records]
    different = [
        call_id
        for call_id, number in answered.items()
        if call_id in records and records[call_id][0] != number
    ]
    degraded = sum(records[call_id][1] for call_id in answered if call_id in records)
    text = (
        f"answered call-backs that are not recorded: {len(missing)} of {len(answered):,}, recorded "
        f"differently: {len(different)}; recorded as degraded: {degraded:,}"
    )
    return text, not missing and not different and degraded > 0


def _longest(answers: Sequence[Routed] | Sequence[WebhookAnswer]) -> float:
    return max((answer.seconds for answer in answers), default=0.0)
