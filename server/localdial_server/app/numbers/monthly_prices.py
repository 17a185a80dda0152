"""What numbers cost each month, from memory: no list of numbers waits long for the carrier."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from typing import Final

from localdial_server.app.numbers.carrier_accounts import account_of, log_fields
from localdial_server.app.ports.carrier import AccountNotSetUp, Carrier, CarrierError, Carriers, Price
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.model import Number

_log = logging.getLogger(__name__)

# How long the first caller after a start waits for a price. Later ones get the last price that is known.
_WAIT_SECONDS: Final = 1.0

# How old a price may be before it is asked for again, and when to ask again after the carrier gave none.
_FRESH_SECONDS: Final = 3600.0
_RETRY_SECONDS: Final = 60.0

# A carrier's account and an area code. Numbers of one area code have one price.
_Kind = tuple[str, str]


class MonthlyPrices:
    """The prices of numbers by their area codes, each asked for in the background once an hour at most."""

    def __init__(
        self, carriers: Carriers, *, fresh: float = _FRESH_SECONDS, retry: float = _RETRY_SECONDS
    ) -> None:
        """`fresh` and `retry` are in seconds."""
        self._carriers = carriers
        self._fresh = fresh
        self._retry = retry
        self._known: dict[_Kind, Price | None] = {}
        self._ask_at: dict[_Kind, float] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def of_numbers(self, numbers: Iterable[Number]) -> Mapping[str, Price]:
        """Return the prices that are known, by phone number.

        External numbers have none, nor do those of accounts that this server is not set up for.
        """
        by_account: dict[str, tuple[Carrier, list[str]]] = {}
        for number in numbers:
            try:
                carrier = account_of(self._carriers, number)
            except AccountNotSetUp:
                continue
            by_account.setdefault(carrier.account, (carrier, []))[1].append(number.phone_number)
        prices: dict[str, Price] = {}
        for carrier, phone_numbers in by_account.values():
            prices |= await self._of(carrier, phone_numbers)
        return prices

    async def of_offers(self, organization_id: str, phone_numbers: Iterable[str]) -> Mapping[str, Price]:
        """Return the known prices of numbers on sale to the organization, by phone number."""
        return await self._of(self._carriers.for_organization(organization_id), phone_numbers)

    async def _of(self, carrier: Carrier, phone_numbers: Iterable[str]) -> Mapping[str, Price]:
        kinds = {each: (carrier.account, area_code_of(each) or "") for each in phone_numbers}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WAIT_SECONDS):
                # Another caller may have asked for other kinds only.
                while asking := self._ask_for(carrier, kinds):
                    await asyncio.wait([asking])
        known = {each: self._known.get(kind) for each, kind in kinds.items()}
        return {each: price for each, price in known.items() if price is not None}

    def _ask_for(self, carrier: Carrier, kinds: Mapping[str, _Kind]) -> "asyncio.Task[None] | None":
        """Ask for the prices that are due, one account at a time; return the task if one was never known."""
        now = asyncio.get_running_loop().time()
        due = {kind: each for each, kind in kinds.items() if self._ask_at.get(kind, 0.0) <= now}
        if not due:
            return None
        task = self._asking.get(carrier.account)
        if task is None:
            task = self._asking[carrier.account] = asyncio.create_task(self._ask(carrier, due))
            task.add_done_callback(lambda _: self._asking.pop(carrier.account, None))
        return None if due.keys() <= self._known.keys() else task

    async def _ask(self, carrier: Carrier, due: Mapping[_Kind, str]) -> None:
        """Ask for the prices of these kinds, each by one of its numbers, until the carrier fails."""
        now = asyncio.get_running_loop().time
        for kind, phone_number in due.items():
            try:
                self._known[kind] = await carrier.monthly_price(phone_number)
                self._ask_at[kind] = now() + self._fresh
            except CarrierError as error:
                _log.warning("the prices of numbers are not known", extra=log_fields(error, None))
                for failed in due:
                    self._known.setdefault(failed, None)
                    self._ask_at[failed] = max(self._ask_at.get(failed, 0.0), now() + self._retry)
                return
