"""The server as a process: its start, its health, its stop."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial_client import Client, LocaldialError
from localdial_server.observability.health import CALL_BACKS, DEGRADED_CALL_BACKS
from tests.functional.server_process import ServerProcess, environment_with

SERVICES = [
    f"localdial.v1.{name}" for name in ("Administration", "CallRouting", "Directory", "NumberInventory")
]


def failed_start(**settings: str) -> tuple[int, str]:
    """Start a server that cannot start; return its exit code and its error output."""
    ended = subprocess.run(
        [sys.executable, "-m", "localdial_server", "serve"],
        env=environment_with(**settings),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_health_is_served_for_the_server_and_each_service(server: ServerProcess, service: str) -> None:
    with grpc.insecure_channel(server.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        response = stub.Check(  # type: ignore[attr-defined]  # the stubs package lacks it
            health_pb2.HealthCheckRequest(service=service), timeout=5
        )
    assert response.status == health_pb2.HealthCheckResponse.SERVING


def test_health_is_listed_for_the_server_and_each_service(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        response = stub.List(health_pb2.HealthListRequest(), timeout=5)  # type: ignore[attr-defined]  # the stubs package lacks them
    names = ["", *SERVICES, CALL_BACKS, DEGRADED_CALL_BACKS]
    assert {name: each.status for name, each in response.statuses.items()} == dict.fromkeys(
        names, health_pb2.HealthCheckResponse.SERVING
    )
    assert [event["event"] for event in server.logged()] == [
        "serving",
        "any program on this machine may call the server: it requires no credentials",
    ]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_the_services_and_describes_them(server: ServerProcess, version: str) -> None:
    itself = f"grpc.reflection.{version}.ServerReflection"
    names = [*SERVICES, "localdial.v1.ErrorReason", "google.rpc.ErrorInfo", itself]
    with grpc.insecure_channel(server.address) as channel:
        # The messages of both versions have the same bytes.
        ask = channel.stream_stream(
            f"/{itself}/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        asked = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            *(reflection_pb2.ServerReflectionRequest(file_containing_symbol=name) for name in names),
        ]
        listed, *described = ask(iter(asked), timeout=5)
    assert {*SERVICES, itself} < {service.name for service in listed.list_services_response.service}
    assert len(described) == len(names)
    assert all(each.file_descriptor_response.file_descriptor_proto for each in described)


@pytest.mark.parametrize("version", ["grpc-v1", "grpc-v1alpha"])
def test_buf_curl_calls_a_method_by_reflection(server: ServerProcess, generators: Path, version: str) -> None:
    called = subprocess.run(
        [
            *(generators / "buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge"),
            *("--reflect", "--reflect-protocol", version, "-d", "{}"),
            f"http://{server.address}/localdial.v1.Directory/ListOrganizations",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (called.returncode, called.stdout) == (0, "{}\n"), called.stderr


def test_sigterm_stops_the_server_cleanly(server: ServerProcess) -> None:
    with Client(server.address) as client:
        client.directory.list_organizations(directory.ListOrganizationsRequest())
        assert server.stop() == 0
    assert [event["event"] for event in server.logged()][-1] == "stopped"


def test_a_running_purchase_is_finished_before_the_server_stops(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server(LOCALDIAL_SIMULATOR_LATENCY_MS="300")
    bought: list[inventory.PurchaseNumbersResponse] = []
    with Client(server.address) as client:
        organization = directory.Organization(organization_id="acme")
        client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
        request = inventory.PurchaseNumbersRequest(organization_id="acme", area_code="415")
        call = threading.Thread(
            target=lambda: bought.append(client.number_inventory.purchase_numbers(request))
        )
        call.start()
        while not has_pending_order(server.database):
            pass
        assert server.stop() == 0
        call.join()
    assert [number.phone_number for number in bought[0].numbers] == ["+14155550100"]


def test_a_purchase_is_finished_after_its_caller_hangs_up(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(LOCALDIAL_SIMULATOR_LATENCY_MS="300")
    request = inventory.PurchaseNumbersRequest(organization_id="acme", area_code="415", request_id="patience")
    with Client(server.address) as client:
        organization = directory.Organization(organization_id="acme")
        client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
        with pytest.raises(LocaldialError):
            client.number_inventory.purchase_numbers(request, timeout=0.4)
        # The repeat waits for the first request instead of buying another number.
        answer = client.number_inventory.purchase_numbers(request)
        listed = client.number_inventory.list_numbers(inventory.ListNumbersRequest(organization_id="acme"))
    assert list(listed.numbers) == list(answer.numbers)
    assert len(answer.numbers) == 1


def has_pending_order(database: Path) -> bool:
    with sqlite3.connect(database) as connection:
        return bool(connection.execute("select count(*) from numbers").fetchone()[0])


def test_a_second_server_on_the_same_file_is_refused(server: ServerProcess) -> None:
    code, said = failed_start(LOCALDIAL_DATABASE_URL=f"sqlite:///{server.database}")
    assert code != 0
    assert "another localdial uses" in said
    assert "Traceback" not in said


def test_a_second_server_on_the_same_port_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    code, said = failed_start(
        LOCALDIAL_LISTEN=server.address, LOCALDIAL_DATABASE_URL=f"sqlite:///{tmp_path}/other.db"
    )
    assert code != 0
    assert said.startswith(f"Error: cannot listen on {server.address}: the address is in use.")
    assert len(said.splitlines()) == 1


def test_a_database_of_a_newer_release_is_refused_and_unchanged(server: ServerProcess) -> None:
    server.stop()
    with sqlite3.connect(server.database) as connection:
        connection.execute("update localdial_schema_version set version_num = '9999'")
        before = list(connection.iterdump())
    code, said = failed_start(LOCALDIAL_DATABASE_URL=f"sqlite:///{server.database}")
    assert code != 0
    assert "newer localdial" in said
    assert "Traceback" not in said
    with sqlite3.connect(server.database) as connection:
        assert list(connection.iterdump()) == before


def test_a_database_of_another_program_is_refused_and_unchanged(tmp_path: Path) -> None:
    database = tmp_path / "theirs.db"
    with sqlite3.connect(database) as connection:
        connection.execute("create table invoices (id integer)")
    code, said = failed_start(LOCALDIAL_DATABASE_URL=f"sqlite:///{database}")
    assert code != 0
    assert "another program" in said
    with sqlite3.connect(database) as connection:
        assert connection.execute("select name from sqlite_master").fetchall() == [("invoices",)]


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "notes.db"
    database.write_text("shopping list\n" * 100)
    code, said = failed_start(LOCALDIAL_DATABASE_URL=f"sqlite:///{database}")
    assert code != 0
    assert "cannot use" in said
    assert "Traceback" not in said


def test_an_address_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    code, said = failed_start(
        LOCALDIAL_LISTEN="0.0.0.0:0", LOCALDIAL_DATABASE_URL=f"sqlite:///{tmp_path}/localdial.db"
    )
    assert code != 0
    assert "which other machines can reach" in said
