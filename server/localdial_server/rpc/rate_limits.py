"""Measures how much each organization calls, in units of cost (`rpc.prices`)."""

import time
from collections.abc import Callable

from localdial_server.domain.rates import Rates

# So many organizations are remembered before those that have used nothing lately are forgotten.
_REMEMBERED = 10_000


# Shorter waits come from rounding.
_ROUNDING = 1e-6


class RateLimits:
    """A token bucket for each organization that has a limit."""

    def __init__(self, rates: Rates, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._monotonic = monotonic
        # When the bucket of each organization is full again.
        self._full_at: dict[str, float] = {}
        self.any = rates.default is not None or any(rates.own.values())
        """Whether any organization has a limit."""

    def seconds_over(self, organization_id: str, cost: float) -> float:
        """Charge the organization, and return 0; or return in how many seconds `cost` may be tried again.

        A call that costs more than the burst is let in when the bucket is full.
        """
        rate = self._rates.of(organization_id)
        if rate is None:
            return 0.0
        now = self._monotonic()
        full_at = max(self._full_at.get(organization_id, now), now)
        room = rate.burst - min(cost, rate.burst)
        wait = (full_at - now) - room / rate.per_second
        if wait > _ROUNDING:
            return wait
        if len(self._full_at) >= _REMEMBERED:
            self._full_at = {name: at for name, at in self._full_at.items() if at > now}
        self._full_at[organization_id] = full_at + cost / rate.per_second
        return 0.0
