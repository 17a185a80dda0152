"""API keys as credentials."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from localdial_server.app.ports.api_keys import ApiKeysInUse
from localdial_server.domain.api_keys import NOBODY, hash_of, key_id_of
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.principals import Principal
from localdial_server.rpc.authentication import Unauthenticated

# Hashing and comparing a key takes some 5 us, so keys that were checked are kept.
_KEPT: Final = 10_000

_HOUR: Final = 3600 * 1_000_000


class _Kept(NamedTuple):
    principal: Principal
    until: float
    """By the monotonic clock, in seconds: the end of the key, or of the hour, when its use is noted again."""


class ApiKeyCredentials:
    """Finds the principal of an API key.

    `now` is the monotonic clock in seconds, and `wall_clock` gives microseconds since the epoch.
    """

    def __init__(
        self,
        in_use: ApiKeysInUse,
        *,
        now: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._in_use = in_use
        self._now = now
        self._wall_clock = wall_clock
        self._kept: dict[str, _Kept] = {}
        # The keys by which those were checked. Other keys in use make all of them void.
        self._checked_by = in_use.keys

    def principal_of(self, text: str) -> Principal:
        """Return the principal of a whole key. Raises `Unauthenticated` and `StorageUnavailable`.

        An unknown key_id is compared like a known one, so the time that this takes does not tell them apart.
        """
        in_use, now = self._in_use, self._now()
        kept = self._kept.get(text)
        if (
            kept is not None
            and now < kept.until
            and now < in_use.usable_until
            and self._checked_by is in_use.keys
        ):
            return kept.principal
        key_id = key_id_of(text)
        if key_id is None:
            raise Unauthenticated
        if now >= in_use.usable_until:
            raise StorageUnavailable
        key = in_use.keys.get(key_id, NOBODY)
        wall = self._wall_clock()
        expiry = key.expiry_of(hash_of(text), wall)
        if expiry is None:
            raise Unauthenticated
        in_use.note_use(key_id, wall)
        end_of_hour = wall - wall % _HOUR + _HOUR
        kept = _Kept(key.principal, now + (min(expiry, end_of_hour) - wall) / 1_000_000)
        self._keep(text, kept)
        return kept.principal

    def _keep(self, text: str, kept: _Kept) -> None:
        if self._checked_by is not self._in_use.keys:
            self._kept.clear()
            self._checked_by = self._in_use.keys
        if len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[text] = kept
