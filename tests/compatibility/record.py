"""Records what the Python client sends, so that later servers are tested with the clients of this release.

    python -m tests.compatibility.record NAME

A proxy stands between the client and a server, so that the bytes are those that the
client really sends. Done once with a release, by the client of that release.
"""

import contextlib
import sys
import tempfile
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial.v1 import number_pb2
from localdial_client import Client, LocaldialError
from tests.compatibility.older_client import DETAILS, RECORDINGS, Call, OlderContract, Recording, understood
from tests.functional.server_process import ServerProcess

ACME, ZENITH, LOST = "acme", "zenith", "lost"
BORROWER = "+14155550199"


def contract_of_the_client() -> bytes:
    """Return the contract of the stubs, with its dependencies."""
    files: dict[str, FileDescriptor] = {}

    def add(file: FileDescriptor) -> None:
        for needed in file.dependencies:
            add(needed)
        files[file.name] = file

    for module in calls, directory, inventory, error_details_pb2:
        add(module.DESCRIPTOR)
    image = descriptor_pb2.FileDescriptorSet()
    for file in files.values():
        file.CopyToProto(image.file.add())
    return image.SerializeToString(deterministic=True)


class RecordingProxy(grpc.GenericRpcHandler):
    """Forwards every call unchanged, and records it."""

    def __init__(self, contract: OlderContract, server: grpc.Channel) -> None:
        self.kept: list[Call] = []
        self._contract = contract
        self._server = server

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        method = handler_call_details.method.removeprefix("/")

        def handle(request: bytes, context: grpc.ServicerContext) -> bytes:
            call, answer = understood(self._contract, method, request, self._server)
            self.kept.append(call)
            if call.error is not None:
                context.set_trailing_metadata(((DETAILS, b""),))
                context.abort(grpc.StatusCode[call.error["code"]], "as recorded")
            return answer

        return grpc.unary_unary_rpc_method_handler(handle)


def play(client: Client) -> None:
    """Make calls of every kind: every method, every field of a request, and errors."""

    def ask(method: Callable[[Any], Message], request: Message) -> Any:
        with contextlib.suppress(LocaldialError):
            return method(request)
        return None

    organizations = client.directory
    for organization_id, number in (ACME, "+18005550150"), (ZENITH, ""):
        organization = directory.Organization(
            organization_id=organization_id, display_name="Ä lender", organization_number=number
        )
        ask(organizations.set_organization, directory.SetOrganizationRequest(organization=organization))
    taken = directory.Organization(organization_id=ZENITH, organization_number="+18005550150")
    ask(organizations.set_organization, directory.SetOrganizationRequest(organization=taken))
    ask(organizations.get_organization, directory.GetOrganizationRequest(organization_id=ACME))
    ask(organizations.get_organization, directory.GetOrganizationRequest(organization_id=LOST))
    page = ask(organizations.list_organizations, directory.ListOrganizationsRequest(page_size=1))
    ask(
        organizations.list_organizations,
        directory.ListOrganizationsRequest(page_size=1, page_token=page.next_page_token),
    )

    ann = directory.User(
        organization_id=ACME,
        user_id="ann",
        display_name="Ann",
        caller_id="+13125550142",
        work_phone="+13125550151",
    )
    bob = directory.User(organization_id=ACME, user_id="bob", work_phone="+13125550152")
    ask(organizations.set_user, directory.SetUserRequest(user=ann))
    for validate_only in True, False:
        users = directory.BatchSetUsersRequest(
            organization_id=ACME, users=[ann, bob], validate_only=validate_only
        )
        ask(organizations.batch_set_users, users)
    wrong = directory.User(organization_id=ACME, user_id="c c", caller_id="312", work_phone="work")
    ask(
        organizations.batch_set_users,
        directory.BatchSetUsersRequest(organization_id=ACME, users=[bob, wrong]),
    )
    ask(organizations.get_user, directory.GetUserRequest(organization_id=ACME, user_id="ann"))
    ask(organizations.get_user, directory.GetUserRequest(organization_id=ACME, user_id="zoe"))
    page = ask(organizations.list_users, directory.ListUsersRequest(organization_id=ACME, page_size=1))
    next_users = directory.ListUsersRequest(
        organization_id=ACME, page_size=1, page_token=page.next_page_token
    )
    ask(organizations.list_users, next_users)

    dan = directory.User(organization_id=ZENITH, user_id="dan")
    ask(organizations.set_user, directory.SetUserRequest(user=dan))

    play_numbers(client, ask)
    play_calls(client, ask)

    ask(organizations.delete_user, directory.DeleteUserRequest(organization_id=ACME, user_id="ann"))
    ask(organizations.delete_user, directory.DeleteUserRequest(organization_id=ACME, user_id="ann"))
    ask(client.call_routing.route_inbound_call, calls.RouteInboundCallRequest(called_number="+18005550150"))
    ask(organizations.delete_organization, directory.DeleteOrganizationRequest(organization_id=ACME))
    ask(organizations.delete_organization, directory.DeleteOrganizationRequest(organization_id=ZENITH))


