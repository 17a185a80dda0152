"""The record of changes on real servers: who made which, and who may read it."""

import json
from collections.abc import Callable

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from localdial.v1.administration_pb2 import (
    AuditEvent,
    AuditEventKind,
    ListAuditEventsRequest,
    RevokeApiKeyRequest,
    Role,
)
from localdial.v1.directory_pb2 import (
    DeleteUserRequest,
    Organization,
    SetOrganizationRequest,
    SetUserRequest,
    User,
)
from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersRequest,
    ImportNumbersRequest,
    ListNumbersRequest,
    MapAreaCodesRequest,
    PurchaseNumbersRequest,
    SearchAvailableNumbersRequest,
)
from localdial_client import Client, InvalidArgument, PermissionDenied, Unauthenticated, pages
from localdial_server.domain.api_keys import key_id_of
from tests.drills import metrics
from tests.functional.server_process import ServerProcess
from tests.functional.test_api_keys import administration, first_admin

ACME, RIVAL = "acme", "rival"


def set_user(client: Client, work_phone: str, organization_id: str = ACME) -> None:
    user = User(organization_id=organization_id, user_id="ann", work_phone=work_phone)
    client.directory.set_user(SetUserRequest(user=user))


def set_organization(client: Client, organization_id: str = ACME) -> None:
    organization = Organization(organization_id=organization_id)
    client.directory.set_organization(SetOrganizationRequest(organization=organization))


def listed(client: Client, organization_id: str = ACME, **filters: object) -> list[AuditEvent]:
    request = ListAuditEventsRequest(organization_id=organization_id, **filters)  # type: ignore[arg-type]
    return [
        event for page in pages(client.administration.list_audit_events, request) for event in page.events
    ]


def kinds(events: list[AuditEvent]) -> list[str]:
    return [AuditEventKind.Name(event.kind).removeprefix("AUDIT_EVENT_KIND_") for event in events]


def test_every_change_is_listed_with_its_principal_address_method_and_request(client: Client) -> None:
    set_organization(client)
    set_user(client, "+13125550143")
    bought = client.number_inventory.purchase_numbers(
        PurchaseNumbersRequest(organization_id=ACME, area_code="415", quantity=1, request_id="buy-1")
    )
    (number,) = bought.numbers
    client.number_inventory.map_area_codes(
        MapAreaCodesRequest(organization_id=ACME, phone_number=number.phone_number, area_codes=["628"])
    )
    client.number_inventory.delete_numbers(
        DeleteNumbersRequest(organization_id=ACME, phone_numbers=[number.phone_number], request_id="delete-1")
    )
    client.directory.delete_user(DeleteUserRequest(organization_id=ACME, user_id="ann"))
    events = listed(client)[::-1]
    assert list(zip(kinds(events), (event.method for event in events), strict=True)) == [
        ("ORGANIZATION_SET", "Directory.SetOrganization"),
        ("USER_SET", "Directory.SetUser"),
        ("NUMBER_ADDED", "NumberInventory.PurchaseNumbers"),
        ("NUMBER_CHANGED", "NumberInventory.PurchaseNumbers"),
        ("AREA_CODES_MAPPED", "NumberInventory.MapAreaCodes"),
        ("AREA_CODES_UNMAPPED", "NumberInventory.DeleteNumbers"),
        ("NUMBER_CHANGED", "NumberInventory.DeleteNumbers"),
        ("NUMBER_REMOVED", "NumberInventory.DeleteNumbers"),
        ("USER_DELETED", "Directory.DeleteUser"),
    ]
    assert {event.principal for event in events} == {"anonymous"}
    assert all(event.address.startswith("127.0.0.1:") for event in events)
    assert [event.request_id for event in events] == ["", "", *["buy-1"] * 2, "", *["delete-1"] * 3, ""]
    assert json.loads(events[3].before)["state"] == "NUMBER_STATE_PURCHASING"
    assert json.loads(events[3].after)["state"] == "NUMBER_STATE_ACTIVE"
    assert json.loads(events[-1].before)["work_phone"] == "+13125550143"
    assert events[-1].after == ""


