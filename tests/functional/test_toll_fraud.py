"""A stolen credential of a manager does not make the server dial numbers that cost money."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial_client import Client, FailedPrecondition, InvalidArgument
from localdial_server.cli.app import app
from tests.functional.databases import document, run_on
from tests.functional.server_process import ServerProcess

Start = Callable[..., ServerProcess]

BORROWER, OURS, MAIN, WORK_PHONE = "+14155550172", "+14155550142", "+18005550150", "+13125550151"
PREMIUM, SATELLITE, JAMAICA = "+19005550199", "+88112345678", "+18765550151"
ALLOWED = '{"acme": {"allowed_number_kinds": ["premium_rate", "satellite"], "destination_countries": []}}'


def set_organization(client: Client, number: str) -> None:
    organization = directory.Organization(organization_id="acme", organization_number=number)
    client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))


def set_work_phone(client: Client, number: str) -> None:
    user = directory.User(organization_id="acme", user_id="ann", work_phone=number)
    client.directory.set_user(directory.SetUserRequest(user=user))


def add_number_and_call_the_borrower(client: Client) -> None:
    client.number_inventory.import_numbers(
        inventory.ImportNumbersRequest(organization_id="acme", phone_numbers=[OURS], carrier="external")
    )
    client.call_routing.resolve_outbound_caller_id(
        calls.ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number=BORROWER)
    )


def routed(client: Client, called: str = OURS) -> tuple[str, str]:
    found = client.call_routing.route_inbound_call(
        calls.RouteInboundCallRequest(called_number=called, caller_number=BORROWER)
    )
    return found.destination_number, found.fallback_number


def run(server: ServerProcess, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--server", server.address, *arguments])


def test_what_is_stored_is_skipped_once_the_operator_no_longer_allows_it(start_server: Start) -> None:
    before = start_server(LOCALDIAL_ORGANIZATION_LIMITS=ALLOWED)
    with Client(before.address) as client:
        set_organization(client, SATELLITE)
        set_work_phone(client, PREMIUM)
        add_number_and_call_the_borrower(client)
        assert routed(client) == (PREMIUM, SATELLITE)
    before.stop()
    server = start_server(
        LOCALDIAL_DATABASE_URL=f"sqlite:///{before.database}", LOCALDIAL_METRICS_LISTEN="127.0.0.1:0"
    )
    metrics = next(event["address"] for event in server.logged() if event["event"] == "serving metrics")
    with Client(server.address) as client:
        with pytest.raises(FailedPrecondition) as refused:
            routed(client)
        assert refused.value.reason == "NO_DESTINATION"
        with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as response:
            lines = response.read().decode().splitlines()
        for kind in "premium_rate", "satellite":
            assert f'localdial_barred_destinations_total{{cause="{kind}"}} 1.0' in lines
        # What is stored can be corrected one by one.
        set_organization(client, MAIN)
        assert routed(client) == (MAIN, "")
        set_work_phone(client, WORK_PHONE)
        assert routed(client) == (WORK_PHONE, MAIN)


def test_countries_that_are_not_listed_are_refused_and_skipped(start_server: Start) -> None:
    before = start_server()
    with Client(before.address) as client:
        set_organization(client, MAIN)
        set_work_phone(client, JAMAICA)
        add_number_and_call_the_borrower(client)
        assert routed(client) == (JAMAICA, MAIN)
    before.stop()
    settings = {
        "LOCALDIAL_DATABASE_URL": f"sqlite:///{before.database}",
        "LOCALDIAL_DESTINATION_COUNTRIES": "us,ca",
    }
    server = start_server(**settings)
    with Client(server.address) as client:
        assert routed(client) == (MAIN, "")
        with pytest.raises(InvalidArgument) as refused:
            set_work_phone(client, JAMAICA)
        (violation,) = refused.value.field_violations
        assert violation.field == "user.work_phone"
        assert "JM is not one" in violation.description
    server.stop()
    own = '{"acme": {"destination_countries": ["JM"]}}'
    with Client(start_server(**settings, LOCALDIAL_ORGANIZATION_LIMITS=own).address) as client:
        set_work_phone(client, JAMAICA)
        assert routed(client) == (JAMAICA, MAIN)


def test_every_field_refuses_a_costly_number_and_names_it(start_server: Start) -> None:
    server = start_server()
    user = {"organization_id": "acme", "user_id": "ann"}
    with Client(server.address) as client:
        set_organization(client, MAIN)

        def batch(*, validate_only: bool = False) -> object:
            users = [
                directory.User(organization_id="acme", user_id="bob"),
                directory.User(**user, caller_id=PREMIUM, work_phone=SATELLITE),
            ]
            return client.directory.batch_set_users(
                directory.BatchSetUsersRequest(
                    organization_id="acme", users=users, validate_only=validate_only
                )
            )

        refusals: list[tuple[list[str], Callable[[], object]]] = [
            (["organization.organization_number"], lambda: set_organization(client, PREMIUM)),
            (["user.work_phone"], lambda: set_work_phone(client, PREMIUM)),
            (
                ["user.caller_id"],
                lambda: client.directory.set_user(
                    directory.SetUserRequest(user=directory.User(**user, caller_id=PREMIUM))
                ),
            ),
            (["users[1].caller_id", "users[1].work_phone"], batch),
            (["users[1].caller_id", "users[1].work_phone"], lambda: batch(validate_only=True)),
            (
                ["phone_numbers[0]"],
                lambda: client.number_inventory.import_numbers(
                    inventory.ImportNumbersRequest(
                        organization_id="acme", phone_numbers=[PREMIUM], carrier="external"
                    )
                ),
            ),
        ]
        for fields, call in refusals:
            with pytest.raises(InvalidArgument) as refused:
                call()
            assert refused.value.reason == "INVALID_FIELDS"
            assert [each.field for each in refused.value.field_violations] == fields
            for violation in refused.value.field_violations:
                assert "allowed_number_kinds (LOCALDIAL_ORGANIZATION_LIMITS)" in violation.description
        listed = client.directory.list_users(directory.ListUsersRequest(organization_id="acme"))
        assert not listed.users


def test_the_import_of_users_rejects_rows_with_costly_numbers(start_server: Start, tmp_path: Path) -> None:
    server = start_server()
    with Client(server.address) as client:
        set_organization(client, MAIN)
    file, rejects = tmp_path / "users.csv", tmp_path / "rejects.csv"
    file.write_text(
        "user_id,display_name,caller_id,work_phone\n"
        f"ann,,,{WORK_PHONE}\nbob,,,{PREMIUM}\ncat,,{SATELLITE},{WORK_PHONE}\n"
    )
    refused = run(server, "users", "import", "acme", str(file), "--dry-run")
    assert refused.exit_code == 2
    assert "line 3, work_phone" in refused.stderr
    assert f"{PREMIUM}" in refused.stderr
    assert "premium-rate number" in refused.stderr
    result = run(server, "users", "import", "acme", str(file), "--rejects", str(rejects))
    assert result.exit_code == 6
    text = rejects.read_text(encoding="utf-8-sig")
    assert "work_phone: " in text
    assert "premium-rate number" in text
    assert "caller_id: " in text
    assert "satellite" in text
    listed = json.loads(run(server, "users", "list", "acme", "--json").stdout)
    assert [user["user_id"] for user in listed["users"]] == ["ann"]


def test_an_import_of_old_data_keeps_costly_numbers_and_the_doctor_names_them(
    start_server: Start, tmp_path: Path
) -> None:
    old = start_server(LOCALDIAL_ORGANIZATION_LIMITS=ALLOWED)
    with Client(old.address) as client:
        set_organization(client, MAIN)
        set_work_phone(client, PREMIUM)
        add_number_and_call_the_borrower(client)
    old.stop()
    export = tmp_path / "export.jsonl"
    assert run_on(f"sqlite:///{old.database}", "export", "--output", str(export)).exit_code == 0
    new = f"sqlite:///{tmp_path}/new.db"
    for arguments in ["migrate"], ["import", str(export)]:
        assert run_on(new, *arguments).exit_code == 0
    found = {each["check"]: each for each in document(run_on(new, "doctor", "--json"))["findings"]}
    assert found["toll fraud"]["state"] == "warning"
    assert found["work phone of ann in acme"]["text"].startswith(
        f"{PREMIUM} must not be a premium-rate number"
    )
    server = start_server(LOCALDIAL_DATABASE_URL=new)
    with Client(server.address) as client:
        kept = client.directory.get_user(directory.GetUserRequest(organization_id="acme", user_id="ann")).user
        assert kept.work_phone == PREMIUM
        assert routed(client) == (MAIN, "")
