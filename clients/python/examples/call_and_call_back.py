"""Show a call and its call-back: `python call_and_call_back.py [address]`.

Set up an organization with one agent (running it again changes nothing), ask which caller ID a borrower is
shown, and ask where the borrower is connected when calling that number back.
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
    """Set up, resolve and route. Raises LocaldialError."""
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

        # The client makes sure that the server that answers knows the new user.
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
            # In an outage of the database, ring the organization number rather than nobody. The
            # server waits for its database for a second first.
            RouteInboundCallRequest(
                called_number=shown.caller_id, caller_number=BORROWER, allow_degraded=True
            ),
            timeout=2,
        )
        if route.degraded:
            print("the database is down, so who called last is not known")
        print(f"{BORROWER} calls back and is connected with {route.destination_number}")
        print(f"  because: {DestinationReason.Name(route.reason)}, user {route.user_id}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
    except LocaldialError as error:
        sys.exit(str(error))
