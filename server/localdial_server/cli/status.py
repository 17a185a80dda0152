"""`localdial status`: the state of a server, of what it depends on, and of what is open."""

from typing import Annotated

import typer

from localdial.v1.administration_pb2 import ComponentState, GetStatusRequest, GetStatusResponse, OpenWork
from localdial_server.cli.command import Session, client_command
from localdial_server.cli.exit_codes import ExitCode
from localdial_server.cli.tables import table
from localdial_server.cli.values import enum_name, record, utc_time


@client_command
def status(
    session: Session,
    organization: Annotated[
        str,
        typer.Argument(
            metavar="ORG",
            help="The organization whose open work is counted. Default: all, for admins.",
        ),
    ] = "",
) -> None:
    """Show the state of the server, and what is open; exit code 1 if something does not work."""
    request = GetStatusRequest(organization_id=organization)
    response = session.client.administration.get_status(request)
    components = [
        (
            enum_name(each, "component").lower().replace("_", " "),
            enum_name(each, "state").lower(),
            utc_time(each, "since_time"),
            each.detail,
        )
        for each in response.components
    ]
    columns = ("COMPONENT", "STATE", "SINCE", "WHAT TO DO")
    session.out.result(response, table(columns, components, may_wrap={"WHAT TO DO"}), "", _summary(response))
    if any(each.state == ComponentState.COMPONENT_STATE_FAILED for each in response.components):
        raise typer.Exit(ExitCode.ERROR)


def _summary(response: GetStatusResponse) -> str:
    is_open = response.HasField("open_orders")
    fields = {
        "version": response.server_version,
        "started": utc_time(response, "start_time"),
        "being bought": _open_work(response.open_orders) if is_open else "",
        "being released": _open_work(response.open_releases) if is_open else "",
        "missed call-backs in 24 h": str(response.missed_call_back_count) if is_open else "",
        "calls in the spool": str(response.spooled_call_count),
        "changes seen within": _seconds(response),
    }
    for each in response.certificates:
        fields[f"certificate of {', '.join(each.names)}"] = f"expires {utc_time(each, 'expire_time')}"
    return record(fields)


def _open_work(work: OpenWork) -> str:
    oldest = utc_time(work, "oldest_time")
    return f"{work.count}, the oldest since {oldest}" if oldest else str(work.count)


def _seconds(response: GetStatusResponse) -> str:
    if not response.HasField("staleness"):
        return ""
    return f"{response.staleness.ToTimedelta().total_seconds():.1f} s"
