"""Rate limits: how often an organization may call, in units of the cost of one resolve."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """How much an organization may use: units per second on average, and `burst` units at once."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of every organization: its own, or else the default. None: no limit."""

    default: Rate | None = None
    own: Mapping[str, Rate | None] = field(default_factory=dict)

    def of(self, organization_id: str) -> Rate | None:
        """Return the organization's rate."""
        return self.own.get(organization_id, self.default)