def play_numbers(client: Client, ask: Callable[[Any, Message], Any]) -> None:
    """Make the calls of the number inventory."""
    numbers = client.number_inventory
    ask(
        numbers.search_available_numbers,
        inventory.SearchAvailableNumbersRequest(organization_id=ACME, area_code="415", limit=3),
    )
    for area_code, quantity in ("415", 3), ("+4420", None), ("307", 5), ("907", 1), ("800", 1), ("415", 0):
        ask(
            numbers.purchase_numbers,
            inventory.PurchaseNumbersRequest(organization_id=ACME, area_code=area_code, quantity=quantity),
        )
    for area_code in "212", "212", "213":
        order = inventory.PurchaseNumbersRequest(
            organization_id=ACME, area_code=area_code, request_id="order-1"
        )
        ask(numbers.purchase_numbers, order)
    for owner in ACME, ZENITH:
        wanted = ["+18085550199", "+14155550100", "+14155550120"]
        ask(
            numbers.import_numbers,
            inventory.ImportNumbersRequest(organization_id=owner, phone_numbers=wanted),
        )
    configured = inventory.ImportNumbersRequest(
        organization_id=ACME, phone_numbers=["+12065550199"], configure=True
    )
    ask(numbers.import_numbers, configured)
    free = inventory.ListImportableNumbersRequest(organization_id=ZENITH, page_size=1)
    page = ask(numbers.list_importable_numbers, free)
    free.page_token = page.next_page_token
    ask(numbers.list_importable_numbers, free)
    ask(numbers.reconcile_numbers, inventory.ReconcileNumbersRequest(organization_id=ACME))
    mine, foreign = "+14155550101", "+13055550100"
    codes = ["650", "510", "+4420"]
    ask(
        numbers.map_area_codes,
        inventory.MapAreaCodesRequest(organization_id=ACME, phone_number=mine, area_codes=codes),
    )
    for number, area_code in (mine, "415"), (mine, "800"), (foreign, "650"):
        ask(
            numbers.map_area_codes,
            inventory.MapAreaCodesRequest(organization_id=ACME, phone_number=number, area_codes=[area_code]),
        )
    ask(
        numbers.unmap_area_codes,
        inventory.UnmapAreaCodesRequest(organization_id=ACME, phone_number=mine, area_codes=["510", "212"]),
    )
    for number in mine, foreign:
        ask(numbers.get_number, inventory.GetNumberRequest(organization_id=ACME, phone_number=number))
    query: dict[str, Any] = {
        "organization_id": ACME,
        "area_code": "415",
        "state": number_pb2.NUMBER_STATE_ACTIVE,
        "page_size": 2,
    }
    page = ask(numbers.list_numbers, inventory.ListNumbersRequest(**query))
    ask(numbers.list_numbers, inventory.ListNumbersRequest(**query, page_token=page.next_page_token))
    ask(numbers.list_numbers, inventory.ListNumbersRequest(organization_id=ZENITH, page_token="x"))
    going = ["+14155550102", foreign]
    for request_id in "", "end-1", "end-1":
        end = inventory.DeleteNumbersRequest(organization_id=ACME, phone_numbers=going, request_id=request_id)
        ask(numbers.delete_numbers, end)


