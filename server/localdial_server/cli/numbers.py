"""`localdial numbers`: the local presence numbers of an organization."""

import uuid
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersRequest,
    GetNumberRequest,
    ImportNumbersRequest,
    ListImportableNumbersRequest,
    ListImportableNumbersResponse,
    ListNumbersRequest,
    MapAreaCodesRequest,
    PurchaseNumbersRequest,
    SearchAvailableNumbersRequest,
    UnmapAreaCodesRequest,
)
from localdial.v1.number_pb2 import NumberFailure, NumberState
from localdial_client import LocaldialError, NotFound, from_status, pages
from localdial_server.cli import numbers_import
from localdial_server.cli.command import PAGE_SIZE, Session, client_command, merge_pages
from localdial_server.cli.exit_codes import ExitCode
from localdial_server.cli.number_tables import (
    carrier_numbers_table,
    number_record,
    numbers_table,
    place,
    price,
)
from localdial_server.cli.numbers_import import EXTERNAL, NumbersFile
from localdial_server.cli.numbers_usage import usage
from localdial_server.cli.options import NumberArgument, OrganizationArgument, YesOption
from localdial_server.cli.output import counted, exit_code_of_items
from localdial_server.cli.tables import table

app = typer.Typer(no_args_is_help=True, help="Buy, list, map and delete an organization's numbers.")


class ListedState(StrEnum):
    """The states that a listed number can have."""

    PURCHASING = "purchasing"
    ACTIVE = "active"
    RELEASING = "releasing"


# How long a purchase may be delayed by the question whether call-backs will reach the server.
_WARNING_SECONDS: Final = 5.0

# The most numbers that the contract allows in one call.
_MAX_PER_CALL: Final = 100

STATES: Final = {
    None: NumberState.NUMBER_STATE_UNSPECIFIED,
    ListedState.PURCHASING: NumberState.NUMBER_STATE_PURCHASING,
    ListedState.ACTIVE: NumberState.NUMBER_STATE_ACTIVE,
    ListedState.RELEASING: NumberState.NUMBER_STATE_RELEASING,
}

AreaCodeArgument = Annotated[
    str, typer.Argument(metavar="AREA_CODE", help="An area code: 415, or +4420 outside country code 1.")
]
AreaCodesArgument = Annotated[
    list[str], typer.Argument(metavar="AREA_CODE...", help="Area codes, such as 628.")
]
NumbersArgument = Annotated[
    list[str], typer.Argument(metavar="NUMBER...", help="The numbers, such as +14155550100.")
]
RequestIdOption = Annotated[
    str,
    typer.Option(
        "--request-id",
        metavar="ID",
        help="Makes the command safe to repeat: a request runs only once per ID. Default: a new ID.",
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
    state: Annotated[ListedState | None, typer.Option(help="Only numbers in this state.")] = None,
) -> None:
    """List the numbers of an organization."""
    request = ListNumbersRequest(
        organization_id=organization, area_code=area_code, state=STATES[state], page_size=PAGE_SIZE
    )
    response = merge_pages(pages(session.client.number_inventory.list_numbers, request))
    session.out.result(response, numbers_table(response.numbers))


@app.command("get")
@client_command
def get(session: Session, organization: OrganizationArgument, number: NumberArgument) -> None:
    """Show one number."""
    request = GetNumberRequest(organization_id=organization, phone_number=number)
    response = session.client.number_inventory.get_number(request)
    session.out.result(response, number_record(response.number))


app.command("usage")(usage)


@app.command("search")
@client_command
def search(
    session: Session,
    organization: OrganizationArgument,
    area_code: AreaCodeArgument,
    limit: Annotated[int, typer.Option(min=1, max=_MAX_PER_CALL, help="The most numbers to show.")] = 20,
) -> None:
    """Show the numbers that the carrier has for sale in an area code."""
    request = SearchAvailableNumbersRequest(organization_id=organization, area_code=area_code, limit=limit)
    response = session.client.number_inventory.search_available_numbers(request)
    rows = [
        (each.phone_number, place(each.locality, each.region), price(each)) for each in response.available
    ]
    session.out.result(response, table(("NUMBER", "PLACE", "A MONTH"), rows, may_wrap={"PLACE"}))
    if response.callback_warning:
        session.out.warn(response.callback_warning)
    if not response.available:
        session.out.warn(f"the carrier has no numbers for sale in {area_code}; try another area code")


@app.command("buy")
@client_command
def buy(
    session: Session,
    organization: OrganizationArgument,
    area_code: AreaCodeArgument,
    *,
    quantity: Annotated[
        int, typer.Option("--quantity", "-n", min=1, max=_MAX_PER_CALL, help="How many numbers.")
    ] = 1,
    request_id: RequestIdOption = "",
    yes: YesOption = False,
) -> None:
    """Buy numbers in an area code. This spends money."""
    warning = _callback_warning(session, organization, area_code)
    if warning:
        session.out.warn_beforehand(warning)
    session.confirm(
        f"Buy {counted(quantity, 'number')} in area code {area_code} for {organization}? This spends money.",
        yes=yes,
    )
    request = PurchaseNumbersRequest(
        organization_id=organization,
        area_code=area_code,
        quantity=quantity,
        request_id=request_id or _new_request_id(),
    )
    response = session.client.number_inventory.purchase_numbers(request)
    session.out.result(response, numbers_table(response.numbers))
    if response.unfilled_count:
        # An older server does not give the reason.
        reason = (
            from_status(response.unfilled_status).message
            if response.HasField("unfilled_status")
            else f"the carrier has no more in {area_code}"
        )
        session.out.warn(f"{response.unfilled_count} of {quantity} could not be bought: {reason}")
        raise typer.Exit(ExitCode.PARTIAL)


@app.command("importable")
@client_command
def importable(session: Session, organization: OrganizationArgument) -> None:
    """List the numbers that the carrier account owns but no organization has."""
    response = _importable(session, organization)
    session.out.result(response, carrier_numbers_table(response.numbers))


@app.command("import")
@client_command
def import_numbers(
    session: Session,
    organization: OrganizationArgument,
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER...", help="The numbers, such as +14155550100.")
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every number that `localdial numbers importable` lists.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="The numbers of a file, one per line.")
    ] = None,
    configure: Annotated[
        bool,
        typer.Option(
            "--configure", help="Also have the carrier send their calls here. They keep their names there."
        ),
    ] = False,
    external: Annotated[
        bool,
        typer.Option(
            "--external",
            help="The numbers are held at another carrier: show and route them, and ask no carrier.",
        ),
    ] = False,
    yes: YesOption = False,
) -> None:
    """Add numbers that the carrier account already owns, or that are held elsewhere (--external)."""
    sources = [bool(numbers), every, file is not None].count(True)
    numbers_import.check_options(sources=sources, every=every, configure=configure, external=external)
    source = NumbersFile.read(file) if file is not None else None
    wanted: Sequence[str] = numbers or []
    if source is not None:
        wanted = source.numbers
    elif every:
        wanted = [number.phone_number for number in _importable(session, organization).numbers]
    question = numbers_import.question(
        organization, len(wanted), every=every, configure=configure, external=external
    )
    if question:
        session.confirm(question, yes=yes)
    request = ImportNumbersRequest(
        organization_id=organization, configure=configure, carrier=EXTERNAL if external else ""
    )
    response = numbers_import.run(session, request, wanted, source)
    session.out.result(response, numbers_table(response.numbers))
    session.out.failures(response.failures)
    without_area_code = [number.phone_number for number in response.numbers if not number.area_code]
    if without_area_code:
        session.out.warn(
            f"without an area code: {', '.join(without_area_code)}. Calls show toll-free, mobile and similar "
            "numbers only in area codes that you map to them (`localdial numbers map`)"
        )
    if response.notice:
        session.out.note(response.notice)
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
    """Delete numbers: release them at the carrier and remove their area code mappings.

    Numbers that are held at another carrier are only forgotten.
    """
    session.confirm("" if yes else _deletion_question(session, organization, numbers), yes=yes)
    request = DeleteNumbersRequest(
        organization_id=organization, phone_numbers=numbers, request_id=request_id or _new_request_id()
    )
    response = session.client.number_inventory.delete_numbers(request)
    session.out.result(response, numbers_table(response.deleted))
    refused = [
        NumberFailure(phone_number=number.phone_number, status=number.release_status)
        for number in response.deleted
        if number.HasField("release_status")
    ]
    session.out.failures([*response.failures, *refused])
    if refused:
        session.out.warn(
            f"not released: {counted(len(refused), 'number')}. Calls no longer show such a number, but it "
            "costs money until the carrier releases it. Remove the cause, then repeat "
            "`localdial numbers delete`"
        )
        raise typer.Exit(ExitCode.PARTIAL)
    raise typer.Exit(exit_code_of_items(len(response.deleted), response.failures))


