"""``localdial numbers``: the local presence numbers of an organization."""

import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.table import Table

from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersRequest,
    GetNumberRequest,
    ImportNumbersRequest,
    ImportNumbersResponse,
    ListImportableNumbersRequest,
    ListImportableNumbersResponse,
    ListNumbersRequest,
    ListNumbersResponse,
    MapAreaCodesRequest,
    PurchaseNumbersRequest,
    SearchAvailableNumbersRequest,
    UnmapAreaCodesRequest,
)
from localdial.v1.number_pb2 import CarrierNumber, Number, NumberState
from localdial_client import from_status, pages
from localdial_server.cli.command import (
    PAGE_SIZE,
    NumberArgument,
    OrganizationArgument,
    Session,
    YesOption,
    client_command,
    gather,
)
from localdial_server.cli.output import CliError, ExitCode, exit_code_of_items
from localdial_server.cli.tables import enum_name, moment, record, table

app = typer.Typer(no_args_is_help=True, help="Buy, list, map and delete an organization's numbers.")


class ListedState(StrEnum):
    """The states that a number of the list may be in."""

    PURCHASING = "purchasing"
    ACTIVE = "active"
    RELEASING = "releasing"


# What the contract allows in one call.
_MOST: Final = 100

_STATES: Final = {
    None: NumberState.NUMBER_STATE_UNSPECIFIED,
    ListedState.PURCHASING: NumberState.NUMBER_STATE_PURCHASING,
    ListedState.ACTIVE: NumberState.NUMBER_STATE_ACTIVE,
    ListedState.RELEASING: NumberState.NUMBER_STATE_RELEASING,
}

AreaCodeArgument = Annotated[
    str, typer.Argument(metavar="AREA_CODE", help="An area code: 415, or +4420 abroad.", show_default=False)
]
AreaCodesArgument = Annotated[
    list[str], typer.Argument(metavar="AREA_CODE...", help="Area codes, as 628.", show_default=False)
]
NumbersArgument = Annotated[
    list[str], typer.Argument(metavar="NUMBER...", help="The numbers, as +14155550100.", show_default=False)
]
RequestIdOption = Annotated[
    str,
    typer.Option(
        "--request-id",
        metavar="ID",
        help="Makes the command safe to repeat: the same ID is done once. Default: a fresh one.",
        show_default=False,
    ),
]


@app.command("list")
@client_command
def list_numbers(
    session: Session,
    organization: OrganizationArgument,
    area_code: Annotated[
        str, typer.Option("--area-code", "-a", metavar="CODE", help="Only numbers that serve this area code.")
    ] = "",
    state: Annotated[
        ListedState | None, typer.Option(help="Only numbers in this state.", show_default=False)
    ] = None,
) -> None:
    """List the numbers of an organization."""
    request = ListNumbersRequest(
        organization_id=organization, area_code=area_code, state=_STATES[state], page_size=PAGE_SIZE
    )
    response = gather(pages(session.client.number_inventory.list_numbers, request), ListNumbersResponse())
    session.out.answer(response, numbers_table(response.numbers))


@app.command("get")
@client_command
def get(session: Session, organization: OrganizationArgument, number: NumberArgument) -> None:
    """Show one number."""
    request = GetNumberRequest(organization_id=organization, phone_number=number)
    response = session.client.number_inventory.get_number(request)
    session.out.answer(response, _record(response.number))


@app.command("search")
@client_command
def search(
    session: Session,
    organization: OrganizationArgument,
    area_code: AreaCodeArgument,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="The most numbers to show.")] = 20,
) -> None:
    """Show the numbers that the carrier has to sell in an area code."""
    request = SearchAvailableNumbersRequest(organization_id=organization, area_code=area_code, limit=limit)
    response = session.client.number_inventory.search_available_numbers(request)
    rows = [(each.phone_number, _place(each.locality, each.region)) for each in response.available]
    session.out.answer(response, table(("NUMBER", "PLACE"), rows, may_wrap={"PLACE"}))
    if not response.available:
        session.out.warn(f"the carrier has no numbers to sell in {area_code}; try another area code")


@app.command("buy")
@client_command
def buy(
    session: Session,
    organization: OrganizationArgument,
    area_code: AreaCodeArgument,
    *,
    quantity: Annotated[
        int, typer.Option("--quantity", "-n", min=1, max=_MOST, help="How many numbers.")
    ] = 1,
    request_id: RequestIdOption = "",
    yes: YesOption = False,
) -> None:
    """Buy numbers in an area code. This spends money."""
    what = "a number" if quantity == 1 else f"{quantity} numbers"
    session.confirm(f"Buy {what} in area code {area_code} for {organization}? This spends money.", yes=yes)
    request = PurchaseNumbersRequest(
        organization_id=organization,
        area_code=area_code,
        quantity=quantity,
        request_id=request_id or _fresh_id(),
    )
    response = session.client.number_inventory.purchase_numbers(request)
    session.out.answer(response, numbers_table(response.numbers))
    if response.unfilled_count:
        # A server of an older release does not say.
        why = (
            from_status(response.unfilled_status).message
            if response.HasField("unfilled_status")
            else f"the carrier has no more in {area_code}"
        )
        session.out.warn(f"{response.unfilled_count} of {quantity} could not be bought: {why}")
        raise typer.Exit(ExitCode.PARTIAL)


@app.command("importable")
@client_command
def importable(session: Session, organization: OrganizationArgument) -> None:
    """List the numbers that the carrier account owns and no organization has."""
    response = _importable(session, organization)
    session.out.answer(response, carrier_numbers_table(response.numbers))


