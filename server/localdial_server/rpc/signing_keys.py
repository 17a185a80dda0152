"""The public keys of an identity provider (JWKS, RFC 7517), from a file or a URL."""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import jwt

from localdial_server.observability.log_limit import LimitedLog

_log = LimitedLog(logging.getLogger(__name__))

# How often the keys are read again, in seconds. A key that the issuer withdrew is trusted no longer.
_REFRESH_SECONDS: Final = 300.0
# How often a file, or a URL that did not answer yet, is read again.
_FILE_REFRESH_SECONDS: Final = 1.0
# Anyone can send a token that names an unknown key, so such tokens cause one refresh in this time.
_COOLDOWN_SECONDS: Final = 10.0
_FETCH_SECONDS: Final = 5.0


_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
# Signatures that the public key alone cannot make (RFC 7518, RFC 8037): neither `none` nor HMAC.
_ALGORITHMS: Final = frozenset({*_RSA, "ES256", "ES384", "ES512", "EdDSA"})


class SigningKey(NamedTuple):
    """A public key of the issuer, and the algorithms of the tokens that it may have signed."""

    key: Any
    algorithms: Sequence[str]


class UnusableKeys(Exception):
    """The keys cannot be read. The text says why."""


class SigningKeys:
    """The issuer's keys that are in memory. Call `refresh` once, then run `run` while they are used.

    `revision` changes whenever the keys do.
    """

    def __init__(self, source: str) -> None:
        """`source`: an http(s):// URL or the path of a file."""
        self.source: Final = source
        self.is_url: Final = source.startswith(("http://", "https://"))
        self.revision = 0
        self._keys: Mapping[str, SigningKey] = {}
        self._content: object = None
        self._refreshing: asyncio.Task[None] | None = None
        self._next_refresh = 0.0

    async def run(self) -> None:
        """Read the keys now and then, until cancelled."""
        while True:
            await self._try_to_refresh()
            is_slow = self.is_url and self._keys
            await asyncio.sleep(_REFRESH_SECONDS if is_slow else _FILE_REFRESH_SECONDS)

    async def find(self, key_id: str) -> SigningKey | None:
        """Return the key, or None if the issuer has none with this `kid`.

        An unknown key makes this read the keys again, at most once in 10 s.
        """
        key = self._keys.get(key_id)
        if key is not None:
            return key
        now = asyncio.get_running_loop().time()
        if now >= self._next_refresh:
            self._next_refresh = now + _COOLDOWN_SECONDS
            self._refreshing = asyncio.create_task(self._try_to_refresh())
        if self._refreshing is not None:
            await asyncio.shield(self._refreshing)
        return self._keys.get(key_id)

    async def refresh(self) -> None:
        """Read the keys again. Raises `UnusableKeys`, and keeps the former ones then."""
        try:
            content = await asyncio.to_thread(self._read)
            if content != self._content:
                self._keys, self._content = _signing_keys(content), content
                self.revision += 1
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise UnusableKeys(f"{self.source}: {error}") from None

    async def _try_to_refresh(self) -> None:
        try:
            await self.refresh()
        except UnusableKeys as error:
            _log.error("the keys of the token issuer cannot be read", extra={"cause": str(error)})

    def _read(self) -> Any:
        if self.is_url:
            return jwt.PyJWKClient(self.source, cache_jwk_set=False, timeout=_FETCH_SECONDS).fetch_data()
        return json.loads(Path(self.source).read_bytes())


def _signing_keys(content: Any) -> Mapping[str, SigningKey]:
    """Return the keys that can sign tokens, by `kid`. Raises `ValueError` if there is none."""
    listed = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it is not a JWKS, an object with a list of keys")  # noqa: TRY004 - as JSON's errors
    keys = {
        str(each["kid"]): SigningKey(key, algorithms)
        for each in listed
        if isinstance(each, dict) and each.get("kid") and each.get("use", "sig") == "sig"
        for key, algorithms in _usable(each)
    }
    if not keys:
        raise ValueError("it has no key with a kid that can sign tokens")
    return keys


def _usable(jwk: Mapping[str, Any]) -> Iterator[SigningKey]:
    """Yield the key, unless it is of no use here."""
    try:
        key = jwt.PyJWK.from_dict(dict(jwk))
    except (jwt.PyJWTError, ValueError):
        # A kind of key that the library does not know; the issuer may have others.
        return
    declared = jwk.get("alg")
    possible = _RSA if key.key_type == "RSA" else (key.algorithm_name,)
    algorithms = [name for name in possible if declared in {None, name} and name in _ALGORITHMS]
    if algorithms:
        yield SigningKey(key.key, algorithms)
