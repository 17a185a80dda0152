"""Spending limits: how many numbers an organization may have and buy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from localdial_server.domain.errors import NumberLimitReached, PurchaseLimitReached, ServiceError

DAY_MICROSECONDS = 24 * 60 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one organization.

    `numbers` counts the inventory, including numbers that are being bought or released.
    `purchases_per_day` counts the numbers bought within any 24 hours, including those deleted since.
    """

    numbers: int
    purchases_per_day: int


@dataclass(frozen=True, slots=True)
class SpendingLimits:
    """The limits of every organization: its own, or else the default."""

    default: Limits
    own: Mapping[str, Limits] = field(default_factory=dict)

    def of(self, organization_id: str) -> Limits:
        """Return the organization's limits."""
        return self.own.get(organization_id, self.default)


@dataclass(frozen=True, slots=True)
class Spent:
    """The numbers and purchases that count against an organization's limits.

    Times are in microseconds since the epoch.
    """

    number_count: int
    purchase_count: int
    """Numbers bought in the 24 hours before `now`."""
    first_purchase_time: int | None
    """The time of the oldest of them; None if there is none."""
    now: int

    def after(self, purchases: int) -> "Spent":
        """Return what counts once this many more numbers are bought, at `now`."""
        if purchases == 0:
            return self
        return Spent(
            self.number_count + purchases,
            self.purchase_count + purchases,
            self.now if self.first_purchase_time is None else self.first_purchase_time,
            self.now,
        )


def limit_error(organization_id: str, limits: Limits, spent: Spent) -> ServiceError | None:
    """Return the error that keeps the organization from buying one more number, None if it may."""
    if spent.number_count >= limits.numbers:
        return NumberLimitReached(organization_id, limits.numbers)
    if spent.purchase_count >= limits.purchases_per_day:
        free_at = (spent.first_purchase_time or spent.now) + DAY_MICROSECONDS
        return PurchaseLimitReached(
            organization_id, limits.purchases_per_day, max(free_at - spent.now, 0) / 1_000_000
        )
    return None
