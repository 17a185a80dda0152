"""`localdial orgs` and `localdial users`: the organizations and their users."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from localdial.v1.directory_pb2 import (
    DeleteOrganizationRequest,
    DeleteUserRequest,
    GetOrganizationRequest,
    GetUserRequest,
    ListOrganizationsRequest,
    ListUsersRequest,
    Organization,
    SetOrganizationRequest,
    SetUserRequest,
    User,
)
from localdial_client import pages
from localdial_server.cli import users_file, users_import
from localdial_server.cli.command import PAGE_SIZE, Session, client_command, merge_pages
from localdial_server.cli.exit_codes import CliError
from localdial_server.cli.options import OrganizationArgument, UserArgument, YesOption
from localdial_server.cli.similar_ids import warn_of_similar_organization, warn_of_similar_user
from localdial_server.cli.tables import table
from localdial_server.cli.values import record

orgs = typer.Typer(no_args_is_help=True, help="Create, show, list and delete organizations.")
users = typer.Typer(
    no_args_is_help=True, help="Create, show, list, import and delete the users (agents) of an organization."
)

NameOption = Annotated[str, typer.Option("--name", help="A display name.")]


@orgs.command("set")
@client_command
def set_organization(
    session: Session,
    organization: OrganizationArgument,
    name: NameOption = "",
    number: Annotated[
        str, typer.Option("--number", help="The organization number, such as +14155550100.")
    ] = "",
) -> None:
    """Create an organization, or replace it entirely: fields that are not given are cleared."""
    request = SetOrganizationRequest(
        organization=Organization(organization_id=organization, display_name=name, organization_number=number)
    )
    warn_of_similar_organization(session, organization)
    response = session.client.directory.set_organization(request)
    session.out.result(response, _organization_record(response.organization))


@orgs.command("get")
@client_command
def get_organization(session: Session, organization: OrganizationArgument) -> None:
    """Show one organization."""
    response = session.client.directory.get_organization(GetOrganizationRequest(organization_id=organization))
    session.out.result(response, _organization_record(response.organization))


@orgs.command("list")
@client_command
def list_organizations(session: Session) -> None:
    """List all organizations."""
    request = ListOrganizationsRequest(page_size=PAGE_SIZE)
    response = merge_pages(pages(session.client.directory.list_organizations, request))
    rows = [
        (each.organization_id, each.organization_number, str(each.revision), each.display_name)
        for each in response.organizations
    ]
    session.out.result(
        response, table(("ORGANIZATION", "NUMBER", "REVISION", "NAME"), rows, may_wrap={"NAME"})
    )


@orgs.command("delete")
@client_command
def delete_organization(
    session: Session, organization: OrganizationArgument, *, yes: YesOption = False
) -> None:
    """Delete an organization and its users. Its numbers must be deleted first."""
    session.confirm(f"Delete {organization} and all its users?", yes=yes)
    request = DeleteOrganizationRequest(organization_id=organization)
    response = session.client.directory.delete_organization(request)
    session.out.result(response, f"{organization} is deleted")


@users.command("set")
@client_command
def set_user(
    session: Session,
    organization: OrganizationArgument,
    user: UserArgument,
    *,
    name: NameOption = "",
    caller_id: Annotated[
        str, typer.Option("--caller-id", help="The user's own caller ID, such as +14155550100.")
    ] = "",
    work_phone: Annotated[
        str, typer.Option("--work-phone", help="Where call-backs reach the user, such as +14155550100.")
    ] = "",
) -> None:
    """Create a user, or replace it entirely: fields that are not given are cleared."""
    request = SetUserRequest(
        user=User(
            organization_id=organization,
            user_id=user,
            display_name=name,
            caller_id=caller_id,
            work_phone=work_phone,
        )
    )
    warn_of_similar_user(session, organization, user)
    response = session.client.directory.set_user(request)
    session.out.result(response, _user_record(response.user))


@users.command("get")
@client_command
def get_user(session: Session, organization: OrganizationArgument, user: UserArgument) -> None:
    """Show one user."""
    response = session.client.directory.get_user(GetUserRequest(organization_id=organization, user_id=user))
    session.out.result(response, _user_record(response.user))


@users.command("list")
@client_command
def list_users(session: Session, organization: OrganizationArgument) -> None:
    """List the users of an organization."""
    request = ListUsersRequest(organization_id=organization, page_size=PAGE_SIZE)
    response = merge_pages(pages(session.client.directory.list_users, request))
    rows = [(each.user_id, each.caller_id, each.work_phone, each.display_name) for each in response.users]
    session.out.result(response, table(("USER", "CALLER ID", "WORK PHONE", "NAME"), rows, may_wrap={"NAME"}))


@users.command("delete")
@client_command
def delete_user(
    session: Session, organization: OrganizationArgument, user: UserArgument, *, yes: YesOption = False
) -> None:
    """Delete a user. From then on, the user's call-backs go to the organization number."""
    session.confirm(f"Delete user {user} of {organization}?", yes=yes)
    response = session.client.directory.delete_user(
        DeleteUserRequest(organization_id=organization, user_id=user)
    )
    session.out.result(response, f"user {user} of {organization} is deleted")


@users.command("import")
@client_command
def import_users(
    session: Session,
    organization: OrganizationArgument,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            readable=True,
            help="UTF-8 or UTF-16; the columns are user_id, display_name, caller_id and work_phone.",
        ),
    ],
    *,
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=NAME",
            help='The file\'s own name of a column, such as work_phone="Mobile Phone"; may be repeated.',
        ),
    ] = None,
    default_country: Annotated[
        str | None,
        typer.Option(
            metavar="CC",
            help="Read numbers that are not E.164 as they are dialed in this country, such as US. "
            "--dry-run shows what each one becomes.",
        ),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the bad rows to this file, and import the others."),
    ] = None,
    delete_others: Annotated[
        bool, typer.Option("--delete-others", help="Also delete users that are not in the file.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the file, and show what would be done.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Create or replace many users from a CSV file.

    The whole file is checked first, and every bad row is reported with its line. Nothing is written
    unless all rows are valid, or --rejects takes those that are not. 1,000 users are committed at a time;
    running the command again is safe. Users that are not in the file stay as they are.
    """
    options = users_import.ImportOptions(
        headers=_headers(maps or []),
        default_country=users_import.country(default_country) if default_country is not None else None,
        rejects=rejects,
        delete_others=delete_others,
        dry_run=dry_run,
        yes=yes,
    )
    users_import.run(session, organization, file, options)


def _headers(maps: Sequence[str]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for each in maps:
        column, _, name = each.partition("=")
        if column not in users_file.COLUMNS or not name.strip():
            columns = ", ".join(users_file.COLUMNS)
            raise CliError(f"--map is {each!r}, but must be COLUMN=NAME, and COLUMN one of {columns}")
        if column in headers:
            raise CliError(f"--map names {column} twice")
        headers[column] = name
    return headers


def _organization_record(organization: Organization) -> str:
    return record(
        {
            "organization": organization.organization_id,
            "name": organization.display_name,
            "number": organization.organization_number,
            "revision": str(organization.revision),
        }
    )


def _user_record(user: User) -> str:
    return record(
        {
            "user": user.user_id,
            "organization": user.organization_id,
            "name": user.display_name,
            "caller ID": user.caller_id,
            "work phone": user.work_phone,
        }
    )
