"""The state of real servers: what works, what is open, and what each role may see."""

from collections.abc import Callable

import pytest

from localdial.v1.administration_pb2 import (
    Component,
    ComponentState,
    GetStatusRequest,
    GetStatusResponse,
    Role,
)
from localdial.v1.call_routing_pb2 import InboundCallOutcome, ReportInboundCallOutcomeRequest
from localdial.v1.number_inventory_pb2 import SearchAvailableNumbersRequest
from localdial_client import Client, NotFound, PermissionDenied
from tests.functional.server_process import ServerProcess
from tests.functional.test_api_keys import administration, first_admin, set_organization
from tests.functional.test_durability import route, set_up
from tests.functional.test_keys_command import localdial
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_until


def status(client: Client, organization_id: str = "") -> GetStatusResponse:
    return client.administration.get_status(GetStatusRequest(organization_id=organization_id))


def states(response: GetStatusResponse) -> dict[str, str]:
    return {
        Component.Name(each.component).removeprefix("COMPONENT_"): ComponentState.Name(
            each.state
        ).removeprefix("COMPONENT_STATE_")
        for each in response.components
    }


def test_a_server_says_how_its_components_are_and_what_is_open(server: ServerProcess) -> None:
    with Client(server.address) as client:
        before = status(client)
        assert states(before) == {
            "DATABASE": "OK",
            "CALL_LOG": "OK",
            "CARRIER": "UNKNOWN",
            "CALL_BACKS": "OK",
            "CERTIFICATES": "UNKNOWN",
        }
        assert before.server_version
        assert before.start_time.seconds <= before.components[0].since_time.seconds
        number = set_up(client)
        wait_until(lambda: states(status(client))["CARRIER"] == "OK")
        call_id = route(client, number).call_id
        report = ReportInboundCallOutcomeRequest(
            organization_id="acme",
            call_id=call_id,
            outcome=InboundCallOutcome.INBOUND_CALL_OUTCOME_MISSED,
        )
        client.call_routing.report_inbound_call_outcome(report)
        wait_until(lambda: status(client).missed_call_back_count == 1)
        of_organization = status(client, "acme")
        assert of_organization.missed_call_back_count == 1
        assert (of_organization.open_orders.count, of_organization.open_releases.count) == (0, 0)
        assert not of_organization.open_orders.HasField("oldest_time")
        assert of_organization.staleness.ToMicroseconds() == 0
        with pytest.raises(NotFound):
            status(client, "nobody")
    shown = localdial("status", LOCALDIAL_SERVER=server.address)
    assert shown.returncode == 0
    for text in "database", "carrier", "missed call-backs in 24 h", "being released":
        assert text in shown.stdout


def test_a_viewer_sees_the_state_for_its_own_organization_only(
    start_server: Callable[..., ServerProcess],
) -> None:
    server, admin_key = first_admin(start_server)
    set_organization(server.address, admin_key)
    with administration(server.address, admin_key) as admin:
        _, viewer = admin.create(Role.ROLE_VIEWER, "acme")
        _, dialer = admin.create(Role.ROLE_DIALER, "acme")
    with Client(server.address, key=viewer) as client:
        assert states(status(client, "acme"))["DATABASE"] == "OK"
        for other in "", "rival":
            with pytest.raises(PermissionDenied):
                status(client, other)
    with Client(server.address, key=dialer) as client, pytest.raises(PermissionDenied):
        status(client, "acme")


def test_while_the_database_is_down_the_state_is_known_and_what_is_open_is_not(
    start_server: Callable[..., ServerProcess],
) -> None:
    with PostgresServer() as postgresql:
        server = start_server(LOCALDIAL_DATABASE_URL=create_postgres(postgresql))
        with Client(server.address) as client:
            set_up(client)
            wait_until(lambda: status(client).HasField("staleness"))
            assert status(client).staleness.ToMicroseconds() < 30_000_000
            search = SearchAvailableNumbersRequest(organization_id="acme", area_code="415")
            client.number_inventory.search_available_numbers(search)
            postgresql.stop()
            wait_until(lambda: states(status(client))["DATABASE"] == "FAILED")
            down = status(client, "acme")
            assert not down.HasField("open_orders")
            assert not down.HasField("missed_call_back_count")
            assert not down.HasField("staleness")
            wait_until(lambda: states(status(client))["CALL_BACKS"] in {"WARNING", "FAILED"})
            assert all(str(server.address) not in each.detail for each in down.components)
            shown = localdial("status", LOCALDIAL_SERVER=server.address)
            assert shown.returncode == 1
            assert "does not answer" in shown.stdout
            since = down.components[0].since_time
            assert status(client).components[0].since_time == since
            postgresql.start()
            wait_until(lambda: states(status(client))["DATABASE"] == "OK")
