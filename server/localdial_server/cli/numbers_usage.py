"""`localdial numbers usage`: how often an organization's numbers are shown."""

from typing import Annotated

import typer
from rich.table import Table

from localdial.v1.number_inventory_pb2 import GetUsageRequest, GetUsageResponse
from localdial_server.cli.command import Session, client_command
from localdial_server.cli.options import OrganizationArgument
from localdial_server.cli.tables import table
from localdial_server.cli.values import utc_time

_MOST_DAYS = 90


@client_command
def usage(
    session: Session,
    organization: OrganizationArgument,
    *,
    days: Annotated[
        int, typer.Option(min=1, max=_MOST_DAYS, help="How many days to count, today included.")
    ] = 7,
    time_zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Where days begin, such as America/New_York. Default: UTC.")
    ] = "",
) -> None:
    """Show how often each caller ID was shown, and which area codes were called without a local number."""
    request = GetUsageRequest(organization_id=organization, days=days, time_zone=time_zone)
    response = session.client.number_inventory.get_usage(request)
    session.out.result(response, *_parts(response))
    counted_until = utc_time(response, "counted_until_time")
    if counted_until:
        session.out.note(f"Calls that were recorded before {counted_until} are counted.")
    else:
        session.out.warn("the server has not counted all calls yet; ask again in a few minutes")


def _parts(response: GetUsageResponse) -> list[Table | str]:
    by_day = [
        (day.date, str(day.call_count), _share(day.local_count, day.call_count)) for day in response.days
    ]
    shown = [
        (number.phone_number, str(sum(number.shown_counts)), utc_time(number, "last_shown_time"))
        for number in response.numbers
    ]
    parts: list[Table | str] = [table(("DAY", "CALLS", "LOCAL"), by_day)]
    if shown:
        parts += ["", table(("SHOWN", "CALLS", "LAST SHOWN"), shown)]
    if response.area_codes_without_local_number:
        codes = [(code.area_code, str(code.call_count)) for code in response.area_codes_without_local_number]
        parts += ["", table(("WITHOUT A LOCAL NUMBER", "CALLS"), codes)]
    return parts


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""
