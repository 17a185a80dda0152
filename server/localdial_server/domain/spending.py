"""How many numbers an organization may have and buy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from localdial_server.domain.errors import NumberLimitReached, PurchaseLimitReached, ServiceError

DAY_MICROSECONDS = 24 * 60 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one organization.

    ``numbers``: those in the inventory, being bought and being released included.
    ``purchases_per_day``: numbers bought within any 24 hours, kept since or not.
    """

    numbers: int
    purchases_per_day: int


@dataclass(frozen=True, slots=True)
class SpendingLimits:
    """The limits of every organization: its own, or else the default."""

    default: Limits
    own: Mapping[str, Limits] = field(default_factory=dict)

    def of(self, organization_id: str) -> Limits:
        """Answer the organization's limits."""
        return self.own.get(organization_id, self.default)


@dataclass(frozen=True, slots=True)
class Spent:
    """What counts against the limits: as of ``now``, in microseconds since the epoch.

    ``first_purchase_time`` is that of the oldest purchase that counts.
    """

    number_count: int
    purchase_count: int
    first_purchase_time: int | None
    now: int


def why_not_one_more(organization_id: str, limits: Limits, spent: Spent) -> ServiceError | None:
    """Answer what keeps the organization from buying one more number, if anything does."""
    if spent.number_count >= limits.numbers:
        return NumberLimitReached(organization_id, limits.numbers)
    if spent.purchase_count >= limits.purchases_per_day:
        free_at = (spent.first_purchase_time or spent.now) + DAY_MICROSECONDS
        return PurchaseLimitReached(
            organization_id, limits.purchases_per_day, max(free_at - spent.now, 0) / 1_000_000
        )
    return None
