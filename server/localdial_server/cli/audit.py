"""`localdial audit`: the record of changes."""

import itertools
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from localdial.v1.administration_pb2 import (
    AuditEvent,
    AuditEventKind,
    ListAuditEventsRequest,
    ListAuditEventsResponse,
)
from localdial_client import pages
from localdial_server.cli.command import PAGE_SIZE, Session, client_command
from localdial_server.cli.maintenance import prune_changes
from localdial_server.cli.tables import table
from localdial_server.cli.times import parse_time
from localdial_server.cli.values import enum_name, utc_time

audit = typer.Typer(no_args_is_help=True, help="List and prune the record of changes.")
audit.command("prune")(prune_changes)

_PREFIX: Final = "AUDIT_EVENT_KIND_"

# Every kind of the contract, as it is typed: `user-set`.
Kind = StrEnum(  # type: ignore[misc]  # mypy wants a literal
    "Kind",
    [
        (name, name.lower().replace("_", "-"))
        for name in (value.name.removeprefix(_PREFIX) for value in AuditEventKind.DESCRIPTOR.values)
        if name != "UNSPECIFIED"
    ],
)


@audit.command("list")
@client_command
def list_changes(
    session: Session,
    organization: Annotated[
        str, typer.Argument(metavar="ORG", help="The organization. Default: all, for admins.")
    ] = "",
    *,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Only changes at this time or later: 2026-01-31, or 2026-01-31T09:30Z.",
        ),
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="Only changes before this time, in the same form.")
    ] = "",
    by: Annotated[
        str,
        typer.Option("--by", metavar="WHO", help="Only changes by this principal, such as cli or system."),
    ] = "",
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only changes of this kind.")] = None,
    number: Annotated[
        str, typer.Option("--number", metavar="NUMBER", help="Only changes of this number and its mappings.")
    ] = "",
    user: Annotated[str, typer.Option("--user", metavar="USER", help="Only changes of this user.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="The most changes to list.")] = 50,
) -> None:
    """List who changed what, newest first."""
    request = ListAuditEventsRequest(
        organization_id=organization,
        start_time=parse_time(since, "--since"),
        end_time=parse_time(until, "--until"),
        principal=by,
        kind=AuditEventKind.Value(_PREFIX + kind.name) if kind is not None else 0,  # type: ignore[arg-type]
        phone_number=number,
        user_id=user,
        page_size=min(limit, PAGE_SIZE),
    )
    response = ListAuditEventsResponse()
    listed = itertools.chain.from_iterable(
        page.events for page in pages(session.client.administration.list_audit_events, request)
    )
    response.events.extend(itertools.islice(listed, limit))
    rows = [
        (
            utc_time(event, "event_time"),
            event.organization_id,
            event.principal,
            event.address,
            enum_name(event, "kind"),
            event.subject,
            _difference(event),
        )
        for event in response.events
    ]
    columns = "TIME", "ORGANIZATION", "BY", "FROM", "CHANGE", "OF", "BEFORE AND AFTER"
    session.out.result(response, table(columns, rows, may_wrap=["BEFORE AND AFTER"]))


def _difference(event: AuditEvent) -> str:
    """Return the fields that differ, each as `name: before -> after`, or as `name: value`."""
    before, after = _content(event.before), _content(event.after)
    names = [name for name in (*before, *after) if before.get(name) != after.get(name)]
    shown = []
    for name in dict.fromkeys(names):
        values = [_value(content[name]) for content in (before, after) if name in content]
        if before and after:
            values = [_value(content.get(name, "")) or "none" for content in (before, after)]
        # The other columns have these.
        if (before and after) or name != "organization_id":
            shown.append(f"{name}: {' -> '.join(values)}")
    return ", ".join(shown)


def _content(text: str) -> Mapping[str, Any]:
    """Return what was there; nothing for text that is no JSON object, as from a server of another release."""
    try:
        content = json.loads(text or "{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _value(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(_value, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
