"""A webhook for a test, in either mode: in the server's process, or in its own."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial_client import Client
from tests.functional.server_process import ServerProcess, environment_with

WEBHOOK = {
    "LOCALDIAL_WEBHOOK_LISTEN": "127.0.0.1:0",
    "LOCALDIAL_WEBHOOK_PUBLIC_URL": "https://voice.example.com",
    "LOCALDIAL_TWILIO_AUTH_TOKEN": "secret",
}

CALLER = "+16285550155"
WORK_PHONE, ORGANIZATION_NUMBER = "+13125550160", "+13125550150"

# The user's own caller ID, which the organization does not own.
CALLER_ID = "+13125550161"


class WebhookProcess:
    """`localdial webhook` in front of a server."""

    def __init__(self, folder: Path, server: str, **settings: str) -> None:
        self.log = folder / "webhook.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "localdial_server", "webhook", "--json"],
                env=environment_with(
                    LOCALDIAL_SERVER=server, LOCALDIAL_LOG_FORMAT="json", **{**WEBHOOK, **settings}
                ),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the webhook did not start: {self.log.read_text('utf-8')}"
        self.address = str(json.loads(line)["address"])

    def stop(self) -> int:
        """Stop the webhook with SIGTERM, as an orchestrator does, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def webhook_address(server: ServerProcess) -> str:
    """Return the address at which a server serves the webhook."""
    [address] = [event["address"] for event in server.logged() if event["event"] == "serving the webhook"]
    return str(address)


def set_up(server: str, *, called: bool = True, display_name: str = "Acme Lending") -> str:
    """Create an organization with a user and a number, and return the number.

    With `called`, the user has called `CALLER` before.
    """
    with Client(server) as client:
        return set_up_through(client, called=called, display_name=display_name)


def set_up_through(client: Client, *, called: bool = True, display_name: str = "Acme Lending") -> str:
    """Do what `set_up` does, through this client."""
    organization = directory.Organization(
        organization_id="acme", display_name=display_name, organization_number=ORGANIZATION_NUMBER
    )
    client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
    user = directory.User(organization_id="acme", user_id="ann", work_phone=WORK_PHONE, caller_id=CALLER_ID)
    client.directory.set_user(directory.SetUserRequest(user=user))
    bought = client.number_inventory.purchase_numbers(
        inventory.PurchaseNumbersRequest(organization_id="acme", area_code="415", request_id="webhook")
    )
    if called:
        client.call_routing.resolve_outbound_caller_id(
            calls.ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number=CALLER)
        )
    return bought.numbers[0].phone_number
