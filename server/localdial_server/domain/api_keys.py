"""API keys: `ldk_<key_id>_<secret>`, of which the server stores no more than a hash."""

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from localdial_server.domain.principals import Principal, Role

PREFIX: Final = "ldk_"

KEY_ID_LENGTH: Final = 12
# 43 characters out of 62 are 256 bits.
_SECRET_LENGTH: Final = 43
_KEY_ID_ALPHABET: Final = string.ascii_lowercase + string.digits
_SECRET_ALPHABET: Final = string.ascii_letters + string.digits
# Secret scanners look for this shape (docs/security.md).
_SHAPE: Final = re.compile(
    rf"{PREFIX}([a-z0-9]{{{KEY_ID_LENGTH}}})_[A-Za-z0-9]{{{_SECRET_LENGTH}}}", re.ASCII
)


class NewKey(NamedTuple):
    """A key that was just made. Only its holder keeps `text`."""

    key_id: str
    text: str
    """The whole key."""


def new_key(key_id: str | None = None) -> NewKey:
    """Return a new key, with a new secret for `key_id` or, if that is None, with a new identifier."""
    if key_id is None:
        key_id = _random(_KEY_ID_ALPHABET, KEY_ID_LENGTH)
    return NewKey(key_id, f"{PREFIX}{key_id}_{_random(_SECRET_ALPHABET, _SECRET_LENGTH)}")


def hash_of(text: str) -> str:
    """Return the hash of a whole key: SHA-256 in hexadecimal.

    A slow hash would protect a secret that can be guessed; this one has 256 bits (ADR 29).
    """
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def key_id_of(text: str) -> str | None:
    """Return the identifier in a key, or None if the text does not have the shape of a key."""
    match = _SHAPE.fullmatch(text)
    return None if match is None else match[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A stored API key. Times are microseconds since the epoch; None: never.

    `secret_hash` is that of the present key, and `former_hash` that of the key before the last rotation,
    which is valid until `former_expire_time`.
    """

    key_id: str
    display_name: str
    role: Role
    organization_id: str | None
    secret_hash: str = field(repr=False)
    create_time: int
    expire_time: int | None = None
    former_hash: str | None = field(default=None, repr=False)
    former_expire_time: int | None = None
    rotate_time: int | None = None
    revoke_time: int | None = None
    last_use_time: int | None = None
    """To the hour."""

    @property
    def principal(self) -> Principal:
        """The caller that the key stands for."""
        return Principal(f"key:{self.key_id}", self.role, self.organization_id)

    def is_active(self, now: int) -> bool:
        """Return whether the key can be used at the time `now`."""
        return self.revoke_time is None and (self.expire_time is None or now < self.expire_time)

    def rotated(self, secret_hash: str, now: int, former_expire_time: int) -> "ApiKey":
        """Return the key with a new secret. The present one stays valid until `former_expire_time`."""
        return replace(
            self,
            secret_hash=secret_hash,
            former_hash=self.secret_hash,
            former_expire_time=former_expire_time,
            rotate_time=now,
        )

    def revoked(self, now: int) -> "ApiKey":
        """Return the key as revoked at the time `now`."""
        return replace(self, revoke_time=now)

    def expiry_of(self, secret_hash: str, now: int) -> float | None:
        """Return until when the secret with this hash is valid; None if it is not valid at the time `now`.

        The result is infinite if the secret does not expire. This takes as long for a hash that is nearly
        right as for one that is not.
        """
        is_present = hmac.compare_digest(secret_hash, self.secret_hash)
        is_former = hmac.compare_digest(secret_hash, self.former_hash or self.secret_hash)
        ends = [float("inf") if self.expire_time is None else self.expire_time]
        if not is_present:
            ends.append((self.former_expire_time or 0) if is_former else 0)
        if self.revoke_time is not None:
            ends.append(self.revoke_time)
        end = min(ends)
        return end if now < end else None


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


NOBODY: Final = ApiKey(
    key_id="",
    display_name="",
    role=Role.ADMIN,
    organization_id=None,
    secret_hash=hash_of(new_key().text),
    create_time=0,
    revoke_time=0,
)
"""A key whose secret nobody has. Comparing with it takes an unknown key_id as long as a known one."""
