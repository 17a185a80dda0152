"""What the measured servers have in their databases, and the requests ask about."""

from collections.abc import Sequence

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import ImportNumbersRequest
from localdial_client import Client

ORGANIZATION, USER = "bench", "ann"

# All subjects choose from the same numbers for the same callee.
NUMBERS = tuple(f"+1415555{number}" for number in range(2000, 2005))
CALLEE = "+14155550123"

# Was called once, so that a call-back from it finds a user.
CALLED_BACK = "+14155550199"

# Organizations that differ only in how many numbers they have in one area code.
ONE, THOUSAND = "bench-one", "bench-thousand"
CHOICES = {
    ONE: ("+16287654321",),
    THOUSAND: tuple(f"+1628{2_000_000 + 37 * number}" for number in range(1_000)),
}


def set_up(address: str) -> None:
    """Create the organization of all subjects, and make the call that is called back."""
    with Client(address) as client:
        _create(client, ORGANIZATION, NUMBERS)
        client.call_routing.resolve_outbound_caller_id(
            ResolveOutboundCallerIdRequest(
                organization_id=ORGANIZATION, user_id=USER, callee_number=CALLED_BACK
            )
        )


def set_up_choices(address: str) -> None:
    """Create the organizations of `CHOICES`."""
    with Client(address, timeout=60) as client:
        for organization, numbers in CHOICES.items():
            _create(client, organization, numbers)


def _create(client: Client, organization: str, numbers: Sequence[str]) -> None:
    """Create an organization with a user and these numbers."""
    client.directory.set_organization(
        SetOrganizationRequest(organization=Organization(organization_id=organization))
    )
    user = User(organization_id=organization, user_id=USER, work_phone="+13125550151")
    client.directory.set_user(SetUserRequest(user=user))
    imported = client.number_inventory.import_numbers(
        ImportNumbersRequest(organization_id=organization, phone_numbers=numbers, carrier="external")
    )
    assert not imported.failures, imported.failures