@app.command("map")
@client_command
def map_area_codes(
    session: Session,
    organization: OrganizationArgument,
    number: NumberArgument,
    area_codes: AreaCodesArgument,
) -> None:
    """Also show a number to callees in these area codes."""
    request = MapAreaCodesRequest(organization_id=organization, phone_number=number, area_codes=area_codes)
    response = session.client.number_inventory.map_area_codes(request)
    session.out.result(response, number_record(response.number))


@app.command("unmap")
@client_command
def unmap_area_codes(
    session: Session,
    organization: OrganizationArgument,
    number: NumberArgument,
    area_codes: AreaCodesArgument,
) -> None:
    """Stop showing a number to callees in these area codes."""
    request = UnmapAreaCodesRequest(organization_id=organization, phone_number=number, area_codes=area_codes)
    response = session.client.number_inventory.unmap_area_codes(request)
    session.out.result(response, number_record(response.number))


def _deletion_question(session: Session, organization: str, numbers: Sequence[str]) -> str:
    external = [number for number in numbers if _is_external(session, organization, number)]
    released = [number for number in numbers if number not in external]
    question = f"Delete {', '.join(numbers)} of {organization}?"
    if released:
        question += " The carrier may sell released numbers to others."
    if external:
        those = f" {', '.join(external)}: held" if released else " Held"
        question += f"{those} at another carrier, and only forgotten here."
    return question


def _is_external(session: Session, organization: str, number: str) -> bool:
    request = GetNumberRequest(organization_id=organization, phone_number=number)
    try:
        return session.client.number_inventory.get_number(request).number.carrier == EXTERNAL
    except NotFound:
        # The deletion says what is wrong.
        return False


def _importable(session: Session, organization: str) -> ListImportableNumbersResponse:
    request = ListImportableNumbersRequest(organization_id=organization, page_size=PAGE_SIZE)
    return merge_pages(pages(session.client.number_inventory.list_importable_numbers, request))


def _callback_warning(session: Session, organization: str, area_code: str) -> str:
    request = SearchAvailableNumbersRequest(organization_id=organization, area_code=area_code, limit=1)
    timeout = _WARNING_SECONDS if session.timeout is None else min(session.timeout, _WARNING_SECONDS)
    try:
        response = session.client.number_inventory.search_available_numbers(request, timeout=timeout)
    except LocaldialError:
        # The purchase says what is wrong. A repeat may even succeed, because it only asks for the outcome.
        return ""
    return response.callback_warning


def _new_request_id() -> str:
    # The client would choose one as well, but this command must show it when the outcome is unknown.
    return str(uuid.uuid4())
