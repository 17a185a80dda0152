"""The settings for how much callers may use."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LimitSettings(BaseSettings):
    """The part of `Settings` for how much callers may use."""

    # Only `Settings`, which inherits the fields, validates values.
    model_config = SettingsConfigDict(defer_build=True)

    max_connections: int = Field(0, ge=0, le=65_536)
    """The most connections that each worker accepts; further ones are closed at once. 0: 1,000, or fewer if
    the limit on open files is low."""
    connection_age_seconds: float = Field(1_800.0, ge=1, le=604_800)
    """How long a connection may live, in seconds, with a random tenth more or less. The server then asks the
    client to connect anew, and calls under way have 90 s to finish. So clients spread over servers that were
    added."""
    rate_units_per_second: float = Field(0.0, ge=0, le=1_000_000)
    """How much each organization may call on average, in units per second and worker: one for a resolve and
    for each leg of a batch, five for a call-back or a list. Calls beyond that are refused with the reason
    OVERLOADED. 0: no limit, but organizations take turns on a busy server."""
    rate_burst_units: int = Field(1_000, ge=1, le=1_000_000)
    """How many of these units an organization may use at once after a pause."""
