"""`localdial demo`: load the demo organization, and show what the rules decide for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from localdial.v1.call_routing_pb2 import (
    ResolveOutboundCallerIdRequest,
    ResolveOutboundCallerIdResponse,
    RouteInboundCallRequest,
    RouteInboundCallResponse,
)
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import Client, LocaldialError
from localdial_server.cli import demo_setup
from localdial_server.cli.command import Session, client_command, command_line
from localdial_server.cli.demo_setup import DEMO, EMPTY, SOLD_OUT, Demo
from localdial_server.cli.output import as_dict, error_document
from localdial_server.cli.routing import CALLER_ID_REASONS, DESTINATION_REASONS
from localdial_server.cli.values import enum_name


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the demo: what it shows, the command that does the same, and the call itself.

    `expected_reason` is the reason of the error that the step is meant to show; empty if it should succeed.
    """

    title: str
    command: Sequence[str]
    call: Callable[[Client], Message]
    expected_reason: str = ""


@client_command
def demo(session: Session) -> None:
    """Load the demo organization into a running server, and show what the server decides for it.

    Safe to run again. It requires the simulator carrier, so it spends no money.
    """
    loaded = demo_setup.load(session.client)
    bought = [number.phone_number for number in loaded.numbers]
    session.out.partial_result(
        f"The numbers of the organization `{DEMO}` include {' and '.join(bought)}, "
        f"and the area code {demo_setup.MAPPED} is mapped to {loaded.local_number}.\n"
    )
    documents = []
    for number, step in enumerate(steps(loaded), start=1):
        command = command_line(session.connection, *step.command)
        session.out.partial_result(f"{number}. {step.title}\n   $ {command}")
        outcome, sentence = _run(session.client, step)
        session.out.partial_result(f"   {sentence}\n")
        documents.append({"title": step.title, "command": command, **outcome})
    document = {"organization_id": DEMO, "numbers": [as_dict(number) for number in loaded.numbers]}
    session.out.result({**document, "steps": documents})


def steps(loaded: Demo) -> Sequence[Step]:
    """Return the calls of the demo, in the order in which to make them."""
    local = loaded.local_number
    sold_out = PurchaseNumbersRequest(organization_id=DEMO, area_code=SOLD_OUT)
    return (
        _resolve("Ann calls Chicago, where her own caller ID is from", "ann", "+13125550155"),
        _resolve("Bob calls San Francisco (415)", "bob", "+14155550155"),
        _resolve("Bob calls San Francisco (628), which is mapped", "bob", "+16285550155", record=True),
        _resolve("Bob calls Honolulu (808), where a number was imported", "bob", "+18085550155"),
        _resolve("Carol calls Seattle (206), where the organization has no number", "carol", "+12065550155"),
        _resolve("Bob calls Seattle, and has no caller ID of his own", "bob", "+12065550155"),
        _resolve(
            "Dave calls Seattle, and neither he nor his organization has any number",
            "dave",
            "+12065550155",
            organization=EMPTY,
            expected_reason="NO_CALLER_ID",
        ),
        _route("The borrower whom Bob called (628) calls back", local, "+16285550155"),
        _resolve("Carol calls New York (212)", "carol", "+12125550155", record=True),
        _route(
            "The borrower whom Carol called calls back, but she has no work phone",
            loaded.numbers[1].phone_number,
            "+12125550155",
        ),
        _route("A borrower whom nobody called calls Ann's own caller ID", "+13125550190", "+15035550155"),
        _route("A caller who withholds the number calls back", local, ""),
        Step(
            f"Buying in Alaska ({SOLD_OUT}), where the carrier is sold out",
            ("numbers", "buy", DEMO, SOLD_OUT, "--yes"),
            lambda client: client.number_inventory.purchase_numbers(sold_out),
            expected_reason="NO_NUMBERS_AVAILABLE",
        ),
    )


def _resolve(
    title: str,
    user: str,
    callee: str,
    *,
    organization: str = DEMO,
    record: bool = False,
    expected_reason: str = "",
) -> Step:
    request = ResolveOutboundCallerIdRequest(
        organization_id=organization, user_id=user, callee_number=callee, validate_only=not record
    )
    command = ("resolve", organization, user, callee, *(() if record else ("--dry-run",)))
    return Step(
        title,
        command,
        lambda client: client.call_routing.resolve_outbound_caller_id(request),
        expected_reason,
    )


def _route(title: str, called: str, caller: str) -> Step:
    request = RouteInboundCallRequest(called_number=called, caller_number=caller)
    command = ("route", called, *((caller,) if caller else ()))
    return Step(title, command, lambda client: client.call_routing.route_inbound_call(request))


def _run(client: Client, step: Step) -> tuple[Mapping[str, Any], str]:
    """Make the call. Return its outcome as JSON for programs and as a sentence for people."""
    try:
        response = step.call(client)
    except LocaldialError as error:
        if not step.expected_reason or error.reason != step.expected_reason:
            raise
        return {"error": error_document(error)}, f"{error.reason}: {error.message}"
    return {"response": as_dict(response)}, _sentence(response)


def _sentence(response: Message) -> str:
    match response:
        case ResolveOutboundCallerIdResponse():
            why = CALLER_ID_REASONS.get(response.reason, "")
            return f"shows {response.caller_id} ({enum_name(response, 'reason')}): {why}"
        case RouteInboundCallResponse():
            why = DESTINATION_REASONS.get(response.reason, "")
            user = f" of {response.user_id}" if response.user_id else ""
            return f"goes to {response.destination_number}{user} ({enum_name(response, 'reason')}): {why}"
        case _:
            return "succeeded"
