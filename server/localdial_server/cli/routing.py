"""`localdial resolve`, `route` and `calls`: choose a caller ID, route a call-back, list recorded calls."""

import itertools
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import typer

from localdial.v1.call_routing_pb2 import (
    CallerIdReason,
    DestinationReason,
    InboundCallOutcome,
    ListInboundCallsRequest,
    ListInboundCallsResponse,
    ListOutboundCallsRequest,
    ListOutboundCallsResponse,
    ReportInboundCallOutcomeRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial_client import pages
from localdial_server.cli.command import (
    PAGE_SIZE,
    OrganizationArgument,
    Session,
    UserArgument,
    client_command,
)
from localdial_server.cli.tables import enum_name, record, table, utc_time
from localdial_server.cli.times import parse_time

calls = typer.Typer(no_args_is_help=True, help="List and prune the recorded calls.")

_MAX_REVISION: Final = 2**63 - 1

CALLER_ID_REASONS: Final[Mapping[int, str]] = {
    CallerIdReason.CALLER_ID_REASON_AGENT_CALLER_ID_LOCAL: "the user's own caller ID is local to the callee",
    CallerIdReason.CALLER_ID_REASON_LOCAL_PRESENCE: "a number of the organization is local to the callee",
    CallerIdReason.CALLER_ID_REASON_LOCAL_PRESENCE_MAPPED: "the callee's area code is mapped to this number",
    CallerIdReason.CALLER_ID_REASON_AGENT_CALLER_ID: "no number fits; this is the user's own caller ID",
    CallerIdReason.CALLER_ID_REASON_ORGANIZATION_NUMBER: "no number fits and the user has no caller ID; "
    "this is the organization number",
}
DESTINATION_REASONS: Final[Mapping[int, str]] = {
    DestinationReason.DESTINATION_REASON_LAST_CALLER: "the work phone of the user who called last",
    DestinationReason.DESTINATION_REASON_CALLER_ID_OWNER: "the work phone of the only user whose caller ID "
    "was called",
    DestinationReason.DESTINATION_REASON_ORGANIZATION_NUMBER: "no user called this caller, the number is "
    "withheld, or the user cannot be reached; this is the organization number",
}

DEGRADED: Final = "the database does not say who called last; this is the organization number"


def _revision(value: int) -> int:
    if not 0 <= value <= _MAX_REVISION:
        raise typer.BadParameter(f"{value} is not a revision: it must be from 0 to {_MAX_REVISION}")
    return value


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


@client_command
def resolve(
    session: Session,
    organization: OrganizationArgument,
    user: UserArgument,
    callee: Annotated[
        str, typer.Argument(metavar="CALLEE", help="The number to call, such as +14155550100.")
    ],
    *,
    call_id: Annotated[
        str,
        typer.Option(
            "--call-id",
            metavar="ID",
            help="The call's own ID. A repeat with the same ID gives the same result.",
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide without recording the call.")] = False,
    min_revision: Annotated[
        int,
        typer.Option(
            callback=_revision,
            metavar="REVISION",
            help="Decide on this revision or a newer one. Every change returns its revision.",
            show_default=False,
        ),
    ] = 0,
) -> None:
    """Choose the caller ID for a call, and record the call."""
    request = ResolveOutboundCallerIdRequest(
        organization_id=organization,
        user_id=user,
        callee_number=callee,
        call_id=call_id,
        validate_only=dry_run,
        min_revision=min_revision,
    )
    response = session.client.call_routing.resolve_outbound_caller_id(request)
    details = record(
        {
            "caller ID": response.caller_id,
            "reason": enum_name(response, "reason"),
            "": CALLER_ID_REASONS.get(response.reason, ""),
            "callee's area code": response.callee_area_code or "none",
            "call": "not recorded" if dry_run else response.call_id,
            **({"recorded": "later: the database is unavailable"} if response.recorded_later else {}),
            "revision": str(response.revision),
        }
    )
    session.out.result(response, details)


@client_command
def route(
    session: Session,
    called: Annotated[
        str, typer.Argument(metavar="CALLED", help="The number that was called, as the switch sent it.")
    ],
    caller: Annotated[
        str, typer.Argument(metavar="CALLER", help="The caller as the switch sent it. Default: withheld.")
    ] = "",
    call_id: Annotated[
        str,
        typer.Option("--call-id", metavar="ID", help="The call's own ID. A repeat is not recorded again."),
    ] = "",
    *,
    allow_degraded: Annotated[
        bool,
        typer.Option(
            "--allow-degraded",
            help="If the database does not answer in time, take the organization number.",
        ),
    ] = False,
) -> None:
    """Decide where a call-back goes."""
    request = RouteInboundCallRequest(
        called_number=called, caller_number=caller, call_id=call_id, allow_degraded=allow_degraded
    )
    response = session.client.call_routing.route_inbound_call(request)
    details = record(
        {
            "destination": response.destination_number,
            "if nobody answers": response.fallback_number,
            "caller ID to show": response.shown_number,
            "reason": enum_name(response, "reason"),
            "": DEGRADED if response.degraded else DESTINATION_REASONS.get(response.reason, ""),
            **({"degraded": "yes"} if response.degraded else {}),
            "call": response.call_id,
            "organization": response.organization_id,
            "user": response.user_id,
            "last call": " ".join(
                filter(None, (response.last_call_id, utc_time(response, "last_call_time")))
            ),
        }
    )
    session.out.result(response, details)


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
