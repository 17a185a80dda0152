"""The API key port: the keys that are in use, in memory."""

from collections.abc import Mapping
from typing import Protocol

from localdial_server.domain.api_keys import ApiKey


class ApiKeysInUse(Protocol):
    """The API keys that can be used, as of a moment ago.

    Keys that this process changes are right at once; those that others change, within the polling interval.
    """

    keys: Mapping[str, ApiKey]
    """By key_id, without the revoked ones. The mapping is never changed, only replaced by another one."""

    usable_until: float
    """Until when `keys` may be used, by the monotonic clock, in seconds. It is in the past while the keys
    cannot be known."""

    async def advance(self) -> None:
        """Read the keys again after a change by this process.

        If that fails, none is used until a later attempt succeeds.
        """

    def note_use(self, key_id: str, now: int) -> None:
        """Record, some time later, that the key was used at `now`, in microseconds since the epoch."""
