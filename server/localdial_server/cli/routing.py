"""`localdial resolve` and `route`: choose a caller ID, route a call-back."""

from collections.abc import Mapping
from typing import Annotated, Final

import typer

from localdial.v1.call_routing_pb2 import (
    CallerIdReason,
    DestinationReason,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial_server.cli.command import Session, client_command
from localdial_server.cli.options import OrganizationArgument, UserArgument
from localdial_server.cli.values import enum_name, record, utc_time

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


MinRevisionOption = Annotated[
    int,
    typer.Option(
        callback=_revision,
        metavar="REVISION",
        help="Decide on this revision or a newer one. Every change returns its revision.",
        show_default=False,
    ),
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
    min_revision: MinRevisionOption = 0,
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
