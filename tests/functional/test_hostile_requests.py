"""Requests that no client sends: the server lives, says nothing of itself, and gives everything back."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial_client import Client
from tests.drills.attacks import messages, streams
from tests.drills.attacks.scene import Report, leaks
from tests.drills.attacks.server import CALLEE, USER, VICTIM, ServerUnderTest
from tests.support.waiting import wait_until

RESOLVE = ResolveOutboundCallerIdRequest(organization_id=VICTIM, user_id=USER, callee_number=CALLEE)

# Room for the files of the database, which are opened when they are needed.
_FILES_OF_ITS_OWN = 10

FLOODS: dict[str, Callable[[str, float, int], Report]] = {
    "mutated messages": partial(messages.mutated, count=1_500),
    "bad fields": partial(messages.bad_fields, each=13),
    "hostile streams": partial(streams.hostile, count=400),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    with ServerUnderTest() as server:
        yield server


@pytest.mark.parametrize("flood", FLOODS)
def test_hostile_requests_end_in_no_internal_error_and_leave_nothing_behind(
    server: ServerUnderTest, flood: str
) -> None:
    files, log = server.open_files(), server.log_bytes()
    report = FLOODS[flood](server.address, 0, 1)
    assert report.sent > 300
    assert not report.statuses.keys() & {"INTERNAL", "UNKNOWN", "CANCELLED", "DEADLINE_EXCEEDED"}
    assert leaks(report) == []
    assert server.log_bytes() - log < 10_000
    with Client(server.address) as client:
        client.call_routing.resolve_outbound_caller_id(RESOLVE)
    wait_until(lambda: server.open_files() <= files + _FILES_OF_ITS_OWN or None)
