"""Carrier accounts whose last requests are remembered, so that the server can tell how the carrier is."""

import contextlib
from collections.abc import Iterator, Sequence

from typing_extensions import override

from localdial_server.app.ports.carrier import (
    AvailableNumber,
    CallRoute,
    Capabilities,
    Carrier,
    CarrierError,
    Carriers,
    CarrierUnavailable,
    OrderStatus,
    OutcomeUnknown,
    OwnedNumber,
    Pending,
    Price,
    RefusalCause,
    Refused,
)

# Refusals that no other request would escape.
_OF_THE_ACCOUNT = frozenset({RefusalCause.ACCOUNT, RefusalCause.CREDENTIALS})


class LastRequests:
    """The outcome of the last request to the accounts of a carrier."""

    def __init__(self) -> None:
        self.error: CarrierError | None = None
        """Why the last request failed; None if it did not."""
        self.is_known = False
        """Whether there was a request."""

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note the outcome of the request that is made within. A cancelled one says nothing."""
        try:
            yield
        except (CarrierUnavailable, OutcomeUnknown) as error:
            self.is_known, self.error = True, error
            raise
        except Refused as error:
            self.is_known, self.error = True, error if error.cause in _OF_THE_ACCOUNT else None
            raise
        except CarrierError:
            # The carrier said no, which it can only if it works.
            self.is_known, self.error = True, None
            raise
        self.is_known, self.error = True, None


class WatchedCarriers(Carriers):
    """Other accounts, whose requests are noted in `last_requests`."""

    def __init__(self, carriers: Carriers) -> None:
        self._carriers = carriers
        self._watched: dict[str, _WatchedCarrier] = {}
        self.last_requests = LastRequests()

    @property
    @override
    def name(self) -> str:
        return self._carriers.name

    @override
    def for_organization(self, organization_id: str) -> Carrier:
        return self._watching(self._carriers.for_organization(organization_id))

    @override
    def is_shared(self, organization_id: str) -> bool:
        return self._carriers.is_shared(organization_id)

    @override
    def by_account(self, account: str) -> Carrier | None:
        carrier = self._carriers.by_account(account)
        return None if carrier is None else self._watching(carrier)

    @override
    def all(self) -> Sequence[Carrier]:
        return [self._watching(carrier) for carrier in self._carriers.all()]

    def _watching(self, carrier: Carrier) -> "_WatchedCarrier":
        watched = self._watched.get(carrier.account)
        if watched is None:
            watched = self._watched[carrier.account] = _WatchedCarrier(carrier, self.last_requests)
        return watched


class _WatchedCarrier(Carrier):
    """Another account, whose requests are noted."""

    def __init__(self, carrier: Carrier, last_requests: LastRequests) -> None:
        self._carrier = carrier
        self._noted = last_requests.noted

    @property
    @override
    def name(self) -> str:
        return self._carrier.name

    @property
    @override
    def account(self) -> str:
        return self._carrier.account

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._carrier.capabilities

    @property
    @override
    def call_route(self) -> CallRoute:
        return self._carrier.call_route

    @property
    @override
    def callback_warning(self) -> str:
        return self._carrier.callback_warning

    @override
    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        with self._noted():
            return await self._carrier.search(area_code, limit)

    @override
    async def order(self, phone_number: str, reference: str, timeout: float) -> OwnedNumber | Pending:
        with self._noted():
            return await self._carrier.order(phone_number, reference, timeout)

    @override
    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        with self._noted():
            return await self._carrier.find_by_reference(reference)

    @override
    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        with self._noted():
            return await self._carrier.find_by_number(phone_number)

    @override
    async def list_owned(self) -> Sequence[OwnedNumber]:
        with self._noted():
            return await self._carrier.list_owned()

    @override
    async def configure(self, carrier_number_id: str) -> OwnedNumber:
        with self._noted():
            return await self._carrier.configure(carrier_number_id)

    @override
    async def release(self, carrier_number_id: str) -> bool:
        with self._noted():
            return await self._carrier.release(carrier_number_id)

    @override
    async def monthly_price(self, phone_number: str) -> Price | None:
        with self._noted():
            return await self._carrier.monthly_price(phone_number)
