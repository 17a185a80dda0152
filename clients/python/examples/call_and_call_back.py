"""Shows a call and its call-back: `python call_and_call_back.py [address]`.

Sets up an organization with one agent (again each time, which changes nothing), asks which caller ID a
borrower is shown, and where the borrower who calls that number back is connected.
"""

import sys

from localdial.v1.call_routing_pb2 import (
    CallerIdReason,
    DestinationReason,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import Client, LocaldialError

BORROWER = "+12125550123"


def main(address: str) -> None:
    """Set up, resolve and route; raises LocaldialError."""
    with Client(address) as client:
        client.directory.set_organization(
            SetOrganizationRequest(
                organization=Organization(
                    organization_id="example",
                    display_name="Example Lending",
                    organization_number="+14085550100",
                )
            )
        )
        client.directory.set_user(
            SetUserRequest(
                user=User(
                    organization_id="example", user_id="ann", display_name="Ann", work_phone="+14155550142"
                )
            )
        )

        # Whichever server answers, it knows the user that was just set: the client sees to it.
        shown = client.call_routing.resolve_outbound_caller_id(
            ResolveOutboundCallerIdRequest(
                organization_id="example",
                user_id="ann",
                callee_number=BORROWER,
            ),
            timeout=0.5,
        )
        print(f"ann calls {BORROWER}, who sees {shown.caller_id}")
        print(f"  because: {CallerIdReason.Name(shown.reason)}")

        route = client.call_routing.route_inbound_call(
            RouteInboundCallRequest(called_number=shown.caller_id, caller_number=BORROWER), timeout=0.5
        )
        print(f"{BORROWER} calls back and is connected with {route.destination_number}")
        print(f"  because: {DestinationReason.Name(route.reason)}, user {route.user_id}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
    except LocaldialError as error:
        sys.exit(str(error))
