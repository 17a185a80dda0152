"""Numbers that are held elsewhere, for organizations without a carrier account: no carrier answers."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial.v1 import number_pb2
from localdial_client import Client, InvalidArgument, LocaldialError, from_status
from tests.functional.server_process import ServerProcess, environment_with
from tests.functional.simulator_process import SimulatorProcess
from tests.support.databases import create_sqlite

StartServer = Callable[..., ServerProcess]

HELD, OTHER, OWNED_FROM_START = "+14155550142", "+16285550142", "+14155550199"


def localdial(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "localdial_server", *arguments],
        env=environment_with(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def document(ran: "subprocess.CompletedProcess[str]") -> Any:
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def set_up(client: Client) -> None:
    for organization_id in "acme", "other":
        client.directory.set_organization(
            directory.SetOrganizationRequest(
                organization=directory.Organization(organization_id=organization_id)
            )
        )
    client.directory.set_user(
        directory.SetUserRequest(
            user=directory.User(organization_id="acme", user_id="ann", work_phone="+13125550151")
        )
    )


def imported(client: Client, *numbers: str, organization_id: str = "acme") -> inventory.ImportNumbersResponse:
    return client.number_inventory.import_numbers(
        inventory.ImportNumbersRequest(
            organization_id=organization_id, phone_numbers=numbers, carrier="external"
        )
    )


def test_numbers_held_elsewhere_are_used_and_forgotten_while_the_carrier_is_away(
    simulator: SimulatorProcess, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(**simulator.settings)
    simulator.kill()
    file = tmp_path / "numbers.txt"
    file.write_text("".join(f"+1415555{line:04}\n" for line in range(300, 550)))
    with Client(server.address) as client:
        set_up(client)
        run = ("--server", server.address)
        refused = localdial(*run, "numbers", "import", "acme", HELD, "--external")
        assert (refused.returncode, "attest that acme has the right" in refused.stderr) == (2, True)
        shown = localdial(*run, "numbers", "import", "acme", HELD, "--external", "--yes")
        assert shown.returncode == 0, shown.stderr
        assert "external" in shown.stdout
        assert "STIR/SHAKEN" in shown.stderr
        assert {one.carrier for one in imported(client, HELD, OTHER).numbers} == {"external"}
        by_file = localdial(
            *run, "numbers", "import", "acme", "--file", str(file), "--external", "--yes", "--json"
        )
        assert len(document(by_file)["numbers"]) == 250

        call = client.call_routing.resolve_outbound_caller_id(
            calls.ResolveOutboundCallerIdRequest(
                organization_id="acme", user_id="ann", callee_number="+16285550172"
            )
        )
        assert call.caller_id == OTHER
        routed = client.call_routing.route_inbound_call(
            calls.RouteInboundCallRequest(called_number=OTHER, caller_number="+16285550172")
        )
        assert routed.destination_number == "+13125550151"

        # The organization has no number at the carrier, so nothing is asked there.
        report = document(localdial(*run, "reconcile", "acme", "--json"))
        counts = [value for name, value in report.items() if name.endswith("_count")]
        assert (set(counts), report["monthly_costs"]) == ({0}, [])

        forgotten = localdial(*run, "numbers", "delete", "acme", HELD, "--yes")
        assert forgotten.returncode == 0, forgotten.stderr
        assert "FORGOTTEN" in forgotten.stdout
        assert len(document(localdial(*run, "numbers", "list", "acme", "--json"))["numbers"]) == 251
        with pytest.raises(LocaldialError) as raised:
            client.call_routing.route_inbound_call(calls.RouteInboundCallRequest(called_number=HELD))
        assert raised.value.reason == "NUMBER_NOT_FOUND"


def test_the_carrier_keeps_a_number_that_was_imported_as_held_elsewhere(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**simulator.settings)
    with Client(server.address) as client:
        set_up(client)
        assert not imported(client, OWNED_FROM_START).failures
        before = simulator.ask("numbers")
        for configure in False, True:
            report = client.number_inventory.reconcile_numbers(
                inventory.ReconcileNumbersRequest(configure=configure)
            )
            assert not [*report.missing, *report.drifted, *report.configured, *report.strays]
            assert not report.monthly_costs
        deleted = client.number_inventory.delete_numbers(
            inventory.DeleteNumbersRequest(organization_id="acme", phone_numbers=[OWNED_FROM_START])
        )
        assert [one.state for one in deleted.deleted] == [number_pb2.NumberState.NUMBER_STATE_RELEASED]
        assert simulator.ask("numbers") == before


def test_the_doctor_warns_that_the_simulated_carrier_sells_beside_numbers_held_elsewhere(
    start_server: StartServer,
) -> None:
    server = start_server()
    database = {"LOCALDIAL_DATABASE_URL": f"sqlite:///{server.database}"}

    def of_doctor(**settings: str) -> tuple[str, str]:
        findings = document(localdial("doctor", "--json", **database, **settings))["findings"]
        ((state, text),) = [(one["state"], one["text"]) for one in findings if one["check"] == "carrier"]
        return state, text

    with Client(server.address) as client:
        set_up(client)
        assert of_doctor()[0] == "ok"
        imported(client, HELD, OTHER)
        state, text = of_doctor()
        assert (state, "beside 2 held at another carrier" in text) == ("warning", True)
        assert of_doctor(LOCALDIAL_MAX_PURCHASES_PER_DAY="0")[0] == "ok"


def test_wrong_imports_of_numbers_held_elsewhere_are_refused(client: Client) -> None:
    set_up(client)
    request = inventory.ImportNumbersRequest(organization_id="acme", phone_numbers=[HELD])
    for carrier in "twilio", "simulator", "External", "external ", "EXTERNAL":
        request.carrier = carrier
        with pytest.raises(InvalidArgument) as raised:
            client.number_inventory.import_numbers(request)
        assert [violation.field for violation in raised.value.field_violations] == ["carrier"]
        assert "must be empty" in raised.value.message
        assert "`external`" in raised.value.message
    request.carrier, request.configure = "external", True
    with pytest.raises(InvalidArgument) as raised:
        client.number_inventory.import_numbers(request)
    assert [violation.field for violation in raised.value.field_violations] == ["configure"]
    with pytest.raises(InvalidArgument):
        imported(client, "+14151550142")
    assert not imported(client, HELD).failures
    (failure,) = imported(client, HELD, organization_id="other").failures
    assert from_status(failure.status).reason == "NUMBER_IN_USE"


def test_an_export_and_its_import_keep_numbers_held_elsewhere(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    with Client(server.address) as client:
        set_up(client)
        before = imported(client, HELD, OTHER).numbers
        assert server.stop() == 0
    file, database = tmp_path / "export.jsonl", f"sqlite:///{tmp_path}/imported.db"
    create_sqlite(tmp_path / "imported.db")
    for command, url in ((("export", "--output"), f"sqlite:///{server.database}"), (("import",), database)):
        ran = localdial(*command, str(file), LOCALDIAL_DATABASE_URL=url)
        assert ran.returncode == 0, ran.stderr
    server = start_server(LOCALDIAL_DATABASE_URL=database)
    with Client(server.address) as client:
        request = inventory.ListNumbersRequest(organization_id="acme")
        assert list(client.number_inventory.list_numbers(request).numbers) == list(before)
