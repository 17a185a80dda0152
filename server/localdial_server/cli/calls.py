"""`localdial calls`: list, report and prune recorded calls."""

import itertools
from enum import StrEnum
from typing import Annotated

import typer

from localdial.v1.call_routing_pb2 import (
    InboundCallOutcome,
    ListInboundCallsRequest,
    ListInboundCallsResponse,
    ListOutboundCallsRequest,
    ListOutboundCallsResponse,
    ReportInboundCallOutcomeRequest,
)
from localdial_client import pages
from localdial_server.cli.command import PAGE_SIZE, Session, client_command
from localdial_server.cli.maintenance import prune_calls
from localdial_server.cli.options import OrganizationArgument
from localdial_server.cli.tables import table
from localdial_server.cli.times import parse_time
from localdial_server.cli.values import enum_name, utc_time

calls = typer.Typer(no_args_is_help=True, help="List and prune the recorded calls.")
calls.command("prune")(prune_calls)

LimitOption = Annotated[int, typer.Option(min=1, help="The most calls to list.")]
SinceOption = Annotated[
    str,
    typer.Option(
        "--since", metavar="TIME", help="Only calls at this time or later: 2026-01-31, or 2026-01-31T09:30Z."
    ),
]
UntilOption = Annotated[
    str, typer.Option("--until", metavar="TIME", help="Only calls before this time, in the same form.")
]


@calls.command("list")
@client_command
def list_calls(
    session: Session,
    organization: OrganizationArgument,
    *,
    callee: Annotated[
        str, typer.Option("--callee", metavar="NUMBER", help="Only calls to this number.")
    ] = "",
    user: Annotated[str, typer.Option("--user", metavar="USER", help="Only calls of this user.")] = "",
    caller_id: Annotated[
        str, typer.Option("--caller-id", metavar="NUMBER", help="Only calls that showed this number.")
    ] = "",
    since: SinceOption = "",
    until: UntilOption = "",
    limit: LimitOption = 50,
) -> None:
    """List the outbound calls of an organization, newest first."""
    request = ListOutboundCallsRequest(
        organization_id=organization,
        callee_number=callee,
        user_id=user,
        caller_id=caller_id,
        start_time=parse_time(since, "--since"),
        end_time=parse_time(until, "--until"),
        page_size=min(limit, PAGE_SIZE),
    )
    response = ListOutboundCallsResponse()
    # Only as many pages as needed: an organization may have years of calls.
    listed = itertools.chain.from_iterable(
        page.calls for page in pages(session.client.call_routing.list_outbound_calls, request)
    )
    response.calls.extend(itertools.islice(listed, limit))
    rows = [
        (
            utc_time(call, "call_time"),
            call.user_id,
            call.callee_number,
            call.caller_id,
            enum_name(call, "reason"),
            call.call_id,
        )
        for call in response.calls
    ]
    session.out.result(response, table(("TIME", "USER", "CALLEE", "CALLER ID", "REASON", "CALL"), rows))


@calls.command("inbound")
@client_command
def list_inbound_calls(
    session: Session,
    organization: OrganizationArgument,
    *,
    missed: Annotated[bool, typer.Option("--missed", help="Only calls that nobody took.")] = False,
    caller: Annotated[
        str, typer.Option("--caller", metavar="NUMBER", help="Only calls from this number.")
    ] = "",
    called: Annotated[
        str, typer.Option("--called", metavar="NUMBER", help="Only calls to this number.")
    ] = "",
    user: Annotated[
        str, typer.Option("--user", metavar="USER", help="Only calls that were sent to this user.")
    ] = "",
    since: SinceOption = "",
    until: UntilOption = "",
    limit: LimitOption = 50,
) -> None:
    """List the call-backs to an organization, newest first."""
    request = ListInboundCallsRequest(
        organization_id=organization,
        caller_number=caller,
        called_number=called,
        user_id=user,
        missed=missed,
        start_time=parse_time(since, "--since"),
        end_time=parse_time(until, "--until"),
        page_size=min(limit, PAGE_SIZE),
    )
    response = ListInboundCallsResponse()
    listed = itertools.chain.from_iterable(
        page.calls for page in pages(session.client.call_routing.list_inbound_calls, request)
    )
    response.calls.extend(itertools.islice(listed, limit))
    rows = [
        (
            utc_time(call, "call_time"),
            call.caller_number or "withheld",
            call.called_number,
            call.destination_number,
            enum_name(call, "reason") if call.reason else "",
            call.user_id,
            enum_name(call, "outcome"),
            call.call_id,
        )
        for call in response.calls
    ]
    columns = "TIME", "CALLER", "CALLED", "SENT TO", "REASON", "USER", "OUTCOME", "CALL"
    session.out.result(response, table(columns, rows))


class Outcome(StrEnum):
    """The outcomes that `localdial calls report` accepts."""

    ANSWERED = "answered"
    MISSED = "missed"
    SCREENED_OUT = "screened-out"
    ANSWERED_BY_FALLBACK = "answered-by-fallback"


@calls.command("report")
@client_command
def report_outcome(
    session: Session,
    organization: OrganizationArgument,
    call_id: Annotated[
        str, typer.Argument(metavar="CALL", help="The call's ID, as `localdial route` shows it.")
    ],
    outcome: Annotated[Outcome, typer.Argument(help="What became of the call.")],
) -> None:
    """Report what became of a call-back."""
    request = ReportInboundCallOutcomeRequest(
        organization_id=organization,
        call_id=call_id,
        outcome=InboundCallOutcome.Value(f"INBOUND_CALL_OUTCOME_{outcome.name}"),
    )
    response = session.client.call_routing.report_inbound_call_outcome(request)
    session.out.result(response, f"call {call_id}: {outcome.value}")
