"""What numbers cost a month: Twilio's price list, by country."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from localdial_server.app.ports.carrier import Price

PriceList = tuple[str, Sequence[Mapping[str, object]]]
"""The currency, and the prices of each kind of number."""

_KEPT_SECONDS: Final = 3600.0
_LOCAL: Final = "local"
_MICROS: Final = 1_000_000


class Prices:
    """The prices of local numbers. Each country's are asked for once an hour."""

    def __init__(self, ask: Callable[[str], Awaitable[PriceList | None]]) -> None:
        self._ask = ask
        self._kept: dict[str, tuple[float, Price | None]] = {}

    async def of(self, country: str) -> Price | None:
        """Answer the price in a country; None where it is not known."""
        kept = self._kept.get(country)
        if kept is None or time.monotonic() > kept[0]:
            price = local_price(await self._ask(country))
            kept = self._kept[country] = (time.monotonic() + _KEPT_SECONDS, price)
        return kept[1]


def local_price(prices: PriceList | None) -> Price | None:
    """Find the price of a local number, as the account pays it."""
    for each in prices[1] if prices is not None else ():
        if str(each.get("number_type", "")).lower() == _LOCAL:
            try:
                amount = Decimal(str(each.get("current_price") or each.get("base_price")))
            except InvalidOperation:
                return None
            return Price(prices[0], int(amount * _MICROS)) if prices and amount.is_finite() else None
    return None
