"""A real server process that shows the console, and what a test puts into it."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from localdial.v1.administration_pb2 import CreateApiKeyRequest, Role
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import (
    GetUsageRequest,
    ImportNumbersRequest,
    ListNumbersRequest,
    MapAreaCodesRequest,
    PurchaseNumbersRequest,
)
from localdial.v1.number_pb2 import LocalPresenceNumber
from localdial_client import Client, pages
from tests.functional.server_process import ServerProcess
from tests.support.daemon import PORTS


class ConsoleServer(ServerProcess):
    """`localdial serve` with HTTP, on an address that it keeps when it is started again."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, **settings)
        self.url = ""
        """The URL of the page, without a `/` at the end."""

    @override
    def start(self) -> None:
        is_new = not self.url
        for _ in range(20):
            if is_new:
                self.change(LOCALDIAL_HTTP_LISTEN=f"127.0.0.1:{random.choice(PORTS)}")
            try:
                super().start()
            except AssertionError as error:
                # Another program has the port.
                if "in use" not in str(error):
                    raise
                continue
            (serving,) = (event for event in self.logged() if event["event"] == "serving")
            self.url = str(serving["http"]).rstrip("/")
            return
        raise AssertionError(f"no port is free: {self.log.read_text('utf-8')[-4000:]}")


class Tenant:
    """An organization of a test, filled through the API."""

    def __init__(self, client: Client, organization_id: str, **fields: Any) -> None:
        self.client = client
        self.organization_id = organization_id
        organization = Organization(organization_id=organization_id, **fields)
        client.directory.set_organization(SetOrganizationRequest(organization=organization))

    def buy(self, area_code: str, quantity: int = 1) -> list[str]:
        """Buy numbers and return them in E.164."""
        request = PurchaseNumbersRequest(
            organization_id=self.organization_id, area_code=area_code, quantity=quantity
        )
        bought = self.client.number_inventory.purchase_numbers(request)
        return [number.phone_number for number in bought.numbers]

    def hold_elsewhere(self, phone_numbers: Sequence[str]) -> None:
        """Import numbers, in E.164, that another carrier holds."""
        for start in range(0, len(phone_numbers), 1000):
            request = ImportNumbersRequest(
                organization_id=self.organization_id,
                phone_numbers=phone_numbers[start : start + 1000],
                carrier="external",
            )
            self.client.number_inventory.import_numbers(request)

    def map(self, phone_number: str, area_codes: Sequence[str]) -> None:
        request = MapAreaCodesRequest(
            organization_id=self.organization_id, phone_number=phone_number, area_codes=area_codes
        )
        self.client.number_inventory.map_area_codes(request)

    def add_user(self, user_id: str, **fields: Any) -> None:
        user = User(organization_id=self.organization_id, user_id=user_id, **fields)
        self.client.directory.set_user(SetUserRequest(user=user))

    def numbers(self) -> list[LocalPresenceNumber]:
        """Return the numbers of the inventory."""
        request = ListNumbersRequest(organization_id=self.organization_id)
        list_numbers = self.client.number_inventory.list_numbers
        return [number for page in pages(list_numbers, request) for number in page.numbers]

    def mapped(self, phone_number: str) -> list[str]:
        """Return the area codes that are mapped to a number."""
        (codes,) = (
            list(number.mapped_area_codes) for number in self.numbers() if number.phone_number == phone_number
        )
        return codes

    def counted_calls(self) -> int:
        """Return how many calls of today are counted in the usage, which follows them after a while."""
        usage = self.client.number_inventory.get_usage(
            GetUsageRequest(organization_id=self.organization_id, days=1)
        )
        return sum(day.call_count for day in usage.days)

    def key(self, role: "Role.ValueType") -> str:
        """Return a new API key of the organization."""
        request = CreateApiKeyRequest(display_name="console", role=role, organization_id=self.organization_id)
        return self.client.administration.create_api_key(request).key
