"""Answered calls and purchases survive every end of the server."""

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial_client import Client
from tests.functional.server_process import ServerProcess

CALLEE = "+14155550123"


def set_up(client: Client) -> str:
    organization = directory.Organization(organization_id="acme", organization_number="+13125550150")
    client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
    for user_id, work_phone in ("ann", "+13125550160"), ("bob", "+13125550161"):
        user = directory.User(organization_id="acme", user_id=user_id, work_phone=work_phone)
        client.directory.set_user(directory.SetUserRequest(user=user))
    request = inventory.PurchaseNumbersRequest(organization_id="acme", area_code="415", request_id="first")
    return client.number_inventory.purchase_numbers(request).numbers[0].phone_number


def resolve(client: Client, user_id: str, callee: str = CALLEE) -> calls.ResolveOutboundCallerIdResponse:
    request = calls.ResolveOutboundCallerIdRequest(
        organization_id="acme", user_id=user_id, callee_number=callee
    )
    return client.call_routing.resolve_outbound_caller_id(request)


def route(client: Client, called: str) -> calls.RouteInboundCallResponse:
    request = calls.RouteInboundCallRequest(called_number=called, caller_number=CALLEE)
    return client.call_routing.route_inbound_call(request)


def test_a_call_that_was_answered_is_routed_back_after_kill_9(server: ServerProcess) -> None:
    with Client(server.address) as client:
        number = set_up(client)
        resolve(client, "ann")
        answer = resolve(client, "bob")
        server.kill()
    server.start()
    with Client(server.address) as client:
        destination = route(client, number)
        assert (destination.user_id, destination.destination_number) == ("bob", "+13125550161")
        assert destination.last_call_id == answer.call_id


def test_every_answer_under_load_is_in_the_log_after_kill_9(server: ServerProcess) -> None:
    with Client(server.address) as client:
        set_up(client)
        answered = [resolve(client, "ann", f"+1415555{1000 + index}").call_id for index in range(300)]
        server.kill()
    server.start()
    with Client(server.address) as client:
        listed = client.call_routing.list_outbound_calls(
            calls.ListOutboundCallsRequest(organization_id="acme", page_size=1000)
        )
    assert [call.call_id for call in listed.calls] == answered[::-1]


def test_a_purchase_survives_kill_9(server: ServerProcess) -> None:
    with Client(server.address) as client:
        number = set_up(client)
        server.kill()
    server.start()
    with Client(server.address) as client:
        assert set_up(client) == number
        listed = client.number_inventory.list_numbers(inventory.ListNumbersRequest(organization_id="acme"))
        assert [item.phone_number for item in listed.numbers] == [number]