def test_changes_are_paged_and_filtered(client: Client) -> None:
    set_organization(client)
    for index in range(5):
        set_user(client, f"+1312555014{index}")
    every = listed(client)
    assert listed(client, page_size=2) == every
    assert listed(client, user_id="ann") == every[:5]
    assert listed(client, kind=AuditEventKind.AUDIT_EVENT_KIND_ORGANIZATION_SET) == every[5:]
    assert listed(client, principal="anonymous") == every
    assert listed(client, principal="key:other") == []
    assert listed(client, phone_number="+14155550100") == []
    assert listed(client, start_time=every[2].event_time) == every[:3]
    assert listed(client, end_time=every[2].event_time) == every[3:]
    assert listed(client, organization_id="") == every


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("end_time", ListAuditEventsRequest(start_time=Timestamp(seconds=2), end_time=Timestamp(seconds=1))),
        ("phone_number", ListAuditEventsRequest(phone_number="4155550100")),
        ("user_id", ListAuditEventsRequest(user_id="ann")),
        ("user_id", ListAuditEventsRequest(organization_id=ACME, user_id="ann", phone_number="+14155550100")),
        ("kind", ListAuditEventsRequest(kind=99)),  # type: ignore[arg-type]  # a kind that is not there
        ("page_token", ListAuditEventsRequest(page_token="x")),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(
    client: Client, field: str, request_: ListAuditEventsRequest
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        client.administration.list_audit_events(request_)
    assert [violation.field for violation in refused.value.field_violations] == [field]


def test_managers_read_the_changes_of_their_own_organization_and_viewers_none(
    start_server: Callable[..., ServerProcess],
) -> None:
    server, admin_key = first_admin(start_server)
    with Client(server.address, key=admin_key) as admin, administration(server.address, admin_key) as keys:
        for organization_id in ACME, RIVAL:
            set_organization(admin, organization_id)
        key_id, manager_key = keys.create(Role.ROLE_MANAGER, ACME)
        _, viewer_key = keys.create(Role.ROLE_VIEWER, ACME)
        with Client(server.address, key=manager_key) as manager:
            set_user(manager, "+13125550143")
            own = listed(manager)
            assert kinds(own) == ["USER_SET", "API_KEY_CREATED", "API_KEY_CREATED", "ORGANIZATION_SET"]
            assert own[0].principal == f"key:{key_id}"
            for organization_id in RIVAL, "unknown", "":
                with pytest.raises(PermissionDenied):
                    listed(manager, organization_id)
        with Client(server.address, key=viewer_key) as viewer, pytest.raises(PermissionDenied):
            listed(viewer)
        admin.administration.revoke_api_key(RevokeApiKeyRequest(key_id=key_id))
        of_all = listed(admin, "")
        assert kinds(of_all) == [
            "API_KEY_REVOKED",
            *kinds(own[:3]),
            "ORGANIZATION_SET",
            "ORGANIZATION_SET",
            # The first admin's.
            "API_KEY_CREATED",
        ]
        assert [event.organization_id for event in of_all][-2:] == [ACME, ""]
        text = "".join(f"{event.before}{event.after}" for event in of_all)
        for secret in (admin_key, manager_key, viewer_key):
            assert secret not in text
            assert secret.rpartition("_")[2] not in text


def test_two_servers_list_the_changes_of_both_even_once_one_is_gone(
    start_server: Callable[..., ServerProcess], migrated_url: str
) -> None:
    servers = [start_server(LOCALDIAL_DATABASE_URL=migrated_url) for _ in range(2)]
    with Client(servers[0].address) as one, Client(servers[1].address) as two:
        set_organization(one)
        for index in range(4):
            set_user((one, two)[index % 2], f"+1312555014{index}")
        servers[0].kill()
        phones = [json.loads(event.after)["work_phone"] for event in listed(two, user_id="ann")]
        assert phones == [f"+1312555014{index}" for index in (3, 2, 1, 0)]


def test_refused_callers_are_counted_and_logged_now_and_then_and_not_stored(
    start_server: Callable[..., ServerProcess],
) -> None:
    server, admin_key = first_admin(start_server, LOCALDIAL_METRICS_LISTEN="127.0.0.1:0")
    with Client(server.address, key=admin_key) as admin, administration(server.address, admin_key) as keys:
        set_organization(admin)
        key_id, viewer_key = keys.create(Role.ROLE_VIEWER, ACME)
        before = len(listed(admin, ""))
        for key in ("ldk_000000000000_" + 43 * "A", viewer_key):
            with Client(server.address, key=key) as client:
                for _ in range(20):
                    with pytest.raises((PermissionDenied, Unauthenticated)):
                        set_user(client, "+13125550143")
        assert len(listed(admin, "")) == before
    counts = metrics.read(server.log)
    for reason in "UNAUTHENTICATED", "PERMISSION_DENIED":
        labels = f'method="Directory.SetUser",reason="{reason}"'
        assert counts[f"localdial_refused_callers_total{{{labels}}}"] == 20
    unknown, viewer = [event for event in server.logged() if event["event"] == "a caller was refused"]
    assert (unknown["reason"], unknown["principal"]) == ("UNAUTHENTICATED", "")
    assert (viewer["reason"], viewer["principal"]) == ("PERMISSION_DENIED", f"key:{key_id}")
    assert str(viewer["address"]).startswith("127.0.0.1:")
    assert viewer_key.rpartition("_")[2] not in server.log.read_text()


def test_a_number_says_who_bought_or_imported_it_and_what_it_costs(
    start_server: Callable[..., ServerProcess],
) -> None:
    server, admin_key = first_admin(start_server)
    with Client(server.address, key=admin_key) as client:
        set_organization(client)
    with administration(server.address, admin_key) as admin:
        buyer_id, buyer = admin.create(Role.ROLE_MANAGER, ACME)
        admin_id = key_id_of(admin_key)
    with Client(server.address, key=buyer) as client:
        inventory = client.number_inventory
        bought = inventory.purchase_numbers(PurchaseNumbersRequest(organization_id=ACME, area_code="415"))
        (number,) = bought.numbers
        assert (number.created_by, number.monthly_price.currency_code) == (f"key:{buyer_id}", "USD")
    with Client(server.address, key=admin_key) as client:
        inventory = client.number_inventory
        external = ImportNumbersRequest(
            organization_id=ACME, phone_numbers=["+13125550199"], carrier="external"
        )
        inventory.import_numbers(external)
        # A change by another principal does not change who bought the number.
        area_codes = MapAreaCodesRequest(
            organization_id=ACME, phone_number=number.phone_number, area_codes=["628"]
        )
        assert inventory.map_area_codes(area_codes).number.created_by == f"key:{buyer_id}"
        imported, listed_number = inventory.list_numbers(ListNumbersRequest(organization_id=ACME)).numbers
        assert (imported.created_by, imported.HasField("monthly_price")) == (f"key:{admin_id}", False)
        assert listed_number.created_by == f"key:{buyer_id}"
        assert listed_number.monthly_price.micros == 1_150_000
        search = SearchAvailableNumbersRequest(organization_id=ACME, area_code="415")
        assert {
            each.monthly_price.micros for each in inventory.search_available_numbers(search).available
        } == {1_150_000}
