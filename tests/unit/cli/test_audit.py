"""`localdial audit list`: what it asks for, and how it shows changes."""

import json

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from localdial.v1.administration_pb2 import AuditEvent, AuditEventKind, ListAuditEventsResponse
from tests.unit.cli.conftest import Cli

CHANGED = AuditEvent(
    event_id="1",
    event_time=Timestamp(seconds=1_770_000_000),
    organization_id="acme",
    kind=AuditEventKind.AUDIT_EVENT_KIND_USER_SET,
    subject="ann",
    principal="key:k1",
    address="192.0.2.1:50312",
    before='{"organization_id":"acme","user_id":"ann","work_phone":"+13125550142"}',
    after='{"organization_id":"acme","user_id":"ann","display_name":"Ann"}',
)
MAPPED = AuditEvent(
    kind=AuditEventKind.AUDIT_EVENT_KIND_AREA_CODES_MAPPED,
    subject="+14155550100",
    principal="system",
    after='{"area_codes":["212","628"]}',
)


def test_changes_are_shown_with_what_differs(cli: Cli) -> None:
    cli.server.answers(ListAuditEventsResponse(events=[CHANGED, MAPPED]))
    head, changed, mapped = [line.split("  ") for line in cli.run("audit", "list").stdout.splitlines()]
    assert [cell.strip() for cell in head if cell] == [
        "TIME",
        "ORGANIZATION",
        "BY",
        "FROM",
        "CHANGE",
        "OF",
        "BEFORE AND AFTER",
    ]
    assert [cell.strip() for cell in changed if cell] == [
        "2026-02-02 02:40:00Z",
        "acme",
        "key:k1",
        "192.0.2.1:50312",
        "USER_SET",
        "ann",
        "work_phone: +13125550142 -> none, display_name: none -> Ann",
    ]
    assert "area_codes: 212 628" in "  ".join(mapped)


def test_every_option_becomes_a_filter(cli: Cli) -> None:
    cli.server.answers(ListAuditEventsResponse())
    options = "--since=2026-01-31 --until=2026-02-01T12:00Z --by=key:k1 --kind=number-added --user=ann"
    cli.run("audit", "list", "acme", *options.split(), "--number=+14155550100")
    (request,) = cli.requests("ListAuditEvents")
    assert (request.organization_id, request.principal) == ("acme", "key:k1")
    assert request.kind == AuditEventKind.AUDIT_EVENT_KIND_NUMBER_ADDED
    assert (request.user_id, request.phone_number) == ("ann", "+14155550100")
    assert request.start_time.ToJsonString() == "2026-01-31T00:00:00Z"
    assert request.end_time.ToJsonString() == "2026-02-01T12:00:00Z"


def test_only_as_many_pages_are_fetched_as_are_needed(cli: Cli) -> None:
    for page in "ab":
        events = [AuditEvent(event_id=f"{page}{index}") for index in range(2)]
        cli.server.answers(ListAuditEventsResponse(events=events, next_page_token="more"))
    document = json.loads(cli.run("audit", "list", "acme", "--limit", "3", "--json").stdout)
    assert [event["event_id"] for event in document["events"]] == ["a0", "a1", "b0"]
    assert len(cli.requests("ListAuditEvents")) == 2


@pytest.mark.parametrize("content", ["{", "[]", "null", '{"a":{"b":1}}'])
def test_what_a_server_of_another_release_sends_is_shown_without_a_failure(cli: Cli, content: str) -> None:
    cli.server.answers(ListAuditEventsResponse(events=[AuditEvent(before=content, after=content)]))
    assert cli.run("audit", "list").exit_code == 0