def play_calls(client: Client, ask: Callable[[Any, Message], Any]) -> None:
    """Make the calls of call routing."""
    routing = client.call_routing

    def leg(
        user: str, callee: str, organization: str = ACME, **more: Any
    ) -> calls.ResolveOutboundCallerIdRequest:
        return calls.ResolveOutboundCallerIdRequest(
            organization_id=organization, user_id=user, callee_number=callee, **more
        )

    legs = [
        leg("ann", "+13125550177"),
        leg("bob", BORROWER),
        leg("bob", BORROWER, call_id="call-1"),
        leg("bob", BORROWER, call_id="call-1"),
        leg("ann", BORROWER, call_id="call-1"),
        leg("ann", "+16505550177", min_revision=3),
        leg("ann", "+12065550177", validate_only=True),
        leg("bob", "+12065550177", validate_only=True, call_id="call-2"),
        leg("bob", "+12065550177", min_revision=1_000_000),
        leg("zoe", BORROWER),
        leg("ann", BORROWER, LOST),
        leg("dan", BORROWER, ZENITH),
        leg("ann", "415-555-0199"),
        calls.ResolveOutboundCallerIdRequest(),
    ]
    for each in legs:
        ask(routing.resolve_outbound_caller_id, each)
    ask(
        routing.batch_resolve_outbound_caller_ids,
        calls.BatchResolveOutboundCallerIdsRequest(
            requests=[leg("bob", "+442079460123"), leg("zoe", BORROWER)]
        ),
    )
    ask(routing.batch_resolve_outbound_caller_ids, calls.BatchResolveOutboundCallerIdsRequest())
    for called, caller in (
        ("+14155550100", BORROWER),
        ("+14155550101", "anonymous"),
        ("+18005550150", "+19995550100"),
        ("+13055550100", BORROWER),
        ("client:acme", ""),
    ):
        ask(
            routing.route_inbound_call,
            calls.RouteInboundCallRequest(called_number=called, caller_number=caller, call_id="in-1"),
        )
    query: dict[str, Any] = {
        "organization_id": ACME,
        "callee_number": BORROWER,
        "user_id": "bob",
        "page_size": 1,
    }
    page = ask(routing.list_outbound_calls, calls.ListOutboundCallsRequest(**query))
    ask(
        routing.list_outbound_calls,
        calls.ListOutboundCallsRequest(**query, page_token=page.next_page_token),
    )
    ask(routing.list_outbound_calls, calls.ListOutboundCallsRequest(organization_id=ACME))


def main(name: str) -> None:
    """Make all calls and save the recording."""
    if (RECORDINGS / f"{name}.json").exists():
        sys.exit(f"{name} is recorded; its clients send what they sent, whatever is released since")
    image = contract_of_the_client()
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder))
        server.start()
        try:
            with grpc.insecure_channel(server.address) as channel:
                proxy = RecordingProxy(OlderContract(image), channel)
                listener = grpc.server(futures.ThreadPoolExecutor(1), handlers=[proxy])
                port = listener.add_insecure_port("127.0.0.1:0")
                listener.start()
                with Client(f"127.0.0.1:{port}") as client:
                    play(client)
                listener.stop(None).wait()
        finally:
            server.stop()
    Recording(image, proxy.kept).save(name)


if __name__ == "__main__":
    main(sys.argv[1])