@app.command("import")
@client_command
def import_numbers(
    session: Session,
    organization: OrganizationArgument,
    numbers: Annotated[
        list[str] | None,
        typer.Argument(metavar="NUMBER...", help="The numbers, as +14155550100.", show_default=False),
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every number that `localdial numbers importable` lists.")
    ] = False,
    configure: Annotated[
        bool,
        typer.Option(
            "--configure", help="Also have the carrier send calls to them here, as for numbers bought here."
        ),
    ] = False,
    yes: YesOption = False,
) -> None:
    """Take in numbers that the carrier account owns already."""
    if bool(numbers) is every:
        raise CliError("name the numbers to import, or say --all")
    wanted = numbers or [number.phone_number for number in _importable(session, organization).numbers]
    if configure:
        session.confirm(
            f"Import {len(wanted)} numbers into {organization}, and replace what is set up for them at the "
            "carrier?",
            yes=yes,
        )
    elif every:
        session.confirm(f"Import {len(wanted)} numbers into {organization}?", yes=yes)
    response = ImportNumbersResponse()
    for begin in range(0, len(wanted), _MOST):
        request = ImportNumbersRequest(
            organization_id=organization, phone_numbers=wanted[begin : begin + _MOST], configure=configure
        )
        response.MergeFrom(session.client.number_inventory.import_numbers(request))
        if len(wanted) > _MOST:
            session.out.note(f"{min(begin + _MOST, len(wanted))} of {len(wanted)} done")
    session.out.answer(response, numbers_table(response.numbers))
    session.out.failures(response.failures)
    raise typer.Exit(exit_code_of_items(len(response.numbers), response.failures))


@app.command("delete")
@client_command
def delete(
    session: Session,
    organization: OrganizationArgument,
    numbers: NumbersArgument,
    *,
    request_id: RequestIdOption = "",
    yes: YesOption = False,
) -> None:
    """Delete numbers: they are released at the carrier, and their area code mappings end."""
    session.confirm(
        f"Delete {', '.join(numbers)} of {organization}? The carrier may sell it to others.", yes=yes
    )
    request = DeleteNumbersRequest(
        organization_id=organization, phone_numbers=numbers, request_id=request_id or _fresh_id()
    )
    response = session.client.number_inventory.delete_numbers(request)
    session.out.answer(response, numbers_table(response.deleted))
    session.out.failures(response.failures)
    raise typer.Exit(exit_code_of_items(len(response.deleted), response.failures))


@app.command("map")
@client_command
def map_area_codes(
    session: Session,
    organization: OrganizationArgument,
    number: NumberArgument,
    area_codes: AreaCodesArgument,
) -> None:
    """Show a number in further area codes too."""
    request = MapAreaCodesRequest(organization_id=organization, phone_number=number, area_codes=area_codes)
    response = session.client.number_inventory.map_area_codes(request)
    session.out.answer(response, _record(response.number))


@app.command("unmap")
@client_command
def unmap_area_codes(
    session: Session,
    organization: OrganizationArgument,
    number: NumberArgument,
    area_codes: AreaCodesArgument,
) -> None:
    """Show a number in these area codes no longer."""
    request = UnmapAreaCodesRequest(organization_id=organization, phone_number=number, area_codes=area_codes)
    response = session.client.number_inventory.unmap_area_codes(request)
    session.out.answer(response, _record(response.number))


def _importable(session: Session, organization: str) -> ListImportableNumbersResponse:
    request = ListImportableNumbersRequest(organization_id=organization, page_size=PAGE_SIZE)
    return gather(
        pages(session.client.number_inventory.list_importable_numbers, request),
        ListImportableNumbersResponse(),
    )


def _fresh_id() -> str:
    # The client would make one up too; here it is known when the call fails and has to be repeated.
    return str(uuid.uuid4())


def _place(locality: str, region: str) -> str:
    return ", ".join(filter(None, (locality, region)))


def carrier_numbers_table(numbers: Iterable[CarrierNumber]) -> Table:
    """Show numbers of the carrier account."""
    rows = [
        (
            number.phone_number,
            _place(number.locality, number.region),
            number.carrier_number_id,
            number.reference,
        )
        for number in numbers
    ]
    return table(("NUMBER", "PLACE", "CARRIER'S ID", "TAG"), rows, may_wrap={"PLACE", "TAG"})


def numbers_table(numbers: Iterable[Number]) -> Table:
    """Show numbers of an inventory."""
    rows = [
        (
            number.phone_number,
            number.area_code,
            " ".join(number.mapped_area_codes),
            enum_name(number, "state"),
            _place(number.locality, number.region),
            number.carrier,
            moment(number, "purchase_time"),
        )
        for number in numbers
    ]
    columns = ("NUMBER", "AREA CODE", "ALSO FOR", "STATE", "PLACE", "CARRIER", "SINCE")
    return table(columns, rows, may_wrap={"ALSO FOR", "PLACE"})


def _record(number: Number) -> Table:
    return record(
        {
            "number": number.phone_number,
            "organization": number.organization_id,
            "area code": number.area_code,
            "also for": " ".join(number.mapped_area_codes),
            "state": enum_name(number, "state"),
            "place": _place(number.locality, number.region),
            "carrier": number.carrier,
            "carrier's id": number.carrier_number_id,
            "since": moment(number, "purchase_time"),
        }
    )
