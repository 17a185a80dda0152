"""The API, the command line and the import of users refuse the same numbers, for the same reasons."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial_client import Client, InvalidArgument
from localdial_server.cli.app import app
from tests.functional.server_process import ServerProcess

# Each with a part of the reason.
IMPOSSIBLE = {
    "+1415555010": "must have ten digits after +1, like every number of country code 1; it has 9",
    "+114155550100": "it has 11; did you mean +14155550100?",
    "+11155550100": "must have an area code that begins with 2 to 9 after +1, not with 1",
    "+14151550100": "must have an exchange",
    "+9991234567": "must begin with a country code that exists",
    "+4402079460000": "must not have a 0 after +44: it is dialed only inside the country",
    "+44442079460000": "must have the country code +44 only once; did you mean +442079460000?",
    "+17378742833": "must be a phone number, not a code that carriers send",
}
POSSIBLE = [
    "+14155550100",
    "+12225550100",
    "+18615550100",
    "+442079460000",
    "+390612345678",
    "+3312345678901",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Yield a server with the user dialer in the organization acme."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        with Client(server.address) as client:
            organization = directory.Organization(organization_id="acme", organization_number="+18005550150")
            client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
            user = directory.User(organization_id="acme", user_id="dialer")
            client.directory.set_user(directory.SetUserRequest(user=user))
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


@pytest.fixture
def run(server: ServerProcess) -> Callable[..., Result]:
    """Return a function that runs a command on the server, in this process."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["--server", server.address, *arguments])

    return run


def calls_with(client: Client, number: str) -> dict[str, Callable[[], object]]:
    """Return a call for each field that stores or dials a number, by the field."""
    user = {"organization_id": "acme", "user_id": "ann"}
    organization = directory.Organization(organization_id="other", organization_number=number)
    return {
        "callee_number": lambda: client.call_routing.resolve_outbound_caller_id(
            calls.ResolveOutboundCallerIdRequest(
                organization_id="acme", user_id="dialer", callee_number=number, validate_only=True
            )
        ),
        "organization.organization_number": lambda: client.directory.set_organization(
            directory.SetOrganizationRequest(organization=organization)
        ),
        "user.caller_id": lambda: client.directory.set_user(
            directory.SetUserRequest(user=directory.User(**user, caller_id=number))
        ),
        "user.work_phone": lambda: client.directory.set_user(
            directory.SetUserRequest(user=directory.User(**user, work_phone=number))
        ),
        "users[0].caller_id": lambda: client.directory.batch_set_users(
            directory.BatchSetUsersRequest(
                organization_id="acme", users=[directory.User(**user, caller_id=number)]
            )
        ),
        "phone_numbers[0]": lambda: client.number_inventory.import_numbers(
            inventory.ImportNumbersRequest(organization_id="acme", phone_numbers=[number])
        ),
    }


@pytest.mark.parametrize(("number", "reason"), IMPOSSIBLE.items())
def test_every_field_of_the_api_refuses_an_impossible_number(
    client: Client, number: str, reason: str
) -> None:
    for field, call in calls_with(client, number).items():
        with pytest.raises(InvalidArgument) as refused:
            call()
        assert refused.value.reason == "INVALID_FIELDS"
        (violation,) = refused.value.field_violations
        assert violation.field == field
        assert reason in violation.description


@pytest.mark.parametrize("number", POSSIBLE)
def test_every_field_of_the_api_accepts_a_possible_number(client: Client, number: str) -> None:
    for call in calls_with(client, number).values():
        call()


@pytest.mark.parametrize(("number", "reason"), IMPOSSIBLE.items())
def test_the_command_line_and_the_import_refuse_an_impossible_number(
    run: Callable[..., Result], tmp_path: Path, number: str, reason: str
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(f"user_id,display_name,caller_id,work_phone\nbob,,{number},\n")
    for arguments in (
        ["resolve", "acme", "dialer", number],
        ["orgs", "set", "other", "--number", number],
        ["users", "set", "acme", "bob", "--caller-id", number],
        ["users", "set", "acme", "bob", "--work-phone", number],
        ["users", "import", "acme", str(file)],
        ["numbers", "import", "acme", number, "--yes"],
    ):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert reason in result.stderr, arguments
    assert run("users", "get", "acme", "bob").exit_code == 3


@pytest.mark.parametrize("number", POSSIBLE)
def test_the_command_line_and_the_import_accept_a_possible_number(
    run: Callable[..., Result], tmp_path: Path, number: str
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(f"user_id,display_name,caller_id,work_phone\ncat,,{number},\n")
    for arguments in (
        ["users", "set", "acme", "cat", "--work-phone", number],
        ["users", "import", "acme", str(file)],
    ):
        result = run(*arguments)
        assert result.exit_code == 0, result.stderr
    assert number in run("users", "get", "acme", "cat").stdout
