"""Tokens of an identity provider (JWT, RFC 7519) as credentials."""

import logging
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt

from localdial_server.domain.formats import IDENTIFIER
from localdial_server.domain.principals import Principal, Role
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.rpc.authentication import Unauthenticated
from localdial_server.rpc.signing_keys import SigningKeys

_log = LimitedLog(logging.getLogger(__name__))

_ORGANIZATION: Final = re.compile(IDENTIFIER.pattern)
_SUBJECT: Final = re.compile(r"[!-~]{1,200}", re.ASCII)

# Checking a signature takes some 100 us, so tokens that were checked are kept until they expire.
_KEPT_TOKENS: Final = 10_000


class _RefusedClaim(ValueError):
    """A claim of a token, whose signature is right, makes no principal."""


class TokenVerifier:
    """Finds the principal of a token."""

    def __init__(
        self,
        keys: SigningKeys,
        *,
        issuer: str,
        audience: str,
        role_claim: str,
        organization_claim: str,
        leeway: float,
    ) -> None:
        """`leeway`: how far the issuer's clock may be from ours, in seconds."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._role_claim = role_claim
        self._organization_claim = organization_claim
        self._leeway = leeway
        # The principal of each token, and when it ends, in seconds since the epoch.
        self._kept: dict[str, tuple[Principal, float]] = {}
        self._kept_revision = keys.revision

    async def principal_of(self, token: str) -> Principal:
        """Return the principal of the token. Raises `Unauthenticated`; the log says why."""
        if self._kept_revision != self._keys.revision:
            # The issuer may have withdrawn a key.
            self._kept.clear()
            self._kept_revision = self._keys.revision
        kept = self._kept.get(token)
        if kept is not None and time.time() < kept[1]:
            return kept[0]
        try:
            claims = await self._claims(token)
            principal = self._principal(claims)
        except (jwt.PyJWTError, _RefusedClaim) as error:
            # PyJWT's texts may have parts of the token, so name the kind of error only.
            kind = str(error) if isinstance(error, _RefusedClaim) else type(error).__name__
            _log.warning("a token was refused", kind=kind, extra={"cause": kind})
            raise Unauthenticated from None
        if len(self._kept) >= _KEPT_TOKENS:
            del self._kept[next(iter(self._kept))]
        self._kept[token] = principal, claims["exp"] + self._leeway
        return principal

    async def _claims(self, token: str) -> Mapping[str, Any]:
        """Return the claims, after checking signature, issuer, audience and time. Raises `PyJWTError`."""
        header = jwt.get_unverified_header(token)
        found = await self._keys.find(str(header.get("kid", "")))
        if found is None:
            raise jwt.InvalidKeyError
        return jwt.decode(
            token,
            found.key,
            algorithms=found.algorithms,
            issuer=self._issuer,
            audience=self._audience,
            leeway=self._leeway,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        """Return the principal that the claims describe. Raises `_RefusedClaim`."""
        subject = str(claims["sub"])
        if _SUBJECT.fullmatch(subject) is None:
            raise _RefusedClaim("sub is no identifier of up to 200 visible ASCII characters")
        role = self._role(claims.get(self._role_claim))
        if not role.has_organization:
            return Principal(f"jwt:{subject}", role)
        organization_id = claims.get(self._organization_claim)
        if not isinstance(organization_id, str) or _ORGANIZATION.fullmatch(organization_id) is None:
            raise _RefusedClaim("the organization claim is missing or is no organization_id")
        return Principal(f"jwt:{subject}", role, organization_id)

    def _role(self, claim: object) -> Role:
        named: Sequence[object] = claim if isinstance(claim, list) else [claim]
        roles = {Role(each) for each in named if isinstance(each, str) and each in set(Role)}
        if len(roles) != 1:
            raise _RefusedClaim("the role claim does not name exactly one role")
        return roles.pop()
