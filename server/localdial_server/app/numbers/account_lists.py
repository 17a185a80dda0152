"""Lists of the numbers that carrier accounts own, kept for a minute.

Listing an account with thousands of numbers takes seconds and several requests.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from localdial_server.app.ports.carrier import Carrier, OwnedNumber
from localdial_server.app.ports.clock import Clock

_KEPT_MICROSECONDS: Final = 60_000_000


class AccountLists:
    """Lists carrier accounts, and keeps the last list of each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, tuple[int, Sequence[OwnedNumber]]] = {}

    async def new(self, carrier: Carrier) -> Sequence[OwnedNumber]:
        """List the account now; return every number that it owns, by phone number. Raises `CarrierError`."""
        asked = self._clock.now()
        owned = await carrier.list_owned()
        self._last[carrier.account] = asked, owned
        return owned

    async def recent(self, carrier: Carrier) -> Sequence[OwnedNumber]:
        """Return what the account owned at most a minute ago, by phone number. Raises `CarrierError`."""
        kept = self._kept(carrier)
        return await self.new(carrier) if kept is None else kept

    def known(self, carrier: Carrier) -> Mapping[str, OwnedNumber]:
        """Return what the account owned at most a minute ago, by phone number; empty if not listed since."""
        return {number.phone_number: number for number in self._kept(carrier) or ()}

    def _kept(self, carrier: Carrier) -> Sequence[OwnedNumber] | None:
        asked, owned = self._last.get(carrier.account, (0, ()))
        return owned if self._clock.now() - asked < _KEPT_MICROSECONDS else None
