"""`localdial reconcile`: compare the inventory with the carrier."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from localdial.v1.number_inventory_pb2 import (
    DriftedNumber,
    MonthlyCost,
    ReconcileNumbersRequest,
    ReconcileNumbersResponse,
)
from localdial.v1.number_pb2 import LocalPresenceNumber, NumberFailure
from localdial_server.cli.command import Session, client_command
from localdial_server.cli.exit_codes import ExitCode
from localdial_server.cli.number_tables import carrier_numbers_table, numbers_table
from localdial_server.cli.options import YesOption
from localdial_server.cli.output import counted
from localdial_server.cli.tables import table
from localdial_server.cli.values import money


@client_command
def reconcile(
    session: Session,
    organization: Annotated[
        str, typer.Argument(metavar="[ORG]", help="Only this organization's numbers.")
    ] = "",
    *,
    configure: Annotated[
        bool,
        typer.Option(
            "--configure",
            help="Have the carrier send the calls to numbers here again where they go elsewhere.",
        ),
    ] = False,
    yes: YesOption = False,
) -> None:
    """Settle open purchases and releases, and report differences from the carrier.

    Exits with 6 when a number is still open, is missing at the carrier, is at the carrier only (a stray), or
    when its calls go elsewhere.
    """
    if configure:
        session.confirm(
            "Have the carrier send all calls to the inventory's numbers here? That replaces the voice URL, "
            "application or trunk of those that `localdial reconcile` lists; they keep their names.",
            yes=yes,
        )
    request = ReconcileNumbersRequest(organization_id=organization, configure=configure)
    response = session.client.number_inventory.reconcile_numbers(request)
    session.out.result(response, *_report(response))
    session.out.failures(response.open)
    if response.missing_count:
        session.out.warn(
            f"missing at the carrier: {counted(response.missing_count, 'number')}. Calls must not show a "
            "number that the account no longer owns; remove it with `localdial numbers delete`"
        )
    if response.strays_count:
        session.out.warn(
            f"in no inventory: {counted(response.strays_count, 'number')}. Each costs money; add it with "
            "`localdial numbers import`, or release it at the carrier"
        )
    if response.unusable_count:
        session.out.note(
            f"unusable: {counted(response.unusable_count, 'number')} of the carrier account, for the reason "
            "listed. Each costs money; unless something else uses it, release it at the carrier"
        )
    session.out.failures(
        NumberFailure(phone_number=each.number.phone_number, status=each.configure_status)
        for each in response.drifted
        if each.HasField("configure_status")
    )
    if response.drifted_count and not configure:
        session.out.warn(
            f"calls go elsewhere: {counted(response.drifted_count, 'number')}. Call-backs to them do "
            "not reach the agent who called; repair this with `localdial reconcile --configure`, and delete "
            "numbers that take no voice calls"
        )
    if response.callback_warning:
        session.out.warn(f"whether calls go elsewhere was not checked: {response.callback_warning}")
    if any((response.open_count, response.missing_count, response.strays_count, response.drifted_count)):
        raise typer.Exit(ExitCode.PARTIAL)


def _report(response: ReconcileNumbersResponse) -> Sequence[Table | str]:
    counts = [
        ("adopted", str(response.adopted_count)),
        ("failed, nothing charged", str(response.failed_count)),
        ("released", str(response.released_count)),
        ("still open", str(response.open_count)),
        ("missing at the carrier", str(response.missing_count)),
        ("strays at the carrier", str(response.strays_count)),
        ("unusable at the carrier", str(response.unusable_count)),
        ("calls go elsewhere", str(response.drifted_count)),
        ("calls sent here again", str(response.configured_count)),
        *(("costs a month", _cost(cost)) for cost in response.monthly_costs),
    ]
    parts: list[Table | str] = [table(("WHAT", "HOW MANY"), counts)]
    listed: Sequence[tuple[str, Sequence[LocalPresenceNumber], int]] = (
        ("Adopted", response.adopted, response.adopted_count),
        ("Failed", response.failed, response.failed_count),
        ("Released", response.released, response.released_count),
        ("Missing at the carrier", response.missing, response.missing_count),
        ("Calls sent here again", response.configured, response.configured_count),
    )
    for title, numbers, count in listed:
        if numbers:
            parts += [f"\n{title}{_listed_of(len(numbers), count)}", numbers_table(numbers)]
    if response.strays:
        title = f"\nStrays at the carrier{_listed_of(len(response.strays), response.strays_count)}"
        parts += [title, carrier_numbers_table(response.strays)]
    if response.unusable:
        title = f"\nUnusable at the carrier{_listed_of(len(response.unusable), response.unusable_count)}"
        rows = [
            (number.phone_number, number.carrier_number_id, number.obstacle) for number in response.unusable
        ]
        parts += [title, table(("NUMBER", "CARRIER'S ID", "WHY"), rows)]
    if response.drifted:
        title = f"\nCalls go elsewhere{_listed_of(len(response.drifted), response.drifted_count)}"
        rows = [
            (each.number.phone_number, each.number.organization_id, _route(each)) for each in response.drifted
        ]
        parts += [title, table(("NUMBER", "ORGANIZATION", "CALLS GO TO"), rows, may_wrap={"CALLS GO TO"})]
    return parts


def _route(drifted: DriftedNumber) -> str:
    if drifted.takes_no_calls:
        return "nobody: the number takes no voice calls"
    if drifted.trunk_id:
        return f"trunk {drifted.trunk_id}"
    if drifted.application_id:
        return f"application {drifted.application_id}"
    return f"{drifted.voice_method} {drifted.voice_url}" if drifted.voice_url else "nobody"


def _listed_of(listed: int, count: int) -> str:
    return f" (the first {listed} of {count})" if listed < count else ""


def _cost(cost: MonthlyCost) -> str:
    numbers = counted(cost.number_count, "number")
    if not cost.currency_code:
        return f"unknown for {numbers}"
    return f"{money(cost.micros, cost.currency_code)} for {numbers}"
