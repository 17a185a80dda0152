"""The demo organization: a made-up lender, loaded through the API like any other.

Every phone number is in the range 555-0100 to 555-0199, which is reserved for fiction. Loading the demo again
changes nothing.
"""

import itertools
from dataclasses import dataclass
from typing import Final

from localdial.v1.directory_pb2 import BatchSetUsersRequest, Organization, SetOrganizationRequest, User
from localdial.v1.number_inventory_pb2 import (
    GetNumberRequest,
    ImportNumbersRequest,
    ListNumbersRequest,
    MapAreaCodesRequest,
    PurchaseNumbersRequest,
    SearchAvailableNumbersRequest,
)
from localdial.v1.number_pb2 import LocalPresenceNumber, NumberState
from localdial_client import Client, NotFound, pages
from localdial_server.cli.exit_codes import CliError, ExitCode

DEMO: Final = "demo"
# An organization that has no caller ID to show.
EMPTY: Final = "demo-empty"

# The area codes in which the demo buys, and one that is mapped to the first number (both are San Francisco).
BOUGHT: Final = ("415", "212")
MAPPED: Final = "628"
# The simulator never has numbers for sale in 907 or 808; its account owns this 808 number from the start.
SOLD_OUT: Final = "907"
IMPORTED: Final = "+18085550199"

ORGANIZATIONS: Final = (
    Organization(organization_id=DEMO, display_name="Demo Home Loans", organization_number="+13035550199"),
    Organization(organization_id=EMPTY, display_name="Demo without any number"),
)
USERS: Final = (
    User(
        organization_id=DEMO,
        user_id="ann",
        display_name="Ann, with a caller ID in Chicago",
        caller_id="+13125550190",
        work_phone="+13125550191",
    ),
    User(
        organization_id=DEMO,
        user_id="bob",
        display_name="Bob, without a caller ID",
        work_phone="+13035550192",
    ),
    User(
        organization_id=DEMO,
        user_id="carol",
        display_name="Carol, without a work phone",
        caller_id="+16175550193",
    ),
    User(organization_id=EMPTY, user_id="dave", display_name="Dave, without anything"),
)

_SIMULATOR: Final = "simulator"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo organization's numbers: one in each area code of `BOUGHT`, in that order."""

    numbers: tuple[LocalPresenceNumber, ...]

    @property
    def local_number(self) -> str:
        """The number that is shown to borrowers in San Francisco."""
        return self.numbers[0].phone_number


def load(client: Client) -> Demo:
    """Create the demo organization, or complete it.

    Raises `CliError` if the server's carrier is not the simulator, because the demo must not spend money.
    Raises the client's errors.
    """
    for organization in ORGANIZATIONS:
        client.directory.set_organization(SetOrganizationRequest(organization=organization))
        users = [user for user in USERS if user.organization_id == organization.organization_id]
        client.directory.batch_set_users(
            BatchSetUsersRequest(organization_id=organization.organization_id, users=users)
        )
    demo = Demo(tuple(_owned(client, area_code) or _buy(client, area_code) for area_code in BOUGHT))
    client.number_inventory.map_area_codes(
        MapAreaCodesRequest(organization_id=DEMO, phone_number=demo.local_number, area_codes=[MAPPED])
    )
    # Failures are ignored: once deleted, this number cannot be imported again, and the demo works without it.
    client.number_inventory.import_numbers(
        ImportNumbersRequest(organization_id=DEMO, phone_numbers=[IMPORTED])
    )
    return demo


def _owned(client: Client, area_code: str) -> LocalPresenceNumber | None:
    request = ListNumbersRequest(
        organization_id=DEMO, area_code=area_code, state=NumberState.NUMBER_STATE_ACTIVE
    )
    for page in pages(client.number_inventory.list_numbers, request):
        for number in page.numbers:
            # The list also has numbers that are only mapped to the area code.
            if number.area_code == area_code:
                _require_simulator(is_simulator=number.carrier == _SIMULATOR)
                return number
    return None


def _buy(client: Client, area_code: str) -> LocalPresenceNumber:
    available = client.number_inventory.search_available_numbers(
        SearchAvailableNumbersRequest(organization_id=DEMO, area_code=area_code, limit=1)
    ).available
    # The response does not name the carrier, but only the simulator sells numbers with the exchange 555.
    _require_simulator(is_simulator=all(each.phone_number[5:8] == "555" for each in available))
    for attempt in itertools.count(1):
        # A fixed request_id makes two demos at once buy the same number. If that number has been deleted, its
        # request_id still returns it, so the next request_id is used.
        request = PurchaseNumbersRequest(
            organization_id=DEMO, area_code=area_code, request_id=f"demo-{area_code}-{attempt}"
        )
        number = client.number_inventory.purchase_numbers(request).numbers[0]
        if _is_active(client, number):
            break
    return number


def _is_active(client: Client, number: LocalPresenceNumber) -> bool:
    request = GetNumberRequest(organization_id=DEMO, phone_number=number.phone_number)
    try:
        current = client.number_inventory.get_number(request).number
    except NotFound:
        return False
    return current.state == NumberState.NUMBER_STATE_ACTIVE


def _require_simulator(*, is_simulator: bool) -> None:
    if not is_simulator:
        raise CliError(
            "the demo buys numbers, and this server's carrier sells real ones; run it against a server that "
            "uses the simulator",
            ExitCode.CONFLICT,
        )
