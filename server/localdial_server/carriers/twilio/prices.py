"""Twilio's monthly prices of local numbers, by country."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from localdial_server.app.ports.carrier import Price

PriceList = tuple[str, Sequence[Mapping[str, object]]]
"""The currency (ISO 4217), and the price of each kind of number, as the API returns it."""

_CACHE_SECONDS: Final = 3600.0
_LOCAL: Final = "local"
_MICROS: Final = 1_000_000


class Prices:
    """A cache of prices: `ask` is called at most once an hour for each country."""

    def __init__(self, ask: Callable[[str], Awaitable[PriceList | None]]) -> None:
        self._ask = ask
        self._cache: dict[str, tuple[float, Price | None]] = {}

    async def of(self, country: str) -> Price | None:
        """Return the price in a country (ISO 3166), or None if it is unknown."""
        cached = self._cache.get(country)
        if cached is None or time.monotonic() > cached[0]:
            price = local_price(await self._ask(country))
            cached = self._cache[country] = (time.monotonic() + _CACHE_SECONDS, price)
        return cached[1]


def local_price(prices: PriceList | None) -> Price | None:
    """Return what the account pays for a local number, or None if the list does not say."""
    if prices is None:
        return None
    currency, kinds = prices
    for kind in kinds:
        if str(kind.get("number_type", "")).lower() == _LOCAL:
            try:
                amount = Decimal(str(kind.get("current_price") or kind.get("base_price")))
            except InvalidOperation:
                return None
            return Price(currency, int(amount * _MICROS)) if amount.is_finite() else None
    return None
