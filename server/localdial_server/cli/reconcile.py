"""``localdial reconcile``: the inventory compared with the carrier."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from localdial.v1.number_inventory_pb2 import MonthlyCost, ReconcileNumbersRequest, ReconcileNumbersResponse
from localdial.v1.number_pb2 import Number
from localdial_server.cli.command import Session, client_command
from localdial_server.cli.numbers import carrier_numbers_table, numbers_table
from localdial_server.cli.output import ExitCode
from localdial_server.cli.tables import table

_MICROS = 1_000_000


@client_command
def reconcile(
    session: Session,
    organization: Annotated[
        str, typer.Argument(metavar="[ORG]", help="Only this organization's numbers.", show_default=False)
    ] = "",
) -> None:
    """Settle open purchases and releases, and report what differs from the carrier.

    Exits with 6 when something is open, missing or astray.
    """
    request = ReconcileNumbersRequest(organization_id=organization)
    response = session.client.number_inventory.reconcile_numbers(request)
    session.out.answer(response, *_report(response))
    session.out.failures(response.open)
    if response.missing_count:
        session.out.warn(
            f"{response.missing_count} numbers of the inventory are not the account's any more: calls must "
            "not show them. `localdial numbers delete` takes them out"
        )
    if response.strays_count:
        session.out.warn(
            f"{response.strays_count} numbers of the account are in no inventory, and cost money. `localdial "
            "numbers import` takes them in"
        )
    if response.open_count or response.missing_count or response.strays_count:
        raise typer.Exit(ExitCode.PARTIAL)


def _report(response: ReconcileNumbersResponse) -> Sequence[Table | str]:
    counts = [
        ("adopted", str(response.adopted_count)),
        ("failed, nothing charged", str(response.failed_count)),
        ("released", str(response.released_count)),
        ("still open", str(response.open_count)),
        ("missing at the carrier", str(response.missing_count)),
        ("strays at the carrier", str(response.strays_count)),
        *(("costs a month", _cost(cost)) for cost in response.monthly_costs),
    ]
    shown: list[Table | str] = [table(("WHAT", "HOW MANY"), counts)]
    listed: Sequence[tuple[str, Sequence[Number], int]] = (
        ("Adopted", response.adopted, response.adopted_count),
        ("Failed", response.failed, response.failed_count),
        ("Released", response.released, response.released_count),
        ("Missing at the carrier", response.missing, response.missing_count),
    )
    for title, numbers, count in listed:
        if numbers:
            shown += [f"\n{title}{_of(len(numbers), count)}", numbers_table(numbers)]
    if response.strays:
        title = f"\nStrays at the carrier{_of(len(response.strays), response.strays_count)}"
        shown += [title, carrier_numbers_table(response.strays)]
    return shown


def _of(listed: int, count: int) -> str:
    return f" (the first {listed} of {count})" if listed < count else ""


def _cost(cost: MonthlyCost) -> str:
    if not cost.currency_code:
        return f"unknown for {cost.number_count} numbers"
    return f"{cost.micros / _MICROS:.2f} {cost.currency_code} for {cost.number_count} numbers"
