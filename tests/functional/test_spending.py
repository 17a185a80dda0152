"""Purchases through a real server: limits, deadlines and reports."""

import time
from collections.abc import Callable

import pytest

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import (
    ImportNumbersRequest,
    ListImportableNumbersRequest,
    ListImportableNumbersResponse,
    PurchaseNumbersRequest,
    ReconcileNumbersRequest,
)
from localdial_client import Client, LocaldialError, Unavailable, from_status, pages
from tests.functional.server_process import ServerProcess

Start = Callable[..., ServerProcess]


def add_organization(client: Client, organization_id: str) -> None:
    client.directory.set_organization(
        SetOrganizationRequest(organization=Organization(organization_id=organization_id))
    )
    user = User(organization_id=organization_id, user_id="ann", caller_id="+12125550142")
    client.directory.set_user(SetUserRequest(user=user))


def test_limits_come_from_the_settings_and_from_each_organization(start_server: Start) -> None:
    server = start_server(
        LOCALDIAL_MAX_NUMBERS="2",
        LOCALDIAL_ORGANIZATION_LIMITS='{"large": {"max_numbers": 4, "max_purchases_per_day": 3}}',
    )
    with Client(server.address) as client:
        for organization_id in "small", "large":
            add_organization(client, organization_id)
        small = client.number_inventory.purchase_numbers(
            PurchaseNumbersRequest(organization_id="small", area_code="415", quantity=5)
        )
        assert (len(small.numbers), small.unfilled_count) == (2, 3)
        why = from_status(small.unfilled_status)
        assert (why.reason, why.metadata["limit"]) == ("NUMBER_LIMIT_REACHED", "2")
        large = client.number_inventory.purchase_numbers(
            PurchaseNumbersRequest(organization_id="large", area_code="415", quantity=3)
        )
        assert not large.HasField("unfilled_status")
        with pytest.raises(LocaldialError) as refused:
            client.number_inventory.purchase_numbers(
                PurchaseNumbersRequest(organization_id="large", area_code="415")
            )
    assert refused.value.code.name == "RESOURCE_EXHAUSTED"
    assert refused.value.reason == "PURCHASE_LIMIT_REACHED"
    assert refused.value.metadata == {"organization_id": "large", "limit": "3"}
    assert refused.value.retry_delay is not None
    assert 0 < refused.value.retry_delay <= 24 * 60 * 60


def test_a_purchase_answers_before_its_callers_deadline_and_goes_on(start_server: Start) -> None:
    server = start_server(LOCALDIAL_SIMULATOR_LATENCY_MS="2500")
    with Client(server.address) as client:
        add_organization(client, "acme")
        request = PurchaseNumbersRequest(organization_id="acme", area_code="415", request_id="once")
        began = time.monotonic()
        with pytest.raises(Unavailable) as pending:
            client.number_inventory.purchase_numbers(request, timeout=1.5)
        assert time.monotonic() - began < 1.5
        assert pending.value.reason == "PURCHASE_PENDING"
        resolve = ResolveOutboundCallerIdRequest(
            organization_id="acme", user_id="ann", callee_number="+14155550172"
        )
        began = time.monotonic()
        client.call_routing.resolve_outbound_caller_id(resolve)
        assert time.monotonic() - began < 1
        bought = client.number_inventory.purchase_numbers(request, timeout=60)
        assert len(bought.numbers) == 1
        assert bought == client.number_inventory.purchase_numbers(request)


def test_an_unmanaged_number_of_the_account_is_listed_until_it_is_imported(client: Client) -> None:
    add_organization(client, "acme")
    listing = ListImportableNumbersRequest(organization_id="acme", page_size=100)
    found = ListImportableNumbersResponse()
    for page in pages(client.number_inventory.list_importable_numbers, listing):
        assert len(page.numbers) <= 100
        found.numbers.extend(page.numbers)
    numbers = [number.phone_number for number in found.numbers]
    assert len(numbers) == page.total_size > 300
    assert numbers == sorted(set(numbers))

    reported = client.number_inventory.reconcile_numbers(ReconcileNumbersRequest())
    assert reported.strays_count == len(numbers)
    imported = client.number_inventory.import_numbers(
        ImportNumbersRequest(organization_id="acme", phone_numbers=numbers[:100], configure=True)
    )
    assert len(imported.numbers) == 100
    reported = client.number_inventory.reconcile_numbers(ReconcileNumbersRequest())
    assert reported.strays_count == len(numbers) - 100
    assert [(cost.currency_code, cost.number_count) for cost in reported.monthly_costs] == [("USD", 100)]
    assert client.number_inventory.list_importable_numbers(listing).total_size == len(numbers) - 100
