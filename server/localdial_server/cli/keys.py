"""`localdial keys`: the API keys of a server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer
from google.protobuf.duration_pb2 import Duration

from localdial.v1 import administration_pb2 as pb
from localdial_client import pages
from localdial_server.cli.command import PAGE_SIZE, Session, client_command, merge_pages, settings_from
from localdial_server.cli.exit_codes import CliError
from localdial_server.cli.options import ConfigOption, YesOption
from localdial_server.cli.tables import table
from localdial_server.cli.values import enum_name, utc_time

if TYPE_CHECKING:
    from localdial_client._services import Administration
    from localdial_server.admin.keys import KeysInDatabase

keys = typer.Typer(
    no_args_is_help=True,
    help="Create, list, rotate and revoke API keys: on a server, or with --database without one.",
)

_DURATION: Final = re.compile(r"([0-9]{1,6})([mhdw])", re.ASCII)
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}

DatabaseOption = Annotated[
    bool,
    typer.Option(
        "--database",
        help="Work on the database of the settings instead of calling a server: for the first key. A server "
        "on SQLite must be stopped for it.",
    ),
]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY_ID", help="The key, without ldk_ and the secret.")]


class RoleName(StrEnum):
    """The roles, as they are typed."""

    DIALER = "dialer"
    VIEWER = "viewer"
    MANAGER = "manager"
    GATEWAY = "gateway"
    ADMIN = "admin"


@keys.command("create")
@client_command
def create(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A name, such as the program that uses the key.")
    ],
    *,
    role: Annotated[
        RoleName,
        typer.Option("--role", help="What the holder may do; docs/security.md has the methods of each role."),
    ],
    organization: Annotated[
        str,
        typer.Option(
            "--organization", metavar="ORG", help="The organization, for a dialer, viewer or manager."
        ),
    ] = "",
    valid_for: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Such as 30m, 12h, 90d or 52w. Default: until it is revoked."),
    ] = None,
    database: DatabaseOption = False,
    config_file: ConfigOption = None,
) -> None:
    """Create an API key, and print it. It cannot be shown again."""
    request = pb.CreateApiKeyRequest(
        display_name=name,
        role=pb.Role.Value(f"ROLE_{role.name}"),
        organization_id=organization,
        valid_for=_duration("--valid-for", valid_for),
    )
    with _keys(session, config_file, database=database) as found:
        response = found.create_api_key(request)
    _show_new(session, response)


@keys.command("list")
@client_command
def list_keys(
    session: Session,
    *,
    organization: Annotated[
        str, typer.Option("--organization", metavar="ORG", help="Only the keys for this organization.")
    ] = "",
    database: DatabaseOption = False,
    config_file: ConfigOption = None,
) -> None:
    """List the API keys, with those that have ended. Secrets are not shown."""
    request = pb.ListApiKeysRequest(organization_id=organization, page_size=PAGE_SIZE)
    with _keys(session, config_file, database=database) as found:
        response = merge_pages(pages(found.list_api_keys, request))
    rows = [
        (
            key.key_id,
            enum_name(key, "role").lower(),
            key.organization_id,
            _state(key),
            utc_time(key, "last_use_time"),
            key.display_name,
        )
        for key in response.api_keys
    ]
    columns = ("KEY_ID", "ROLE", "ORGANIZATION", "STATE", "LAST USED", "NAME")
    session.out.result(response, table(columns, rows, may_wrap={"NAME", "STATE"}))


@keys.command("rotate")
@client_command
def rotate(
    session: Session,
    key_id: KeyArgument,
    *,
    former_valid_for: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long the present secret stays valid: 30m, 12h or 7d; 0m: not at all. Default: 24h.",
        ),
    ] = None,
    database: DatabaseOption = False,
    config_file: ConfigOption = None,
) -> None:
    """Give an API key a new secret, and print it. The former one stays valid for a while."""
    request = pb.RotateApiKeyRequest(
        key_id=key_id, former_valid_for=_duration("--former-valid-for", former_valid_for)
    )
    with _keys(session, config_file, database=database) as found:
        response = found.rotate_api_key(request)
    _show_new(session, response)


@keys.command("revoke")
@client_command
def revoke(
    session: Session,
    key_id: KeyArgument,
    *,
    yes: YesOption = False,
    database: DatabaseOption = False,
    config_file: ConfigOption = None,
) -> None:
    """End an API key."""
    session.confirm(f"End the key {key_id}? Its holder can make no more calls.", yes=yes)
    with _keys(session, config_file, database=database) as found:
        response = found.revoke_api_key(pb.RevokeApiKeyRequest(key_id=key_id))
    session.out.result(response, f"{key_id} is revoked")


@keys.command("whoami")
@client_command
def whoami(session: Session) -> None:
    """Show who the server takes you for, and what you may do."""
    caller = session.client.administration.get_caller(pb.GetCallerRequest())
    session.out.result(caller, f"{caller.principal}, {_holder(caller)}")


@contextmanager
def _keys(
    session: Session, config_file: ConfigOption, *, database: bool
) -> "Iterator[Administration | KeysInDatabase]":
    """Yield the keys of the server or, with `database`, of the database of the settings."""
    if not database:
        if config_file is not None:
            raise CliError("--config is for --database; --server names the server to call")
        yield session.client.administration
        return
    from localdial_server.admin.keys import opened_keys  # noqa: PLC0415 - slow to load

    with opened_keys(settings_from(session.out, config_file)) as found:
        yield found


def _show_new(session: Session, response: pb.CreateApiKeyResponse | pb.RotateApiKeyResponse) -> None:
    """Print the key alone on stdout, so that a script can keep it, and what it is for on stderr."""
    key = response.api_key
    until = utc_time(key, "expire_time")
    session.out.note(f"{key.key_id}, {_holder(key)}, valid until {until or 'it is revoked'}:")
    session.out.result(response, response.key)
    former = utc_time(key, "former_secret_expire_time")
    if former:
        session.out.note(f"The former secret is valid until {former}.")
    session.out.note("Keep the key now: only its hash is stored, so it cannot be shown again.")


def _holder(of: pb.ApiKey | pb.GetCallerResponse) -> str:
    """Return the role and its organization, such as `viewer of acme`."""
    role = enum_name(of, "role").lower()
    return f"{role} of {of.organization_id}" if of.organization_id else role


def _state(key: pb.ApiKey) -> str:
    if key.HasField("revoke_time"):
        return f"revoked {utc_time(key, 'revoke_time')}"
    if key.HasField("expire_time"):
        has_ended = key.expire_time.ToDatetime(UTC) <= datetime.now(UTC)
        return f"{'expired' if has_ended else 'until'} {utc_time(key, 'expire_time')}"
    return "active"


def _duration(option: str, text: str | None) -> Duration | None:
    """Return the time that the option names; None if it was not given. Raises `CliError`."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise CliError(f"{option} is {text!r}, but must be minutes, hours, days or weeks: 30m, 12h, 90d, 52w")
    return Duration(seconds=int(match[1]) * _SECONDS[match[2]])
